"""What the watch compares with: bounds to the day, the second and the count."""

import uuid
from datetime import date, timedelta

import pytest

from audit.watch.past import (
    Day,
    Past,
    Place,
    block_of,
    is_known,
    merged,
    robust_top,
    share_of,
)
from audit.watch.sighting import Reason
from tests.audit.sightings import AT, HOME, PRACTICE, known_past, seen


@pytest.mark.parametrize(
    ("days", "first", "today", "expected"),
    [
        (5, "2026-11-01", "2026-11-09", True),
        (4, "2026-11-01", "2026-11-30", False),
        (28, "2026-11-01", "2026-11-08", False),
        (28, "", "2026-11-30", False),
    ],
)
def test_five_days_of_eight_make_a_past(days, first, today, expected):
    assert is_known(days=days, first=first, today=today) is expected


def test_one_wild_day_moves_nothing():
    assert robust_top([], deviations=4) == 0
    assert robust_top([5, 1, 100, 3, 2], deviations=0) == 3
    assert robust_top([5, 1, 100, 3, 2], deviations=2) == pytest.approx(3 + 2 * 1.4826 * 2)


def test_what_was_never_seen_has_half_a_count():
    assert share_of({"a": 3.0}, "a", outcomes=4) == pytest.approx(3.5 / 5)
    assert share_of({"a": 3.0}, "b", outcomes=4) == pytest.approx(0.5 / 5)
    assert merged([{"a": 1.0, "b": 2.0}, {"b": 3.0}]) == {"a": 1.0, "b": 5.0}


def places(*, good, odd, hours):
    """A second network, seen so often and for so long."""
    past = Past(networks={"home": Place(since=0.0, known=True)})
    place = Place(since=AT.timestamp() - hours * 3600, good=good, odd=odd)
    past.networks["new"] = place
    past.learn(seen(network="new", reason=Reason.NEAR), weight=0.0, walking=False)
    return place.known


@pytest.mark.parametrize(
    ("good", "odd", "hours", "expected"),
    [
        (29, 0, 12, True),  # the thirtieth is learned now
        (28, 0, 12, False),
        (29, 0, 11.99, False),
        (89, 10, 12, True),  # nine of ten
        (88, 10, 12, False),
    ],
)
def test_a_network_becomes_home_by_time_and_by_what_is_explained(good, odd, hours, expected):
    assert places(good=good, odd=odd, hours=hours) is expected


def test_the_first_network_is_home_and_the_next_is_not():
    past = Past()
    assert past.is_usual(past.networks, "any")
    assert past.most("opened") == past.usual("opened", deviations=4) == 0
    for name in ("first", "second"):
        past.learn(seen(network=name), weight=0.0, walking=False)
    assert [past.is_usual(past.networks, name) for name in ("first", "second", "third")] == [
        True, False, False,
    ]  # fmt: skip
    # Forty are kept; whoever is home stays.
    for number in range(60):
        past.learn(
            seen(AT + timedelta(seconds=number), network=str(number)), weight=0, walking=False
        )
    assert len(past.networks) == 40
    assert past.networks["first"].known and "59" in past.networks and "0" not in past.networks


def test_a_day_sums_what_was_opened_and_is_kept_when_it_is_over():
    past = Past()
    assert past.turn_to(date(2026, 11, 23)) is None
    assert past.turn_to(date(2026, 11, 23)) is None
    past.learn(seen(part=0.5), weight=0.25, walking=True)
    past.learn(seen(reason=Reason.AGAIN), weight=0.4, walking=False)
    past.learn(seen(practice_id=uuid.UUID(int=8), reason=Reason.NONE), weight=1.0, walking=False)
    day = past.turn_to(date(2026, 11, 24))
    assert day is past.days[-1]
    assert (day.opened, day.weight, day.walked, day.practices) == (2.5, 1.65, 1, 2)
    assert (past.first, past.today, past.now) == ("2026-11-23", "2026-11-24", Day())
    assert past.busiest == {PRACTICE.hex: 2, uuid.UUID(int=8).hex: 1}
    # What was odd (weight 1 and more) has taught a tenth of what else is seen.
    assert past.uses["care"] == pytest.approx(2.1 * 27 / 28)
    # A day without anything is none, and 28 are kept.
    assert past.turn_to(date(2026, 11, 25)) is None
    past.days = [Day(opened=1)] * 28
    past.learn(seen(), weight=0.0, walking=False)
    past.turn_to(date(2026, 11, 26))
    assert len(past.days) == 28 and past.days[-1].opened == 1
    again = Past.read(past.written())
    assert again == past


@pytest.mark.parametrize(
    ("starts", "seconds", "expected"),
    [
        ([1, 2, 3, 4, 5, 6], 60, True),
        ([6, 5, 4, 3, 2, 1], 60, True),
        ([1, 2, 3, 4, 5, 5], 60, False),
        ([1, 2, 3, 4, 6, 5], 60, False),
        ([1, 2, 3, 4, 5, 6], 61, False),
        ([2, 3, 4, 5, 6], 60, False),
    ],
)
def test_walking_is_one_agenda_in_order_and_soon_after_another(starts, seconds, expected):
    past = Past()
    times = [AT + timedelta(seconds=seconds * n) for n in range(len(starts))]
    *before, last = [
        seen(at, place=("agenda", float(start))) for at, start in zip(times, starts, strict=True)
    ]
    for each in before:
        past.learn(each, weight=0.0, walking=False)
    assert past.is_walking(last, steps=6, seconds=60.0) is expected
    assert not past.is_walking(seen(times[-1], place=("another", 9.0)), steps=6, seconds=60.0)
    assert not past.is_walking(seen(times[-1]), steps=6, seconds=60.0)


def test_the_sums_of_a_day_are_of_their_reasons_and_parts():
    past = Past()
    past.turn_to(date(2026, 11, 24))
    reasons = [Reason.AHEAD, Reason.AGAIN, Reason.SEARCHED, Reason.LEAFED]
    for n, reason in enumerate(reasons, start=1):
        for _ in range(n):
            past.learn(seen(reason=reason, part=0.2), weight=0.05, walking=False)
    for reason in set(Reason) - set(reasons):
        past.learn(seen(reason=reason), weight=0.0, walking=True)
    day = past.now
    assert (day.ahead, day.again, day.searched, day.leafed) == (0.2, 0.4, 0.6, 0.8)
    assert (day.opened, day.weight, day.walked, day.practices) == (7.0, 0.5, 5, 1)


def test_sums_are_kept_to_the_thousandth():
    past = Past()
    past.learn(seen(part=1 / 3), weight=0.12345, walking=False)
    assert (past.now.opened, past.now.ahead, past.now.weight) == (0.333, 0.333, 0.123)


def test_what_weighs_one_and_more_teaches_a_tenth():
    past = Past()
    for weight in (0.0, 0.999):
        past.learn(seen(), weight=weight, walking=False)
    assert (past.blocks, past.uses) == ({"w2": 2.0}, {"care": 2.0})
    for weight in (1.0, 4.0):
        past.learn(seen(weekday=5, hour=23, use="booking"), weight=weight, walking=False)
    assert past.blocks == {"w2": 2.0, "s5": pytest.approx(0.2)}
    assert past.uses == {"care": 2.0, "booking": pytest.approx(0.2)}
    # How many of a practice were opened is counted in any case.
    assert past.by_practice == {PRACTICE.hex: 4}


@pytest.mark.parametrize(
    ("weekday", "hour", "block"),
    [(0, 0, "w0"), (4, 3, "w0"), (4, 4, "w1"), (5, 11, "s2"), (6, 12, "d3"), (6, 23, "d5")],
)
def test_the_week_has_eighteen_parts(weekday, hour, block):
    assert block_of(weekday, hour) == block


def test_the_hours_of_long_ago_fade_by_days_with_openings():
    past = Past(blocks={"w2": 28.0}, uses={"care": 56.0})
    past.turn_to(date(2026, 11, 23))
    assert (past.blocks, past.uses) == ({"w2": 28.0}, {"care": 56.0})
    past.now = Day(opened=1)
    past.turn_to(date(2026, 11, 24))
    assert (past.blocks, past.uses) == ({"w2": pytest.approx(27)}, {"care": pytest.approx(54)})


def test_the_busiest_day_of_each_practice_is_kept():
    past = Past(today="2026-11-23", now=Day(opened=5), busiest={"a": 4, "b": 2, "c": 9})
    past.by_practice = {"a": 3, "b": 5, "d": 1}
    past.turn_to(date(2026, 11, 24))
    assert past.busiest == {"a": 4, "b": 5, "c": 9, "d": 1}
    assert (past.by_practice, past.seen_practices) == ({}, [])


def test_the_first_day_stays_the_first():
    past = Past(first="2026-10-01", today="2026-10-02")
    past.turn_to(date(2026, 11, 24))
    assert (past.first, past.today) == ("2026-10-01", "2026-11-24")


def test_the_most_and_the_usual_are_of_one_sum():
    past = known_past(Day(opened=1, ahead=7), Day(opened=3, ahead=2), Day(opened=2, ahead=2))
    assert (past.most("opened"), past.most("ahead"), past.most("writes")) == (3, 7, 0)
    assert past.usual("opened", deviations=0) == 2
    assert past.usual("opened", deviations=1) == pytest.approx(2 + 1.4826)
    assert Past(days=[Day(opened=0.5)]).most("opened") == 0.5


def test_the_latest_eight_steps_are_kept():
    past = Past()
    for n in range(10):
        past.learn(
            seen(AT + timedelta(seconds=n), place=("a", float(n))), weight=0.0, walking=False
        )
    past.learn(seen(), weight=0.0, walking=False)
    steps = [["a", float(n), AT.timestamp() + n] for n in range(2, 10)]
    assert past.trail == steps


def test_a_network_is_odd_or_good_by_its_reasons():
    past = Past()
    for reason in Reason:
        past.learn(seen(reason=reason), weight=0.0, walking=False)
    place = Place(since=AT.timestamp(), good=3, odd=6, known=True)
    assert (past.networks, past.keys) == ({HOME: place}, {"k": place})


def test_of_forty_strange_networks_the_one_seen_first_goes():
    old, new = Place(since=1.0), Place(since=2.0)
    home = Place(since=0.0, known=True)
    past = Past(networks={"home": home} | {str(n): new for n in range(37)} | {"old": old})
    past.learn(seen(network="another"), weight=0.0, walking=False)
    assert len(past.networks) == 40 and "old" in past.networks
    past.learn(seen(network="one more"), weight=0.0, walking=False)
    assert len(past.networks) == 40 and "old" not in past.networks
    assert {"home", "another", "one more"} <= set(past.networks)


def test_what_is_home_stays_home():
    """However odd it is seen from there later: somebody has worked there for long."""
    past = known_past()
    for n in range(50):
        past.learn(seen(AT + timedelta(days=n), reason=Reason.NONE), weight=1.0, walking=False)
    assert past.is_usual(past.networks, HOME) and past.is_usual(past.keys, "k")


def test_somebody_new_is_read_from_nothing():
    assert Past.read({}) == Past()
    assert Past.read({"members": {"x": [1.0, 2.0]}, "active": {}}) == Past()


def test_openings_of_two_agendas_are_no_walk():
    past = Past()
    for n in range(5):
        past.learn(seen(AT, place=("b" if n == 2 else "a", float(n))), weight=0.0, walking=False)
    assert not past.is_walking(seen(AT, place=("a", 9.0)), steps=6, seconds=60.0)
    assert past.is_walking(seen(AT, place=("a", 9.0)), steps=3, seconds=60.0)
