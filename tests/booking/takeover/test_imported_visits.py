"""Appointments of another software: taken over with their patients, from a table or a calendar."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from booking.models import Appointment, Message, Patient, PatientImport
from booking.takeover import patient_file, patient_import
from practitioners.models import VisitReason
from tests.factories import make_account, make_member, make_patient, practice_actor, verified_client
from tests.support.booked import booked
from tests.support.imported_visits import CALENDAR, agendas, refusals, taken  # noqa: F401

pytestmark = pytest.mark.django_db


MONDAY_NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


TABLE = """Date;Heure;Durée;Motif;Praticien;Nom;Prénom;Né(e) le;Portable
30/11/2026;09:00;20;Consultation;{one};LEFÈVRE;Zoé;31/12/1980;
30/11/2026;9h30;;bilan annuel;{one};Quatrefages;Zénobie;02/03/1975;
2026-11-30;09:00;;Consultation;{two};Martin;Léo;01/01/1990;
30/11/2026;09:10;;;{one};Martin;Lou;;06 12 34 56 78
01/11/2026;09:00;;;{one};Martin;Luc;03/01/1990;
30/11/2026;11:00;;;Dr Personne;Martin;Lia;04/01/1990;
30/11/2026;vers midi;;;{one};Martin;Lin;05/01/1990;
30/11/2026;15:00;;Consultation;{one};LEFEVRE;Zoé;31/12/1980;
"""


def table(agendas):
    one, two = agendas
    return TABLE.format(one=one.practitioner, two=two.practitioner.last_name).encode()


def test_visits_to_come_are_taken_over_with_their_patients(agendas, now):
    row = taken(agendas, now, table(agendas))
    assert (row.total, row.created, row.known, row.visits, row.rejected) == (8, 3, 1, 4, 4)
    one, two = agendas
    rows = Appointment.unscoped.order_by("starts_at", "agenda__pk")
    found = [
        (each.agenda, each.visit_reason.name, each.starts_at - MONDAY_NINE,
         (each.ends_at - each.starts_at) // timedelta(minutes=1))
        for each in rows
    ]  # fmt: skip
    assert found == [
        (one, "Consultation", timedelta(0), 20),
        (two, "Consultation", timedelta(0), 30),
        (one, "Bilan annuel", timedelta(minutes=30), 45),
        # Outside the openings: the practice gave its word.
        (one, "Consultation", timedelta(hours=6), 30),
    ]
    assert {each.channel for each in rows} == {"practice"}
    assert refusals(row) == [
        ("5", "cette heure est déjà prise dans l’agenda"),
        ("6", "ce rendez-vous est passé"),
        ("7", "praticien inconnu ici"),
        ("8", "date, heure ou durée illisible"),
    ]
    # Of a refused line nothing stays: no patient either.
    assert Patient.unscoped.count() == 3
    # They know of their visits; they will be reminded of them.
    assert set(Message.objects.values_list("kind", flat=True)) <= {"reminder"}


def test_reminders_are_owed_and_no_confirmation(agendas, now):
    agendas[0].practice.reminder_hours = [48]
    agendas[0].practice.save()
    line = (
        "Début;Nom;Prénom;Né(e) le;E-mail\n30/11/2026 à 9h;Martin;Léo;01/01/1990;leo@exemple.fr\n"
    )
    taken(agendas, now, line.encode())
    assert [each.kind for each in Message.objects.all()] == ["reminder"]


def test_the_same_file_again_changes_nothing(agendas, now):
    taken(agendas, now, table(agendas))
    again = taken(agendas, now, table(agendas))
    assert (again.created, again.known, again.visits, again.rejected) == (0, 4, 0, 4)
    assert Appointment.unscoped.count() == 4


def test_taken_time_is_never_taken_again(agendas, now):
    reason = VisitReason.objects.get(agenda=agendas[0], name="Consultation")
    booked(reason, now, starts_at=MONDAY_NINE, patient=make_patient(birth_date=date(1950, 1, 1)))
    row = taken(agendas, now, table(agendas))
    assert ("2", "cette heure est déjà prise dans l’agenda") in refusals(row)


def test_it_goes_on_where_it_was_killed(agendas, now, monkeypatch):
    monkeypatch.setattr(patient_import, "BATCH", 2)
    ran = []

    def dies(import_id, *, now):
        ran.append(1)
        return patient_import._take_batch(import_id, now=now) if len(ran) < 3 else 1 / 0

    row = patient_import.begin(
        practice=agendas[0].practice, account=make_account(), name="a.csv", content=table(agendas),
        actor=practice_actor(), now=now,
    )  # fmt: skip
    patient_import.start(row=row, actor=practice_actor(), now=now)
    with pytest.raises(ZeroDivisionError):
        while dies(row.pk, now=now):
            pass
    patient_import.run_all(now=now)
    row.refresh_from_db()
    assert (row.state, row.done) == ("done", 8)
    assert Appointment.unscoped.count() == 4


def test_patients_without_a_visit_are_taken_from_the_same_file(agendas, now):
    one = agendas[0].practitioner
    text = (
        "Date;Heure;Motif;Praticien;Nom;Prénom;Naissance\n"
        f"30/11/26;09:00;Consultation;{one};Rey;Ada;12/05/90\n"
        ";;;;Martin;Léo;01/01/1990\n;;Consultation;x;Martin;Lou;02/01/1990\n"
        "30/11/2026;;;;Martin;Luc;03/01/1990\n;09:00;;;Martin;Lia;04/01/1990\n"
    ).encode()
    row = taken(agendas, now, text)
    assert (row.created, row.visits, row.rejected) == (3, 1, 2)
    assert [each[0] for each in refusals(row)] == ["5", "6"]
    assert Appointment.unscoped.get().starts_at == MONDAY_NINE


def test_no_agenda_is_chosen_before_somebody_chooses(agendas, now):
    """A line that names nobody would go to whoever comes first in the alphabet."""
    practice = agendas[0].practice
    desk = verified_client(make_member(practice, role="owner").account)
    text = "Date;Heure;Nom;Prénom;Naissance\n30/11/2026;09:00;Rey;Ada;12/05/1990\n".encode()
    row = patient_import.begin(
        practice=practice, account=make_account(), name="a.csv", content=text,
        actor=practice_actor(), now=now,
    )  # fmt: skip
    page = desk.get(reverse("booking:patient-import", args=[practice.pk, row.pk])).content.decode()
    assert '<option value="" selected>aucun' in page
    desk.post(reverse("booking:change-import", args=[practice.pk, row.pk, "prendre"]))
    patient_import.run(row.pk, now=now)
    row.refresh_from_db()
    assert (row.visits, row.rejected, row.visit_reason) == (0, 1, None)
    assert refusals(row)[0][1] == "praticien inconnu ici"


def test_an_end_is_as_good_as_a_length():
    text = (
        "Date;Heure;Heure de fin;Nom;Prénom;Naissance\n30/11/2026;09:00;09:50;Martin;Léo;01/01/1990"
    )
    (line,) = patient_file.read_table(text).lines()
    assert line.visit.minutes == 50


@pytest.mark.usefixtures("at_now")
def test_an_owner_sees_the_visits_first_and_says_what_for(agendas):
    practice = agendas[0].practice
    desk = verified_client(make_member(practice, role="owner").account)
    file = SimpleUploadedFile("agenda.ics", CALENDAR, content_type="text/calendar")
    url = reverse("booking:imports", args=[practice.pk])
    page = desk.post(url, {"file": file}, follow=True).content.decode()
    for words in (
        "30/11/2026 09:00",
        "20 min",
        "LEFÈVRE",
        "Prendre ces rendez-vous",
        "Consultation",
    ):
        assert words in page
    row = PatientImport.unscoped.get()
    reason = VisitReason.objects.get(agenda=agendas[0], name="Consultation")
    take = reverse("booking:change-import", args=[practice.pk, row.pk, "prendre"])
    desk.post(take, {"visit_reason": str(reason.pk)})
    row.refresh_from_db()
    assert row.visit_reason == reason
    patient_import.run(row.pk, now=datetime.now(UTC))
    shown = desk.get(reverse("booking:patient-import", args=[practice.pk, row.pk])).content.decode()
    assert "Rendez-vous repris" in shown
