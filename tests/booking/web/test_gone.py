"""What is said of a time that cannot be had: what is true of it, of which one, and what can be had."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from booking.models import Appointment
from booking.models.appointment import Channel
from practitioners.models import Absence
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    make_resource,
    verified_client,
)
from tests.support.booked import booked
from tests.support.forms_on_page import form_with, send, slots_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
HALF = timedelta(minutes=30)
WEEK = timedelta(weeks=1)
TAKEN = "Ce créneau est déjà pris."


def open_reason(**values):
    agenda = make_agenda()
    row = make_reason(agenda, **{"horizon_days": 60, **values})
    make_opening(agenda, row, until_time=time(12))
    return row


def take_it(reason, now):
    booked(reason, now, starts_at=NINE)


def take_it_by_the_practice(reason, now):
    """As long ago as the agenda is old: not just now."""
    booked(reason, now - 20 * WEEK, starts_at=NINE, channel=Channel.PRACTICE)


def go_away(reason, now):
    Absence.objects.create(agenda=reason.agenda, starts_at=NINE - HALF, until=NINE + HALF)


def use_the_room(reason, now):
    room = make_resource(reason.agenda.practice)
    other = make_reason(make_agenda(practice=reason.agenda.practice), needs=[room.pk])
    make_opening(other.agenda, other)
    booked(other, now, starts_at=NINE)
    reason.needs = [room.pk]
    reason.save()


CASES = {
    "taken": ({}, take_it, NINE, TAKEN),
    "long taken": ({}, take_it_by_the_practice, NINE, TAKEN),
    "away": ({}, go_away, NINE, "Ce praticien ne reçoit pas à cette heure pour ce motif."),
    "room": ({}, use_the_room, NINE, "Une salle ou un appareil"),
    "past": ({}, None, NINE - WEEK, "Cette heure est passée."),
    "long past": ({}, None, NINE - 1000 * WEEK, "Cette heure est passée."),
    "night": ({}, None, NINE - 6 * HALF, "Ce praticien ne reçoit pas à cette heure"),
    "off": ({}, None, NINE + HALF / 3, "Aucun créneau de ce motif ne commence à cette heure."),
    "far": ({}, None, NINE + 40 * WEEK, "ce motif ne se réserve pas plus de 60 jours à l’avance."),
    "end": ({}, None, datetime(2099, 12, 31, 22, tzinfo=UTC), "pas plus de 60 jours"),
    "soon": ({"minimum_notice_minutes": 10080}, None, NINE, "au moins 7 jours à l’avance."),
    "notice": ({"minimum_notice_minutes": 9030}, None, NINE, "au moins 150 h 30 min à l’avance."),
    "holiday": (
        {}, None, datetime(2026, 12, 25, 8, tzinfo=UTC),
        "C’est un jour férié\u00a0: ce praticien ne reçoit pas.",
    ),
}  # fmt: skip


@pytest.fixture(params=CASES)
def case(request, now):
    values, happens, at, sentence = CASES[request.param]
    reason = open_reason(**values)
    if request.param == "holiday":
        make_opening(reason.agenda, reason, starts_on=at.date())
    return reason, happens, at, sentence


def says_it(text, reason, at, sentence):
    """The page says which time, with whom and why; never that somebody was quicker."""
    assert sentence in text, text[text.find("<main") :][:3000]
    local = at.astimezone(reason.agenda.practice.zone)
    assert f"{local:%H:%M}" in text and str(local.year) in text
    assert str(reason.agenda.practitioner) in text and reason.name in text
    assert "vient d’être pris" not in text


@pytest.mark.parametrize("signed_in", [False, True])
def test_a_slot_that_is_chosen_from_an_old_page(case, signed_in, now):
    reason, happens, at, sentence = case
    client = verified_client(make_account()) if signed_in else Client()
    if happens:
        happens(reason, now)
    answer = client.post(reverse("booking:hold"), {"motif": reason.pk, "debut": at.isoformat()})
    assert answer.status_code == 409
    says_it(answer.content.decode(), reason, at, sentence)
    # It leads to what can be had, and that can be had.
    free = slots_of(answer)
    assert free and all(datetime.fromisoformat(text) > now for text in free)
    again = send(client, form_with(answer, "debut"), "", debut=free[0])
    assert again["Location"].startswith("/reserver/")


def test_a_link_to_a_slot(case, now):
    reason, happens, at, sentence = case
    if happens:
        happens(reason, now)
    address = reverse("practitioners:practitioner", args=[reason.agenda.practitioner_id])
    shown = Client().get(address, {"motif": reason.pk, "debut": at.isoformat()})
    assert shown.status_code == 200
    says_it(shown.content.decode(), reason, at, sentence)
    assert 'id="choisi"' not in shown.content.decode()


def test_a_link_to_the_last_page(case, now):
    reason, happens, at, sentence = case
    if happens:
        happens(reason, now)
    client = verified_client(make_account())
    page = reverse("booking:confirm", args=[reason.pk])
    shown = client.get(page, {"motif": reason.pk, "debut": at.isoformat()})
    assert shown.status_code == 409
    says_it(shown.content.decode(), reason, at, sentence)


def test_a_visit_that_is_moved_there(case, now):
    reason, happens, at, sentence = case
    account = make_account()
    visit = booked(
        reason, now, patient=make_patient(account), starts_at=NINE + WEEK + 2 * HALF,
        channel=Channel.PRACTICE,
    )  # fmt: skip
    if happens:
        happens(reason, now)
    client = verified_client(account)
    page = reverse("booking:move", args=[visit.pk])
    for answer in (
        client.get(page, {"debut": at.isoformat()}),
        client.post(page, {"debut": at.isoformat(), "de": visit.starts_at.isoformat()}),
    ):
        assert answer.status_code == 409
        says_it(answer.content.decode(), reason, at, sentence)
        assert "Les heures libres les plus proches" in answer.content.decode()
    visit.refresh_from_db()
    assert visit.starts_at == NINE + WEEK + 2 * HALF


def test_a_question_is_not_asked_about_a_time_that_is_gone(now):
    reason = open_reason(patient_kind="known")
    booked(reason, now, starts_at=NINE, channel=Channel.PRACTICE)
    client = Client()
    asked = client.post(reverse("booking:hold"), {"motif": reason.pk, "debut": NINE.isoformat()})
    shown = client.get(asked["Location"])
    assert TAKEN in shown.content.decode()
    assert 'id="demande"' not in shown.content.decode()


def test_without_anything_near_the_next_free_time_is_offered(now):
    """Two months later, where the page used to say that there is nothing."""
    reason = open_reason(horizon_days=200)
    Absence.objects.create(agenda=reason.agenda, starts_at=now, until=now + 14 * WEEK)
    data = {"motif": reason.pk, "debut": NINE.isoformat()}
    answer = Client().post(reverse("booking:hold"), data)
    assert slots_of(answer)[0].startswith("2027-03-08")


def test_where_nothing_is_free_at_all_the_page_says_whom_to_call(now):
    reason = open_reason()
    reason.agenda.openings.all().delete()
    practice = reason.agenda.practice
    practice.phone = "+33247000000"
    practice.save()
    data = {"motif": reason.pk, "debut": NINE.isoformat()}
    text = Client().post(reverse("booking:hold"), data).content.decode()
    assert "Aucun créneau de ce motif n’est libre en ligne." in text
    assert "tel:+33247000000" in text


def test_people_in_a_row_are_told_what_is_true_of_them(now):
    reason = open_reason()
    booked(reason, now, starts_at=NINE + HALF)
    data = {"motif": reason.pk, "debut": NINE.isoformat(), "personnes": "2"}
    answer = Client().post(reverse("booking:hold"), data)
    assert "Il n’y a pas 2 créneaux libres à la suite" in answer.content.decode()
    assert TAKEN not in answer.content.decode()


def test_a_visit_does_not_hold_up_its_own_move(now):
    """A time that overlaps the present one is not said to be somebody else's."""
    reason = open_reason(duration_minutes=60)
    make_opening(reason.agenda, reason, from_time=time(9, 30), until_time=time(12, 30))
    account = make_account()
    visit = booked(reason, now, patient=make_patient(account), starts_at=NINE)
    page = reverse("booking:move", args=[visit.pk])
    answer = verified_client(account).get(page, {"debut": (NINE + HALF).isoformat()})
    assert "Cette heure chevauche l’horaire actuel" in answer.content.decode()
    assert Appointment.unscoped.get().starts_at == NINE


def test_a_slot_that_this_browser_holds_itself_is_not_somebody_elses(now):
    reason = open_reason()
    client = Client()
    for people in ("1", "2"):
        data = {"motif": reason.pk, "debut": NINE.isoformat(), "personnes": people}
        assert client.post(reverse("booking:hold"), data).status_code == 302
