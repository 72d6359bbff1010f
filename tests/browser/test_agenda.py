"""The agenda by hand and by key, and told when it changes elsewhere."""

import re
from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from audit.models import Entry
from booking.appointments import change
from booking.appointments.values import By
from booking.exchange import conversations
from booking.models import Appointment
from booking.models.appointment import Channel
from practitioners.domain.scheduling.wall_clock import instant
from tests.browser.conftest import PHONE, check_page
from tests.clock import today
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
)
from tests.support.booked import booked
from tests.support.browser_sessions import signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(live_server, live_process, new_page):
    """Two agendas side by side, and a visit at nine on the first, tomorrow."""
    practice = make_practice()
    first, second = (make_agenda(practice=practice, open_on_holidays=True) for _n in range(2))
    for agenda in (first, second):
        # Open tomorrow, all day: nothing here is about hours that are unusual.
        make_opening(
            agenda, make_reason(agenda), starts_on=today() - timedelta(days=6), until_time=time(19)
        )
    page = signed_in(new_page(), live_server, make_member(practice, role="owner").account)
    page.first, page.second = first, second
    page.day = today() + timedelta(days=1)
    page.visit = at(page, 9, "Zénobie")
    page.goto(f"{live_server.url}/cabinet/{practice.pk}/?jour={page.day}")
    expect(page.get_by_role("link", name="09:00 Zénobie Lefèvre")).to_be_visible()
    return page


def at(page, hour, name):
    reason = page.first.visit_reasons.get()
    starts_at = instant(page.day, time(hour), page.first.practice.zone)
    return booked(
        reason, timezone.now(), starts_at=starts_at, channel=Channel.PRACTICE, anywhere=True,
        patient=make_patient(make_account(), first_name=name),
    )  # fmt: skip


def clock_of(visit) -> tuple[str, int]:
    visit.refresh_from_db()
    local: datetime = visit.starts_at.astimezone(visit.agenda.practice.zone)
    return f"{local:%H:%M}", (visit.ends_at - visit.starts_at) // timedelta(minutes=1)


def drag_an_hour_later(desk, agenda):
    """By the mouse, onto another practitioner's column; return how high a row is."""
    box = desk.locator(f'[data-visit="{desk.visit.pk}"]').bounding_box()
    row = box["height"] / 6
    target = desk.locator(f'[data-column="{agenda.pk}"]').bounding_box()
    desk.mouse.move(box["x"] + 20, box["y"] + row)
    desk.mouse.down()
    desk.mouse.move(target["x"] + 20, box["y"] + row + 12 * row, steps=8)
    desk.mouse.up()
    expect(desk.get_by_role("status").filter(has_text="10:00 – 10:30")).to_be_visible()
    return row


def test_the_way_back_of_a_drag_is_offered_again_on_the_agenda(desk):
    """The visit was opened meanwhile; the patient has not been told yet."""
    drag_an_hour_later(desk, desk.second)
    desk.locator(f'[data-visit="{desk.visit.pk}"] a').click()
    expect(desk.get_by_role("heading", name="Zénobie Lefèvre")).to_be_visible()
    desk.go_back()
    toast = desk.locator("[data-toast]")
    expect(toast).to_contain_text("10:00 – 10:30")
    expect(toast).to_contain_text("Zénobie")
    kept = desk.evaluate("() => JSON.stringify({...sessionStorage})")
    assert "10:00" in kept and "Zénobie" not in kept
    toast.get_by_role("button", name="Annuler").click()
    first = desk.locator(f'[data-column="{desk.first.pk}"] [data-visit]')
    expect(first).to_contain_text("09:00 Zénobie")
    assert clock_of(desk.visit) == ("09:00", 30)
    # Taken back, it is offered no more.
    desk.reload()
    expect(first).to_be_visible()
    expect(desk.locator("[data-toast]")).to_be_hidden()


def test_a_visit_is_dragged_resized_and_put_back(desk):
    check_page(desk)
    block = desk.locator(f'[data-visit="{desk.visit.pk}"]')
    row = drag_an_hour_later(desk, desk.second)
    expect(desk.locator(f'[data-column="{desk.second.pk}"] [data-visit]')).to_contain_text(
        "Zénobie"
    )
    assert clock_of(desk.visit) == ("10:00", 30) and desk.visit.agenda == desk.second
    check_page(desk)
    desk.get_by_role("button", name="Annuler").click()
    expect(desk.locator(f'[data-column="{desk.first.pk}"] [data-visit]')).to_contain_text(
        "09:00 Zénobie"
    )
    assert clock_of(desk.visit) == ("09:00", 30)
    # Its lower edge makes it longer; Escape leaves it as it was.
    box = block.bounding_box()
    edge = box["y"] + box["height"] - 2
    for key, length in (("Escape", 30), (None, 45)):
        desk.mouse.move(box["x"] + 20, edge)
        desk.mouse.down()
        desk.mouse.move(box["x"] + 20, edge + 3 * row, steps=4)
        if key:
            desk.keyboard.press(key)
        desk.mouse.up()
        if not key:
            expect(desk.get_by_role("status").filter(has_text="09:00 – 09:45")).to_be_visible()
        assert clock_of(desk.visit)[1] == length
    # A click is still a click.
    block.get_by_role("link").click()
    expect(desk.get_by_role("heading", name="Zénobie Lefèvre")).to_be_visible()


def test_the_agenda_has_room_on_a_phone_and_its_controls_in_rows(desk):
    for _n in range(4):
        reason = make_reason(make_agenda(practice=desk.first.practice, open_on_holidays=True))
        make_opening(reason.agenda, reason, until_time=time(19))
    desk.set_viewport_size({"width": 390, "height": 844})
    desk.reload()
    frame = desk.locator(".agenda-frame").bounding_box()
    assert frame["y"] < 844 * 0.55
    # Nothing of the menus is cut off, and more practitioners are said to be there.
    for link in desk.locator(".desk-nav a, .tabs a").all():
        box = link.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    expect(desk.get_by_text("6 praticiens, à faire glisser vers la gauche.")).to_be_visible()
    day = desk.get_by_label("Aller au")
    expect(day).to_be_hidden()
    desk.get_by_text("Date et agendas").click()
    box = day.bounding_box()
    assert box["width"] > 120 and box["x"] + box["width"] <= 390
    desk.set_viewport_size({"width": 1280, "height": 900})
    expect(desk.get_by_text("6 praticiens, à faire glisser vers la gauche.")).to_be_hidden()
    title = desk.locator("h1").bounding_box()
    new = desk.get_by_role("link", name="Nouveau rendez-vous").bounding_box()
    assert new["y"] < title["y"] + title["height"] and title["y"] < new["y"] + new["height"]


@pytest.mark.parametrize("page", ["statistiques", "registre"])
def test_the_button_of_filters_stands_in_their_line(desk, page):
    desk.goto(f"{desk.url.partition('?')[0]}{page}/")
    desk.set_viewport_size({"width": 1280, "height": 900})
    button = desk.get_by_role("button", name="Afficher").bounding_box()
    fields = desk.locator(".record-filters .field :is(select, input)").all()
    bottoms = [box["y"] + box["height"] for box in (each.bounding_box() for each in fields)]
    assert any(abs(button["y"] + button["height"] - bottom) < 2 for bottom in bottoms)


def test_an_absence_asks_from_when_until_when_before_anything_else(desk):
    desk.goto(f"{desk.url.partition('?')[0]}absences/")
    desk.set_viewport_size({"width": 1280, "height": 900})
    days = [desk.get_by_label(name, exact=True).first.bounding_box()["y"] for name in ("Du", "Au")]
    assert days[0] == days[1] < desk.get_by_role("group", name="Agendas").bounding_box()["y"]
    desk.get_by_label("Du", exact=True).fill(f"{desk.day}")
    desk.get_by_label("Au", exact=True).fill(f"{desk.day}")
    desk.get_by_label(f"{desk.first.practitioner}").check()
    desk.get_by_role("button", name="Enregistrer").click()
    touched = desk.get_by_role("alert").filter(has_text="1 rendez-vous s’y trouve")
    expect(touched).to_be_visible()
    assert desk.get_by_label("Du", exact=True).bounding_box()["y"] < touched.bounding_box()["y"]
    check_page(desk)


def test_a_visit_is_moved_by_key(desk):
    link = desk.get_by_role("link", name=re.compile("Zénobie"))
    status = desk.locator("[data-toast]")
    link.focus()
    desk.keyboard.press("m")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("ArrowDown")
    expect(status).to_contain_text("Nouvelle heure\u00a0: 09:00 → 09:10")
    expect(desk.locator(".block.former")).to_have_count(1)
    desk.keyboard.press("Shift+ArrowDown")
    expect(status).to_contain_text("Durée en minutes\u00a0: 35")
    desk.keyboard.press("Escape")
    expect(status).to_contain_text("Laissé où il était.")
    expect(desk.locator(".block.former")).to_have_count(0)
    assert clock_of(desk.visit) == ("09:00", 30)
    expect(link).to_be_focused()
    desk.keyboard.press("m")
    desk.keyboard.press("ArrowRight")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    expect(status).to_contain_text("09:05 – 09:35")
    assert clock_of(desk.visit) == ("09:05", 30) and desk.visit.agenda == desk.second
    expect(desk.get_by_role("link", name=re.compile("09:05 Zénobie"))).to_be_focused()
    # Where somebody else sits it cannot be put.
    at(desk, 11, "Anatole")
    expect(desk.get_by_role("link", name="11:00 Anatole Lefèvre")).to_be_visible()
    desk.keyboard.press("m")
    desk.keyboard.press("ArrowLeft")
    for _step in range(23):
        desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    expect(status).to_contain_text("Ce créneau est déjà pris.")
    assert clock_of(desk.visit) == ("09:05", 30)


def test_an_unusual_hour_is_named_and_can_be_given_up(desk):
    link = desk.get_by_role("link", name=re.compile("Zénobie"))
    status = desk.locator("[data-toast]")
    link.focus()
    desk.keyboard.press("m")
    desk.keyboard.press("ArrowRight")
    for _step in range(6):
        desk.keyboard.press("ArrowUp")
    desk.keyboard.press("Enter")
    expect(status).to_contain_text(f"08:30, {desk.second.practitioner}. Rien n’est encore changé")
    expect(desk.get_by_role("button", name="Déplacer quand même")).to_be_visible()
    desk.get_by_role("button", name="Renoncer").click()
    expect(status).to_contain_text("Laissé où il était.")
    expect(desk.get_by_role("button", name="Déplacer quand même")).to_be_hidden()
    assert clock_of(desk.visit) == ("09:00", 30) and desk.visit.agenda == desk.first


def test_an_open_agenda_follows_what_happens_elsewhere(desk):
    opened = Entry.objects.filter(action="reveal", channel="dashboard").count()
    new = at(desk, 10, "Anatole")
    expect(desk.get_by_role("link", name="10:00 Anatole Lefèvre")).to_be_visible()
    expect(desk.get_by_text("L’agenda a changé\u00a0; il est à jour.")).to_be_visible()
    # Of the two names on the page, one was opened for it.
    entries = Entry.objects.filter(action="reveal", channel="dashboard").order_by("at", "id")
    assert [e.subjects for e in entries][opened:] == [[new.patient_id]]
    change.cancel(
        appointment=desk.visit,
        by=By(actor=practice_actor(desk.first.practice), channel=Channel.PRACTICE),
        now=timezone.now(),
    )
    expect(desk.get_by_role("link", name=re.compile("Zénobie"))).to_have_count(0)
    assert entries.count() == opened + 1


def test_an_older_look_does_not_bring_the_page_back(desk):
    """What was asked for before a visit was moved, and comes after, shows it where it was."""
    held = []

    def hold_the_first(route):
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    desk.route("**/*sans-noms*", hold_the_first)
    at(desk, 10, "Anatole")
    for _attempt in range(100):
        if held:
            break
        desk.wait_for_timeout(100)
    desk.get_by_role("link", name=re.compile("Zénobie")).focus()
    for key in ("m", "ArrowDown", "Enter"):
        desk.keyboard.press(key)
    moved = desk.get_by_role("link", name=re.compile("09:05 Zénobie"))
    expect(moved).to_be_visible()
    expect(desk.get_by_role("link", name=re.compile("Anatole"))).to_be_visible()
    route, older = held[0]
    route.fulfill(response=older)
    desk.wait_for_timeout(500)
    expect(moved).to_be_visible()
    assert clock_of(desk.visit) == ("09:05", 30)


def test_nothing_is_cut_off_on_a_phone(desk, live_server):
    """A visit of a quarter of an hour, the month's head, the menu, and words longer than a line."""
    visit, practice = desk.visit, desk.first.practice
    Appointment.unscoped.update(ends_at=visit.starts_at + timedelta(minutes=15))
    visit.visit_reason.__class__.objects.update(name="Anticonstitutionnellement" * 3)
    desk.first.takes_messages = True
    talk = conversations.begin(
        agenda=desk.first, patient=visit.patient, topic="Hexakosioihexekontahexaphobie" * 3,
        words="?", author=visit.patient.account, actor=practice_actor(practice), now=timezone.now(),
    )  # fmt: skip
    base = f"{live_server.url}/cabinet/{practice.pk}/"
    desk.set_viewport_size(PHONE)
    desk.goto(f"{base}?jour={desk.day}")
    link = desk.get_by_role("link", name=re.compile("09:00 Zénobie"))
    assert link.evaluate("link => link.scrollHeight <= link.clientHeight")
    desk.goto(f"{base}?vue=mois&jour={desk.day}")
    heads = desk.locator(".month th")
    assert heads.evaluate_all("all => all.every(each => each.scrollWidth <= each.clientWidth)")
    for path in ("messages/", f"messages/{talk.pk}/", "statistiques/", "membres/", "reglages/"):
        desk.goto(base + path)
        width = desk.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], path
        inside = desk.locator("main .card").evaluate_all(
            "all => all.every(each => each.classList.contains('scroll-x')"
            " || each.scrollWidth <= each.clientWidth + 1)"
        )
        assert inside, path
        entry = desk.locator(".desk-nav [aria-current]").bounding_box()
        assert entry["x"] >= 0 and entry["x"] + entry["width"] <= PHONE["width"], path


def test_without_network_the_page_says_so_in_its_own_words(desk, browser):
    """In a context of its own: being offline fills a console with complaints."""
    context = browser.new_context(locale="fr-FR", storage_state=desk.context.storage_state())
    page = context.new_page()
    page.goto(desk.url)
    block = page.locator(f'[data-visit="{desk.visit.pk}"]')
    expect(block).to_contain_text("Zénobie")
    page.wait_for_selector("html.js")
    context.set_offline(True)
    box = block.bounding_box()
    row = box["height"] / 6
    page.mouse.move(box["x"] + 20, box["y"] + row)
    page.mouse.down()
    page.mouse.move(box["x"] + 20, box["y"] + row + 12 * row, steps=8)
    page.mouse.up()
    toast = page.locator("[data-toast]")
    expect(toast).to_contain_text("Le service ne répond pas. Rien n’est changé.")
    assert "fetch" not in toast.inner_text()
    context.close()
    assert clock_of(desk.visit) == ("09:00", 30)
