"""Visits that are taken over from a calendar file."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.models import Appointment, PatientImport
from booking.takeover import patient_file, patient_import, visit_calendar
from booking.takeover.patient_file import UnreadableFile, read_table
from practitioners.models import VisitReason
from tests.factories import make_member, practice_actor, verified_client
from tests.support.booked import NINE
from tests.support.imported_visits import CALENDAR, agendas, refusals, taken  # noqa: F401

pytestmark = pytest.mark.django_db


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
