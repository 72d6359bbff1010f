"""A secretary on the phone: the right person, and a session that ends in the middle of it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from booking.models import Account, Appointment, Patient
from booking.oversight import dashboard_access
from tests.browser.conftest import check_page
from tests.factories import (
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.browser_sessions import signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def practice():
    """Two agendas, open every day; the second knows a visit reason of its own."""
    practice = make_practice()
    for number in range(2):
        agenda = make_agenda(practice=practice, open_on_holidays=True)
        reasons = [make_reason(agenda)]
        if number:
            reasons.append(make_reason(agenda, name="Bilan annuel", duration_minutes=60))
        for n in range(7):
            day = timezone.localdate() + timedelta(days=n + 1)
            make_opening(agenda, *reasons, number=n + 1, starts_on=day, every_weeks=1)
    return practice


@pytest.fixture
def member(practice):
    return make_member(practice)


@pytest.fixture
def page(live_server, live_process, new_page, practice, member):
    page = signed_in(new_page(), live_server, member.account)
    page.address = f"{live_server.url}/cabinet/{practice.pk}/rendez-vous/"
    page.agenda = f"{live_server.url}/cabinet/{practice.pk}/?jour="
    page.agenda += f"{timezone.localdate() + timedelta(days=1)}"
    return page


def signs_in_again(page, live_server, member):
    fresh = Account.objects.get(pk=member.account_id)
    cookie = verified_client(fresh).cookies["sessionid"]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])


def test_the_choice_stands_whatever_a_search_brings_late(page, practice):
    zoe = make_patient(practice=practice)
    make_patient(practice=practice, first_name="Ada", last_name="Clavier")
    page.goto(page.address)
    check_page(page)
    page.fill("#q", "lefevre")
    page.get_by_label("Zoé Lefèvre").check()
    expect(page.get_by_text("Rendez-vous pour Zoé Lefèvre")).to_be_visible()
    # An answer that is on its way while somebody is chosen, and no longer names them.
    held = []
    page.route("**/rendez-vous/", lambda route: held.append(route))
    page.fill("#q", "clavier")
    page.wait_for_timeout(600)
    for route in held:
        route.continue_()
    page.unroute("**/rendez-vous/")
    expect(page.get_by_label("Ada Clavier")).to_be_visible()
    expect(page.get_by_label("Zoé Lefèvre")).to_be_checked()
    page.fill("#q", "lefevre")
    expect(page.get_by_label("Ada Clavier")).to_have_count(0)
    expect(page.get_by_label("Zoé Lefèvre")).to_have_count(1)
    # A new patient's name is about a new patient, and the page says so before anything is booked.
    # The new patient's fields come with the choice, and stay for as long as they hold something.
    expect(page.get_by_label("Prénom")).to_be_hidden()
    page.get_by_label("Nouveau patient").check()
    page.fill("[name=first_name]", "Élise")
    page.fill("[name=last_name]", "Moreau")
    expect(
        page.get_by_text("Rendez-vous pour un nouveau patient\u00a0: Élise Moreau")
    ).to_be_visible()
    page.get_by_label("Zoé Lefèvre").check()
    page.locator("button.slot").first.click()
    expect(page.get_by_text("Cette heure est libre.")).to_be_visible()
    page.get_by_role("button", name="Prendre le rendez-vous").click()
    expect(page.get_by_role("alert").filter(has_text="Pour qui est ce rendez-vous")).to_be_visible()
    check_page(page)
    assert not Appointment.unscoped.exists()
    page.get_by_role("button", name="Pour Élise Moreau, nouvelle fiche").click()
    expect(page.locator(".notice.success")).to_contain_text("Rendez-vous pris pour Élise Moreau")
    assert Appointment.unscoped.get().patient != zoe


def test_slots_and_reasons_follow_the_agenda_by_keyboard(page, practice):
    make_patient(practice=practice)
    page.goto(page.address)
    reasons = page.get_by_label("Motif")
    expect(reasons.locator("option")).to_have_text(["Bilan annuel", "Consultation"])
    first, second = practice.agenda_set.order_by("pk")
    page.get_by_label("Praticien").select_option(str(first.practitioner))
    expect(reasons.locator("option")).to_have_text(["Consultation · 30 min"])
    page.get_by_label("Praticien").select_option(str(second.practitioner))
    expect(reasons.locator("option")).to_have_count(2)
    reasons.select_option(label="Bilan annuel · 60 min")
    expect(page.locator("button.slot")).to_have_count(12)
    expect(page.locator("button.slot").nth(1)).to_contain_text("10:00")
    # Enter looks somebody up, and books nothing.
    page.focus("#q")
    page.keyboard.type("lefevre")
    page.keyboard.press("Enter")
    page.get_by_label("Zoé Lefèvre").focus()
    page.keyboard.press("Space")
    expect(page.get_by_label("Zoé Lefèvre")).to_be_checked()
    assert not Appointment.unscoped.exists()
    page.locator("button.slot").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Heure")).to_have_value("10:00")
    expect(page.get_by_label("Motif")).to_have_value(
        str(second.visit_reasons.get(duration_minutes=60).pk)
    )
    page.get_by_role("button", name="Prendre le rendez-vous").press("Enter")
    expect(page.locator(".notice.success")).to_contain_text("Rendez-vous pris pour Zoé Lefèvre")
    assert Appointment.unscoped.get().agenda == second


def test_it_books_without_javascript(live_server, new_page, practice, member):
    make_patient(practice=practice)
    page = signed_in(new_page(java_script_enabled=False), live_server, member.account)
    page.goto(f"{live_server.url}/cabinet/{practice.pk}/rendez-vous/")
    page.fill("#q", "lefevre")
    page.get_by_role("button", name="Chercher").click()
    page.get_by_label("Nouveau patient").check()
    page.fill("[name=first_name]", "Zoé")
    page.fill("[name=last_name]", "Lefebvre")
    page.fill("[name=birth_date]", "1980-12-31")
    page.locator("button.slot").first.click()
    expect(page.get_by_text("Cette heure est libre.")).to_be_visible()
    expect(page.locator("[name=last_name]")).to_have_value("Lefebvre")
    page.get_by_role("button", name="Prendre le rendez-vous").click()
    expect(page.get_by_role("alert")).to_contain_text("a peut-être déjà une fiche")
    page.get_by_role("button", name="Utiliser cette fiche\u00a0: Zoé Lefèvre").click()
    expect(page.get_by_label("Zoé Lefèvre")).to_be_checked()
    expect(page.locator("[name=last_name]")).to_have_value("Lefebvre")
    assert not Appointment.unscoped.exists()
    page.get_by_role("button", name="Prendre le rendez-vous").click()
    expect(page.locator(".notice.success")).to_contain_text("Rendez-vous pris pour Zoé Lefèvre")
    assert Patient.unscoped.count() == 1


def test_a_form_outlives_its_session(page, practice, member, live_server):
    page.goto(page.address)
    page.get_by_label("Nouveau patient").check()
    page.fill("[name=first_name]", "Élise")
    page.fill("[name=last_name]", "Moreau")
    page.locator("button.slot").first.click()
    expect(page.get_by_text("Cette heure est libre.")).to_be_visible()
    page.context.clear_cookies()
    page.get_by_role("button", name="Prendre le rendez-vous").click()
    told = page.get_by_role("alert").filter(has_text="Votre session a pris fin.")
    expect(told).to_be_visible()
    expect(told.get_by_role("link")).to_be_focused()
    # What was typed is there, and nobody who comes by reads it.
    expect(page.locator("[name=last_name]")).to_have_value("Moreau")
    expect(page.locator("[name=last_name]")).to_be_hidden()
    check_page(page)
    with page.context.expect_page() as opened:
        told.get_by_role("link").click()
    expect(opened.value.locator("[name=password]")).to_be_visible()
    signs_in_again(page, live_server, member)
    opened.value.goto(opened.value.url)
    opened.value.close()
    expect(page.get_by_text("Tout est rétabli")).to_be_visible()
    page.get_by_role("button", name="Prendre le rendez-vous").click()
    expect(page.locator(".notice.success")).to_contain_text("Rendez-vous pris pour Élise Moreau")


def test_an_agenda_says_at_once_that_it_is_no_longer_live(page, practice, member, live_server):
    """Asked for the code, as the watch does, in the middle of the day; then stopped."""
    page.goto(page.agenda)
    expect(page.locator(".agenda-frame")).to_be_visible()
    # The stream is there once it has said that it listens.
    page.wait_for_timeout(1500)
    staff = practice_actor(practice)
    dashboard_access.ask(holder_id=member.account_id, actor=staff, why=[], now=timezone.now())
    told = page.get_by_role("alert").filter(has_text="Confirmez que c’est bien vous.")
    expect(told).to_be_visible(timeout=5000)
    expect(page.locator(".agenda-frame.not-live")).to_be_hidden()
    check_page(page)
    Account.objects.filter(pk=member.account_id).update(asked_at=None)
    expect(page.get_by_text("Tout est rétabli")).to_be_visible(timeout=20_000)
    expect(page.locator(".agenda-frame.not-live")).to_have_count(0)
    expect(page.locator(".agenda-frame")).to_be_visible()
    member.delete()
    dashboard_access.stop(holder_id=member.account_id, actor=staff, now=timezone.now())
    expect(page.get_by_role("alert").filter(has_text="Votre session a pris fin.")).to_be_visible()


EACH_SECOND = """
    const later = window.setInterval;
    window.setInterval = (work, ms) => later(work, Math.min(ms, 1000));
"""


def test_what_is_left_open_is_hidden_and_comes_back_for_its_reader(
    page, practice, member, live_server, time_machine
):
    """A search, left with names on it and half a message: idle, then a colleague, then its reader."""
    make_patient(practice=practice)
    # Playwright's own clock would stand beside the suite's: what is asked each minute is hurried.
    page.add_init_script(EACH_SECOND)
    page.goto(page.address)
    page.fill("#q", "lefevre")
    expect(page.get_by_label("Zoé Lefèvre")).to_be_visible()
    title = page.title()
    member_of_team = make_member(practice, role="owner")
    time_machine.move_to(timezone.now() + timedelta(minutes=31))
    # Nobody touches the page: it asks by itself.
    expect(page.get_by_role("alert")).to_contain_text("après une demi-heure sans activité")
    expect(page.locator("main")).not_to_contain_text("Zoé", use_inner_text=True)
    assert page.title() != title
    check_page(page)
    signs_in_again(page, live_server, member_of_team)
    expect(page.get_by_role("alert")).to_contain_text("Un autre compte est connecté")
    expect(page.locator("main")).not_to_contain_text("Zoé", use_inner_text=True)
    check_page(page)
    signs_in_again(page, live_server, member)
    expect(page.get_by_text("Tout est rétabli")).to_be_visible()
    expect(page.get_by_label("Zoé Lefèvre")).to_be_visible()
    expect(page.locator("#q")).to_have_value("lefevre")
    assert page.title() == title
    member.delete()
    expect(page.get_by_role("alert")).to_contain_text("Vous n’avez plus accès à ce cabinet.")
    expect(page.locator("main")).not_to_contain_text("Zoé", use_inner_text=True)


def test_a_lost_stream_is_said_and_made_good(browser, live_process, live_server, practice, member):
    """In a context of its own: being offline fills a console with complaints."""
    context = browser.new_context(locale="fr-FR")
    page = signed_in(context.new_page(), live_server, member.account)
    page.goto(f"{live_server.url}/cabinet/{practice.pk}/")
    page.wait_for_timeout(1500)
    context.set_offline(True)
    expect(page.get_by_role("alert").filter(has_text="Le service ne répond pas.")).to_be_visible()
    context.set_offline(False)
    expect(page.get_by_text("Tout est rétabli")).to_be_visible(timeout=20_000)
    context.close()


def test_back_leads_to_no_second_booking_and_loses_nothing(page, practice):
    make_patient(practice=practice, first_name="Zénobie", last_name="Lefèvre")
    page.goto(page.address)
    # Half filled in, the secretary looks at the agenda and comes back.
    page.get_by_label("Patient : nom, téléphone ou date de naissance").fill("lefevre")
    expect(page.get_by_role("radio", name="Zénobie Lefèvre")).to_be_visible()
    page.get_by_label("Heure").fill("10:00")
    page.get_by_label("Jour").fill(f"{timezone.localdate() + timedelta(days=1)}")
    expect(page.get_by_text("Cette heure est libre.")).to_be_visible()
    page.get_by_role("link", name="Agenda").click()
    expect(page.locator("[data-agenda]")).to_be_visible()
    # A form for somebody else offers what was begun, and a patient who was chosen is chosen.
    page.goto(page.address)
    expect(page.get_by_text("Un rendez-vous commencé dans cet onglet")).to_be_visible()
    check_page(page)
    page.go_back()
    page.go_back()
    expect(page.get_by_label("Heure")).to_have_value("10:00")
    expect(page.get_by_text("Cette heure est libre.")).to_be_visible()
    page.get_by_role("radio", name="Zénobie Lefèvre").check()
    page.get_by_role("link", name="Agenda").click()
    expect(page.locator("[data-agenda]")).to_be_visible()
    page.goto(page.address)
    page.get_by_role("button", name="Le reprendre").click()
    expect(page.get_by_role("radio", name="Zénobie Lefèvre")).to_be_checked()
    expect(page.get_by_label("Heure")).to_have_value("10:00")
    expect(page.get_by_text("Cette heure est libre.")).to_be_visible()
    page.get_by_role("button", name="Prendre le rendez-vous").click()
    expect(page.get_by_text("Rendez-vous pris pour Zénobie Lefèvre")).to_be_visible()
    # Once it has booked, it says so, and is empty.
    page.go_back()
    expect(page.get_by_text("déjà pris pour Zénobie Lefèvre")).to_be_visible()
    expect(page.get_by_role("radio", name="Zénobie Lefèvre")).to_have_count(0)
    expect(page.get_by_label("Patient : nom, téléphone ou date de naissance")).to_have_value("")
    assert Appointment.unscoped.count() == 1
    check_page(page)
