"""A session that ends in the middle of work: said at once, and nothing typed is lost."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from audit.record.entries import Actor, ActorKind, Channel
from booking.accounts import drafts
from booking.accounts.drafts import Draft
from booking.accounts.sessions import sign_ins
from booking.models import Account, Appointment, SignIn
from booking.oversight import dashboard_access
from booking.pages.lost.drafts import COOKIE
from booking.session_store import digest_of
from practitioners.domain import live
from practitioners.domain.scheduling.next_slots import mark_stale
from practitioners.domain.staff import members
from tests.asgi import Stream, run_async
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_practice,
    make_reason,
    verified_client,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def agenda():
    agenda = make_agenda()
    make_opening(agenda, make_reason(agenda))
    return agenda


@pytest.fixture
def member(agenda):
    return make_member(agenda.practice)


@pytest.fixture
def client(member):
    return verified_client(member.account)


def url(agenda, name, *ids):
    return reverse(f"booking:{name}", args=[agenda.practice_id, *ids])


def state(client, agenda):
    return client.get(url(agenda, "desk-session")).json()["state"]


# How it stands


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


# What was typed


TYPED = {
    "patient": "new", "first_name": "Élise", "last_name": 'Moreau "la <b>grande</b>"',
    "birth_date": "1990-05-04", "phone": "06 39 98 00 01", "sex": "F", "email": "",
    "jour": "2026-12-21", "heure": "09:00", "q": "Moreau",
}  # fmt: skip


def ends(way, client, member):
    if way == "flushed":
        client.session.flush()
    elif way == "signed out everywhere":
        Account.objects.filter(pk=member.account_id).update(sign_outs=7)
    elif way == "cookies gone":
        client.logout()
    elif way == "asked for the code":
        Account.objects.filter(pk=member.account_id).update(asked_at=timezone.now())


def comes_back(client, member):
    """Sign in again in the same browser, by whatever way."""
    Account.objects.filter(pk=member.account_id).update(asked_at=None)
    fresh = verified_client(Account.objects.get(pk=member.account_id))
    client.cookies["sessionid"] = fresh.cookies["sessionid"].value


def resumed(answer):
    """Where the page to which an answer leads goes on to."""
    return parse_qs(urlsplit(answer["Location"]).query)["next"][0]


def hidden_fields(page):
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {unescape(n): unescape(v) for n, v in found if n != "csrfmiddlewaretoken"}


@pytest.mark.parametrize(
    "way", ["flushed", "signed out everywhere", "cookies gone", "asked for the code"]
)
def test_a_form_that_comes_too_late_is_there_after_signing_in(agenda, member, client, way):
    data = {**TYPED, "motif": str(agenda.visit_reasons.get().pk)}
    page = url(agenda, "new-visit")
    ends(way, client, member)
    answer = client.post(page, data)
    assert answer.status_code == 302
    wanted = "second-factor" if way == "asked for the code" else "sign-in"
    assert answer["Location"].startswith(reverse(f"booking:{wanted}"))
    back = resumed(answer)
    assert back.startswith(url(agenda, "resume"))
    # Names are in no address, no cookie and no session.
    assert "Moreau" not in str(client.cookies) + answer["Location"] + str(dict(client.session))
    if wanted == "sign-in":
        # Said before signing in as well: without scripts nothing else tells.
        shown = client.get(answer["Location"]).content.decode()
        assert "Ce que vous avez écrit est gardé" in shown
    comes_back(client, member)
    kept = client.get(back)
    fields = hidden_fields(kept.content.decode())
    name = fields.pop("reprise")
    assert fields == data
    # It is looked at again, and then sent.
    again = client.post(page, {**data, "montrer": "1"}).content.decode()
    assert 'value="Élise"' in again
    assert not Appointment.unscoped.exists()
    assert client.post(page, {**data, "reprise": name}).status_code == 302
    assert Appointment.unscoped.count() == 1
    # It is offered once.
    over = client.get(back).content.decode()
    assert "n’est plus gardé" in over
    assert "Élise" not in over


def test_forms_of_two_tabs_are_kept_one_each(agenda, member, client):
    absence, page = url(agenda, "new-absence"), url(agenda, "new-visit")
    ends("flushed", client, member)
    first = resumed(client.post(absence, {"label": "Congrès à Lyon"}))
    second = resumed(client.post(page, TYPED))
    comes_back(client, member)
    for back, action, words in ((first, absence, "Congrès à Lyon"), (second, page, "Moreau")):
        kept = client.get(back).content.decode()
        assert f'action="{action}"' in kept
        assert f">{words}" in kept


def test_a_form_is_for_its_writer_alone_though_another_signs_in_next(agenda, member, client):
    client.get(url(agenda, "agenda"))
    ends("flushed", client, member)
    back = resumed(client.post(url(agenda, "new-absence"), {"label": "Congrès à Lyon"}))
    colleague = make_member(agenda.practice, role="owner")
    comes_back(client, colleague)
    assert "Congrès à Lyon" not in client.get(back).content.decode()
    comes_back(client, member)
    assert "Congrès à Lyon" in client.get(back).content.decode()


def test_any_form_of_the_dashboard_is_kept(agenda, member, client):
    """A form of one button leads on, too: not to an address that takes no GET."""
    ends("flushed", client, member)
    page = url(agenda, "new-absence")
    answer = client.post(
        f"{page}?jour=2026-12-21", {"label": "Congrès à Lyon", "agendas": ["a", "b"]}
    )
    comes_back(client, member)
    kept = client.get(resumed(answer)).content.decode()
    assert f'action="{page}?jour=2026-12-21"' in kept
    assert kept.count('name="agendas"') == 2
    assert "Congrès à Lyon" in kept
    ends("flushed", client, member)
    answer = client.post(url(agenda, "remove-wait", agenda.pk))
    comes_back(client, member)
    assert resumed(answer) == url(agenda, "resume")


@pytest.mark.parametrize("names", [["soins.ics"], ["à.pdf", "<b>.pdf"]])
def test_a_file_is_asked_for_again_where_the_form_is_kept(agenda, member, client, names):
    """A page without a field for it would send a form that can only be refused."""
    ends("flushed", client, member)
    files = [SimpleUploadedFile(name, b"BEGIN:VCALENDAR") for name in names]
    page = reverse("partners:import-calendar", args=[agenda.practice_id])
    back = resumed(client.post(page, {"import-label": "Hôpital Nord", "import-file": files}))
    comes_back(client, member)
    shown = client.get(back).content.decode()
    assert 'enctype="multipart/form-data"' in shown
    (asked,) = re.findall(r'<input type="file" name="import-file"[^>]*>', shown)
    assert "required" in asked and ("multiple" in asked) is (len(names) > 1)
    assert escape(", ".join(names)) in shown
    assert "Hôpital Nord" in shown
    for untrue in ("Rien de ce que vous avez écrit", "copiez ce qui doit servir", "<textarea"):
        assert untrue not in shown


def test_a_form_that_holds_a_file_alone_is_kept_too(agenda, member, client):
    ends("flushed", client, member)
    page = url(agenda, "imports")
    back = resumed(client.post(page, {"file": SimpleUploadedFile("patients.csv", b"Nom")}))
    comes_back(client, member)
    shown = client.get(back).content.decode()
    assert f'action="{page}"' in shown and 'type="file" name="file"' in shown
    assert "patients.csv" in shown


def test_what_was_kept_before_files_had_names_opens(agenda):
    account_id = make_account().pk
    asked = {"practice_id": agenda.practice_id, "mark": drafts.mark_of(account_id)}
    draft = Draft(address="/x/", fields=[("a", "b")], files=True)
    token = drafts.keep(draft, network="203.0.113.7", **asked)
    found = drafts.find(token, practice_id=agenda.practice_id, account_id=account_id)
    assert (found.fields, found.files) == ([("a", "b")], [])


def test_a_script_has_what_was_typed_before_it(agenda, member, client):
    ends("flushed", client, member)
    for headers in ({"Sec-Fetch-Mode": "cors"}, {"HX-Request": "true"}):
        client.post(url(agenda, "new-visit"), TYPED, headers=headers)
        assert not [name for name in client.cookies if name.startswith(COOKIE)]


def test_a_search_after_the_end_leads_away_and_puts_no_page_into_the_page(agenda, client):
    client.session.flush()
    answer = client.post(url(agenda, "new-visit"), {"q": "Moreau"}, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"].startswith(reverse("booking:sign-in"))
    assert answer.content == b""


def test_without_a_draft_there_is_a_way_forward(agenda, client):
    resume = url(agenda, "resume")
    assert client.get(resume)["Location"] == url(agenda, "agenda")
    assert "de nouveau connecté" in client.get(resume, {"onglet": "1"}).content.decode()
    for token in ("x", "zz" * 17, "00" * 16 + "0", ""):
        client.cookies[f"{COOKIE}_0123abcd"] = token
        for name in ("0123abcd", "x", "é" * 9, "x=1; y"):
            assert "n’est plus gardé" in client.get(resume, {"f": name}).content.decode()


def test_what_led_away_may_be_sent_again_as_it_is(agenda, member):
    """By the back button, from the page as it was: it was not carried out the first time."""
    client = Client(enforce_csrf_checks=True)
    client.cookies = verified_client(member.account).cookies
    page = url(agenda, "new-visit")
    token = client.get(url(agenda, "desk-session")).json()["token"]
    data = {**TYPED, "motif": agenda.visit_reasons.get().pk, "csrfmiddlewaretoken": token}
    ends("asked for the code", client, member)
    assert client.post(page, data)["Location"].startswith(reverse("booking:second-factor"))
    Account.objects.filter(pk=member.account_id).update(asked_at=None)
    assert client.post(page, data)["Location"].startswith(url(agenda, "agenda"))
    assert Appointment.unscoped.count() == 1


def draft(text="Moreau"):
    return Draft(address="/x/", fields=[("last_name", text)])


def test_a_draft_opens_for_its_own_account_at_its_own_practice_alone():
    one, two, practice, other = (make_account().pk for _n in range(4))
    token = drafts.keep(draft(), practice_id=practice, mark=drafts.mark_of(one), network="n1")
    assert drafts.find(token, practice_id=practice, account_id=one) == draft()
    assert drafts.find(token, practice_id=practice, account_id=two) is None
    assert drafts.find(token, practice_id=other, account_id=one) is None
    assert drafts.find(token[:-1] + "0", practice_id=practice, account_id=one) is None
    anybodys = drafts.keep(draft(), practice_id=practice, mark="", network="n1")
    assert drafts.find(anybodys, practice_id=practice, account_id=two) == draft()


def test_what_is_kept_is_not_readable_and_not_for_ever(monkeypatch):
    kept = {}
    monkeypatch.setattr(
        cache, "set", lambda name, value, seconds: kept.update({name: (value, seconds)})
    )
    practice = make_account().pk
    token = drafts.keep(draft(), practice_id=practice, mark="", network="n2")
    ((name, (value, seconds)),) = kept.items()
    assert b"Moreau" not in bytes.fromhex(value)
    assert token[:-1] not in name
    assert seconds == drafts.KEPT_S


def test_nobody_fills_the_cache_with_drafts():
    practice = make_account().pk
    network = f"n{practice}"
    large = draft("x" * drafts.MOST_BYTES)
    assert drafts.keep(large, practice_id=practice, mark="", network=network) is None
    tokens = [
        drafts.keep(draft(), practice_id=practice, mark="", network=network)
        for _n in range(drafts.DRAFTS_A_NETWORK + 1)
    ]
    assert tokens[-1] is None and None not in tokens[:-1]


# A token that is old


def test_a_form_with_an_old_token_is_offered_again(agenda, member):
    """Where a page has no script that gets the new one; see tests/doctolib/test_csrf.py."""
    client = Client(enforce_csrf_checks=True, headers={"Sec-Fetch-Site": "same-origin"})
    client.cookies = verified_client(member.account).cookies
    data = {**TYPED, "csrfmiddlewaretoken": "x" * 64}
    answer = client.post(
        url(agenda, "new-visit"), urlencode(data), content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 403
    assert hidden_fields(answer.content.decode()) == TYPED
    assert not Appointment.unscoped.exists()


# The stream of an open agenda


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
