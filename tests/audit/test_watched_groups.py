"""A thief who spreads over a group's members, and what is odd among peers."""

import uuid
from datetime import timedelta

import pytest

from audit.models import Watched
from audit.watch import watcher
from audit.watch.past import Day, Past, Place, block_of
from tests.audit.sightings import AT, HOME, known_past, observed, odd, row, watched

pytestmark = pytest.mark.django_db


@pytest.fixture
def holder():
    return uuid.uuid4()


@pytest.fixture
def group():
    return uuid.uuid4()


def members(**more):
    """What is kept of a group's members: the weight of each, and when."""
    return {uuid.UUID(int=int(name[1:])).hex: value for name, value in more.items()}


def member(number):
    return uuid.UUID(int=number)


@pytest.mark.parametrize(("level", "is_full"), [(22.99, False), (23.0, True)])
def test_a_thief_who_spreads_fills_the_bucket_of_the_group(holder, group, level, is_full):
    at = AT.timestamp()
    days = 86400
    watched(group, level=level, state={
        "members": members(
            m1=[5.0, at], m2=[4.0, at - 3 * days], m3=[3.99, at], m4=[9.0, at - 3 * days - 1]
        )
    })  # fmt: skip
    watched(holder)
    found = observed(holder=holder, group=group)
    assert found.stop == ((member(1), member(2)) if is_full else ())
    assert found.is_spread is is_full
    kept = row(group)
    assert kept.state["members"] == members(
        m1=[5.0, at], m2=[4.0, at - 3 * days], m3=[3.99, at]
    ) | {holder.hex: [1.0, at]}
    if is_full:
        assert (kept.level, kept.state["suspected_until"]) == (0.0, at + 3 * days)
    else:
        assert (kept.level, kept.state.get("suspected_until")) == (23.99, None)
        assert (kept.at, kept.since) == (AT, AT)


def test_one_member_alone_is_no_group(holder, group):
    at = AT.timestamp()
    watched(group, level=100.0, state={"members": {holder.hex: [100.0, at]}})
    watched(holder)
    assert not observed(holder=holder, group=group).is_spread
    assert row(group).state["members"] == {holder.hex: [101.0, at]}


@pytest.mark.parametrize(("level", "is_full"), [(28.0, False), (29.0, True)])
def test_many_members_may_do_as_much_as_they_are(holder, group, level, is_full):
    at = AT.timestamp()
    active = {member(n).hex: at for n in range(30)}
    watched(group, level=level, state={"members": members(m1=[5.0, at]), "active": active})
    watched(holder)
    assert observed(holder=holder, group=group).is_spread is is_full


@pytest.mark.parametrize(("size", "level"), [(1, 49.0), (2, 49.0), (3, 48.0), (20, 31.0)])
def test_what_flows_out_of_a_group_is_one_a_member_and_two_at_least(holder, group, size, level):
    at = AT - timedelta(days=1)
    state = {"active": {member(n).hex: at.timestamp() for n in range(size)}}
    watched(group, level=50.0, at=at, state=state)
    watched(holder)
    observed(holder=holder, group=group)
    assert row(group).level == level


@pytest.mark.parametrize(("part", "is_noted"), [(0.34, False), (0.35, True)])
def test_a_group_hears_of_nothing_light(holder, group, part, is_noted):
    observed(odd(part=part), holder=holder, group=group)
    assert Watched.objects.filter(pk=group).exists() is is_noted


@pytest.mark.parametrize(
    ("left", "level", "stops", "is_spread"),
    [
        (1, 3.0, True, True),
        (1, 2.99, False, True),
        # Over: it may do again what others may.
        (0, 3.0, False, False),
        (0, 14.0, True, False),
    ],
)
def test_little_stops_a_member_of_a_suspected_group(holder, group, left, level, stops, is_spread):
    until = AT.timestamp() + left
    others = members(m1=[5.0, AT.timestamp()])
    watched(group, level=1.0, state={"suspected_until": until, "members": others})
    watched(holder, level=level)
    found = observed(holder=holder, group=group)
    assert found.stop == ((holder,) if stops else ())
    assert found.is_spread is is_spread
    assert row(group).state["suspected_until"] == until


def days_of(holder, group, *numbers, **values):
    """One opening, that nothing explains, on each of these days after AT."""
    for number in numbers:
        observed(odd(AT + timedelta(days=number), **values), holder=holder, group=group)


def test_a_day_that_is_over_is_told_to_the_peers(holder, group):
    days_of(holder, group, 0)
    assert "days" not in row(group).state
    days_of(holder, group, 1)
    state = row(group).state
    assert state["days"] == row(holder).state["days"] != []
    assert (state["first"], state["today"]) == ("2026-11-24", "2026-11-25")
    assert (state["blocks"], state["uses"]) == ({"w2": 1.0}, {"care": 1.0})
    assert state["active"] == {holder.hex: (AT + timedelta(days=1)).timestamp()}
    assert state["members"][holder.hex][0] == 2.0


def test_each_member_counts_alike_for_the_peers(group):
    """Whoever opens much on a day says no more of the hours than somebody who opens little."""
    busy, quiet = uuid.uuid4(), uuid.uuid4()
    for _n in range(3):
        days_of(busy, group, 3)
    days_of(busy, group, 3, weekday=5, use="booking")
    days_of(quiet, group, 2)
    days_of(quiet, group, 4)
    days_of(busy, group, 4)
    state = row(group).state
    assert state["blocks"] == pytest.approx({"w2": 1.75, "s2": 0.25})
    assert state["uses"] == pytest.approx({"care": 1.75, "booking": 0.25})
    assert [day["opened"] for day in state["days"]] == [1.0, 4.0]
    assert (state["first"], state["today"]) == ("2026-11-26", "2026-11-28")


def test_peers_are_active_for_a_week_and_remembered_for_two_hundred_days(holder, group):
    at = AT + timedelta(days=1)
    week = timedelta(days=7)
    last = {"a" * 32: (at - week).timestamp(), "b" * 32: (at - week).timestamp() - 1}
    peers = known_past(*[Day(opened=n) for n in range(250)], first="2026-10-01").written()
    suspected = {"suspected_until": 5.0, "members": members(m1=[1.0, at.timestamp()])}
    watched(group, state=peers | suspected | {"active": last})
    days_of(holder, group, 0, 1)
    state = row(group).state
    assert set(state["active"]) == {"a" * 32, holder.hex}
    assert len(state["days"]) == 200
    assert [day["opened"] for day in (state["days"][0], state["days"][-1])] == [51, 1.0]
    assert (state["first"], state["today"]) == ("2026-10-01", "2026-11-25")
    assert state["suspected_until"] == 5.0
    assert set(state["members"]) == {member(1).hex, holder.hex}


@pytest.mark.parametrize("are_own", [True, False])
def test_suspicion_that_people_have_looked_at_is_forgotten(holder, group, are_own):
    strange = {"new": Place(since=1.0)}
    past = known_past()
    past.networks |= strange
    past.keys |= strange
    signs = {"reason-none": [1, 1.0, "", ""]}
    other = uuid.uuid4()
    for pk in (holder, other):
        watched(pk, past=past, level=9.0, since=AT, signs=signs)
    state = {
        "suspected_until": 5.0, "active": {"a": 1.0},
        "members": {holder.hex: [5.0, 1.0], other.hex: [6.0, 1.0]},
    }  # fmt: skip
    groups = [group, uuid.uuid4()]
    for pk in groups:
        watched(pk, state=state, level=9.0, since=AT, signs=signs)
    watcher.forget_suspicion([holder], group_ids=[group], are_own=are_own)
    for pk in (holder, group):
        assert (row(pk).level, row(pk).since, row(pk).signs) == (0.0, None, {})
    assert row(group).state == {"active": {"a": 1.0}, "members": {other.hex: [6.0, 1.0]}}
    kept = Past.read(row(holder).state)
    assert [place["new"].known for place in (kept.networks, kept.keys)] == [are_own] * 2
    assert kept.networks[HOME].known and kept.days == past.days
    assert (row(other).level, row(other).since, row(other).signs) == (9.0, AT, signs)
    assert (row(groups[1]).level, row(groups[1]).state) == (9.0, state)
    watcher.forget_suspicion([other])
    assert Past.read(row(other).state).networks["new"].known


def test_somebody_new_is_compared_with_the_group(group):
    """What is rare among its peers is odd of a holder that has no past of its own."""
    alone = observed(holder=uuid.uuid4())
    past = Past(blocks={block_of(5, 22): 500.0}, uses={"message": 500.0})
    watched(group, past=past)
    among = observed(holder=uuid.uuid4(), group=group)
    assert among.weight > alone.weight
    assert {"hour", "use"} == {each.code for each in among.signs} - {
        each.code for each in alone.signs
    }
    # Whoever has a past is compared with that.
    known = uuid.uuid4()
    watched(known, past=known_past(blocks={"w2": 500.0}, uses={"care": 500.0}))
    assert observed(holder=known, group=group).weight == 1.0
