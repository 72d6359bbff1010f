"""The practice's daily work on the dashboard."""

import html
import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from booking.appointments.former_time import UNDO
from booking.appointments.unusual import mark_of
from booking.models import Appointment, Message, Patient
from booking.models.appointment import Channel
from booking.outbox.sending import send_owed
from practitioners.domain.scheduling.availability import free_slots
from practitioners.domain.staff.invite import invitation_token
from practitioners.models import Absence, Invitation, Membership, Opening, VisitReason
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    present,
    verified_client,
)
from tests.support.booked import NINE, booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def agenda():
    return make_agenda()


@pytest.fixture
def reason(agenda):
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    return reason


@pytest.fixture
def client(agenda):
    return verified_client(make_member(agenda.practice, role="owner").account)


def url(name, agenda, *ids):
    return reverse(f"booking:{name}", args=[agenda.practice_id, *ids])


def call(reason, **changed):
    return {"motif": reason.pk, "jour": "2026-11-30", "heure": "09:00", **changed}


NEW = {
    "patient": "new",
    "first_name": "Élise",
    "last_name": "Moreau",
    "phone": "06 39 98 00 01",
    "sex": "U",
}


# Booking on the phone


def test_a_known_patient_is_found_and_booked(agenda, reason, client):
    patient = make_patient(practice=agenda.practice)
    page = client.post(url("find-patients", agenda), {"q": "lefevre"}).content.decode()
    assert "31/12/1980" in page
    chosen = f"?patient={patient.pk}"
    assert chosen in page
    page = client.get(url("new-visit", agenda) + chosen).content.decode()
    assert "31/12/1980" in page
    answer = client.post(url("new-visit", agenda), call(reason, patient=patient.pk))
    assert answer.status_code == 302
    appointment = Appointment.unscoped.get()
    assert (appointment.patient, appointment.starts_at) == (patient, NINE)
    assert appointment.channel == Channel.PRACTICE


def test_looking_somebody_up_books_nothing_and_names_nobody_in_the_address(agenda, reason, client):
    make_patient(practice=agenda.practice)
    page = url("new-visit", agenda)
    found = client.post(page, call(reason, q="Lefèvre"), headers={"HX-Request": "true"})
    assert "31/12/1980" in found.content.decode()
    assert "<html" not in found.content.decode()
    found = client.post(page, call(reason, q="Lefèvre", search="1"))
    assert "31/12/1980" in found.content.decode()
    assert not Appointment.unscoped.exists()
    # Addresses end up in logs and histories.
    assert "31/12/1980" not in client.get(page, {"q": "Lefèvre"}).content.decode()
    assert (
        "31/12/1980"
        not in client.get(url("find-patients", agenda), {"q": "Lefèvre"}).content.decode()
    )


def test_a_new_patients_file_is_made_with_the_booking(agenda, reason, client):
    assert client.post(url("new-visit", agenda), call(reason, **NEW)).status_code == 302
    patient = Patient.unscoped.get()
    assert Appointment.unscoped.get().patient == patient
    # No address and no account: the confirmation and the reminders go by text message.
    assert set(Message.objects.values_list("channel", flat=True)) == {"sms"}


def test_when_the_slot_is_gone_nothing_is_lost_and_no_file_is_left(agenda, reason, client, now):
    booked(reason, now)
    answer = client.post(url("new-visit", agenda), call(reason, **NEW))
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Ce créneau est déjà pris." in page
    assert 'value="Élise"' in page
    assert Patient.unscoped.count() == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"phone": "12"}, "Ce numéro de téléphone"),
        ({"last_name": ""}, "Ce champ est obligatoire"),
        ({"jour": "31/02/2026"}, "date"),
        ({"heure": "25:00"}, "heure"),
        ({"patient": ""}, "Choisissez un patient"),
        ({"patient": "nonsense"}, "Choisissez un patient"),
        ({"motif": "nonsense"}, "UUID valide"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(agenda, reason, client, changed, words):
    answer = client.post(url("new-visit", agenda), call(reason, **{**NEW, **changed}))
    assert answer.status_code in (200, 409)
    assert words in answer.content.decode()
    assert not Appointment.unscoped.exists()
    assert not Patient.unscoped.exists()


def test_the_practice_may_book_outside_its_openings_and_without_notice(agenda, reason, client):
    reason.minimum_notice_minutes = 10_000
    reason.save()
    patient = make_patient(practice=agenda.practice)
    data = call(reason, patient=patient.pk, jour="2026-11-24", heure="20:15")
    data["heure-voulue"] = mark_of(reason, datetime(2026, 11, 24, 19, 15, tzinfo=UTC))
    assert client.post(url("new-visit", agenda), data).status_code == 302


# Moving, cancelling, marking


def test_a_visit_is_moved_to_any_time_and_the_patient_told(agenda, reason, client, now):
    appointment = booked(reason, now)
    Message.objects.all().delete()
    page = url("move-visit", agenda, appointment.pk)
    data = {"motif": reason.pk, "jour": "2026-12-01", "heure": "18:40"}
    data["heure-voulue"] = mark_of(reason, datetime(2026, 12, 1, 17, 40, tzinfo=UTC))
    assert client.post(page, data).status_code == 302
    appointment.refresh_from_db()
    assert appointment.starts_at == datetime(2026, 12, 1, 17, 40, tzinfo=UTC)
    assert "change" in Message.objects.values_list("kind", flat=True)
    assert Entry.objects.filter(action="appointment-moved").exists()


def test_a_move_onto_taken_time_is_refused_and_changes_nothing(agenda, reason, client, now):
    first = booked(reason, now)
    second = booked(reason, now, starts_at=NINE + timedelta(minutes=30))
    page = url("move-visit", agenda, second.pk)
    answer = client.post(page, {"debut": first.starts_at.isoformat()})
    assert answer.status_code == 409
    second.refresh_from_db()
    assert second.starts_at == NINE + timedelta(minutes=30)
    assert second.taken_id


@pytest.mark.parametrize("status", ["arrived", "seen", "no_show"])
def test_a_visit_is_marked(agenda, reason, client, now, status, time_machine):
    appointment = booked(reason, now)
    time_machine.move_to(appointment.starts_at)
    present(client).post(url("mark-visit", agenda, appointment.pk), {"status": status})
    appointment.refresh_from_db()
    assert appointment.status == status
    client.post(url("mark-visit", agenda, appointment.pk), {"status": "booked"})
    appointment.refresh_from_db()
    assert appointment.status == "booked"


@pytest.mark.parametrize("status", ["cancelled", "nonsense", ""])
def test_no_other_mark_is_taken(agenda, reason, client, now, status):
    appointment = booked(reason, now)
    answer = client.post(url("mark-visit", agenda, appointment.pk), {"status": status})
    assert answer.status_code == 404


def test_a_cancelled_visit_frees_its_time_and_is_not_marked_any_more(agenda, reason, client, now):
    appointment = booked(reason, now)
    client.post(url("cancel-visit", agenda, appointment.pk))
    appointment.refresh_from_db()
    assert appointment.status == "cancelled"
    # Whoever cancelled can take it back for a moment.
    later = timezone.now() + UNDO
    slots = free_slots(
        visit_reason=reason, since=NINE, until=NINE + timedelta(minutes=1), now=later
    )
    assert [slot.starts_at for slot in slots] == [NINE]
    client.post(url("mark-visit", agenda, appointment.pk), {"status": "seen"})
    appointment.refresh_from_db()
    assert appointment.status == "cancelled"


# Absences


def absence(agenda, **changed):
    return {"agendas": [agenda.pk], "from_day": "2026-11-30", "until_day": "2026-11-30", **changed}


def test_an_absence_over_booked_time_shows_them_and_asks(agenda, reason, client, now):
    booked(reason, now)
    page = client.post(url("new-absence", agenda), absence(agenda)).content.decode()
    assert "1 rendez-vous s’y trouve" in page
    assert "Zoé Lefèvre" in page
    assert not Absence.objects.exists()


@pytest.mark.parametrize(("choice", "status"), [("keep", "booked"), ("cancel", "cancelled")])
def test_the_practice_decides_what_becomes_of_them(agenda, reason, client, now, choice, status):
    appointment = booked(reason, now)
    answer = client.post(url("new-absence", agenda), absence(agenda, booked=choice))
    assert answer.status_code == 302
    appointment.refresh_from_db()
    assert appointment.status == status
    told = Message.objects.filter(kind="cancellation").count()
    assert told == (1 if choice == "cancel" else 0)
    until = NINE + timedelta(hours=12)
    assert free_slots(visit_reason=reason, since=NINE, until=until, now=now) == []


def test_an_absence_is_all_or_nothing(agenda, reason, client, now, monkeypatch):
    booked(reason, now)

    def fail(**_):
        raise RuntimeError

    monkeypatch.setattr("booking.appointments.absences.absences.change.cancel", fail)
    client.raise_request_exception = False
    answer = client.post(url("new-absence", agenda), absence(agenda, booked="cancel"))
    assert answer.status_code == 500
    assert not Absence.objects.exists()


def test_an_hour_is_blocked_and_opened_again(agenda, reason, client, now):
    data = absence(agenda, from_time="09:00", until_time="10:00", label="Réunion")
    client.post(url("new-absence", agenda), data)
    row = Absence.objects.get()
    assert (row.starts_at, row.until) == (NINE, NINE + timedelta(hours=1))

    def first():
        return free_slots(
            visit_reason=reason, since=NINE, until=NINE + timedelta(hours=4), now=now
        )[0].starts_at

    assert first() == NINE + timedelta(hours=1)
    client.post(url("delete-absence", agenda, row.pk))
    assert first() == NINE


@pytest.mark.parametrize(
    "changed", [{"until_day": "2026-11-29"}, {"agendas": []}, {"from_day": ""}]
)
def test_an_impossible_absence_is_refused(agenda, client, changed):
    assert client.post(url("new-absence", agenda), absence(agenda, **changed)).status_code == 200
    assert not Absence.objects.exists()


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ({}, "lun. 30 nov., toute la journée"),
        ({"until_day": "2026-12-02"}, "du lun. 30 nov. au mer. 2 déc., toute la journée"),
        ({"from_time": "09:00", "until_time": "10:00"}, "lun. 30 nov. 09:00 → 10:00"),
        (
            {"until_day": "2026-12-01", "from_time": "09:00", "until_time": "10:00"},
            "lun. 30 nov. 09:00 → mar. 1er déc. 10:00",
        ),
    ],
)
def test_an_absence_is_told_by_its_days_and_its_label(agenda, reason, client, hours, words):
    data = absence(agenda, label="Congrès", **hours)
    assert client.post(url("new-absence", agenda), data).status_code == 302
    page = client.get(url("week-plan", agenda)).content.decode()
    assert f"{words} Congrès" in page
    grid = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert re.search(r'class="block absence [^"]*">Congrès</li>', grid)


def words_and_rows(grid):
    """What is written in each block that says something of an absence: words and first row."""
    found = re.findall(r'class="block absence(?:-words)? at-(\d+) [^>]*>([^<]*)</li>', grid)
    return [(int(row), html.unescape(words)) for row, words in found if words]


@pytest.mark.parametrize(
    ("visits", "row"),
    [
        # Rows of five minutes; 10:00 is 25, since the day begins at 8:00.
        ((), 25),
        (("10:00",), 31),
        (("10:15",), 25),
        (("10:00", "10:30"), None),
        (("09:45",), 28),
        (("10:30",), 25),
    ],
)
def test_an_absence_says_its_words_where_no_kept_visit_covers_them(
    agenda, reason, client, now, visits, row
):
    """A visit kept at its beginning, of half an hour, hid what it is."""
    for at in visits:
        starts_at = datetime.fromisoformat(f"2026-11-30T{at}:00+01:00")
        booked(
            reason, now, patient=make_patient(practice=agenda.practice), starts_at=starts_at,
            channel="practice", anywhere=True,
        )  # fmt: skip
    hours = {"from_time": "10:00", "until_time": "11:00", "booked": "keep"}
    data = absence(agenda, label="Réunion", **hours)
    assert client.post(url("new-absence", agenda), data).status_code == 302
    grid = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert words_and_rows(grid) == ([(row, "Réunion")] if row else [])
    # Where nothing of it is left, the first visit says it, before its reason.
    assert ("<span>Réunion · " in grid) == (row is None)
    assert grid.count("Réunion") == 1


def test_absences_that_lie_over_each_other_each_say_their_words(agenda, reason, client):
    for label, hours in (("Congrès", ("09:00", "12:00")), ("Réunion", ("09:00", "10:00"))):
        data = absence(agenda, label=label, from_time=hours[0], until_time=hours[1])
        assert client.post(url("new-absence", agenda), data).status_code == 302
    grid = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert sorted(words_and_rows(grid)) == [(13, "Réunion"), (25, "Congrès")]
    data = absence(agenda, label="Grippe", from_time="09:00", until_time="12:00")
    assert client.post(url("new-absence", agenda), data).status_code == 302
    grid = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert client.post(url("new-absence", agenda), data).status_code == 302
    again = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert again.count("Grippe") == 1
    said = " ".join(words for _row, words in words_and_rows(grid))
    assert {"Réunion", "Congrès", "Grippe"} <= set(re.findall(r"\w+", said))


def test_an_imported_absence_keeps_its_label_to_itself(agenda, reason, client):
    client.post(url("new-absence", agenda), absence(agenda, label="Dentiste"))
    assert Absence.objects.update(imported_from=agenda.pk) == 1
    grid = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert re.search(r'class="block absence [^"]*">Absence</li>', grid)
    assert "Dentiste" not in grid


# Openings and visit reasons


def opening(reason, **changed):
    return {
        "starts_on": "2026-12-02", "every_weeks": "1", "last_day": "", "from_time": "14:00",
        "until_time": "16:00", "visit_reasons": [reason.pk], "slot_minutes": "", "capacity": "1",
        **changed,
    }  # fmt: skip


def test_an_opening_every_other_week_until_a_date(agenda, reason, client, now):
    data = opening(reason, every_weeks="2", last_day="2026-12-16")
    assert client.post(url("new-opening", agenda, agenda.pk), data).status_code == 302
    days = {
        slot.starts_at.date().isoformat()
        for slot in free_slots(
            visit_reason=reason, since=now, until=now + timedelta(days=50), now=now
        )
        if slot.starts_at.hour >= 13
    }
    assert days == {"2026-12-02", "2026-12-16"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"until_time": "13:00"}, "La fin doit venir après le début."),
        ({"last_day": "2026-12-01"}, "Le dernier jour doit venir après le premier."),
        ({"capacity": "5"}, "Indiquez la durée des créneaux"),
        ({"visit_reasons": []}, "obligatoire"),
        ({"starts_on": "2026-11-30", "from_time": "11:00"}, "recouvre une autre plage"),
    ],
)
def test_an_impossible_opening_is_refused_with_its_reason(agenda, reason, client, changed, words):
    answer = client.post(url("new-opening", agenda, agenda.pk), opening(reason, **changed))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert Opening.objects.count() == 1


def test_changing_an_opening_that_holds_appointments_shows_them_and_asks(
    agenda, reason, client, now
):
    appointment = booked(reason, now)
    row = Opening.objects.get()
    page = url("opening", agenda, agenda.pk, row.pk)
    data = opening(reason, starts_on="2026-11-23", from_time="10:00", until_time="12:00")
    answer = client.post(page, data)
    assert "Zoé Lefèvre" in answer.content.decode()
    row.refresh_from_db()
    assert row.from_time.hour == 9
    assert client.post(page, {**data, "confirmed": "1"}).status_code == 302
    row.refresh_from_db()
    assert row.from_time.hour == 10
    appointment.refresh_from_db()
    assert (appointment.status, appointment.starts_at) == ("booked", NINE)


def test_deleting_an_opening_shows_what_it_holds_and_keeps_it(agenda, reason, client, now):
    appointment = booked(reason, now)
    row = Opening.objects.get()
    page = url("delete-opening", agenda, agenda.pk, row.pk)
    assert "Zoé Lefèvre" in client.get(page).content.decode()
    assert client.post(page).status_code == 302
    assert not Opening.objects.exists()
    appointment.refresh_from_db()
    assert appointment.status == "booked"


def visit_reason(**changed):
    return {
        "name": "Bilan", "duration_minutes": "45", "buffer_before_minutes": "5",
        "buffer_after_minutes": "10", "colour": "violet", "minimum_notice_minutes": "120",
        "horizon_days": "30", "cancel_deadline_hours": "48", "patient_kind": "new",
        "teleconsultation": "on", "price_cents": "50", "instructions": "À jeun.", "active": "on",
        **changed,
    }  # fmt: skip


def test_a_visit_reason_is_made_and_changed(agenda, client):
    client.post(url("new-reason", agenda, agenda.pk), visit_reason())
    row = VisitReason.objects.get()
    assert (row.duration_minutes, row.buffer_after_minutes, row.patient_kind) == (45, 10, "new")
    assert (row.teleconsultation, row.instructions) == (True, "À jeun.")
    client.post(url("reason", agenda, agenda.pk, row.pk), visit_reason(name="Bilan complet"))
    row.refresh_from_db()
    assert row.name == "Bilan complet"


@pytest.mark.parametrize(
    "changed",
    [
        {"duration_minutes": "0"}, {"duration_minutes": "481"}, {"duration_minutes": "x"},
        {"name": ""}, {"patient_kind": "other"}, {"colour": "red; x"}, {"horizon_days": "0"},
        {"buffer_before_minutes": "-5"},
    ],
)  # fmt: skip
def test_an_impossible_visit_reason_is_refused(agenda, client, changed):
    answer = client.post(url("new-reason", agenda, agenda.pk), visit_reason(**changed))
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not VisitReason.objects.exists()


# Members


def test_a_colleague_is_invited_with_a_role_and_chosen_agendas(agenda, client):
    other = make_agenda(practice=agenda.practice)
    data = {"email": "collegue@exemple.fr", "role": "secretary", "agendas": [other.pk]}
    assert client.post(url("members", agenda), data).status_code == 302
    assert Message.objects.filter(kind="invitation").count() == 1
    colleague = make_account("collegue@exemple.fr")
    link = reverse("booking:accept-invitation", args=[invitation_token(Invitation.objects.get())])
    verified_client(colleague).post(link)
    membership = Membership.objects.get(account=colleague)
    assert membership.role == "secretary"
    assert list(membership.agendas.all()) == [other]
    page = verified_client(colleague).get(url("agenda", agenda)).content.decode()
    assert str(other.practitioner) in page
    assert str(agenda.practitioner) not in page


@pytest.mark.parametrize("view", ["semaine", "mois", "liste"])
def test_an_agenda_says_whose_it_is(agenda, reason, client, view):
    text = client.get(url("agenda", agenda), {"vue": view}).content.decode()
    # The first ones wait in templates, for when the session has ended.
    heading = text[text.rindex("<h1") : text.rindex("</h1>")]
    assert str(agenda.practitioner) in heading


INVITED = {"email": "Collegue@Exemple.fr", "role": "secretary"}


def invited_once(agenda, client):
    assert client.post(url("members", agenda), INVITED).status_code == 302
    return Invitation.objects.get()


def test_a_pending_invitation_is_listed_and_withdrawn(agenda, client, now):
    invitation = invited_once(agenda, client)
    page = client.get(url("members", agenda)).content.decode()
    assert "Collegue@Exemple.fr" in page and "Invitations en attente" in page
    assert client.post(url("withdraw-invitation", agenda, invitation.pk)).status_code == 302
    assert Entry.objects.filter(action="invitation-withdrawn").count() == 1
    assert "Collegue@Exemple.fr" not in client.get(url("members", agenda)).content.decode()
    link = reverse("booking:accept-invitation", args=[invitation_token(invitation)])
    colleague = make_account("collegue@exemple.fr")
    assert verified_client(colleague).post(link).status_code == 400
    assert not Membership.objects.filter(account=colleague).exists()
    # Its mail, if it has not left, says nothing any more; and it is withdrawn once.
    send_owed(now=now + timedelta(minutes=1))
    assert Message.objects.get(kind="invitation").state == "void"
    again = client.post(url("withdraw-invitation", agenda, invitation.pk), follow=True)
    assert "déjà acceptée ou retirée" in again.content.decode()
    assert Entry.objects.filter(action="invitation-withdrawn").count() == 1


def test_an_invitation_is_withdrawn_by_its_own_practice_alone(agenda, client):
    invitation = invited_once(agenda, client)
    stranger = make_member(make_agenda().practice, role="owner")
    other = reverse("booking:withdraw-invitation", args=[stranger.practice_id, invitation.pk])
    assert verified_client(stranger.account).post(other).status_code == 404
    invitation.refresh_from_db()
    assert invitation.withdrawn_at is None


@pytest.mark.parametrize("email", ["Collegue@Exemple.fr", "collegue@exemple.fr "])
def test_an_address_is_invited_once_at_a_time(agenda, client, email, time_machine):
    invitation = invited_once(agenda, client)
    page = client.post(url("members", agenda), {**INVITED, "email": email})
    assert "déjà invitée" in page.content.decode()
    assert Invitation.objects.count() == 1 == Message.objects.filter(kind="invitation").count()
    # Another practice may; so may this one when the first is withdrawn or too old.
    other = make_agenda()
    owner = verified_client(make_member(other.practice, role="owner").account)
    assert owner.post(url("members", other), INVITED).status_code == 302
    client.post(url("withdraw-invitation", agenda, invitation.pk))
    assert client.post(url("members", agenda), INVITED).status_code == 302
    time_machine.shift(timedelta(days=8))
    client = verified_client(Membership.objects.filter(practice=agenda.practice).first().account)
    assert "Collegue" not in client.get(url("members", agenda)).content.decode()
    assert client.post(url("members", agenda), INVITED).status_code == 302


def test_who_is_of_the_team_is_not_invited_unless_their_access_is_over(agenda, client, now):
    member = make_member(agenda.practice, role="practitioner")
    member.account = make_account("collegue@exemple.fr")
    member.save()
    page = client.post(url("members", agenda), INVITED).content.decode()
    assert "déjà de l’équipe" in page
    assert not Invitation.objects.exists()
    member.ends_on = now.date() - timedelta(days=1)
    member.save()
    invitation = invited_once(agenda, client)
    link = reverse("booking:accept-invitation", args=[invitation_token(invitation)])
    assert verified_client(member.account).post(link).status_code == 302
    member.refresh_from_db()
    assert (member.role, member.ends_on) == ("secretary", None)


def test_a_removed_member_is_out_at_once(agenda, client):
    member = make_member(agenda.practice, role="secretary")
    theirs = verified_client(member.account)
    assert theirs.get(url("agenda", agenda)).status_code == 200
    client.post(url("remove-member", agenda, member.pk))
    answer = theirs.get(url("agenda", agenda))
    assert answer.status_code == 403
    assert "a pris fin le" in answer.content.decode()


def test_removing_somebody_asks_first(agenda, client):
    member = make_member(agenda.practice, role="secretary")
    page = client.get(url("members", agenda)).content.decode()
    address = url("remove-member", agenda, member.pk)
    before = page.partition(address)[0]
    # The form stands closed, behind a word that only opens it.
    assert before.rpartition("<details")[2].startswith(">")
    assert "</details>" not in before.rpartition("<details")[2]
    assert "n’a plus accès au cabinet, tout de suite" in before.rpartition("<details")[2]


def test_the_last_owner_stays(agenda, client):
    owner = Membership.objects.get()
    page = client.post(url("remove-member", agenda, owner.pk), follow=True).content.decode()
    assert "Un cabinet garde au moins un responsable." in page
    assert Membership.objects.count() == 1


# The agenda


def test_several_agendas_stand_side_by_side_with_one_reveal(agenda, reason, client, now):
    other = make_agenda(practice=agenda.practice)
    other_reason = make_reason(other)
    make_opening(other, other_reason)
    booked(reason, now)
    booked(other_reason, now, patient=make_patient(make_account(), first_name="Noé"))
    before = Entry.objects.filter(action="reveal").count()
    page = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert "Zoé Lefèvre" in page
    assert "Noé Lefèvre" in page
    assert Entry.objects.filter(action="reveal").count() == before + 1


def test_a_day_costs_the_same_for_one_visit_and_for_many(
    agenda, reason, client, now, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    booked(reason, now)
    address = url("agenda", agenda), {"jour": "2026-11-30"}
    client.get(*address)
    # Names that are opened for the first time today cost some more, for one as for many.
    booked(reason, now, starts_at=NINE + timedelta(minutes=30))
    with CaptureQueriesContext(connection) as few:
        client.get(*address)
    for n in range(2, 6):
        booked(reason, now, starts_at=NINE + timedelta(minutes=30 * n))
    with django_assert_num_queries(len(few)):
        client.get(*address)


def test_times_are_the_practices_own(now):
    practice = make_practice(time_zone="America/Guadeloupe", postcode="97100", town="Basse-Terre")
    agenda = make_agenda(practice=practice)
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    booked(reason, now, starts_at=datetime(2026, 11, 30, 13, tzinfo=UTC))
    client = verified_client(make_member(practice, role="owner").account)
    page = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert "09:00 <strong data-name>Zoé Lefèvre</strong>" in page
    assert "Heure de la Guadeloupe" in page


FAR = ["0001-01-01", "9999-12-31", "2026-02-31", "x", "", "10000-01-01", "-1"]


@pytest.mark.parametrize("day", FAR)
@pytest.mark.parametrize("view", ["jour", "semaine"])
def test_no_date_breaks_the_agenda(agenda, reason, client, day, view):
    answer = client.get(url("agenda", agenda), {"jour": day, "vue": view})
    assert answer.status_code == 200


@pytest.mark.parametrize("day", FAR)
def test_no_date_breaks_a_form(agenda, reason, client, now, day):
    patient = make_patient(practice=agenda.practice)
    appointment = booked(reason, now)
    data = call(reason, patient=patient.pk, jour=day)
    assert client.post(url("new-visit", agenda), data).status_code in (200, 409)
    page = url("move-visit", agenda, appointment.pk)
    assert client.post(page, data).status_code in (200, 409)
    assert client.post(page, {"debut": f"{day}T00:00:00Z"}).status_code in (200, 409)
    given = absence(agenda, until_day=day, from_day=day, booked="keep")
    assert client.post(url("new-absence", agenda), given).status_code in (200, 302)
    given = opening(reason, starts_on=day, last_day=day)
    assert client.post(url("new-opening", agenda, agenda.pk), given).status_code in (200, 302)
    assert client.get(url("new-absence", agenda), {"jour": day}).status_code == 200
    assert client.get(url("new-visit", agenda), {"debut": f"{day}T00:00:00Z"}).status_code == 200


@pytest.mark.parametrize("day", FAR)
def test_no_date_breaks_the_public_pages(agenda, reason, day):
    page = reverse("practitioners:practitioner", args=[agenda.practitioner_id])
    assert Client().get(page, {"semaine": day}).status_code == 200
    data = {"motif": reason.pk, "debut": f"{day}T00:00:00Z", "suivi": "non"}
    assert Client().post(reverse("booking:hold"), data).status_code in (200, 302, 400, 404, 409)


def test_the_practice_notes_something_for_itself(agenda, reason, client, now):
    patient = make_patient(make_account())
    appointment = booked(reason, now, patient=patient)
    page = url("visit", agenda, appointment.pk)
    client.post(url("note-visit", agenda, appointment.pk), {"text": " Rappeler le labo "})
    assert "Rappeler le labo" in client.get(page).content.decode()
    row = Appointment.unscoped.get(pk=appointment.pk)
    assert row.practice_note is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT practice_note FROM booking_appointment WHERE id = %s", [row.pk])
        assert b"labo" not in bytes(cursor.fetchone()[0])
    assert Entry.objects.filter(action="practice-note-saved", object_id=row.pk).count() == 1
    read = Entry.objects.filter(action="reveal", object_id=row.pk).latest("at")
    assert "booking_appointment.practice_note" in read.fields
    # Not on the patient's own page, and not lost to whoever asks for their data.
    theirs = Client()
    theirs.force_login(patient.account, backend="booking.backends.EmailBackend")
    own = present(theirs).get(reverse("booking:appointment", args=[row.pk])).content.decode()
    assert "labo" not in own
    held = theirs.get(reverse("booking:my-data-file")).json()
    assert [visit["practice_note"] for visit in held["appointments"]] == ["Rappeler le labo"]
    client.post(url("note-visit", agenda, appointment.pk), {"text": ""})
    assert Appointment.unscoped.get(pk=appointment.pk).practice_note is None
    answer = client.post(
        url("note-visit", agenda, appointment.pk), {"text": "a" * 2001}, follow=True
    )
    assert "2000" in answer.content.decode()
    assert Appointment.unscoped.get(pk=appointment.pk).practice_note is None


def test_a_month_of_counts_opens_nobody(agenda, reason, client, now):
    booked(reason, now)
    booked(reason, now, starts_at=NINE + timedelta(hours=1))
    before = Entry.objects.filter(action="reveal").count()
    page = client.get(url("agenda", agenda), {"vue": "mois", "jour": "2026-11-24"})
    text = page.content.decode()
    assert "Novembre 2026" in text
    assert "lundi 30 novembre, 2 rendez-vous" in text
    assert "dimanche 6 décembre, 0 rendez-vous" in text
    assert "Lefèvre" not in text
    assert Entry.objects.filter(action="reveal").count() == before
    weeks = page.context["weeks"]
    assert (weeks[0][0].day, weeks[-1][-1].day) == (date(2026, 10, 26), date(2026, 12, 6))
    assert page.context["earlier"] == date(2026, 10, 1)
    assert page.context["later"] == date(2026, 12, 1)


def test_a_day_as_a_list(agenda, reason, client, now):
    booked(reason, now, starts_at=NINE + timedelta(hours=1))
    first = booked(reason, now, patient=make_patient(make_account(), last_name="Quatrefages"))
    before = Entry.objects.filter(action="reveal").count()
    page = client.get(url("agenda", agenda), {"vue": "liste", "jour": "2026-11-30"})
    assert page.context["visits"][0].appointment == first
    assert "Quatrefages" in page.content.decode()
    assert Entry.objects.filter(action="reveal").count() == before + 1
    empty = client.get(url("agenda", agenda), {"vue": "liste", "jour": "2026-12-01"})
    assert "Aucun rendez-vous ce jour-là" in empty.content.decode()


@pytest.mark.parametrize("view", ["mois", "liste", "annee"])
def test_each_view_takes_any_day(agenda, reason, client, view):
    for day in ("2026-12-31", "2027-01-31", "2028-02-29", "1999-01-01", "demain", ""):
        answer = client.get(url("agenda", agenda), {"vue": view, "jour": day})
        assert answer.status_code == 200


def test_a_week_is_copied_to_others_in_a_row(agenda, reason, client, now):
    """Open on Mondays, and once on a Thursday afternoon; the Mondays stand there already."""
    make_opening(
        agenda, reason, starts_on=date(2026, 11, 26), every_weeks=0, from_time=time(14),
        until_time=time(18),
    )  # fmt: skip
    session = make_opening(
        agenda, reason, starts_on=date(2026, 11, 27), every_weeks=0, from_time=time(9),
        until_time=time(10), slot_minutes=10, capacity=3,
    )  # fmt: skip
    page = url("copy-week", agenda, agenda.pk)
    given = {"source": "2026-11-25", "target": "2026-12-11", "weeks": "2"}
    answer = client.post(page, given, follow=True).content.decode()
    made = agenda.openings.filter(starts_on__gte=date(2026, 12, 1)).order_by("starts_on")
    assert [(row.starts_on, row.every_weeks, row.capacity) for row in made] == [
        (date(2026, 12, 10), 0, 1), (date(2026, 12, 11), 0, 3),
        (date(2026, 12, 17), 0, 1), (date(2026, 12, 18), 0, 3),
    ]  # fmt: skip
    assert [list(row.visit_reasons.all()) for row in made] == [[reason]] * 4
    assert session.number not in [row.number for row in made]
    assert "4 plages ajoutées. 2 y étaient déjà" in answer
    assert free_slots(
        visit_reason=reason, since=datetime(2026, 12, 10, tzinfo=UTC),
        until=datetime(2026, 12, 11, tzinfo=UTC), now=now,
    )  # fmt: skip
    # Copied again, everything is there.
    client.post(page, given)
    assert made.count() == 4


def test_what_overlaps_is_left_out_of_a_copied_week(agenda, reason, client):
    make_opening(
        agenda, reason, starts_on=date(2026, 11, 26), every_weeks=0, from_time=time(14),
        until_time=time(18),
    )  # fmt: skip
    make_opening(
        agenda, reason, starts_on=date(2026, 12, 10), every_weeks=0, from_time=time(16),
        until_time=time(19),
    )  # fmt: skip
    given = {"source": "2026-11-26", "target": "2026-12-10", "weeks": "1"}
    answer = client.post(url("copy-week", agenda, agenda.pk), given, follow=True)
    assert "0 plage" in answer.content.decode()
    assert agenda.openings.filter(starts_on=date(2026, 12, 10)).count() == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"target": "2026-11-27"}, "la même semaine"),
        ({"weeks": "27"}, "26"),
        ({"source": "hier"}, "date"),
    ],
)
def test_a_week_that_cannot_be_copied_is_said(agenda, client, changed, words):
    given = {"source": "2026-11-25", "target": "2026-12-10", "weeks": "1", **changed}
    page = client.post(url("copy-week", agenda, agenda.pk), given).content.decode()
    assert words in page


def test_the_preview_of_an_absence_tells_the_new_time(agenda, reason, client, now):
    booked(reason, now)
    later = NINE + timedelta(days=7)
    data = absence(agenda, preview="1")
    text = client.post(url("new-absence", agenda), data).context["letters"][0].text
    # As it will be read: the new time, and the one that it replaces.
    assert "Au lieu du lundi 30 novembre" in text and text.count("30 novembre") == 1
    visit = Appointment.unscoped.get()
    data[f"vers-{visit.pk}"] = (later + timedelta(hours=1)).isoformat()
    letters = client.post(url("new-absence", agenda), data).context["letters"]
    assert "7 décembre" in letters[0].text and "10:00" in letters[0].text
    visit.refresh_from_db()
    assert visit.starts_at == NINE and visit.status == "booked"


def test_an_absence_asks_nothing_about_visits_that_are_over(agenda, reason, client, now):
    over = now - timedelta(days=3)
    visit = booked(reason, now, starts_at=over, channel=Channel.PRACTICE, anywhere=True)
    data = absence(agenda, from_day=str(over.date()), until_day=str(over.date()))
    assert client.post(url("new-absence", agenda), data).status_code == 302
    data["booked"] = "cancel"
    client.post(url("new-absence", agenda), data)
    visit.refresh_from_db()
    assert visit.status == "booked"


@pytest.mark.parametrize("status", ["seen", "no_show", "cancelled"])
def test_what_cannot_be_changed_is_not_offered(agenda, reason, client, now, status):
    visit = booked(reason, now)
    change = {"status": status} | (
        {"taken": None, "cancelled_at": now} if status == "cancelled" else {}
    )
    Appointment.unscoped.filter(pk=visit.pk).update(**change)
    page = client.get(url("visit", agenda, visit.pk)).content.decode()
    for name in ("move-visit", "cancel-visit"):
        address = url(name, agenda, visit.pk)
        assert address not in page
        assert client.get(address).status_code == 302
