"""Vendors' pages, the API's reference and the calendars, at phone and desktop width."""

import pytest
from django.utils import timezone

from partners.domain import webhooks
from partners.models import (
    CredentialKey,
    Delivery,
    DeliveryState,
    ImportedCalendar,
    PartnerMember,
    Webhook,
)
from tests.browser.conftest import check_page
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_member,
    make_opening,
    make_patient,
    make_reason,
)
from tests.partners.software import KEY, Software
from tests.support.browser_sessions import signed_in
from tests.support.partner_appointments import booked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agenda():
    agenda = make_agenda()
    make_opening(agenda, make_reason(agenda))
    return agenda


def test_each_page_of_a_vendor_is_accessible(live_server, new_page, agenda, now):
    member = make_account("editeur@exemple.fr")
    credential = make_credential("Un logiciel au nom plutôt long", key=KEY)
    PartnerMember.objects.create(partner=credential.partner, account=member, created_at=now)
    CredentialKey.objects.create(
        credential=credential, kid="ancienne", jwk={"kty": "EC"}, revoked_at=now
    )
    make_grant(credential, agenda, fields=["last_name"])
    webhook = Webhook.objects.create(
        credential=credential, url="https://hooks.example/" + "chemin/" * 20,
        secret_changed_at=now, cursor="", created_at=now,
    )  # fmt: skip
    appointment = booked(agenda, make_account(), now)
    for number, state in enumerate(DeliveryState):
        Delivery.objects.create(
            webhook=webhook, agenda=agenda, appointment=appointment, changed_in=number,
            payload={}, state=state, due_at=now, give_up_at=now, created_at=now,
            problem="L’adresse ne répond pas (ConnectTimeoutError).",
        )  # fmt: skip
    assert webhooks.secret_of(webhook)
    software = Software(credential)
    software.get("agendas")
    software.get("nothing")
    page = signed_in(new_page(), live_server, member)
    vendor = f"/editeur/{credential.partner_id}/"
    for path in ("/editeur/", vendor, f"{vendor}acces/{credential.pk}/"):
        assert page.goto(f"{live_server.url}{path}").status == 200
        check_page(page)


def test_the_calendars_page_is_accessible_in_each_state(live_server, new_page, agenda, now):
    make_patient(practice=agenda.practice)
    at = timezone.now()
    for label, more in [
        ("Fichier", {}),
        ("Adresse", {"read_next_at": at}),
        ("En panne", {"read_next_at": at, "problem": "L’adresse a répondu 503.", "failures": 4}),
        ("Incomplet", {"complete": False}),
    ]:
        ImportedCalendar.objects.create(
            agenda=agenda, label=label, created_at=at, read_at=at, **more
        )
    owner = make_member(agenda.practice, role="owner").account
    page = signed_in(new_page(), live_server, owner)
    page.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/calendriers/")
    check_page(page)
    page.get_by_label("Quel calendrier", exact=True).fill("Hôpital")
    page.get_by_role("button", name="Importer").click()
    page.get_by_text("Donnez une adresse ou un fichier.").wait_for()
    check_page(page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/calendriers/")
    page.get_by_label("Pour quel calendrier").fill("Téléphone")
    page.get_by_role("button", name="Ouvrir", exact=True).click()
    address = page.get_by_label("L’adresse du flux").input_value()
    page.get_by_role("button", name="Copier l’adresse").click()
    page.get_by_role("button", name="Copiée").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == address != ""
    check_page(page)


def test_the_reference_opens_without_a_script_error(live_server, new_page):
    page = new_page()
    assert page.goto(f"{live_server.url}/developpeurs/").status == 200
    page.get_by_text("/agendas", exact=False).first.wait_for()
