"""An incident from the alert to its end, by two people of the team, a practice and a patient."""

import pytest
from django.utils import timezone

from audit.incidents import notices
from audit.models import Incident, State
from audit.record import seal
from partners.models import Credential
from tests.browser.conftest import check_page
from tests.factories import make_account, make_member, make_patient
from tests.partners.theft import make_visits, make_watched_grant, steal
from tests.support.browser_sessions import signed_in

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("at_now"),
]


@pytest.fixture
def night(now, mails, settings):
    """A theft that was stopped, with real mail on its way to the team and the practice."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    patient = make_account("patiente@exemple.fr")
    people = [
        make_patient(patient, first_name="Jeanne", last_name="Lefèvre", phone="+33639980999"),
        make_patient(patient, first_name="Zoé", last_name="Lefèvre", relation="child"),
    ]
    visits = make_visits(now=now, patients=people)
    grant = make_watched_grant(visits, name="AgendaPlus", now=now)
    owner = make_member(grant.practice, role="owner").account
    team = [make_account(f"equipe{n}@doctolib.example", is_staff=True) for n in (1, 2)]
    opened = steal(grant, visits)
    seal.seal_entries(now=timezone.now())
    return {"grant": grant, "owner": owner, "team": team, "patient": patient, "opened": opened}


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    page.locator("main").wait_for()


def said(page, text):
    page.locator(".notice").filter(has_text=text).first.wait_for()


def approve(page, url, what):
    """The second person's click."""
    page.goto(url)
    press(page, f"Approuver : {what}")
    said(page, "C’est approuvé.")


def find_it(one, live_server, night, number):
    """From the register to the incident, which says what was read and from where."""
    one.goto(f"{live_server.url}/equipe/incidents/")
    check_page(one)
    one.goto(f"{live_server.url}/equipe/incidents/signaler/")
    check_page(one)
    one.go_back()
    one.get_by_role("link", name=str(number), exact=True).click()
    check_page(one)
    assert f"{len(night['opened'])} personnes" in one.locator("main").inner_text()
    assert "203.0.113.0/24" in one.locator("main").inner_text()


def file_it(one):
    """The severity, the authority's form and its filing."""
    # Without words for the values, nothing is noted and nothing is lost.
    one.get_by_label("Contexte des données (DPC)").select_option("3.0")
    press(one, "Noter la gravité")
    assert one.get_by_label("Contexte des données (DPC)").input_value() == "3.0"
    one.get_by_label("Pourquoi ces valeurs").fill("Noms, téléphones et spécialité.")
    press(one, "Noter la gravité")
    said(one, "La gravité est notée.")
    one.get_by_text("Compléter", exact=True).click()
    one.get_by_label("Origine et cause").fill("Clé copiée chez l’éditeur.")
    press(one, "Garder")
    said(one, "Le formulaire est complété.")
    press(one, "Noter la remise à l’autorité")
    said(one, "La remise à l’autorité est notée.")
    check_page(one)


def tell_the_practice(practice, live_server, night, number):
    """The practice reads whom it concerns, and lets its patients be told."""
    page = f"/cabinet/{night['grant'].practice_id}/incidents/"
    practice.goto(f"{live_server.url}{page}")
    check_page(practice)
    practice.get_by_role("link", name=f"Violation de données n° {number}").click()
    check_page(practice)
    assert "Jeanne Lefèvre" in practice.locator("main").inner_text()
    press(practice, "Informer mes patients en mon nom")
    said(practice, "en votre nom")


def test_two_people_run_an_incident_to_its_end(live_server, new_page, night, mails):
    number = Incident.objects.get().number
    url = f"{live_server.url}/equipe/incidents/{number}/"
    one, two = (signed_in(new_page(), live_server, account) for account in night["team"])
    notices.send_due(now=timezone.now())
    assert f"/equipe/incidents/{number}/" in text_of(mails("AgendaPlus a été arrêté"))
    mails("AgendaPlus est suspendu")
    find_it(one, live_server, night, number)
    file_it(one)

    press(one, "Notifier les cabinets")
    said(one, "une seconde personne approuve")
    assert one.get_by_role("button", name="Approuver : notifier les cabinets").count() == 0
    approve(two, url, "notifier les cabinets")
    notices.send_due(now=timezone.now())
    assert f"/incidents/{number}/" in text_of(mails("vos patients concernés"))

    practice = signed_in(new_page(), live_server, night["owner"])
    tell_the_practice(practice, live_server, night, number)

    one.goto(f"{url}apercu/patient")
    check_page(one)
    one.goto(url)
    press(one, "Informer les patients")
    approve(two, url, "informer les patients")
    notices.send_due(now=timezone.now())
    mails("Quelqu’un a lu des données")
    patient = signed_in(new_page(), live_server, night["patient"])
    patient.goto(f"{live_server.url}/compte/incidents/")
    check_page(patient)
    shown = patient.locator("main").inner_text()
    assert "Jeanne" in shown
    assert "prénom, nom, téléphone" in shown

    one.goto(url)
    press(one, "Les notifications sont terminées")
    said(one, "Les notifications sont terminées.")
    press(one, "Rétablir avec de nouvelles clés")
    approve(two, url, "rétablir avec de nouvelles clés")
    assert Credential.objects.get(pk=night["grant"].credential_id).suspended_at is None
    notices.send_due(now=timezone.now())
    one.goto(url)
    press(one, "Clore l’incident")
    approve(two, url, "clore l’incident")
    check_page(two)
    assert Incident.objects.get().state == State.CLOSED
