"""Signals and streams of a call: what is told, counted, refused and ended."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings

from audit.redis_client import redis_client
from booking.video import video, video_room
from practitioners.domain import live
from tests.asgi import Stream, run_async
from tests.factories import practice_actor, verified_client
from tests.support.video import STARTS, at_practice, enter, own, patient_of, tell, visit  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "body",
    [
        [], {}, {"items": "x"}, {"items": []}, {"items": [{"to": "x"}]}, {"items": ["x"]},
        {"items": [{"to": "x", "candidate": {}, "kind": "ended"}]},
        {"items": [{"to": "x", "candidate": {}, "round": "first"}]},
        {"items": [{"to": "x", "candidate": {}, "round": -1}]},
        {"items": [{"to": "x", "candidate": {}, "description": {}}]},
        {"items": [{"to": "x", "candidate": "x" * 70_000}]},
        {"items": [{"to": "x", "candidate": {}}] * 61},
    ],
)  # fmt: skip
def test_what_is_not_a_signal_is_refused(visit, time_machine, body):
    time_machine.move_to(STARTS, tick=False)
    patient = patient_of(visit)
    _status, given = enter(patient, own(visit, "enter-video"))
    if isinstance(body, dict):
        body["place"] = given["place"]
    answer = patient.post(
        own(visit, "signal-video"), json.dumps(body), content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.json()["problem"] == "Message illisible."


def test_signals_are_counted(visit, time_machine, monkeypatch):
    """Somebody who floods the room keeps neither the others nor Redis busy."""
    monkeypatch.setattr(video_room, "TOLD_AT_MOST", 3)
    time_machine.move_to(STARTS, tick=False)
    patient, doctor = patient_of(visit), verified_client(visit.member.account)
    _status, theirs = enter(doctor, at_practice(visit, "enter-practice-video"))
    doctor.post(at_practice(visit, "start-video"))
    _status, own_place = enter(patient, own(visit, "enter-video"))
    item = {"to": theirs["place"], "candidate": {"candidate": ""}}

    def told():
        url = own(visit, "signal-video")
        return tell(patient, url, place=own_place["place"], items=[item])

    assert [told().status_code for _n in range(5)] == [204] * 3 + [429] * 2
    assert told()["Retry-After"] == str(video_room.TOLD_WITHIN_S)
    # The other side speaks on.
    answer = {"to": own_place["place"], "candidate": {"candidate": ""}}
    url = at_practice(visit, "signal-practice-video")
    assert tell(doctor, url, place=theirs["place"], items=[answer]).status_code == 204


def test_nobody_speaks_from_anothers_place(visit, time_machine):
    time_machine.move_to(STARTS, tick=False)
    patient, doctor = patient_of(visit), verified_client(visit.member.account)
    _status, theirs = enter(doctor, at_practice(visit, "enter-practice-video"))
    doctor.post(at_practice(visit, "start-video"))
    _status, first = enter(patient, own(visit, "enter-video"))
    item = {"to": theirs["place"], "candidate": {"candidate": ""}}
    url = own(visit, "signal-video")
    assert tell(patient, url, place=theirs["place"], items=[item]).status_code == 403
    assert patient.get(f"{own(visit, 'video-events')}?place={theirs['place']}").status_code == 404
    # Whoever opens the room elsewhere leaves the former page.
    _status, second = enter(patient, own(visit, "enter-video"))
    assert tell(patient, url, place=first["place"], items=[item]).status_code == 403
    assert tell(patient, url, place=second["place"], items=[item]).status_code == 204
    assert patient.post(url, {"leaves": theirs["place"]}).status_code == 403
    assert patient.post(url, {"leaves": second["place"]}).status_code == 204
    assert tell(patient, url, place=second["place"], items=[item]).status_code == 403


def test_a_stream_that_ends_late_hides_nobody(visit):
    """A page has opened its next stream by the time that the end of the former one is noticed."""
    account = visit.account.pk
    mine, theirs = (
        video_room.take_place(
            appointment_id=visit.pk, account_id=each, part=video.Part.PATIENT, name=""
        )
        for each in (account, visit.member.account_id)
    )
    room = {"appointment_id": visit.pk, "place": mine}
    for listener in ("first", "second"):
        video_room.arrive(**room, account_id=account, listener=listener)
    video_room.pause(**room, listener="first")
    other = {"appointment_id": visit.pk, "account_id": visit.member.account_id, "place": theirs}
    assert [each["place"] for each in video_room.arrive(**other, listener="x")] == [mine]
    video_room.pause(**room, listener="second")
    assert video_room.arrive(**other, listener="x") == []


def test_what_happened_before_a_move_counts_no_longer(visit, time_machine):
    time_machine.move_to(STARTS, tick=False)
    video.enter(appointment=visit, part=video.Part.PATIENT, actor=practice_actor(), now=STARTS)
    video.start(appointment=visit, actor=practice_actor(), now=STARTS)
    later = STARTS + timedelta(days=7)
    visit.starts_at, visit.ends_at = later, later + timedelta(minutes=30)
    visit.save()
    assert not video.has_started(visit)
    video.check_open(visit, now=later)


def test_the_relays_password_is_short_lived_and_names_nobody(visit, settings, now):
    settings.TURN_URLS, settings.TURN_SECRET = ["turn:relay.example:3478"], "shared"
    settings.STUN_URLS = []
    (server,) = video.ice_servers(account_id=visit.account.pk, now=now)
    until, _, holder = server["username"].partition(":")
    assert int(until) == int((now + timedelta(hours=4)).timestamp())
    assert str(visit.account.pk) not in server["username"] and len(holder) == 16
    mac = hmac.new(b"shared", server["username"].encode(), hashlib.sha1).digest()
    assert server["credential"] == base64.b64encode(mac).decode()


def test_a_worker_of_the_pages_does_not_hold_a_stream(visit, time_machine):
    time_machine.move_to(STARTS, tick=False)
    patient = patient_of(visit)
    _status, given = enter(patient, own(visit, "enter-video"))
    answer = patient.get(f"{own(visit, 'video-events')}?place={given['place']}")
    assert answer.status_code == 503


@pytest.mark.django_db(transaction=True)
def test_a_stream_ends_with_its_session(visit, monkeypatch, time_machine):
    """Whoever is signed out elsewhere hears nothing more, at the next beat."""
    monkeypatch.setattr(live, "BEAT_S", 1)
    time_machine.move_to(STARTS)
    patient = patient_of(visit)
    _status, given = enter(patient, own(visit, "enter-video"))

    async def follow():
        page = Stream(patient, own(visit, "video-events"), f"place={given['place']}")
        _status, head = await page.begin()
        await page.until("welcome")
        # Another session's end is nothing to this one; its own is.
        await page.until(": \n\n")
        assert "closed" not in page.text
        await sync_to_async(patient.session.flush)()
        await page.until("closed")
        await page.end()
        return head

    head = run_async(follow())
    assert head[b"content-type"].startswith(b"text/event-stream")
    assert head[b"access-control-allow-origin"] == b"http://localhost:8000"


def test_the_live_port_is_beside_the_site_in_tests():
    assert django_settings.LIVE_PORT
    policy = django_settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["connect-src"]
    assert f"http://localhost:{django_settings.LIVE_PORT}" in policy


def test_a_goodbye_that_comes_between_is_not_undone(visit, monkeypatch):
    """A page's next stream has read that the place is taken, and the page says goodbye."""
    room = {"appointment_id": visit.pk, "account_id": visit.account.pk}
    place = video_room.take_place(**room, part=video.Part.PATIENT, name="")
    client, read = redis_client(), json.loads

    def read_and_wait(text):
        client.hdel(video_room._key(visit.pk), place)
        monkeypatch.setattr(video_room.json, "loads", read)
        return read(text)

    monkeypatch.setattr(video_room.json, "loads", read_and_wait)
    with pytest.raises(video_room.NoSuchPlace):
        video_room.arrive(**room, place=place, listener="second")
    assert not video_room.is_place_of(**room, place=place)
