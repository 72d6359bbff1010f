"""The budget is a bound: no order of any number of workers passes it."""

import threading
import uuid
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.redis_client import redis_client
from audit.watch import budget
from audit.watch.budget import Limits

START = datetime(2026, 11, 30, 8, tzinfo=UTC)
SMALL = Limits(minute=2, hour=4, day=6)
# As the docstring of the module says them, and not as the module computes them.
WINDOWS = ((60_000, 2), (3_600_000, 4), (86_400_000, 6))


def try_to_spend(holder, subject, *, at, limits=SMALL):
    return budget.spend(holder=holder, subject=subject, limits=limits, now=at) is None


def most_at_once(opened, window):
    """The most distinct subjects in any window that ends when something is opened."""
    opened = sorted(opened)
    most, inside = 0, deque()
    for at, subject in opened:
        inside.append((at, subject))
        while inside[0][0] <= at - window:
            inside.popleft()
        most = max(most, len({each for _at, each in inside}))
    return most


steps = st.lists(
    st.tuples(
        st.integers(0, 9),  # who is opened
        st.sampled_from([0, 1, 500, 20_000, 59_999, 60_000, 3_600_000, 40_000_000, 86_400_000]),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps=steps)
def test_it_allows_what_the_formula_allows_and_nothing_else(steps):
    """Against a model of the formula, kept in plain Python."""
    holder, people = uuid.uuid4(), [uuid.uuid4() for _n in range(10)]
    at, latest = START, {}
    for who, wait in steps:
        at += timedelta(milliseconds=wait)
        allowed = True
        for window, limit in WINDOWS:
            since = at - timedelta(milliseconds=window)
            inside = {each for each, when in latest.items() if when > since}
            allowed = allowed and (who in inside or len(inside) < limit)
        assert try_to_spend(holder, people[who], at=at) is allowed
        if allowed:
            latest[who] = at


@settings(max_examples=25, deadline=None)
@given(
    orders=st.lists(st.lists(st.integers(0, 29), min_size=5, max_size=25), min_size=2, max_size=8),
    skew=st.lists(st.integers(-90_000, 90_000), min_size=8, max_size=8),
)
def test_no_interleaving_of_workers_passes_it(orders, skew):
    """Workers with clocks of their own open people in orders of their own, at once."""
    holder, people = uuid.uuid4(), [uuid.uuid4() for _n in range(30)]
    limits = Limits(minute=7, hour=7, day=7)
    opened, barrier = [], threading.Barrier(len(orders))

    def work(order, milliseconds):
        barrier.wait()
        for who in order:
            at = START + timedelta(milliseconds=milliseconds)
            if try_to_spend(holder, people[who], at=at, limits=limits):
                opened.append(who)

    workers = [threading.Thread(target=work, args=each) for each in zip(orders, skew, strict=False)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    wanted = {who for order in orders for who in order}
    assert len(set(opened)) == min(7, len(wanted))


@settings(max_examples=100, deadline=None)
@given(steps=steps)
def test_every_window_holds(steps):
    holder, people = uuid.uuid4(), [uuid.uuid4() for _n in range(10)]
    at, opened = START, []
    for who, wait in steps:
        at += timedelta(milliseconds=wait)
        if try_to_spend(holder, people[who], at=at):
            opened.append((at, who))
    for window, limit in WINDOWS:
        assert most_at_once(opened, timedelta(milliseconds=window)) <= limit


def test_who_is_refused_learns_when_to_come_back():
    holder = uuid.uuid4()
    for second in (0, 10):
        assert try_to_spend(holder, uuid.uuid4(), at=START + timedelta(seconds=second))
    refused = budget.spend(
        holder=holder, subject=uuid.uuid4(), limits=SMALL, now=START + timedelta(seconds=30)
    )
    assert (refused.limit, refused.seconds) == (2, 30)
    assert not try_to_spend(holder, uuid.uuid4(), at=START + timedelta(seconds=59.9))
    assert try_to_spend(holder, uuid.uuid4(), at=START + timedelta(seconds=60))
    assert budget.spent(holder, now=START + timedelta(seconds=60)) == 3
    assert budget.spent(holder, now=START + timedelta(days=2)) == 0


@pytest.mark.parametrize(("window", "limit"), WINDOWS)
def test_each_window_is_full_to_the_millisecond(window, limit):
    """The first is still counted a millisecond before its window ends, and not when it ends."""
    holder, step = uuid.uuid4(), timedelta(milliseconds=window // 10)
    others = {"minute": 99, "hour": 99, "day": 99}
    name = dict(zip((each for each, _limit in WINDOWS), others, strict=True))[window]
    limits = Limits(**others | {name: limit})
    for number in range(limit):
        assert try_to_spend(holder, uuid.uuid4(), at=START + number * step, limits=limits)
    end = START + timedelta(milliseconds=window)
    refused = budget.spend(
        holder=holder, subject=uuid.uuid4(), limits=limits,
        now=end - timedelta(milliseconds=1500),
    )  # fmt: skip
    # Rounded up: nobody is told to come back too early.
    assert (refused.window, refused.limit) == (window, limit)
    assert refused.seconds == 2
    assert str(refused) == f"{limit} in {window // 1000} s"
    last = end - timedelta(milliseconds=1)
    refused = budget.spend(holder=holder, subject=uuid.uuid4(), limits=limits, now=last)
    assert refused.seconds == 1
    assert try_to_spend(holder, uuid.uuid4(), at=end, limits=limits)


def test_a_limit_of_nobody_says_the_whole_window():
    nobody = Limits(minute=0, hour=4, day=6)
    refused = budget.spend(holder=uuid.uuid4(), subject=uuid.uuid4(), limits=nobody, now=START)
    assert refused.seconds == 60


def test_a_slow_clock_opens_no_gap_and_what_is_over_is_forgotten():
    """The store's own latest time counts; its rows live as long as the longest window."""
    holder = uuid.uuid4()
    for second in (0, 1):
        assert try_to_spend(holder, uuid.uuid4(), at=START + timedelta(seconds=second))
    # An hour behind, the minute's window would be empty by this clock alone.
    assert not try_to_spend(holder, uuid.uuid4(), at=START - timedelta(hours=1))
    store = redis_client()
    counted, latest = budget._keys(holder)
    assert int(store.get(latest)) == int((START + timedelta(seconds=1)).timestamp() * 1000)
    for key in (counted, latest):
        assert 0 < store.pttl(key) <= budget.DAY
        assert store.pttl(key) > budget.DAY - 60_000
    assert try_to_spend(holder, uuid.uuid4(), at=START + timedelta(days=2))
    assert store.zcard(counted) == 1


def test_holders_do_not_share(monkeypatch):
    subject = uuid.uuid4()
    for _n in range(5):
        assert try_to_spend(uuid.uuid4(), subject, at=START)


def test_a_store_that_is_away_means_no(monkeypatch):
    monkeypatch.setattr(
        budget, "redis_client", lambda: redis.Redis(port=1, socket_connect_timeout=0.2)
    )
    with pytest.raises(redis.RedisError):
        budget.spend(holder=uuid.uuid4(), subject=uuid.uuid4(), limits=SMALL, now=START)


@pytest.mark.parametrize(
    ("minute", "hour", "day", "later_ms", "window", "seconds"),
    [
        (1, 9, 9, 0, 60_000, 60),
        (9, 1, 9, 0, 3_600_000, 3600),
        (9, 9, 1, 0, 86_400_000, 86_400),
        # Rounded up: nobody is told to come too early, nor at once.
        (9, 9, 1, 1, 86_400_000, 86_400),
        (9, 9, 1, 1000, 86_400_000, 86_399),
        (1, 9, 9, 59_999, 60_000, 1),
        (1, 9, 9, 58_999, 60_000, 2),
    ],
)
def test_it_is_said_which_bound_and_until_when(minute, hour, day, later_ms, window, seconds):
    holder, limits = uuid.uuid4(), Limits(minute=minute, hour=hour, day=day)
    assert try_to_spend(holder, uuid.uuid4(), at=START, limits=limits)
    spent = budget.spend(
        holder=holder, subject=uuid.uuid4(), limits=limits,
        now=START + timedelta(milliseconds=later_ms),
    )  # fmt: skip
    assert str(spent) == f"1 in {window // 1000} s"
    assert (spent.window, spent.limit, spent.seconds) == (window, 1, seconds)
