"""Files of visits to come, and agendas that take them over."""

import csv
import io

import pytest

from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.takeover import patient_import
from practitioners.models import VisitReason
from tests.factories import make_account, make_agenda, make_opening, make_reason, practice_actor

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
