"""What one opening weighs, and why: the facts that the drill's months were measured with."""

from datetime import timedelta
from math import log2

import pytest

from audit.watch.judge import Sign, judge, judge_misuse
from audit.watch.past import Day, Past, Place
from audit.watch.sighting import Reason
from tests.audit.sightings import AT, ELSEWHERE, HOME, known_past, seen


def judged(sighting, past=None, peers=None, *, writes=0):
    return judge(sighting, past=past or known_past(), peers=peers or Past(), writes=lambda: writes)


def codes(found):
    return [sign.code for sign in found.signs]


def sign(found, code):
    return next((each for each in found.signs if each.code == code), None)


@pytest.mark.parametrize(
    ("reason", "home", "network", "key", "both"),
    [
        (Reason.FRESH, 0.0, 0.06, 0.05, 1.35),
        (Reason.NEAR, 0.0, 0.06, 0.05, 1.35),
        (Reason.FIRST_SYNC, 0.0, 3.0, 2.5, 4.0),
        (Reason.CLOSING, 0.0, 3.0, 2.5, 4.0),
        (Reason.AHEAD, 0.25, 3.0, 2.5, 4.0),
        (Reason.AGAIN, 0.4, 3.0, 2.5, 4.0),
        (Reason.SEARCHED, 0.25, 3.0, 2.5, 4.0),
        (Reason.LEAFED, 0.5, 3.0, 2.5, 4.0),
        (Reason.NONE, 1.0, 3.0, 2.5, 4.0),
    ],
)
def test_a_reason_weighs_by_where_it_is_from(reason, home, network, key, both):
    """A strange network, a strange key or both; what is no habit of the holder's."""
    places = [{}, {"network": ELSEWHERE}, {"key": "other"}, {"network": ELSEWHERE, "key": "other"}]
    found = [judged(seen(reason=reason, **place)) for place in places]
    assert [each.weight for each in found] == [home, network, key, both]
    # Weighs nothing: nothing is odd and nobody asks why.
    assert [each.is_odd for each in found] == [home > 0, True, True, True]
    assert bool(found[0].signs) is (home > 0)
    assert [codes(each)[1:] for each in found[1:]] == [["network"], ["key"], ["network", "key"]]
    assert {codes(each)[0] for each in found[1:]} == {f"reason-{reason}"}


HABITS = [
    (Reason.AHEAD, "ahead", 0.25),
    (Reason.AGAIN, "again", 0.4),
    (Reason.SEARCHED, "searched", 0.25),
    (Reason.LEAFED, "leafed", 0.5),
]


@pytest.mark.parametrize(("reason", "name", "weight"), HABITS)
def test_as_much_as_twice_the_most_of_a_day_is_a_habit(reason, name, weight):
    days = [Day(opened=1, practices=1), Day(opened=1, practices=1, **{name: 10})] * 4

    def of(done, **place):
        past = known_past(*days, now=Day(**{name: done}))
        found = judged(seen(reason=reason, **place), past)
        return found.weight, found.is_odd

    assert of(19) == (0.05, False)
    assert of(20) == (weight, True)
    assert of(19, network=ELSEWHERE) == (0.45, True)
    assert of(20, network=ELSEWHERE) == (3.0, True)
    assert of(19, key="other") == (0.375, True)
    assert of(19, network=ELSEWHERE, key="other") == (4.0, True)


def test_one_habit_excuses_no_other():
    """Reading ahead excuses no reading again, and nothing that no reason explains."""
    past = known_past(*[Day(opened=1, practices=1, ahead=10)] * 6)
    assert judged(seen(reason=Reason.AHEAD), past).weight == 0.05
    assert judged(seen(reason=Reason.AGAIN), past).weight == 0.4
    assert judged(seen(reason=Reason.NONE), past).weight == 1.0


@pytest.mark.parametrize(("reason", "name", "weight"), HABITS)
def test_somebody_new_has_the_habits_of_its_peers_or_any(reason, name, weight):
    peers = known_past(*[Day(opened=1, practices=1, **{name: 10})] * 6)

    def of(done, peers, **place):
        new = known_past(days=[], now=Day(**{name: done}))
        return judged(seen(reason=reason, **place), new, peers).weight

    assert of(1000, Past()) == 0.05
    assert (of(19, peers), of(20, peers)) == (0.05, weight)
    # From elsewhere nobody new has habits.
    assert of(0, peers, network=ELSEWHERE) == 3.0


def test_nobody_closes_a_month_without_a_day_before():
    found = judged(seen(reason=Reason.CLOSING), known_past(days=[]))
    assert (found.weight, codes(found), found.is_odd) == (1.0, ["reason-none"], True)
    assert judged(seen(reason=Reason.CLOSING), known_past(Day(opened=1))).weight == 0.0


def test_the_first_network_and_key_are_home():
    assert judged(seen(reason=Reason.NONE, network="any", key="any"), Past()).weight == 1.0


def test_strange_places_are_told_with_what_is_usual():
    home = Place(since=0.0, known=True)
    past = known_past(networks={"b": home, "a": home, "c": Place(since=0.0)})
    found = judged(seen(reason=Reason.NONE, network="c", key="0123456789abcdef"), past)
    assert found.signs == (
        Sign(code="reason-none", weight=1.0),
        Sign(code="network", weight=2.0, found="c", usual="a, b"),
        Sign(code="key", weight=1.5, found="0123456789ab"),
    )
    many = known_past(networks={f"network {n:02}": home for n in range(20)})
    found = judged(seen(reason=Reason.NONE, network="c"), many)
    assert len(sign(found, "network").usual) == 120
    assert sign(found, "network").usual.startswith("network 00, network 01, ")


def test_a_part_of_a_person_weighs_that_part():
    assert judged(seen(reason=Reason.NONE, part=0.2)).weight == 0.2
    found = judged(seen(reason=Reason.NONE, part=0.2, network=ELSEWHERE, key="other"))
    assert found.weight == 0.8
    assert judged(seen(reason=Reason.NONE, part=1 / 3)).weight == 0.333


def test_a_canary_weighs_eight_more_however_little_of_it_is_opened():
    found = judged(seen(reason=Reason.NONE, is_canary=True, part=0.2))
    assert found.weight == 8.2
    assert found.signs[-1] == Sign(code="canary", weight=8.0)
    assert judged(seen(reason=Reason.FRESH, is_canary=True)).weight == 0.0


def test_changes_are_counted_where_something_is_odd_alone():
    asked = []

    def writes():
        asked.append(1)
        return 7

    past = known_past()
    judge(seen(reason=Reason.FRESH), past=past, peers=Past(), writes=writes)
    assert (asked, past.now.writes) == ([], 0)
    judge(seen(reason=Reason.NONE), past=past, peers=Past(), writes=writes)
    assert (asked, past.now.writes) == ([1], 7)


@pytest.mark.parametrize(
    ("count", "odd", "usual"),
    # Of a thousand, half a count for each of 18 blocks included. A fiftieth is usual.
    [(19.5, 0, ""), (9.5, 0.5, "1.0%"), (4.5, 1.0, "0.5%"), (0, 1.0, "0.1%")],
)
def test_an_hour_is_odd_by_how_rare_it_is(count, odd, usual):
    past = known_past(blocks={"w2": count, "w3": 991 - count})
    found = judged(seen(reason=Reason.NONE, hour=8), past)
    assert found.weight == pytest.approx(1 + odd)
    expected = Sign(code="hour", weight=pytest.approx(odd), found="08:00", usual=usual)
    assert sign(found, "hour") == (expected if odd else None)


@pytest.mark.parametrize(
    ("count", "odd", "usual"),
    [
        (19.5, 0, ""),
        (14.5, log2(4 / 3) / 4, "1.5%"),
        (9.5, 0.25, "1.0%"),
        (4.5, 0.5, "0.5%"),
        (0, 0.5, "0.1%"),
    ],
)
def test_a_purpose_is_odd_by_how_rare_it_is(count, odd, usual):
    past = known_past(blocks={"w2": 1000.0}, uses={"care": count, "booking": 997 - count})
    found = judged(seen(reason=Reason.NONE), past)
    assert found.weight == pytest.approx(1 + odd, abs=0.0006)
    expected = Sign(code="use", weight=pytest.approx(odd), found="care", usual=usual)
    assert sign(found, "use") == (expected if odd else None)


def test_nothing_is_rare_until_fifty_were_seen():
    rare = log2(0.02 / (0.5 / 59)) / 2
    for count, odd in ((49.9, 0), (50, rare)):
        past = known_past(blocks={"w3": count})
        assert judged(seen(reason=Reason.NONE), past).weight == pytest.approx(1 + odd, abs=0.0006)
    rare = log2(0.02 / (0.5 / 53)) / 4
    for count, odd in ((49.9, 0), (50, rare)):
        past = known_past(blocks={"w2": 100.0}, uses={"booking": count})
        assert judged(seen(reason=Reason.NONE), past).weight == pytest.approx(1 + odd, abs=0.0006)


def test_the_hours_of_peers_count_until_there_are_own_ones():
    peers = Past(blocks={"w3": 500.0}, uses={"booking": 500.0})
    own = known_past(blocks={"w2": 49.0}, uses={"care": 49.0})
    assert codes(judged(seen(reason=Reason.NONE), own, peers)) == ["reason-none", "hour", "use"]
    own = known_past(blocks={"w2": 50.0}, uses={"care": 50.0})
    assert codes(judged(seen(reason=Reason.NONE), own, peers)) == ["reason-none"]


def amounts(*days, now, writes=0):
    found = judged(seen(reason=Reason.NONE), known_past(*days, now=now), writes=writes)
    return {each.code: each for each in found.signs if each.code != "reason-none"}


@pytest.mark.parametrize(
    ("days", "opened", "odd", "usual"),
    [
        # Thirty are never many.
        ([1] * 6, 30, 0, ""),
        ([1] * 6, 31, log2(31 / 30) + 0.25, "30"),
        ([1] * 6, 60, 1.25, "30"),
        ([1] * 6, 90, 1.5, "30"),
        # The most of a day was not many, either.
        ([1] * 5 + [100], 100, 0, ""),
        ([1] * 5 + [100], 101, log2(1.01) + 0.25, "100"),
        # The median (50) and four deviations (10, of 1.4826) above it.
        ([40, 50, 60] * 3, 109, 0, ""),
        ([40, 50, 60] * 3, 110, log2(110 / (50 + 4 * 1.4826 * 10)) + 0.25, "109"),
    ],
)
def test_a_day_is_long_by_the_days_before(days, opened, odd, usual):
    past = [Day(opened=each, practices=1) for each in days]
    found = amounts(*past, now=Day(opened=opened)).get("volume")
    expected = Sign(code="volume", weight=pytest.approx(odd), found=str(opened), usual=usual)
    assert found == (expected if odd else None)


def test_more_practices_than_on_any_day_are_odd():
    days = [Day(opened=1, practices=1), Day(opened=1, practices=3)] * 3
    assert amounts(*days, now=Day(practices=3)) == {}
    assert amounts(*days, now=Day(practices=4)) == {
        "spread": Sign(code="spread", weight=0.5, found="4", usual="3")
    }


@pytest.mark.parametrize(
    ("opened", "writes", "found"),
    [
        # Forty were opened for ten changes: more than four times that is odd.
        (34, 2, "17"),
        (32, 2, None),
        (34, 3, None),
        (21, 0, "21"),
        (21, 1, "21"),
        # A few say nothing yet.
        (20, 0, None),
    ],
)
def test_reading_without_changing_is_odd_where_it_was_otherwise(opened, writes, found):
    days = [Day(opened=40, writes=10, practices=1)] * 6
    signs = amounts(*days, now=Day(opened=opened), writes=writes)
    expected = {"ratio": Sign(code="ratio", weight=0.5, found=found, usual="4")}
    assert signs == (expected if found else {})


def test_whoever_hardly_ever_changes_anything_is_not_asked_to():
    quiet = [Day(opened=40, practices=1)] * 6
    assert amounts(*quiet, now=Day(opened=30)) == {}
    once = [Day(opened=1, practices=1)] * 9 + [Day(opened=1, practices=1, writes=1)]
    assert amounts(*once, now=Day(opened=30)) == {}
    assert set(amounts(*once, now=Day(opened=41))) == {"volume", "ratio"}


def test_the_amounts_of_somebody_new_are_compared_with_nothing():
    new = known_past(days=[], now=Day(opened=500, practices=9))
    assert codes(judged(seen(reason=Reason.NONE), new)) == ["reason-none"]


def walker(steps, *, seconds=1, walked=0, most=0):
    """Somebody who has opened so many visits of one agenda in their order."""
    past = known_past(
        *[Day(opened=1, practices=1, walked=most)] * 6,
        now=Day(walked=walked),
        trail=[
            ["agenda", float(n), (AT - timedelta(seconds=seconds * (steps - n))).timestamp()]
            for n in range(steps)
        ],
    )
    return judged(seen(reason=Reason.NONE, place=("agenda", 100.0)), past)


def test_walking_through_an_agenda_is_odd_from_the_sixth_on():
    assert (walker(4).walking, walker(4).weight) == (False, 1.0)
    found = walker(5)
    assert (found.walking, found.weight) == (True, 1.5)
    assert sign(found, "walking") == Sign(code="walking", weight=0.5, found="6")
    assert walker(5, seconds=60).walking
    assert not walker(5, seconds=61).walking
    # What is explained is walked through without weight, and known to have been.
    past = known_past(trail=[["agenda", float(n), AT.timestamp()] for n in range(5)])
    explained = judged(seen(reason=Reason.FRESH, place=("agenda", 9.0)), past)
    assert (explained.walking, explained.weight) == (True, 0.0)


def test_some_walk_every_day():
    assert walker(5, walked=5, most=3).weight == 1.0
    assert walker(5, walked=6, most=3).weight == 1.5


@pytest.mark.parametrize(
    ("code", "elsewhere", "home"),
    [("token", 4.0, 1.0), ("bearer", 1.0, 0.25), ("hammering", 0.05, 0.002)],
)
def test_misuse_weighs_by_where_it_is_from(code, elsewhere, home):
    for network, weight in ((ELSEWHERE, elsewhere), (HOME, home)):
        found = judge_misuse(code, past=known_past(), network=network)
        assert found.signs == (Sign(code=code, weight=weight, found=network),)
        assert (found.weight, found.is_odd) == (weight, True)
