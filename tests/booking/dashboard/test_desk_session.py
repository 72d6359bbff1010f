"""A session that ends in the middle of work: said at once, and nothing typed is lost."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.record.entries import Actor, ActorKind, Channel
from booking.accounts.sessions import sign_ins
from booking.models import Account, SignIn
from booking.oversight import dashboard_access
from booking.session_store import digest_of
from practitioners.domain import live
from practitioners.domain.scheduling.next_slots import mark_stale
from practitioners.domain.staff import members
from tests.asgi import Stream, run_async
from tests.factories import make_account, make_member, make_practice, verified_client
from tests.support.desk_session import agenda, client, member, url  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


def state(client, agenda):
    return client.get(url(agenda, "desk-session")).json()["state"]


def test_each_way_in_which_a_session_ends_is_told(agenda, member, client):
    assert state(client, agenda) == "open"
    assert state(Client(), agenda) == "signed-out"
    without = Client()
    without.force_login(member.account, backend="booking.backends.EmailBackend")
    assert state(without, agenda) == "code"
    Account.objects.filter(pk=member.account_id).update(asked_at=timezone.now())
    assert state(client, agenda) == "code"
    Account.objects.filter(pk=member.account_id).update(stopped_at=timezone.now())
    assert state(client, agenda) == "stopped"
    Account.objects.filter(pk=member.account_id).update(stopped_at=None, asked_at=None)
    member.delete()
    assert state(client, agenda) == "stranger"
    client.session.flush()
    assert state(client, agenda) == "signed-out"


def test_a_page_learns_whose_the_session_is_and_what_ended_it(agenda, member, client, time_machine):
    first, second = (client.get(url(agenda, "desk-session")).json() for _tab in range(2))
    page = client.get(url(agenda, "agenda")).content.decode()
    assert f'data-whose="{first["whose"]}"' in page
    colleague = verified_client(make_member(agenda.practice, role="owner").account)
    assert colleague.get(url(agenda, "desk-session")).json()["whose"] != first["whose"]
    assert (first["why"], second["whose"]) == ("", first["whose"])
    time_machine.move_to(timezone.now() + timedelta(minutes=31))
    # Each open tab asks, and then the sign-in page says it as well.
    for _tab in range(2):
        told = client.get(url(agenda, "desk-session")).json()
        assert (told["state"], told["whose"]) == ("signed-out", "")
        assert "demi-heure sans activité" in told["why"]
    assert "demi-heure sans activité" in client.get(reverse("booking:sign-in")).content.decode()
    assert client.get(url(agenda, "desk-session")).json()["why"] == ""


def test_a_stranger_learns_nothing_of_which_practices_exist(client):
    nowhere = reverse("booking:desk-session", args=[make_practice().pk])
    unknown = reverse("booking:desk-session", args=["01a00000-0000-7000-8000-00000000abcd"])
    for stranger in (client, verified_client(make_account())):
        assert {stranger.get(each).json()["state"] for each in (nowhere, unknown)} == {"stranger"}
        assert stranger.post(nowhere).json()["state"] == "stranger"
    assert client.put(nowhere).status_code == 405
    assert "no-store" in client.get(nowhere)["Cache-Control"]


def test_asking_how_it_stands_is_no_insisting(agenda, member, client):
    """An open page asks again and again while the code is owed, and stops nobody."""
    Account.objects.filter(pk=member.account_id).update(asked_at=timezone.now())
    for _time in range(30):
        assert state(client, agenda) == "code"
    member.account.refresh_from_db()
    assert member.account.stopped_at is None


def test_the_token_that_it_gives_is_good(agenda, member):
    client = Client(enforce_csrf_checks=True)
    client.cookies = verified_client(member.account).cookies
    session = url(agenda, "desk-session")
    token = client.get(session).json()["token"]
    # By this a page knows which of its tokens is old.
    assert client.post(session, headers={"X-CSRFToken": token}).status_code == 200
    assert client.post(session, headers={"X-CSRFToken": "x" * 64}).status_code == 403
    answer = client.post(url(agenda, "find-patients"), {"q": "x", "csrfmiddlewaretoken": token})
    assert answer.status_code == 200


def _staff():
    return Actor(kind=ActorKind.SYSTEM, channel=Channel.SHELL)


def _sign_out(client, member):
    client.post(reverse("booking:sign-out"))


def _end_session(client, member):
    row = SignIn.objects.create(
        account=member.account, session_digest=digest_of(client.session.session_key), began_at=timezone.now(),
        seen_at=timezone.now(),
    )  # fmt: skip
    sign_ins.end(row=row, actor=_staff(), now=timezone.now())


def _end_all(client, member):
    sign_ins.end_others(account=member.account, actor=_staff(), now=timezone.now())


def _ask(client, member):
    dashboard_access.ask(holder_id=member.account_id, actor=_staff(), why=[], now=timezone.now())


def _stop(client, member):
    dashboard_access.stop(holder_id=member.account_id, actor=_staff(), now=timezone.now())


def _remove(client, member):
    members.remove(membership=member, actor=_staff())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", [_sign_out, _end_session, _end_all, _ask, _stop, _remove])
def test_an_open_agenda_is_told_at_once(agenda, member, client, way, monkeypatch):
    """Not at the next beat, which is far away."""
    monkeypatch.setattr(live, "BEAT_S", 60)

    async def follow():
        page = Stream(client, url(agenda, "agenda-events"), f"agenda={agenda.pk}")
        await page.begin()
        await page.until("listening")
        began = datetime.now(UTC)
        await sync_to_async(way)(client, member)
        await page.until("closed")
        await page.end()
        return datetime.now(UTC) - began

    assert run_async(follow()) < timedelta(seconds=20)


@pytest.mark.django_db(transaction=True)
def test_much_news_keeps_no_closed_session_open(agenda, client, monkeypatch):
    """The beat comes only when nothing else does: a busy agenda is asked about all the same."""
    monkeypatch.setattr(live, "BEAT_S", 1)

    async def much_news():
        while True:
            await sync_to_async(mark_stale)(agenda.pk)
            await asyncio.sleep(0.1)

    async def follow():
        page = Stream(client, url(agenda, "agenda-events"), f"agenda={agenda.pk}")
        await page.begin()
        await page.until("listening")
        news = asyncio.create_task(much_news())
        await page.until("changed")
        await sync_to_async(client.session.flush)()
        for _event in range(100):
            if "closed" not in page.text:
                page.text += (await page.page.receive_output(10))["body"].decode()
        news.cancel()
        await page.end()
        return page.text

    assert "closed" in run_async(follow())
