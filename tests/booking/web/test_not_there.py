"""Links to what there is no more: said in plain words, with a way on, and nothing told to strangers."""

import re
import uuid
from datetime import timedelta

import lxml.html
import pytest
from django.test import Client
from django.urls import reverse

from audit.vault.files import SealedFile
from booking.exchange import documents
from booking.models import Document
from practitioners.models import VisitReason
from tests.abuse.world import build
from tests.factories import make_account, make_patient, practice_actor, present
from tests.support.routes import OWN, POST_ONLY, _parameters, address

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
LISTS = {
    "booking:my-appointments", "booking:my-documents", "booking:my-conversations",
    "booking:people", "booking:reads", "booking:sessions", "booking:workplaces", "booking:passkeys",
}  # fmt: skip
# The token names nothing of anybody's: a page of its own says that it is broken.
BY_TOKEN = {"booking:accept-handover"}
# Practitioners are everybody's: there is no other's.
OF_ALL = {"booking:toggle-favourite"}


@pytest.fixture
def world(now):
    return build(now=now)


def signed_in(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return present(client)


def with_parameters():
    """The addresses of one's own that name a thing."""
    return sorted(name for name in OWN - BY_TOKEN - OF_ALL if any(_parameters(name)))


def asked(client, name, path):
    return client.post(path) if name in POST_ONLY else client.get(path)


def said(answer):
    """The page's own part, without what differs from one page to the next of the same kind."""
    page = lxml.html.document_fromstring(answer.content)
    text = lxml.html.tostring(page.get_element_by_id("main"), encoding="unicode")
    return re.sub(r'[0-9a-f]{8}-[0-9a-f-]{27}|value="[^"]{64}"|/[0-9]+/', "", text)


@pytest.mark.parametrize("name", with_parameters())
def test_what_is_not_there_is_said_with_a_way_on(world, name):
    """From the URL table: what never was, and what is another account's, look the same."""
    client = signed_in(make_account())
    nothing = {key: uuid.uuid4() for key in world["ids"]} | {"passkey_id": 424242}
    never = asked(client, name, address(name, nothing))
    anothers = asked(client, name, address(name, world["ids"]))
    assert never.status_code == anothers.status_code == 404
    page = lxml.html.document_fromstring(never.content)
    main = page.get_element_by_id("main")
    assert "introuvable" in main.findtext(".//h1")
    onward = [each.get("href") for each in main.iter("a")]
    assert set(onward) & {reverse(each) for each in LISTS}
    assert client.get(onward[0]).status_code == 200
    assert said(never) == said(anothers)
    assert "no-store" in never["Cache-Control"]


@pytest.mark.parametrize(("language", "word"), [("fr", "introuvable"), ("en", "not found")])
def test_it_is_said_in_the_readers_language(world, language, word):
    client = signed_in(make_account(language=language))
    page = client.get(reverse("booking:appointment", args=[uuid.uuid4()])).content.decode()
    assert word in page


def test_another_account_is_one_click_away(world):
    """The mail came to somebody's other address."""
    client = signed_in(make_account())
    there = reverse("booking:appointment", args=[world["ids"]["appointment_id"]])
    page = client.get(there).content.decode()
    (target,) = re.findall(r'name="next" value="([^"]*)"', page.split('id="main"')[1])
    out = client.post(reverse("booking:sign-out"), {"next": target})
    assert out["Location"] == f"{reverse('booking:sign-in')}?next={there}"
    assert there in client.get(out["Location"]).content.decode()


# A document that was withdrawn


@pytest.fixture
def document(world, now):
    return given(world, now, by_practice=True)


def given(world, now, *, by_practice):
    file = SealedFile("bilan.pdf")
    file.feed(b"%PDF-1.7")
    file.finish()
    return documents.give(
        file=file, media_type="application/pdf", scanned=False, patient=world["patient"],
        practice=world["practice"], author=world["owner"], by_practice=by_practice,
        actor=practice_actor(world["practice"]), now=now,
    )  # fmt: skip


def test_a_document_that_the_practice_withdrew(world, document, now):
    client = signed_in(world["owner"])
    there = reverse("booking:my-document", args=[document.pk])
    documents.withdraw(
        document=document, actor=practice_actor(world["practice"]), now=now - timedelta(days=23)
    )
    answer = client.get(there)
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "Document retiré" in page
    assert f"{world['practice']} a retiré ce document le 1er novembre 2026." in page
    assert f'href="{reverse("booking:my-documents")}"' in page
    # Nor does anybody else learn that there was one.
    other = make_account()
    make_patient(other)
    strangers = signed_in(other).get(there).content.decode()
    assert "retiré ce document" not in strangers
    assert str(world["practice"]) not in strangers
    client.cookies["django_language"] = "en"
    assert f"{world['practice']} withdrew this document on" in client.get(there).content.decode()


def test_a_document_that_one_withdrew_oneself_from_another_tab(world, now):
    client = signed_in(world["owner"])
    row = given(world, now, by_practice=False)
    withdraw = reverse("booking:withdraw-document", args=[row.pk])
    assert client.post(withdraw).status_code == 302
    again = client.post(withdraw)
    assert again.status_code == 404
    assert "Vous avez retiré ce document le" in again.content.decode()
    assert not Document.unscoped.filter(pk=row.pk).exists()


# Links of mails to what has changed


def test_questions_that_are_asked_no_more_lead_to_the_visit(world):
    client = signed_in(world["owner"])
    visit = world["ids"]["appointment_id"]
    there = reverse("booking:answer-questions", args=[visit])
    back = reverse("booking:appointment", args=[visit])
    answer = client.get(there)
    assert answer.status_code == 404
    assert "ne pose pas de questions" in answer.content.decode()
    assert f'href="{back}"' in answer.content.decode()
    # What was written meanwhile is shown.
    late = client.post(there, {str(uuid.uuid4()): "Je prends du Lévothyrox."})
    assert late.status_code == 404
    assert "Je prends du Lévothyrox." in late.content.decode()
    assert f'href="{back}"' in late.content.decode()


def test_a_video_visit_that_has_become_another_leads_to_the_visit(world):
    client = signed_in(world["owner"])
    visit = world["ids"]["appointment_id"]
    answer = client.get(reverse("booking:video", args=[visit]))
    assert answer.status_code == 404
    assert "pas une téléconsultation" in answer.content.decode()
    assert f'href="{reverse("booking:appointment", args=[visit])}"' in answer.content.decode()
    VisitReason.objects.update(teleconsultation=True)
    assert client.get(reverse("booking:video", args=[visit])).status_code == 200


@pytest.mark.parametrize("token", ["x", "none", "a:b:c", "é"])
@pytest.mark.parametrize("is_signed_in", [False, True])
def test_a_broken_link_of_an_offer_says_so(world, token, is_signed_in):
    client = signed_in(world["owner"]) if is_signed_in else Client()
    answer = client.get(reverse("booking:offer", args=[token]))
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "Lien non valable" in page
    wanted = "booking:account" if is_signed_in else "booking:sign-in"
    assert f'href="{reverse(wanted)}"' in page


def test_a_script_gets_no_page(world):
    client = signed_in(make_account())
    there = reverse("booking:appointment", args=[uuid.uuid4()])
    answer = client.get(there, headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert "Rendez-vous introuvable" not in answer.content.decode()
