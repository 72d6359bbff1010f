"""A form of one's own pages that is sent when the session has ended: nothing typed is lost."""

from html import escape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from audit.views.typed import SECRET
from booking.accounts import drafts
from booking.models import Concern, Conversation, Patient, Reply
from booking.pages.lost import unsent
from practitioners.domain.questions import QuestionSpec, save_questions
from practitioners.models import VisitReason
from tests.abuse.world import build
from tests.factories import make_account, make_patient, practice_actor
from tests.support.forms_on_page import forms_of
from tests.support.routes import OWN, POST_ONLY, address

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
WORDS = "Zébulon <d’Aubigné>"
SHOWN = escape(WORDS)
QUERY = {
    "booking:begin-conversation": "agenda={agenda_id}",
    "booking:join-waiting-list": "motif={reason_id}",
}


@pytest.fixture
def world(now):
    world = build(now=now)
    reason = VisitReason.objects.get(pk=world["ids"]["reason_id"])
    spec = QuestionSpec(text="Quels médicaments ?", kind="text")
    save_questions(visit_reason=reason, specs=[spec], actor=practice_actor())
    # A line of the record that nobody has asked about, and a file that may be handed over.
    Concern.objects.all().delete()
    world["child"] = make_patient(world["owner"], relation="child", first_name="Max")
    return world


@pytest.fixture
def client(world):
    return signed_in(Client(), world["owner"])


def signed_in(client, account):
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def page_of(name, ids):
    path = address(name, ids)
    return f"{path}?{QUERY[name].format(**ids)}" if name in QUERY else path


def written(answer, page):
    """The forms of a page in which one writes, with WORDS in every such field."""
    for form in forms_of(answer):
        names = [each for each in form.texts if not any(word in each for word in SECRET)]
        if form.method == "post" and names:
            yield form.action or page, form.values | dict.fromkeys(names, WORDS)


def where_to(answer):
    """The page to which signing in leads back."""
    parts = urlsplit(answer["Location"])
    assert parts.path == reverse("booking:sign-in")
    return parse_qs(parts.query)["next"][0]


def test_every_form_of_ones_own_is_filled_in_again(world, client):
    """Generated from the URL table: each page of one's own, each of its forms."""
    found = set()
    for name in sorted(OWN - POST_ONLY):
        ids = dict(world["ids"])
        if name == "booking:hand-over":
            ids["patient_id"] = world["child"].pk
        page = page_of(name, ids)
        answer = client.get(page)
        if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
            continue
        for action, data in written(answer, page):
            client.session.flush()
            late = client.post(action, data, headers={"Referer": f"http://testserver{page}"})
            assert late.status_code == 302, (name, action)
            back = signed_in(client, world["owner"]).get(where_to(late))
            assert back.status_code == 200, (name, action)
            assert SHOWN in back.content.decode(), (name, action)
            assert "rien n’est encore enregistré" in back.content.decode(), (name, action)
            assert WORDS not in str(client.cookies) + late["Location"] + str(dict(client.session))
            client.cookies.pop(unsent.COOKIE)
            found.add(name)
    assert found >= {
        "booking:answer-questions", "booking:begin-conversation", "booking:change-email",
        "booking:concern", "booking:hand-over", "booking:my-conversation", "booking:new-person",
        "booking:person",
    }  # fmt: skip


@pytest.fixture
def talk(world):
    return Conversation.unscoped.get(pk=world["ids"]["conversation_id"])


def test_a_reply_is_sent_after_signing_in(world, talk, client):
    """As somebody does it whose other tab has signed out: nothing is sent before they say so."""
    account = world["owner"]
    page = reverse("booking:my-conversation", args=[talk.pk])
    client.get(page)
    client.post(reverse("booking:sign-out"))
    late = client.post(page, {"words": WORDS}, headers={"Referer": f"http://testserver{page}"})
    sign_in = client.get(late["Location"]).content.decode()
    assert "Ce que vous avez écrit est gardé" in sign_in
    assert SHOWN not in sign_in
    back = signed_in(client, account).get(where_to(late))
    (form,) = [each for each in forms_of(back) if "words" in each.texts]
    assert f">\n{SHOWN}</textarea>" in back.content.decode()
    before = Reply.unscoped.count()
    # Looked at twice, and in another tab: still there, and sent by nobody but its author.
    assert SHOWN in client.get(page).content.decode()
    assert Reply.unscoped.count() == before
    sent = client.post(form.action or page, {"words": WORDS})
    assert sent["Location"] == page
    assert Reply.unscoped.count() == before + 1
    after = client.get(page).content.decode()
    assert "rien n’est encore enregistré" not in after
    assert after.count(SHOWN) == 1


def test_forms_of_two_tabs_are_both_kept_and_each_is_dropped_by_itself(world, talk, client):
    pages = {
        reverse("booking:my-conversation", args=[talk.pk]): "words",
        page_of("booking:new-person", world["ids"]): "last_name",
    }
    back = {}
    for page in pages:
        client.get(page)
    client.post(reverse("booking:sign-out"))
    for page, field in pages.items():
        headers = {"Referer": f"http://testserver{page}"}
        back[page] = where_to(client.post(page, {field: WORDS}, headers=headers))
    signed_in(client, world["owner"])
    assert all(SHOWN in client.get(back[page]).content.decode() for page in pages)
    first, second = pages
    assert client.post(first, {"words": WORDS})["Location"] == first
    assert "rien n’est encore enregistré" not in client.get(first).content.decode()
    assert SHOWN in client.get(second).content.decode()


def test_nobody_else_finds_what_was_written(world, client):
    """The next account in the same browser: not on a page that both have, either."""
    page = page_of("booking:begin-conversation", world["ids"])
    client.get(page)
    client.session.flush()
    client.post(page, {"words": WORDS, "topic": WORDS})
    other = make_account()
    shown = signed_in(client, other).get(page)
    assert shown.status_code == 200
    assert SHOWN not in shown.content.decode()
    assert "rien n’est encore enregistré" not in shown.content.decode()
    # Its author still does.
    assert SHOWN in signed_in(client, world["owner"]).get(page).content.decode()


def test_passwords_are_not_kept(world, client):
    page = reverse("booking:change-email")
    client.get(page)
    client.session.flush()
    client.post(page, {"email": "neuf@exemple.fr", "password": "cerf volant rouge"})
    back = signed_in(client, world["owner"]).get(page).content.decode()
    assert "neuf@exemple.fr" in back
    assert "cerf volant" not in back
    page = reverse("booking:change-password")
    client.session.flush()
    client.cookies.pop(unsent.COOKIE)
    client.post(page, {"current": "cerf volant rouge", "password": "cerf volant bleu"})
    assert unsent.COOKIE not in client.cookies


def test_a_file_is_to_be_chosen_again(world, client):
    page = reverse("booking:my-documents")
    client.get(page)
    client.session.flush()
    file = SimpleUploadedFile("bilan.pdf", b"%PDF-1.7", "application/pdf")
    late = client.post(page, {"receiver": "x", "uploads": file})
    assert late.status_code == 302
    back = signed_in(client, world["owner"]).get(page).content.decode()
    assert "Le fichier joint n’est pas gardé" in back


@pytest.mark.parametrize("why", ["a browser without a mark", "too long", "too many"])
def test_words_that_cannot_be_kept_are_shown(world, talk, client, why, monkeypatch):
    page = reverse("booking:my-conversation", args=[talk.pk])
    client.get(page)
    client.session.flush()
    if why == "a browser without a mark":
        client.cookies.pop(unsent.MARK)
    elif why == "too long":
        monkeypatch.setattr(drafts, "MOST_BYTES", 10)
    else:
        monkeypatch.setattr(drafts, "DRAFTS_A_NETWORK", 0)
        cache.clear()
    late = client.post(page, {"words": WORDS})
    assert late.status_code == 409
    shown = late.content.decode()
    assert SHOWN in shown
    assert f'href="{reverse("booking:sign-in")}' in shown
    assert unsent.COOKIE not in client.cookies


def test_a_form_of_one_button_leads_back_to_its_page(world, client):
    page = reverse("booking:my-appointments")
    client.get(page)
    client.session.flush()
    leave = reverse("booking:leave-waiting-list", args=[world["ids"]["wait_id"]])
    late = client.post(leave, headers={"Referer": f"http://testserver{page}"})
    assert where_to(late) == page
    assert unsent.COOKIE not in client.cookies


def test_words_of_a_form_elsewhere_are_shown_on_its_page(world, talk, client):
    """A form whose answer is another address: its own page shows the words, and fills in nothing."""
    page = reverse("booking:my-conversation", args=[talk.pk])
    client.get(page)
    client.session.flush()
    action = page_of("booking:begin-conversation", world["ids"])
    client.post(action, {"words": WORDS}, headers={"Referer": f"http://testserver{page}"})
    back = signed_in(client, world["owner"]).get(page).content.decode()
    assert "rien n’est enregistré" in back
    assert SHOWN in back


@pytest.mark.parametrize("token", ["x", "zz" * 16, "00" * 16, "é", ""])
def test_what_opens_nothing_changes_nothing(world, client, token):
    client.cookies[unsent.COOKIE] = token
    answer = client.get(reverse("booking:new-person"))
    assert answer.status_code == 200
    assert "rien n’est encore enregistré" not in answer.content.decode()


def test_showing_it_again_carries_nothing_out(world, client):
    """A whole form, as its view would take it: a GET shows it, and adds nobody."""
    page = reverse("booking:new-person")
    data = {
        "first_name": "Zébulon", "last_name": "Aubigné", "birth_date": "2018-05-04", "sex": "M",
        "relation": "child", "consent": "on", "phone": "", "email": "",
    }  # fmt: skip
    client.get(page)
    before = Patient.unscoped.count()
    client.session.flush()
    client.post(page, data)
    back = signed_in(client, world["owner"]).get(page)
    assert 'value="Zébulon"' in back.content.decode()
    assert Patient.unscoped.count() == before
    assert client.post(page, data).status_code == 302
    assert Patient.unscoped.count() == before + 1
