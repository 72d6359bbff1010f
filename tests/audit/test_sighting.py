"""Where an opening is from, whether it is the first of its day, and whom the watch can stop."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest

from audit.redis_client import redis_client
from audit.watch import canaries, holders, repeats
from audit.watch.holders import Holders, Kind
from audit.watch.sighting import network_of

HOLDER, SUBJECT = uuid.UUID(int=1), uuid.UUID(int=2)
AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("203.0.113.255", "203.0.113.0/24"),
        ("203.0.112.255", "203.0.112.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("2001:db8:1:ffff::1", "2001:db8:1::/48"),
        ("2001:db8:2::1", "2001:db8:2::/48"),
        # An IPv4 address however it is written.
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("::ffff:cb00:7109", "203.0.113.0/24"),
        ("", ""),
        ("unix:", ""),
        ("203.0.113", ""),
    ],
)
def test_a_network_is_what_one_customer_usually_has(address, network):
    assert network_of(address) == network


def is_first(**values):
    given = {
        "holder_id": HOLDER, "subject_id": SUBJECT, "network": "203.0.113.0/24", "key": "k",
        "now": AT,
    }  # fmt: skip
    return repeats.is_first(**given | values)


def test_the_same_again_on_the_same_day_is_no_first_time():
    assert is_first()
    assert not is_first()
    assert not is_first(now=AT.replace(hour=23, minute=59))
    # The day is that of UTC, whatever clock says it.
    paris = timezone(timedelta(hours=1))
    assert not is_first(now=datetime(2026, 11, 25, 0, 30, tzinfo=paris))
    assert not is_first(now=datetime(2026, 11, 24, 1, tzinfo=paris))
    assert is_first(now=AT.replace(day=25, hour=0))


@pytest.mark.parametrize(
    "change",
    [
        {"holder_id": uuid.UUID(int=3)},
        {"subject_id": uuid.UUID(int=3)},
        {"network": "198.51.100.0/24"},
        {"key": "other"},
        {"now": AT + timedelta(days=1)},
    ],
)
def test_whatever_is_another_is_a_first_time(change):
    assert is_first() and is_first(**change)
    assert not is_first() and not is_first(**change)


def test_what_redis_keeps_of_it_says_nothing_and_ends_with_the_day(settings):
    """Whoever reads it or writes to it learns nothing of whom, and makes nobody known."""
    assert is_first()
    (name,) = redis_client().keys("doctolib:opened:*")
    text = f"2026-11-24 {HOLDER.hex} {SUBJECT.hex} 203.0.113.0/24 k".encode()
    digest = name.decode().removeprefix("doctolib:opened:")
    assert len(digest) == 32 and int(digest, 16)
    assert not hashlib.sha256(text).hexdigest().startswith(digest)
    assert 0 < redis_client().ttl(name) <= 24 * 3600
    assert redis_client().ttl(name) > 23 * 3600
    settings.SECRET_KEY = "another" * 10
    assert is_first()


@pytest.mark.django_db
def test_a_canary_is_nobody_else():
    canaries.add(SUBJECT, now=AT)
    assert canaries.is_canary(SUBJECT)
    assert not canaries.is_canary(HOLDER)


def test_each_kind_of_holder_is_asked_what_it_can_do(monkeypatch):
    """The watch knows ids alone: what is to be done goes to the app that has the holders."""
    monkeypatch.setattr(holders, "_kinds", {})
    calls = []

    def doing(what, answer):
        def do(*args, **values):
            calls.append((what, args, values))
            return answer

        return do

    does = {
        "stop": True, "let_in": False, "is_stopped": True, "names": {HOLDER: "AgendaPlus"},
        "practices": {SUBJECT}, "ask": None,
    }  # fmt: skip
    machine = Holders(**{each: doing(each, answer) for each, answer in does.items()})
    silent = Holders(**{each: doing("other", None) for each in does if each != "ask"})
    holders.register_holders(Kind.STAFF, machine)
    holders.register_holders(Kind.CREDENTIAL, silent)
    named = {"holder_id": HOLDER, "actor": "somebody", "now": AT}
    why = [{"code": "network"}]
    assert holders.stop(kind=Kind.STAFF, **named) is True
    assert holders.let_in(kind=Kind.STAFF, keys_are_safe=True, **named) is False
    holders.ask(kind=Kind.STAFF, why=why, **named)
    assert holders.is_stopped(kind=Kind.STAFF, holder_id=HOLDER) is True
    assert holders.names(Kind.STAFF, [HOLDER]) == {HOLDER: "AgendaPlus"}
    assert holders.practices(Kind.STAFF, [HOLDER]) == {SUBJECT}
    assert calls == [
        ("stop", (), named),
        ("let_in", (), named | {"keys_are_safe": True}),
        ("ask", (), named | {"why": why}),
        ("is_stopped", (HOLDER,), {}),
        ("names", ([HOLDER],), {}),
        ("practices", ([HOLDER],), {}),
    ]
    assert (holders.can_ask(Kind.STAFF), holders.can_ask(Kind.CREDENTIAL)) == (True, False)
    with pytest.raises(AssertionError):
        holders.ask(kind=Kind.CREDENTIAL, why=why, **named)
