"""What the watch compares with: bounds to the day, the second and the count."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from audit.models import Watched
from audit.watch import watcher
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
from audit.watch.sighting import Reason, Sighting

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
PRACTICE = uuid.UUID(int=7)


def seen(at=AT, **values):
    return Sighting(
        **{
            "at": at, "weekday": 1, "hour": 10, "practice_id": PRACTICE, "reason": Reason.AHEAD,
            "network": "203.0.113.0/24", "key": "k", "use": "care",
        } | values
    )  # fmt: skip


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


def observed(at, *, group, holder):
    return watcher.observe(
        holder_id=holder, kind="credential", group_id=group, writes=lambda: 0,
        sightings=[seen(at, reason=Reason.NONE)],
    )  # fmt: skip


@pytest.mark.django_db
def test_suspicion_flows_out_with_time_and_begins_anew():
    holder, group = uuid.uuid4(), uuid.uuid4()
    first = observed(AT, holder=holder, group=group)
    row = Watched.objects.get(pk=holder)
    assert (row.level, row.since, row.at) == (first.weight, AT, AT) and first.weight > 0
    # A minute later there is hardly less of it; a month later nothing is left.
    soon = observed(AT + timedelta(minutes=1), holder=holder, group=group)
    row.refresh_from_db()
    assert soon.weight < row.level < first.weight + soon.weight
    assert (row.since, soon.since) == (AT, AT)
    late = AT + timedelta(days=30)
    last = observed(late, holder=holder, group=group)
    row.refresh_from_db()
    assert (row.level, row.since, row.at) == (last.weight, late, late)


@pytest.mark.django_db
def test_what_is_explained_hides_nothing_that_is_opened_with_it():
    holder, group = uuid.uuid4(), uuid.uuid4()
    found = watcher.observe(
        holder_id=holder, kind="credential", group_id=group, writes=lambda: 0,
        sightings=[seen(reason=Reason.FRESH), seen(reason=Reason.NONE), seen(reason=Reason.FRESH)],
    )  # fmt: skip
    assert Watched.objects.get(pk=holder).level == found.weight > 0


@pytest.mark.django_db
def test_somebody_new_is_compared_with_the_group():
    """What is rare among its peers is odd of a holder that has no past of its own."""
    group = uuid.uuid4()
    alone = observed(AT, holder=uuid.uuid4(), group=uuid.uuid4())
    past = Past(blocks={block_of(5, 22): 500.0}, uses={"message": 500.0})
    Watched.objects.create(pk=group, kind="group", at=AT, level=0, signs={}, state=past.written())
    among = observed(AT, holder=uuid.uuid4(), group=group)
    assert among.weight > alone.weight
    assert {"hour", "use"} == {each.code for each in among.signs} - {
        each.code for each in alone.signs
    }
