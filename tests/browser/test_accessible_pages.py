"""Each page of the dashboard and of an account: no violation of axe, nothing too wide."""

from datetime import datetime, time, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from audit.record import verify, witness
from partners.domain import grants, identities, scopes
from partners.models import Credential, Partner
from practitioners.domain.scheduling.hours.week_templates import save_template
from practitioners.domain.scheduling.wall_clock import instant
from tests.audit.record_fixtures import grow
from tests.browser.conftest import check_page
from tests.clock import today
from tests.factories import PASSWORD, make_account, make_patient, make_resource, practice_actor
from tests.support.booked import booked
from tests.support.browser_story import agenda, sign_in_to_practice  # noqa: F401
from tests.support.witness import LocalWitness, serving

pytestmark = pytest.mark.django_db(transaction=True)


def furnished(agenda):
    """Give a practice a patient, a visit, a partner, a room and a template; return the last two."""
    make_patient(practice=agenda.practice)
    tomorrow = instant(today() + timedelta(days=1), time(9), agenda.practice.zone)
    visitor = make_patient(make_account(), last_name="Quatrefages")
    booked(agenda.visit_reasons.get(), timezone.now(), starts_at=tomorrow, patient=visitor)
    grants.give(
        practice=agenda.practice,
        credential=Credential.objects.create(
            partner=Partner.objects.create(
                name="Un logiciel au nom plutôt long", verified_at=timezone.now()
            ),
            label="Accueil",
        ),
        agendas=[agenda],
        scopes=scopes.SCOPES,
        fields=identities.FIELDS,
        actor=practice_actor(),
    )
    room = make_resource(agenda.practice, name="Salle d’échographie", pieces=2)
    template = save_template(
        agenda=agenda, name="Semaine paire", day=today() + timedelta(days=1), actor=practice_actor()
    )
    return room, template


def test_each_dashboard_page_is_accessible(live_server, new_page, agenda, mails):
    room, template = furnished(agenda)
    page = new_page()
    sign_in_to_practice(page, live_server, agenda)
    for path in (
        "",
        "?vue=semaine",
        "?vue=mois",
        f"?vue=liste&jour={today() + timedelta(days=1)}",
        "patients/",
        "rendez-vous/",
        "horaires/",
        "absences/",
        "salles/",
        f"salles/{room.pk}/",
        "membres/",
        "logiciels/",
        "calendriers/",
        "registre/",
        "reglages/",
    ):
        page.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/{path}")
        check_page(page)
    for path in (
        "",
        "copier/",
        "remplacants/",
        "modeles/",
        f"modeles/{template.pk}/",
        "plages/",
        "motifs/",
        f"plages/{agenda.openings.first().pk}/",
        f"motifs/{agenda.visit_reasons.first().pk}/",
    ):
        page.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/agendas/{agenda.pk}/{path}")
        check_page(page)
    page.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/patients/")
    page.fill("#q", "Lefèvre")
    page.get_by_role("button", name="Chercher").click()
    expect(page.locator("table")).to_contain_text("31/12/1980")
    check_page(page)
    page.get_by_role("link", name="Prendre rendez-vous").click()
    expect(page.locator("#trouves input[type=radio]")).to_be_checked()
    check_page(page)


def test_each_page_of_an_account_is_accessible(live_server, new_page, agenda, mails, settings):
    account = make_account("une-adresse-vraiment-fort-longue-et-sans-espace@exemple.example")
    patient = make_patient(account)
    make_patient(account, first_name="Noé", relation="child")
    reason = agenda.visit_reasons.get()
    tomorrow = today() + timedelta(days=1)
    starts_at = datetime.combine(tomorrow, time(9), tzinfo=agenda.practice.zone)
    visit = booked(reason, timezone.now(), starts_at=starts_at, patient=patient, anywhere=True)
    grow(1)
    # The record outlives the test: only a cosignature that verifies may stay in it.
    far = LocalWitness(verify.public_key(), f"{uuid4().hex * 3}.example")
    with serving(far) as url:
        settings.RECORD_WITNESSES = [f"{far.key} {url}"]
        assert witness.hand_out(now=timezone.now()) == 1
    page = new_page()
    page.goto(f"{live_server.url}/connexion/")
    check_page(page)
    page.fill("[name=email]", "une-adresse-vraiment-fort-longue-et-sans-espace@exemple.example")
    page.fill("[name=password]", "wrong")
    page.locator("main").get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("alert")).to_contain_text("ne convient pas")
    check_page(page)
    page.fill("[name=password]", PASSWORD)
    page.locator("main").get_by_role("button", name="Se connecter").click()
    for path in (
        "rendez-vous/",
        f"rendez-vous/{visit.pk}/",
        f"rendez-vous/{visit.pk}/deplacer/",
        f"rendez-vous/{visit.pk}/annuler/",
        "compte/",
        "compte/lectures/",
        "compte/donnees/",
        "compte/effacer/",
        "compte/proches/",
        "compte/proches/nouveau/",
        f"compte/proches/{patient.pk}/",
        "compte/second-facteur/",
        "registre/",
        "mot-de-passe/",
        "mot-de-passe/nonsense/",
        "courrier/",
        "recherche/?quoi=zzzz&ou=Qqqq",
        "nowhere/",
    ):
        page.goto(f"{live_server.url}/{path}")
        check_page(page)
