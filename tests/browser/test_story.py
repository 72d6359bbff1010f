"""The main job, from the home page to the record."""

import re
from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from audit.models import Entry
from booking.appointments import former_time
from booking.models import Appointment
from booking.models.appointment import Channel
from tests.browser.conftest import check_page
from tests.clock import today
from tests.factories import PASSWORD, make_account, make_patient
from tests.support.booked import booked
from tests.support.browser_mails import link_in
from tests.support.browser_story import agenda, sign_in_to_practice  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


def local(live_server, link: str) -> str:
    return live_server.url + re.sub(r"^http://[^/]+", "", link)


def find_a_slot(patient, live_server, agenda):
    """Search with a typing error, and take the first slot; return its start."""
    patient.goto(live_server.url)
    check_page(patient)
    patient.fill("#quoi", "dermatolgue")
    patient.wait_for_selector("#quoi-liste [role=option]")
    patient.keyboard.press("ArrowDown")
    patient.keyboard.press("Enter")
    patient.fill("#ou", "tour")
    patient.wait_for_selector("#ou-liste [role=option]")
    patient.keyboard.press("ArrowDown")
    patient.keyboard.press("Enter")
    expect(patient.locator("#ou")).to_have_value("Tours (37000)")
    patient.get_by_role("button", name="Rechercher").click()
    expect(patient.locator("h1.found-count")).to_contain_text("1 résultat")
    check_page(patient)
    patient.get_by_role("link", name=str(agenda.practitioner), exact=True).click()
    check_page(patient)
    first_slot = patient.locator("button.slot").first
    chosen = first_slot.get_attribute("value")
    first_slot.click()
    expect(patient.locator(".timer")).to_contain_text("6:5")
    check_page(patient)
    return chosen


def make_an_account(patient, live_server, mails):
    """From the slot that is held to an account, by the link of the mail."""
    patient.get_by_role("link", name="Créer un compte").click()
    check_page(patient)
    patient.fill("[name=email]", "zoe.lefevre@exemple.fr")
    patient.get_by_role("button", name="Recevoir mon code").click()
    check_page(patient)
    patient.goto(local(live_server, link_in(mails("Vérifiez votre adresse"))))
    check_page(patient)
    patient.fill("[name=password]", "une phrase facile à retenir")
    patient.get_by_role("button", name="Créer mon compte").click()


def confirm(patient):
    """Say for whom the visit is, and book it."""
    patient.fill("[name=first_name]", "Zoé")
    patient.fill("[name=last_name]", "Lefèvre")
    patient.fill("[name=birth_date]", "1980-12-31")
    patient.fill("[name=phone]", "06 12 34 56 78")
    patient.fill("[name=note]", "Une tache qui change.")
    check_page(patient)
    patient.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(patient.locator(".notice.success").first).to_contain_text("confirmé")
    check_page(patient)


def move_at_the_practice(secretary):
    """From the agenda to the visit, which is read and moved to the next slot."""
    secretary.get_by_role("link", name="Jour suivant").click()
    check_page(secretary)
    secretary.get_by_role("link", name=re.compile("Zoé Lefèvre")).click()
    expect(secretary.locator("main")).to_contain_text("Une tache qui change.")
    expect(secretary.locator("main")).to_contain_text("06 12 34 56 78")
    check_page(secretary)
    secretary.get_by_role("link", name="Déplacer").click()
    check_page(secretary)
    secretary.locator("button.slot").nth(1).click()
    expect(secretary.locator(".notice.success")).to_contain_text("déplacé")


def the_record_tells_it(patient, live_server, agenda, appointment):
    """Who read the patient's data, for what, and what became of the visit."""
    patient.goto(f"{live_server.url}/compte/lectures/")
    check_page(patient)
    lines = patient.locator("tbody").inner_text()
    assert agenda.practice.name in lines
    assert "mot pour le cabinet" in lines
    reveals = Entry.objects.filter(action="reveal", subjects__contains=[appointment.patient_id])
    told = set(reveals.values_list("channel", "purpose"))
    assert told == {
        ("web", "own-data"),
        ("dashboard", "care"),
        ("dashboard", "booking"),
        ("task", "message"),
    }
    actions = Entry.objects.filter(object_id=appointment.pk).exclude(action="reveal")
    assert [e.action for e in actions.order_by("at", "id")] == [
        "appointment-booked", "appointment-moved", "appointment-cancelled",
    ]  # fmt: skip


def test_search_book_mail_dashboard_move_cancel_and_the_record(
    live_server, new_page, agenda, worker, mails, monkeypatch
):
    patient = new_page()
    chosen = find_a_slot(patient, live_server, agenda)
    make_an_account(patient, live_server, mails)
    confirm(patient)
    appointment = Appointment.unscoped.get()
    assert appointment.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ") == chosen
    mail = mails("Rendez-vous confirmé")
    assert mail["To"] == "zoe.lefevre@exemple.fr"
    assert [part.get_filename() for part in mail.iter_attachments()] == ["rendez-vous.ics"]

    secretary = new_page()
    sign_in_to_practice(secretary, live_server, agenda)
    move_at_the_practice(secretary)
    appointment.refresh_from_db()
    assert appointment.moves == 1
    mails("Rendez-vous déplacé")
    patient.reload()
    new_time = appointment.starts_at.astimezone(agenda.practice.zone).strftime("%H:%M")
    expect(patient.locator("h1")).to_contain_text(new_time)
    patient.get_by_role("link", name="Annuler").click()
    check_page(patient)
    # The half minute in which a cancellation can be taken back is a second here.
    monkeypatch.setattr(former_time, "UNDO", timedelta(seconds=1))
    patient.get_by_role("button", name="Annuler le rendez-vous").click()
    mails("Rendez-vous annulé")
    expect(patient.locator("main")).to_contain_text("annulé")
    check_page(patient)

    patient.goto(f"{live_server.url}/praticien/{agenda.practitioner_id}/")
    offered = [b.get_attribute("value") for b in patient.locator("button.slot").all()]
    assert chosen in offered
    assert appointment.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ") in offered
    the_record_tells_it(patient, live_server, agenda, appointment)


def test_what_an_absence_touches_is_shown_and_asked_about(live_server, new_page, agenda, mails):
    reason = agenda.visit_reasons.get()
    tomorrow = today() + timedelta(days=1)
    starts_at = datetime.combine(tomorrow, time(9), tzinfo=agenda.practice.zone)
    booked(reason, timezone.now(), starts_at=starts_at, channel=Channel.PRACTICE, anywhere=True)
    page = new_page()
    sign_in_to_practice(page, live_server, agenda)
    page.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/absences/")
    page.get_by_label(str(agenda.practitioner)).check()
    page.fill("[name=from_day]", tomorrow.isoformat())
    page.fill("[name=until_day]", tomorrow.isoformat())
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("alert")).to_contain_text("Zoé Lefèvre")
    page.get_by_label("Un mot aux patients").fill("Le cabinet ferme pour travaux.")
    page.get_by_role("button", name="Voir les messages").click()
    letter = page.locator(".letters details[open] .letter").first
    expect(letter).to_contain_text("Le cabinet ferme pour travaux.")
    check_page(page)
    page.get_by_label("Ils sont annulés").check()
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator(".notice.success")).to_be_visible()
    assert Appointment.unscoped.get().status == "cancelled"


def test_the_whole_booking_by_keyboard_alone(live_server, new_page, agenda, mails):
    make_patient(make_account("clavier@exemple.fr"), first_name="Ada", last_name="Clavier")
    page = new_page()
    page.goto(live_server.url)
    keys = page.keyboard

    def tab_to(test, most=80):
        for _ in range(most):
            keys.press("Tab")
            if page.evaluate(f"(() => {{ const e = document.activeElement; return {test} }})()"):
                return
        raise AssertionError(f"not reached by Tab: {test} on {page.url}")

    keys.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    tab_to("e.id === 'quoi'")
    keys.type("dermatologue")
    page.wait_for_selector("#quoi-liste [role=option]")
    keys.press("ArrowDown")
    keys.press("Enter")
    tab_to("e.id === 'ou'")
    keys.type("37000")
    page.wait_for_selector("#ou-liste [role=option]")
    keys.press("ArrowDown")
    keys.press("Enter")
    tab_to("e.textContent.includes('Rechercher')")
    keys.press("Enter")
    expect(page.locator("h1.found-count")).to_contain_text("1 résultat")
    tab_to("e.matches('article h2 a')")
    keys.press("Enter")
    expect(page.locator("button.slot").first).to_be_visible()
    tab_to("e.matches('button.slot')")
    keys.press("Enter")
    expect(page.locator(".timer")).to_be_visible()
    tab_to("e.textContent.includes('J’ai un compte')")
    keys.press("Enter")
    expect(page.locator("[name=password]")).to_be_visible()
    tab_to("e.name === 'email'")
    keys.type("clavier@exemple.fr")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("button", name="Confirmer le rendez-vous")).to_be_visible()
    tab_to("e.textContent.includes('Confirmer le rendez-vous')")
    keys.press("Enter")
    expect(page.locator(".notice.success").first).to_contain_text("confirmé")
    assert Appointment.unscoped.count() == 1


def test_a_secretary_books_in_four_interactions(live_server, new_page, agenda, mails):
    make_patient(practice=agenda.practice, first_name="Anaïs", last_name="Dupré")
    page = new_page()
    sign_in_to_practice(page, live_server, agenda)
    tomorrow = today() + timedelta(days=1)
    page.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/?jour={tomorrow}")
    page.locator(".block.free a").first.click()  # 1
    page.fill("#q", "dupre")  # 2
    page.get_by_label("Anaïs Dupré").check()  # 3
    page.get_by_role("button", name="Prendre le rendez-vous").click()  # 4
    expect(page.locator(".notice.success")).to_contain_text("Rendez-vous pris pour Anaïs Dupré")
    expect(page.locator(".block.visit")).to_contain_text("Anaïs Dupré")


def test_what_is_typed_before_the_page_is_ready_is_looked_for(live_server, new_page, agenda):
    make_patient(practice=agenda.practice, first_name="Anaïs", last_name="Dupré")
    page = new_page()
    sign_in_to_practice(page, live_server, agenda)
    held = []
    page.route("**/htmx*.js", lambda route: held.append(route))
    address = f"{live_server.url}/cabinet/{agenda.practice_id}/rendez-vous/"
    page.goto(address, wait_until="commit")
    page.fill("#q", "dupre")
    for each in held:
        each.continue_()
    expect(page.get_by_label("Anaïs Dupré")).to_be_visible()


def test_booking_without_javascript(live_server, new_page, agenda, mails):
    account = make_account("sansjs@exemple.fr")
    make_patient(account, first_name="Luc", last_name="Morin")
    page = new_page(java_script_enabled=False)
    page.goto(live_server.url)
    page.fill("#quoi", "dermatologue")
    page.fill("#ou", "37000")
    page.get_by_role("button", name="Rechercher").click()
    page.get_by_role("link", name=str(agenda.practitioner), exact=True).click()
    page.get_by_role("button", name="Afficher les créneaux").click()
    page.locator("button.slot").nth(2).click()
    page.get_by_role("link", name="J’ai un compte").click()
    page.fill("[name=email]", "sansjs@exemple.fr")
    page.fill("[name=password]", PASSWORD)
    page.locator("main").get_by_role("button", name="Se connecter").click()
    page.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(page.locator("main")).to_contain_text("Luc Morin")
    assert Appointment.unscoped.count() == 1


def test_the_loser_of_a_slot_is_told_and_offered_the_nearest(live_server, new_page, agenda, mails):
    first, second = new_page(), new_page()
    url = f"{live_server.url}/praticien/{agenda.practitioner_id}/"
    first.goto(url)
    second.goto(url)
    first.locator("button.slot").first.click()
    expect(first.locator(".timer")).to_be_visible()
    second.locator("button.slot").first.click()
    expect(second.locator("[role=alert]")).to_contain_text("pris")
    assert second.locator("button.slot").count() == 6
    check_page(second)
    second.locator("button.slot").first.click()
    expect(second.locator(".timer")).to_be_visible()
