"""What the dashboard says of a visit's patient: who it is, and whether a message tells them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from audit.models import Entry
from booking.models import Appointment, Message, Wait
from booking.models.appointment import Channel
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    present,
    verified_client,
)
from tests.support.booked import NINE, booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
BY_EMAIL, BY_SMS = "prévenu par e-mail", "prévenu par SMS"
NOT_AT_ALL, TOO_LATE = "Ni e-mail ni SMS ne joint ce patient", "ne saurait rien à temps"
OVER = "aucun message ne part"
SAYINGS = {BY_EMAIL, BY_SMS, NOT_AT_ALL, TOO_LATE, OVER}
# How a patient can be reached, and what is said of it by day.
WAYS = {
    "account": ({"with_account": True, "phone": ""}, BY_EMAIL),
    "e-mail": ({"email": "zoe@exemple.fr", "phone": ""}, BY_EMAIL),
    "telephone": ({"email": "", "phone": "+33612345678"}, BY_SMS),
    "nothing": ({"email": "", "phone": ""}, NOT_AT_ALL),
    "practice without texts": ({"email": "", "phone": "+33612345678", "silent": True}, NOT_AT_ALL),
}


@pytest.fixture
def agenda():
    return make_agenda()


@pytest.fixture
def reason(agenda):
    row = make_reason(agenda)
    for n in range(5):
        day = NINE.date() + timedelta(days=n)
        make_opening(agenda, row, starts_on=day, every_weeks=1 if n == 0 else 0)
    return row


@pytest.fixture
def desk(agenda):
    return verified_client(make_member(agenda.practice, role="owner").account)


def visit_of(reason, now, *, with_account=False, silent=False, starts_at=NINE, **values):
    practice = reason.agenda.practice
    if silent:
        practice.reminds_by_sms = False
        practice.save()
    owner = make_account() if with_account else None
    patient = make_patient(owner, practice=None if owner else practice, **values)
    return booked(
        reason, now, starts_at=starts_at, patient=patient, channel=Channel.PRACTICE, anywhere=True
    )


def url(name, visit):
    return reverse(f"booking:{name}", args=[visit.practice_id, visit.pk])


def said_in(text):
    return {saying for saying in SAYINGS if saying in text}


def owed(visit, kind):
    return Message.objects.filter(appointment=visit, kind=kind, state="owed")


def to(at):
    return {"debut": at.isoformat(), "heure-voulue": "x"}


def is_told_to_call(saying):
    return saying in (NOT_AT_ALL, TOO_LATE)


@pytest.mark.parametrize("way", WAYS)
def test_a_cancellation_promises_what_a_message_brings(way, reason, desk, now):
    values, saying = WAYS[way]
    visit = visit_of(reason, now, **values)
    assert said_in(desk.get(url("cancel-visit", visit)).content.decode()) == {saying}
    page = desk.post(url("cancel-visit", visit), follow=True).content.decode()
    assert said_in(page) == {saying}
    assert ("30 secondes" in page) == (not is_told_to_call(saying))
    assert owed(visit, "cancellation").exists() == (not is_told_to_call(saying))


@pytest.mark.parametrize("way", WAYS)
def test_a_move_promises_what_a_message_brings(way, reason, desk, now):
    values, saying = WAYS[way]
    visit = visit_of(reason, now, **values)
    assert said_in(desk.get(url("move-visit", visit)).content.decode()) == {saying}
    page = desk.post(url("move-visit", visit), to(NINE + timedelta(hours=1)), follow=True)
    assert said_in(page.content.decode()) == {saying}
    assert owed(visit, "change").exists() == (not is_told_to_call(saying))


@pytest.mark.parametrize("way", WAYS)
def test_a_drag_promises_what_a_message_brings(way, reason, desk, now):
    values, saying = WAYS[way]
    visit = visit_of(reason, now, **values)
    place = {"agenda": visit.agenda_id, "jour": "2026-11-30", "minute": 600}
    answer = desk.post(url("drag-visit", visit), place).json()
    assert said_in(answer["text"]) == {saying}
    assert "09:00 → 10:00" in answer["text"]
    back = desk.post(url("drag-visit", visit), {**answer["former"], "retour": "1"}).json()
    assert said_in(back["text"]) == set()


@pytest.mark.parametrize("way", WAYS)
def test_a_series_promises_what_a_message_brings(way, reason, desk, now):
    values, saying = WAYS[way]
    visit = visit_of(reason, now, **values)
    week = timedelta(weeks=1)
    starts = [(NINE + week).isoformat(), (NINE + 2 * week).isoformat()]
    page = desk.post(url("repeat-visit", visit), {"creneau": starts}, follow=True)
    text = page.content.decode()
    assert "2 rendez-vous de plus sont pris pour Zoé Lefèvre." in text
    assert said_in(text) == {saying}
    made = Appointment.unscoped.exclude(pk=visit.pk)
    assert made.count() == 2
    confirmations = Message.objects.filter(appointment__in=made, kind="confirmation")
    assert confirmations.exists() == (not is_told_to_call(saying))


@pytest.mark.parametrize("way", WAYS)
def test_a_booking_promises_what_a_message_brings(way, reason, desk, now):
    values, saying = WAYS[way]
    patient = visit_of(reason, now, **values).patient
    data = {"motif": reason.pk, "jour": "2026-12-02", "heure": "09:00", "patient": patient.pk}
    page = reverse("booking:new-visit", args=[reason.agenda.practice_id])
    answer = desk.post(page, data, follow=True)
    assert "Rendez-vous pris pour Zoé Lefèvre" in answer.content.decode()
    assert said_in(answer.content.decode()) == {saying}


def test_nobody_is_told_of_a_move_into_the_past(reason, desk, now):
    visit = visit_of(reason, now, with_account=True)
    at = now - timedelta(days=1)
    asked = desk.post(url("move-visit", visit), {"debut": at.isoformat()})
    meant = {"debut": at.isoformat(), "heure-voulue": asked.context["time_mark"]}
    page = desk.post(url("move-visit", visit), meant, follow=True).content.decode()
    assert said_in(page) == {OVER}
    assert not owed(visit, "change").exists()


def test_nobody_is_told_of_the_end_of_a_visit_that_has_begun(reason, desk, now, time_machine):
    visit = visit_of(reason, now, with_account=True)
    time_machine.move_to(NINE + timedelta(hours=2), tick=False)
    assert said_in(present(desk).get(url("cancel-visit", visit)).content.decode()) == {OVER}
    page = desk.post(url("cancel-visit", visit), follow=True).content.decode()
    assert said_in(page) == {OVER} and "30 secondes" not in page
    assert not owed(visit, "cancellation").exists()


@pytest.mark.parametrize(("hour", "saying"), [(7, TOO_LATE), (9, BY_SMS)])
def test_at_night_a_text_is_promised_for_the_morning(hour, saying, reason, desk, now, time_machine):
    """At 20:59:45 the news that waits for half a minute is late for the day already."""
    tomorrow = datetime(2026, 12, 1, hour - 1, tzinfo=UTC)
    visit = visit_of(reason, now, starts_at=tomorrow)
    time_machine.move_to(datetime(2026, 11, 30, 19, 59, 45, tzinfo=UTC), tick=False)
    page = present(desk).post(url("cancel-visit", visit), follow=True).content.decode()
    assert said_in(page) == {saying}
    assert "30 secondes" not in page
    assert ("mar. 1er déc. à 08:00" in page) == (saying == BY_SMS)


# Who it is


@pytest.mark.parametrize("page", ["cancel-visit", "move-visit", "repeat-visit"])
def test_the_pages_that_change_a_visit_name_its_patient_on_the_record(page, reason, desk, now):
    visit = visit_of(reason, now)
    assert "Zoé Lefèvre" in desk.get(url(page, visit)).content.decode()
    entry = Entry.objects.filter(action="reveal", channel="dashboard").latest("at")
    assert entry.subjects == [visit.patient_id]
    assert entry.purpose == "booking"


def test_what_was_cancelled_is_said_with_its_name_which_no_address_holds(reason, desk, now):
    visit = visit_of(reason, now)
    answer = desk.post(url("cancel-visit", visit))
    assert "Lefèvre" not in answer["Location"]
    page = desk.get(answer["Location"]).content.decode()
    assert "Rendez-vous de Zoé Lefèvre, lun. 30 nov. à 09:00" in page
    desk.get(answer["Location"] + "&sans-noms=1")
    reads = Entry.objects.filter(action="reveal", channel="dashboard", subjects=[visit.patient_id])
    assert reads.count() == 1, "a page that stays open opens the name once"


def test_a_series_that_ends_says_how_much_ends(reason, desk, now):
    visit = visit_of(reason, now)
    week = timedelta(weeks=1)
    desk.post(url("repeat-visit", visit), {"creneau": [(NINE + week).isoformat()]})
    page = desk.post(url("cancel-visit", visit), {"suivants": "on"}, follow=True)
    assert "1 autre de la série l’est aussi." in page.content.decode()


def test_a_visit_says_what_is_known_in_words(reason, desk, now):
    visit = visit_of(reason, now, sex="U")
    page = desk.get(url("visit", visit)).content.decode()
    assert "<dd>non précisé</dd>" in page


def test_a_series_proposes_no_more_than_people_take(reason, desk, now):
    visit = visit_of(reason, now)
    assert desk.get(url("repeat-visit", visit)).context["form"].fields["fois"].initial == 9


# Moving


def test_a_page_that_is_no_longer_right_moves_nothing(reason, desk, now):
    """Two colleagues move one visit: the second one is shown where it is."""
    visit = visit_of(reason, now)
    shown = {"de": NINE.isoformat()}
    first = desk.post(url("move-visit", visit), to(NINE + timedelta(hours=1)) | shown)
    assert first.status_code == 302
    second = desk.post(url("move-visit", visit), to(NINE + timedelta(hours=2)) | shown)
    assert second.status_code == 409
    assert "voici où il est maintenant" in second.content.decode()
    assert "10:00" in second.content.decode()
    visit.refresh_from_db()
    assert visit.starts_at == NINE + timedelta(hours=1)


def test_a_page_that_is_no_longer_right_cancels_nothing(reason, desk, now):
    visit = visit_of(reason, now)
    desk.post(url("move-visit", visit), to(NINE + timedelta(hours=1)))
    answer = desk.post(url("cancel-visit", visit), {"de": NINE.isoformat()})
    assert answer.status_code == 409
    assert "Voici où il est maintenant." in answer.content.decode()
    visit.refresh_from_db()
    assert visit.status == "booked"
    again = {"de": visit.starts_at.isoformat()}
    assert desk.post(url("cancel-visit", visit), again).status_code == 302


def test_a_move_to_the_same_time_is_none(reason, desk, now):
    visit = visit_of(reason, now)
    answer = desk.post(url("move-visit", visit), to(NINE))
    assert answer.status_code == 409
    assert "déjà à cette heure" in answer.content.decode()
    visit.refresh_from_db()
    assert visit.moves == 0 and not owed(visit, "change").exists()


def test_a_drag_asks_about_two_visits_of_one_patient_at_once(reason, agenda, desk, now):
    visit = visit_of(reason, now, with_account=True)
    beside = make_reason(make_agenda(practice=agenda.practice))
    make_opening(beside.agenda, beside)
    ten = NINE + timedelta(hours=1)
    booked(beside, now, starts_at=ten, patient=visit.patient, channel=Channel.PRACTICE)
    place = {"agenda": visit.agenda_id, "jour": "2026-11-30", "minute": 600}
    refused = desk.post(url("drag-visit", visit), place)
    assert refused.status_code == 409
    answer = refused.json()
    assert answer["asks"] == "les-deux"
    assert "Zoé Lefèvre a déjà rendez-vous à cette heure" in answer["problem"]
    visit.refresh_from_db()
    assert visit.starts_at == NINE
    assert desk.post(url("drag-visit", visit), {**place, "les-deux": "1"}).status_code == 200
    visit.refresh_from_db()
    assert visit.starts_at == ten


def test_a_drag_that_cannot_do_all_does_nothing(reason, desk, now):
    """Moved and made longer in one go by the keyboard: a refused length leaves it where it was."""
    visit = visit_of(reason, now)
    place = {"agenda": visit.agenda_id, "jour": "2026-11-30", "minute": 600, "duree": 1}
    assert desk.post(url("drag-visit", visit), place).status_code == 409
    visit.refresh_from_db()
    assert visit.starts_at == NINE and visit.moves == 0


# Absences


def test_an_absence_says_who_hears_and_lists_whom_to_call(reason, agenda, desk, now):
    silent = visit_of(reason, now, first_name="Ugo", phone="")
    half = timedelta(minutes=30)
    visit_of(reason, now, with_account=True, starts_at=NINE + half, first_name="Ada")
    data = {
        "agendas": [agenda.pk],
        "from_day": "2026-11-30",
        "from_time": "08:00",
        "until_day": "2026-11-30",
        "until_time": "18:00",
        "label": "",
    }
    page = reverse("booking:new-absence", args=[agenda.practice_id])
    asked = desk.post(page, data)
    assert asked.context["to_call"] == 1
    assert asked.content.decode().count("à appeler</span>") == 1
    answer = desk.post(page, data | {"booked": "cancel"})
    assert "Ugo" not in answer["Location"]
    text = desk.get(answer["Location"]).content.decode()
    assert "1 patient reçoit un message." in text
    assert "Ugo Lefèvre" in text and "Ada Lefèvre" not in text
    silent.refresh_from_db()
    assert silent.status == "cancelled" and not owed(silent, "cancellation").exists()
    colleague = verified_client(make_member(agenda.practice, role="owner").account)
    assert "Ugo" not in colleague.get(answer["Location"]).content.decode()
    plan = reverse("booking:week-plan", args=[agenda.practice_id])
    assert not desk.get(plan, {"appeler": "x:y:z"}).context["to_call"]


# The waiting list


def test_nobody_waits_whom_no_offer_reaches(reason, desk, now):
    """A slot would be kept for hours for somebody who never hears of it."""
    visit = visit_of(reason, now, phone="", starts_at=NINE + timedelta(days=3))
    assert "add-wait" not in desk.get(url("visit", visit)).content.decode()
    page = desk.post(url("add-wait", visit), follow=True).content.decode()
    assert "aucun créneau ne pourrait lui être proposé" in page
    assert not Wait.unscoped.exists()
