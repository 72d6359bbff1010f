"""Appointments of another software: taken over with their patients, from a table or a calendar."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.models import Appointment, Message, Patient, PatientImport
from booking.takeover import patient_file, patient_import, visit_calendar
from booking.takeover.patient_file import UnreadableFile, read_table
from practitioners.models import VisitReason
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.booked import NINE, booked

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
CALENDAR = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//autre logiciel//FR\r
BEGIN:VEVENT\r
UID:1\r
DTSTART;TZID=Europe/Paris:20261130T090000\r
DTEND;TZID=Europe/Paris:20261130T092000\r
SUMMARY:Mme LEF\xc3\x88VRE Zo\xc3\xa9 - Bilan annuel\r
DESCRIPTION:N\xc3\xa9e le 31/12/1980\\nT\xc3\xa9l : 06 12 34 56 78\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:2\r
DTSTART:20261130T093000Z\r
DURATION:PT30M\r
SUMMARY:Z\xc3\xa9nobie Quatrefages\r
ATTENDEE:mailto:zenobie@exemple.fr\r
DESCRIPTION:+33 6 12 34 56 79\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:3\r
DTSTART:20261130T120000Z\r
DTEND:20261130T123000Z\r
SUMMARY:Anatole Martin\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:4\r
DTSTART:20261201T120000Z\r
DTEND:20261201T123000Z\r
RRULE:FREQ=WEEKLY\r
SUMMARY:MARTIN Luc 0612345670\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:5\r
DTSTART;VALUE=DATE:20261202\r
SUMMARY:Vacances\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:6\r
DTSTART:20261203T120000Z\r
DTEND:20261203T123000Z\r
STATUS:CANCELLED\r
SUMMARY:MARTIN L\xc3\xa9a 0612345671\r
END:VEVENT\r
END:VCALENDAR\r
"""


@pytest.fixture
def agendas():
    one = make_agenda()
    two = make_agenda(practice=one.practice)
    for agenda in (one, two):
        make_opening(agenda, make_reason(agenda))
    make_reason(one, name="Bilan annuel", duration_minutes=45)
    return one, two


def taken(agendas, now, content):
    one = agendas[0]
    row = patient_import.begin(
        practice=one.practice, account=make_account(), name="agenda.csv", content=content,
        actor=practice_actor(), now=now,
    )  # fmt: skip
    reason = VisitReason.objects.get(agenda=one, name="Consultation")
    patient_import.start(row=row, actor=practice_actor(), now=now, visit_reason=reason)
    patient_import.run(row.pk, now=now)
    row.refresh_from_db()
    return row


def refusals(row):
    with reveal([(row, ("rejects",))], actor=system_actor(), purpose=Purpose.SUPPORT) as plain:
        rows = list(csv.reader(io.StringIO(plain.text(row, "rejects")), delimiter=";"))
    return [(each[0], each[1]) for each in rows[1:]]


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


def test_a_calendar_is_read_as_a_table(agendas, now):
    text, left_out = visit_calendar.as_table(CALENDAR, zone=agendas[0].practice.zone)
    lines = list(read_table(text).lines())
    assert (len(lines), left_out) == (4, 2), "a whole day and a cancelled event are no visits"
    first, second, third, recurring = lines
    assert (first.identity.last_name, first.identity.first_name) == ("LEFÈVRE", "Zoé")
    assert (str(first.identity.birth_date), first.identity.phone) == ("1980-12-31", "+33612345678")
    assert (first.visit.minutes, first.visit.reason) == (20, "Bilan annuel")
    assert f"{first.visit.day} {first.visit.at}" == "2026-11-30 09:00:00"
    assert (second.identity.last_name, second.identity.email) == (
        "Quatrefages",
        "zenobie@exemple.fr",
    )
    # Summer time or not, hours are those of the practice's wall.
    assert (f"{second.visit.at}", second.visit.minutes) == ("10:30:00", 30)
    assert "ni date de naissance ni téléphone" in str(third.problem)
    assert "nom ou prénom absent" in str(recurring.problem)


def test_a_calendar_is_taken_over_and_the_rest_comes_back_as_a_table_to_complete(agendas, now):
    row = taken(agendas, now, CALENDAR)
    assert (row.created, row.visits, row.rejected) == (2, 2, 2)
    with reveal([(row, ("rejects",))], actor=system_actor(), purpose=Purpose.SUPPORT) as plain:
        text = plain.text(row, "rejects")
    # Completed with a telephone, Anatole's line is taken.
    mended = text.replace(";Martin;Anatole;;;", ";Martin;Anatole;;0612345672;")
    assert mended != text
    again = taken(agendas, now, mended.encode())
    assert (again.created, again.visits, again.rejected) == (1, 1, 1)


def calendar_of(*events):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


GOOD = ["SUMMARY:LEFÈVRE Zoé - Consultation", "DESCRIPTION:0612345678",
        "DTSTART:20261130T090000", "DTEND:20261130T093000"]  # fmt: skip
WHO = "SUMMARY:MARTIN Anatole 0612345671 - Consultation"
BAD = {
    "a start that is no date": [WHO, "DTSTART:demain", "DTEND:20261130T103000"],
    "a day that does not exist": [WHO, "DTSTART:20261131T100000", "DTEND:20261131T103000"],
    "no start": [WHO],
    "an empty start": [WHO, "DTSTART:"],
    "a time alone": [WHO, "DTSTART;VALUE=TIME:100000"],
    "an end that is no date": [WHO, "DTSTART:20261130T100000", "DTEND:x"],
    "an end that is a day": [WHO, "DTSTART:20261130T100000", "DTEND;VALUE=DATE:20261201"],
    "a length that is none": [WHO, "DTSTART:20261130T100000", "DURATION:long"],
    "two starts": [WHO, "DTSTART:20261130T100000", "DTSTART:20261130T110000"],
}


@pytest.mark.parametrize("event", BAD.values(), ids=BAD.keys())
def test_one_event_that_cannot_be_read_costs_itself_alone(agendas, now, event):
    row = taken(agendas, now, calendar_of(event, GOOD))
    assert (row.visits, row.rejected) == (1, 1)
    assert Appointment.unscoped.get().starts_at == NINE
    ((_line, why),) = refusals(row)
    assert why == "date, heure ou durée illisible"


@pytest.mark.parametrize(
    "event",
    [
        [*GOOD, "une ligne sans deux points"],
        [*GOOD, "BEGIN:VALARM", "TRIGGER:bientôt", "END:VALARM"],
        [*GOOD, "X-FOO;BAR=:"],
    ],
)
def test_what_says_nothing_of_the_visit_may_be_wrong(agendas, now, event):
    row = taken(agendas, now, calendar_of(event))
    assert (row.visits, row.rejected) == (1, 0)


def test_a_calendar_that_breaks_off_gives_its_last_event_back(agendas, now):
    whole = calendar_of(GOOD, [WHO, "DTSTART:20261130T100000", "DTEND:20261130T103000"])
    row = taken(agendas, now, whole[: whole.rindex(b"END:VEVENT")])
    assert (row.visits, row.rejected) == (1, 1)


@pytest.mark.parametrize(
    "content", [b"BEGIN:VCALENDAR\r\nnonsense", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"]
)
def test_what_is_no_calendar_says_so(agendas, content):
    with pytest.raises(UnreadableFile):
        visit_calendar.as_table(content, zone=agendas[0].practice.zone)


@pytest.mark.parametrize(
    ("start", "minutes"),
    [
        ("30/11/2026 09:00", 30), ("30.11.2026 9h", 30), ("2026-11-30T09:00:00", 30),
        ("30-11-2026 à 09h00", 30), ("30/11/2026 09:00", "25"), ("30/11/2026 09:00", "25 min"),
    ],
)  # fmt: skip
def test_however_a_start_is_written(start, minutes):
    text = f"Début;Durée;Nom;Prénom;Naissance\n{start};{minutes};Martin;Léo;01/01/1990"
    (line,) = patient_file.read_table(text).lines()
    assert (line.visit.day.isoformat(), line.visit.at.isoformat()) == ("2026-11-30", "09:00:00")


@pytest.mark.parametrize(
    ("start", "minutes"),
    [
        ("", "30"), ("30/11/2026", "30"), ("31/02/2026 09:00", "30"), ("30/11/2026 25:00", "30"),
        ("30/11/2026 09:00", "0"), ("30/11/2026 09:00", "9999"), ("30/11/2026 09:00", "481"),
        ("30/11/2026 09:00", "une heure"),
    ],
)  # fmt: skip
def test_what_is_no_start_or_length_is_refused(start, minutes):
    text = f"Début;Durée;Nom;Prénom;Naissance\n{start};{minutes};Martin;Léo;01/01/1990"
    (line,) = patient_file.read_table(text).lines()
    assert "illisible" in str(line.problem)
    assert line.identity is None


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


@pytest.mark.usefixtures("at_now")
def test_a_calendar_says_what_it_holds_before_anything_is_taken(agendas, now):
    practice = agendas[0].practice
    desk = verified_client(make_member(practice, role="owner").account)
    file = SimpleUploadedFile("agenda.ics", CALENDAR, content_type="text/calendar")
    url = reverse("booking:imports", args=[practice.pk])
    text = desk.post(url, {"file": file}, follow=True).content.decode()
    assert "Ce calendrier contient 6 événements" in text
    assert "2 ne sont pas des rendez-vous" in text
    facts = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd>(\d+)</dd>", text))
    assert facts == {
        "Événements": "4", "Avec un rendez-vous à reprendre": "2", "Patients sans rendez-vous": "0",
        "Refusés": "2",
    }  # fmt: skip
    assert "«\xa0Anatole Martin\xa0», 30/11/2026 13:00\xa0: ni date" in text
    assert "ligne" not in words_in(text)
    row = PatientImport.unscoped.get()
    page = reverse("booking:change-import", args=[practice.pk, row.pk, "prendre"])
    reason = VisitReason.objects.get(agenda=agendas[0], name="Consultation")
    desk.post(page, {"visit_reason": reason.pk})
    patient_import.run(row.pk, now=now)
    for name in ("patient-import", "imports"):
        args = [practice.pk, row.pk] if name == "patient-import" else [practice.pk]
        said = desk.get(reverse(f"booking:{name}", args=args)).content.decode()
        assert "vénement" in said and "ligne" not in words_in(said).replace("Première ligne", "")
    found = desk.get(reverse("booking:import-rejects", args=[practice.pk, row.pk]))
    head, first, *_rest = b"".join(found).decode("utf-8-sig").splitlines()
    assert head.startswith("événement;raison;Nom") and head.endswith("Intitulé")
    assert first.startswith("3;") and first.endswith("Anatole Martin")


def words_in(page):
    """What the main part of a page says."""
    main = page.split("<main")[1].split("</main>")[0]
    return re.sub(r"une ligne sans date|hors ligne|en ligne", "", re.sub(r"<[^>]+>", " ", main))


def test_what_the_event_says_and_no_visit_reason_is_kept_sealed(agendas, now):
    """Its words may name anybody: they stand in the visit's note, which is sealed."""
    event = ["SUMMARY:LEFÈVRE Zoé - Contrôle avec sa fille Ada", *GOOD[1:]]
    row = taken(agendas, now, calendar_of(event))
    assert (row.visits, row.rejected) == (1, 0)
    visit = Appointment.unscoped.get()
    with reveal([(visit, ("practice_note",))], actor=practice_actor(), purpose=Purpose.CARE) as p:
        assert p.text(visit, "practice_note") == "Contrôle avec sa fille Ada"
    # What its visit reason says already is not said twice.
    known = [GOOD[0].replace("Zoé", "Léa"), "DESCRIPTION:0612345699", "DTSTART:20261201T090000"]
    taken(agendas, now, calendar_of(known))
    other = Appointment.unscoped.exclude(pk=visit.pk).get()
    assert other.practice_note is None


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
