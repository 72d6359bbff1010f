"""The buckets of suspicion: what fills them, what flows out, and whom a full one stops."""

import uuid
from datetime import timedelta

import pytest

from audit.models import Watched
from audit.watch import watcher
from audit.watch.judge import Sign
from audit.watch.past import Day, Past
from audit.watch.sighting import Reason
from tests.audit.sightings import AT, ELSEWHERE, HOME, known_past, observed, odd, row, seen, watched

pytestmark = pytest.mark.django_db
LONG_AFTER = timedelta(days=30)


@pytest.fixture
def holder():
    return uuid.uuid4()


@pytest.fixture
def group():
    return uuid.uuid4()


def test_suspicion_flows_out_with_time_and_begins_anew(holder, group):
    first = observed(holder=holder, group=group)
    kept = row(holder)
    assert (kept.level, kept.since, kept.at) == (first.weight, AT, AT) and first.weight > 0
    assert (kept.kind, row(group).kind) == ("credential", "group")
    # A minute later there is hardly less of it; a month later nothing is left.
    soon = observed(odd(AT + timedelta(minutes=1)), holder=holder, group=group)
    kept = row(holder)
    assert soon.weight < kept.level < first.weight + soon.weight
    assert (kept.since, soon.since) == (AT, AT)
    late = AT + LONG_AFTER
    last = observed(odd(late), holder=holder, group=group)
    kept = row(holder)
    assert (kept.level, kept.since, kept.at) == (last.weight, late, late)
    assert list(kept.signs) == ["reason-none"] and kept.signs["reason-none"][0] == 1


def test_two_a_day_flow_out_and_never_less_than_nothing(holder):
    watched(holder, level=5.0, at=AT - timedelta(days=1), since=AT - timedelta(days=2))
    observed(seen(reason=Reason.FRESH), holder=holder)
    assert (row(holder).level, row(holder).since) == (3.0, AT - timedelta(days=2))
    later = AT + timedelta(days=1, hours=12)
    observed(seen(later, reason=Reason.FRESH), holder=holder)
    assert (row(holder).level, row(holder).since, row(holder).signs) == (0.0, None, {})


def test_a_clock_that_is_behind_takes_nothing_back(holder):
    watched(holder, level=5.0, at=AT + timedelta(hours=1))
    observed(holder=holder)
    assert (row(holder).level, row(holder).at) == (6.0, AT + timedelta(hours=1))


def test_what_is_explained_hides_nothing_that_is_opened_with_it(holder):
    fresh = seen(reason=Reason.FRESH)
    found = observed(fresh, odd(), fresh, holder=holder)
    assert row(holder).level == found.weight == 1.0
    assert found.odd == 1


def test_the_signs_are_counted_and_the_heaviest_come_first(holder):
    watched(holder)
    found = observed(seen(reason=Reason.AGAIN), odd(), odd(), odd(network=ELSEWHERE), holder=holder)
    assert (found.weight, found.odd) == (5.4, 4)
    assert found.signs == (
        Sign(code="reason-none", weight=3.0, found="3"),
        Sign(code="network", weight=2.0, found=ELSEWHERE, usual=HOME),
        Sign(code="reason-again", weight=0.4, found="1"),
    )
    again = observed(odd(network="192.0.2.0/24"), holder=holder)
    assert again.signs[:2] == (
        Sign(code="network", weight=4.0, found="192.0.2.0/24", usual=HOME),
        Sign(code="reason-none", weight=4.0, found="4"),
    )
    assert row(holder).level == 8.4


def test_changes_are_counted_once_however_much_is_odd(holder):
    asked = []

    def writes():
        asked.append(1)
        return 3

    observed(odd(), odd(), holder=holder, writes=writes)
    assert (asked, row(holder).state["now"]["writes"]) == ([1], 3)


def test_what_is_opened_is_learned(holder):
    observed(odd(part=0.5), odd(), holder=holder)
    now = row(holder).state["now"]
    assert (now["opened"], now["weight"]) == (1.5, 1.5)
    assert row(holder).state["today"] == "2026-11-24"


def test_the_day_is_that_of_utc(holder):
    """Half past midnight in Paris is still the day before."""
    observed(odd(AT.replace(day=23, hour=23, minute=30)), holder=holder)
    assert row(holder).state["today"] == "2026-11-23"


@pytest.mark.parametrize(("level", "stops"), [(13.99, False), (14.0, True)])
def test_a_full_bucket_stops_its_holder(holder, level, stops):
    """Fourteen, and half of what flows out in a day."""
    watched(holder, level=level, since=AT - timedelta(hours=3))
    found = observed(holder=holder)
    assert found.stop == ((holder,) if stops else ())
    assert (found.ask, found.is_spread) == (False, False)
    assert found.since == AT - timedelta(hours=3)


def test_what_weighs_nothing_stops_nobody(holder):
    watched(holder, level=100.0)
    assert observed(seen(reason=Reason.FRESH), holder=holder).stop == ()


@pytest.mark.parametrize(("level", "asks"), [(4.99, False), (5.0, True)])
def test_a_person_is_asked_before_it_is_stopped(holder, level, asks):
    before = watched(holder, level=level).state
    found = observed(holder=holder, can_ask=True)
    assert (found.ask, found.stop, found.weight) == (asks, (), 1.0)
    kept = row(holder)
    if not asks:
        assert kept.level == level + 1
    else:
        assert (found.since, found.signs) == (AT, (Sign(code="reason-none", weight=1, found="1"),))
        # What was refused is learned, and weighs, when it is asked for again.
        assert (kept.level, kept.since, kept.signs) == (level, None, {})
        assert kept.state["asked"] == AT.timestamp()
        assert kept.state["now"] == before["now"] and kept.state["uses"] == before["uses"]
        assert (kept.state["days"], kept.state["networks"]) == (before["days"], before["networks"])


def test_what_weighs_nothing_asks_nobody(holder):
    watched(holder, level=10.0)
    assert not observed(seen(reason=Reason.FRESH), holder=holder, can_ask=True).ask


@pytest.mark.parametrize(("level", "stops"), [(15.99, False), (16.0, True)])
def test_whoever_has_answered_may_do_a_little_more(holder, level, stops):
    asked = AT - timedelta(hours=12)
    watched(holder, past=known_past(asked=asked.timestamp()), level=level)
    found = observed(holder=holder, can_ask=True)
    assert (found.ask, found.stop) == (False, (holder,) if stops else ())


def test_an_answer_is_worth_something_for_half_a_day(holder):
    asked = AT - timedelta(hours=12, seconds=1)
    watched(holder, past=known_past(asked=asked.timestamp(), insisted=3), level=16.0)
    found = observed(holder=holder, can_ask=True)
    assert (found.ask, found.stop) == (True, ())
    state = row(holder).state
    assert (state["asked"], state["insisted"]) == (AT.timestamp(), 0)


def test_people_are_stopped_for_what_they_do_themselves(holder, group):
    observed(holder=holder, group=group, can_ask=True)
    assert not Watched.objects.filter(pk=group).exists()


@pytest.mark.parametrize(("given", "stops"), [(7, False), (8, True), (9, True)])
def test_whoever_goes_on_without_an_answer_is_stopped(holder, given, stops):
    watched(holder, past=known_past(insisted=given - 1))
    found = watcher.unanswered(holder_id=holder, kind="account", at=AT)
    assert (found.weight, found.stop) == (0.0, (holder,) if stops else ())
    assert row(holder).state["insisted"] == given
    sign = Sign(code="unanswered", weight=1.0, found=str(given))
    assert (found.since, found.signs) == ((AT, (sign,)) if stops else (None, ()))


def test_it_is_suspicious_since_it_was(holder):
    since = AT - timedelta(hours=5)
    signs = {"reason-none": [2, 2.0, "", ""]}
    watched(holder, past=known_past(insisted=7), level=6.0, since=since, signs=signs)
    found = watcher.unanswered(holder_id=holder, kind="account", at=AT)
    assert (found.since, [each.code for each in found.signs]) == (
        since, ["reason-none", "unanswered"],
    )  # fmt: skip


def test_misuse_fills_the_bucket_and_teaches_nothing(holder):
    state = watched(holder, level=3.0, at=AT - timedelta(days=1)).state
    found = watcher.misused(
        holder_id=holder, kind="credential", code="token", network=ELSEWHERE, at=AT
    )
    assert (found.weight, found.odd, found.stop, found.since) == (4.0, 1, (), AT)
    assert found.signs == (Sign(code="token", weight=4.0, found=ELSEWHERE),)
    assert (row(holder).level, row(holder).state) == (5.0, state)
    home = watcher.misused(holder_id=holder, kind="credential", code="token", network=HOME, at=AT)
    assert (home.weight, row(holder).level) == (1.0, 6.0)


@pytest.mark.parametrize(("level", "stops"), [(10.99, False), (11.0, True)])
def test_misuse_stops_in_the_end(holder, level, stops):
    watched(holder, level=level)
    found = watcher.misused(
        holder_id=holder, kind="credential", code="token", network=ELSEWHERE, at=AT
    )
    assert found.stop == ((holder,) if stops else ())


LEAKS = {
    "somebody new": (Past(), Past(), 2.0),
    "a busy first day": (Past(now=Day(opened=100)), Past(), 4.0),
    "quiet days": (known_past(*[Day(opened=40, weight=1)] * 5), Past(), 2.0),
    "as odd as they usually are": (known_past(*[Day(opened=40, weight=5)] * 5), Past(), 5.0),
    "never more than eight": (known_past(*[Day(opened=40, weight=20)] * 5), Past(), 8.0),
    "or a part of much": (known_past(*[Day(opened=200, weight=20)] * 5), Past(), 16.0),
    "a part of all that is opened": (known_past(*[Day(opened=100)] * 5), Past(), 4.0),
    "the usual day": (known_past(*[Day(opened=n) for n in (9, 50, 90, 150, 190)]), Past(), 3.6),
    "or this one": (known_past(*[Day(opened=40)] * 5, now=Day(opened=75)), Past(), 3.0),
    "three deviations": (
        known_past(*[Day(opened=40, weight=n) for n in (1, 2, 3)] * 2), Past(), 2 + 3 * 1.4826,
    ),
    "of its peers": (Past(), known_past(*[Day(opened=40, weight=5)] * 5), 5.0),
    "of what its peers open": (Past(), known_past(*[Day(opened=100)] * 5), 4.0),
    "peers for a few days": (Past(), Past(days=[Day(opened=100, weight=5)]), 4.0),
    "its own, though new": (Past(days=[Day(opened=100, weight=5)]), Past(), 4.0),
    "its own, once known": (
        known_past(*[Day(opened=1, weight=3)] * 5), known_past(*[Day(opened=40, weight=5)] * 5), 3.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("past", "peers", "expected"), LEAKS.values(), ids=LEAKS)
def test_what_flows_out_in_a_day(past, peers, expected):
    assert watcher.leak_of(past, peers) == pytest.approx(expected)


def test_the_leak_is_as_wide_as_the_days_were_odd(holder):
    days = [Day(opened=40, weight=6)] * 5
    watched(holder, past=known_past(*days), level=10.0, at=AT - timedelta(days=1))
    assert observed(seen(reason=Reason.FRESH), holder=holder).stop == ()
    assert row(holder).level == 4.0
    # Half of it is added to what the bucket holds: seventeen.
    for level, stop in ((15.99, ()), (16.0, (holder,))):
        Watched.objects.filter(pk=holder).update(level=level, state=known_past(*days).written())
        assert observed(holder=holder).stop == stop


def test_the_busiest_day_is_known_once_the_holder_is(holder):
    practice, other = uuid.uuid4(), uuid.uuid4()
    assert watcher.busiest_day(holder, practice) is None
    days = [Day(opened=1)] * 5
    past = known_past(*days, busiest={practice.hex: 9}, first="2026-11-16")
    kept = watched(holder, past=past)
    assert (watcher.busiest_day(holder, practice), watcher.busiest_day(holder, other)) == (9, 0)
    for change in ({"first": "2026-11-17"}, {"days": [vars(day) for day in days[:4]]}):
        Watched.objects.filter(pk=holder).update(state=kept.state | change)
        assert watcher.busiest_day(holder, practice) is None
    # Noted for misuse alone: nothing was opened yet.
    Watched.objects.filter(pk=holder).update(state={})
    assert watcher.busiest_day(holder, practice) is None
