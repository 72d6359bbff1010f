"""A form that comes when its session has ended: it is kept, and there after signing in."""

import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from booking.accounts import drafts
from booking.accounts.drafts import Draft
from booking.models import Account, Appointment
from booking.pages.lost.drafts import COOKIE
from tests.factories import make_account, make_member, verified_client
from tests.support.desk_session import agenda, client, member, url  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


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
