"""No reading on a guarded channel without its guard's leave: one entry point, one answer."""

import ast
import uuid
from datetime import UTC, datetime

import pytest
from django.core.checks import run_checks
from redis import RedisError

from audit.actions import REVEAL
from audit.models import Entry
from audit.record import entries
from audit.record.entries import Actor, ActorKind, Channel
from audit.vault import guard
from audit.vault.guard import GUARDED, UNGUARDED, Answer, Decision, NoGuard, NotOpened, opens
from audit.vault.reveal import Purpose, note, reveal
from doctolib.environment import PROJECT_DIR
from tests.factories.people import make_patient

pytestmark = pytest.mark.django_db
PHONE = "+33611111111"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def of(channel):
    return Actor(kind=ActorKind.ACCOUNT, channel=channel, id=uuid.uuid4(), practice_id=uuid.uuid4())


def opened(actor, **values):
    """What a reading of a patient's telephone gives, and what its entry says besides."""
    patient = make_patient(phone=PHONE)
    wanted = [(patient, ("phone",))]
    with reveal(wanted, actor=actor, purpose=Purpose.CARE, **values) as plain:
        text = plain.text(patient, "phone")
    return text, Entry.objects.get(subjects=[patient.pk], action=REVEAL.code).details


def reveals():
    return Entry.objects.filter(action=REVEAL.code).count()


def test_each_channel_is_guarded_or_says_why_not():
    assert GUARDED | UNGUARDED.keys() == set(Channel)
    assert not GUARDED & UNGUARDED.keys()
    assert all(len(why) > 15 for why in UNGUARDED.values())


def test_each_guarded_channel_has_its_guard():
    assert guard.without_guard() == []
    assert [message for message in run_checks() if message.id == "doctolib.E001"] == []


@pytest.mark.parametrize("channel", sorted(GUARDED))
def test_without_its_guard_nothing_opens_on_a_channel(channel, monkeypatch):
    monkeypatch.delitem(guard._guards, channel)
    before = reveals()
    with pytest.raises(NoGuard):
        opened(of(channel))
    assert reveals() == before
    # And the platform does not start unnoticed.
    assert guard.without_guard() == [channel]
    (message,) = [message for message in run_checks() if message.id == "doctolib.E001"]
    assert channel in message.msg


@pytest.mark.parametrize("channel", sorted(UNGUARDED))
def test_the_other_channels_need_none(channel):
    assert opened(of(channel))[0] == PHONE


def test_what_is_no_channel_of_ours_opens_nothing():
    with pytest.raises(NoGuard):
        opened(of("telepathy"))


def test_a_channel_has_one_guard(monkeypatch):
    monkeypatch.setattr(guard, "_guards", {})
    guard.register_guard(Channel.API, lambda _reading: opens())
    with pytest.raises(NoGuard):
        guard.register_guard(Channel.API, lambda _reading: opens(again=True))


@pytest.mark.parametrize("answer", [Answer.ASK, Answer.STOP, Answer.WAIT])
def test_whatever_does_not_say_open_opens_nothing(answer, monkeypatch):
    decision = Decision(answer=answer, limit=3, seconds=7)
    monkeypatch.setitem(guard._guards, Channel.DASHBOARD, lambda _reading: decision)
    before = reveals()
    with pytest.raises(NotOpened) as refused:
        opened(of(Channel.DASHBOARD))
    assert refused.value.decision is decision
    assert reveals() == before


def test_what_opens_is_noted(monkeypatch):
    asked = []

    def guarding(reading):
        asked.append(reading)
        return opens(weight=0.5)

    monkeypatch.setitem(guard._guards, Channel.DASHBOARD, guarding)
    text, details = opened(of(Channel.DASHBOARD), details={"search": True}, about="it", at=NOW)
    assert (text, details) == (PHONE, {"search": True, "weight": 0.5})
    (reading,) = asked
    assert (reading.about, reading.at, reading.purpose) == ("it", NOW, Purpose.CARE)


def test_a_field_that_is_empty_is_asked_about_and_not_noted(monkeypatch):
    """Learning that there is none is learning something: the guard counts it."""
    asked = []
    monkeypatch.setitem(
        guard._guards, Channel.DASHBOARD, lambda reading: asked.append(reading) or opens()
    )
    patient = make_patient(email="")
    before = reveals()
    with reveal([(patient, ("email",))], actor=of(Channel.DASHBOARD), purpose=Purpose.CARE):
        pass
    assert [list(reading.pairs) for reading in asked] == [[]]
    assert reveals() == before


def test_an_error_of_the_guard_opens_nothing(monkeypatch):
    def away(_reading):
        raise RedisError

    monkeypatch.setitem(guard._guards, Channel.API, away)
    with pytest.raises(RedisError):
        opened(of(Channel.API))


def test_a_reading_without_plaintext_asks_as_well(monkeypatch):
    decision = Decision(answer=Answer.WAIT)
    monkeypatch.setitem(guard._guards, Channel.ADMIN, lambda _reading: decision)
    patient = make_patient()
    with pytest.raises(NotOpened):
        note(
            REVEAL, [(patient, "visits")], actor=of(Channel.ADMIN), purpose=Purpose.SUPPORT,
            fields=["booking_appointment.visits"],
        )  # fmt: skip
    assert not Entry.objects.filter(subjects=[patient.pk], action=REVEAL.code).exists()


def test_the_outer_actor_is_judged(monkeypatch):
    """A page cannot have the platform read in its place."""
    asked = []
    monkeypatch.setitem(
        guard._guards, Channel.DASHBOARD, lambda reading: asked.append(reading) or opens()
    )
    member = of(Channel.DASHBOARD)
    with entries.acting(member):
        opened(entries.system_actor())
    assert [reading.actor for reading in asked] == [member]


def test_what_is_done_apart_is_the_platforms_own():
    member = of(Channel.DASHBOARD)
    with entries.acting(member):
        with entries.apart():
            mine = entries.write(REVEAL, actor=entries.system_actor())
        theirs = entries.write(REVEAL, actor=entries.system_actor())
    kinds = dict(Entry.objects.filter(pk__in=[mine, theirs]).values_list("pk", "actor_kind"))
    assert kinds == {mine: "system", theirs: "account"}


def test_a_decision_is_carried_out_again_where_it_can_be():
    done = []
    Decision(answer=Answer.STOP, carry_out=lambda: done.append(1)).make_sure()
    Decision(answer=Answer.STOP).make_sure()
    assert done == [1]


def test_pages_read_as_their_own_channel():
    """The channel of a page's readings is what its actor says: pages have one each."""
    own = {"booking/dashboard": "practice_actor(request)", "booking/admin": "acting_staff(request)"}
    found = set()
    for folder, actor in own.items():
        for file in (PROJECT_DIR / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("reveal", "note"):
                    given = {word.arg: ast.unparse(word.value) for word in node.keywords}
                    found.add(folder)
                    assert given["actor"] == actor, file
    assert found == set(own)
