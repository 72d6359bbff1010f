"""What a practice takes away twice, or opens after it is gone: said so, with a way back."""

import re
import uuid

import lxml.html
import pytest
from django.urls import reverse

from audit.models import Entry
from booking.models import Account, Wait
from practitioners.models import Membership
from tests.abuse.world import build
from tests.factories import make_agenda, make_member, verified_client
from tests.support.routes import PRACTICE, VENDOR, _parameters, address, ask

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
# What is taken away by a form: where one reads what is left, and what is said the second time.
TAKEN_AWAY = {
    "booking:delete-absence": ("booking:week-plan", "Cette absence est déjà supprimée."),
    "booking:delete-opening": ("booking:week-plan", "Cette plage est déjà supprimée."),
    "booking:delete-week-template": (
        "booking:week-templates", "Cette semaine type est déjà supprimée."
    ),
    "booking:dismiss-substitute": ("booking:substitutes", "Ce remplacement est déjà supprimé."),
    "booking:remove-wait": (
        "booking:waiting-list", "Cette personne n’était déjà plus sur la liste d’attente."
    ),
    "booking:withdraw-practice-document": (
        "booking:patient-documents", "Ce document est déjà retiré."
    ),
    "booking:remove-member": ("booking:members", "Cette personne n’est déjà plus de l’équipe."),
    "booking:withdraw-invitation": (
        "booking:members", "Cette invitation est déjà acceptée ou retirée."
    ),
    "booking:separate-patients": (
        "booking:merge-patients", "Ces deux fiches sont déjà séparées."
    ),
    "booking:close-conversation": (
        "booking:practice-conversations", "La conversation était déjà close."
    ),
    "partners:withdraw": ("partners:software", "Cette autorisation était déjà retirée."),
    "partners:close-feed": ("partners:feeds", "Ce flux était déjà fermé."),
    "partners:forget-calendar": ("partners:feeds", "Ce calendrier n’est déjà plus lu."),
    "partners:revoke-key": ("partners:credential", "Cette clé était déjà révoquée."),
    "partners:end-webhook": (
        "partners:credential", "Cette adresse ne recevait déjà plus rien."
    ),
}  # fmt: skip


@pytest.fixture
def world(now):
    return build(now=now)


def owner_of(world, which="practice"):
    return verified_client(make_member(world[which], role="owner").account)


def main_of(answer):
    return lxml.html.document_fromstring(answer.content).get_element_by_id("main")


@pytest.mark.parametrize("name", sorted(TAKEN_AWAY))
def test_taken_away_twice_leads_back_and_says_so(world, name):
    """By a second tab, or the back button: the page there has another token."""
    member = Account.objects.get(partner_memberships__isnull=False)
    client = verified_client(member) if name in VENDOR else owner_of(world)
    page, words = TAKEN_AWAY[name]
    there = address(name, world["ids"])
    first = client.post(there)
    written = set(Entry.objects.values_list("pk", flat=True))
    second = client.post(there)
    assert first.status_code == second.status_code == 302
    after = Entry.objects.exclude(pk__in=written).exclude(action="reveal")
    assert not after.exists()
    assert second["Location"] == first["Location"] == address(page, world["ids"])
    shown = client.get(second["Location"])
    assert shown.status_code == 200
    assert words in re.sub(r"\s+", " ", main_of(shown).text_content())


def test_a_patient_leaves_a_waiting_list_twice(world):
    client = verified_client(world["owner"])
    there = reverse("booking:leave-waiting-list", args=[world["ids"]["wait_id"]])
    answers = [client.post(there) for _n in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    text = client.get(answers[1]["Location"]).content.decode()
    assert "Vous n’étiez déjà plus sur cette liste d’attente." in text
    assert Wait.unscoped.get().ended_at is not None


def named_things():
    return sorted(
        name
        for name in PRACTICE
        if any(set(params) - {"practice_id", "what"} for params in _parameters(name))
    )


@pytest.mark.parametrize("name", named_things())
def test_what_a_practice_does_not_have_is_said_in_its_own_frame(world, name):
    """From the URL table: what never was, and what another practice has, look the same."""
    client = owner_of(world, "other")
    mine = {"practice_id": world["other"].pk, "what": "prendre", "number": 77}
    nothing = {key: uuid.uuid4() for key in world["ids"]} | mine
    never = ask(client, name, nothing)
    anothers = ask(client, name, world["ids"] | {"practice_id": world["other"].pk})
    assert never.status_code == anothers.status_code == 404
    main = main_of(never)
    # The first ones are of what the page says once the session has ended.
    assert "introuvable" in [heading.text for heading in main.iter("h1")][-1]
    assert main.find_class("desk-nav")
    card = main.find_class("card")[-1]
    (onward,) = [link.get("href") for link in card.find_class("button") if link.tag == "a"]
    assert "no-store" in never["Cache-Control"]
    assert client.get(onward).status_code == 200
    assert said(never) == said(anothers)


def said(answer):
    text = lxml.html.tostring(main_of(answer), encoding="unicode")
    return re.sub(r'[0-9a-f]{8}-[0-9a-f-]{27}|value="[^"]{64}"|/[0-9]+/', "", text)


def test_what_was_written_on_something_that_is_gone_is_shown(world, now):
    client = owner_of(world)
    client.post(address("booking:delete-opening", world["ids"]))
    given = {"label": "Séance du jeudi, à deux voix"}
    answer = client.post(address("booking:opening", world["ids"]), given)
    assert answer.status_code == 404
    text = main_of(answer).text_content()
    assert "Cette plage est déjà supprimée." in text
    assert given["label"] in text


def test_a_page_that_is_opened_of_something_taken_away(world):
    client = owner_of(world)
    client.post(address("booking:delete-week-template", world["ids"]))
    answer = client.get(address("booking:week-template", world["ids"]))
    assert answer.status_code == 404
    assert "Cette semaine type est déjà supprimée." in main_of(answer).text_content()


def test_a_member_of_other_agendas_does_not_learn_what_was_taken_away(world):
    """To them the absence of a colleague's agenda never was."""
    owner_of(world).post(address("booking:delete-absence", world["ids"]))
    member = make_member(world["practice"], role="secretary")
    member.agendas.add(make_agenda(practice=world["practice"]))
    answer = verified_client(member.account).post(address("booking:delete-absence", world["ids"]))
    assert answer.status_code == 404
    assert "déjà" not in main_of(answer).text_content()
    assert Membership.objects.filter(pk=member.pk).exists()


def test_a_script_of_a_page_is_answered_without_one(world):
    client = owner_of(world)
    nothing = world["ids"] | {"appointment_id": uuid.uuid4()}
    there = address("booking:visit", nothing)
    answer = client.get(there, headers={"Sec-Fetch-Mode": "cors"})
    assert answer.status_code == 404
    assert b"desk-nav" not in answer.content
