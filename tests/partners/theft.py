"""A practice whose software is known to the watch, and a thief who has its credential."""

from datetime import UTC, datetime, timedelta

from joserfc.jwk import ECKey

from audit.models import Watched
from audit.watch.past import Day, Past, Place
from booking.appointments.book import book
from booking.appointments.values import By
from booking.models import Appointment
from booking.models.appointment import Channel
from partners.models import Grant
from tests.factories import (
    make_agenda,
    make_credential,
    make_grant,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)
from tests.partners.software import Software

OWN_KEY, STOLEN = ECKey.generate_key("P-256", {"kid": "own"}), ECKey.generate_key("P-256")
HOME, ELSEWHERE = "198.51.100.7", "203.0.113.9"
LONG_AGO = datetime(2026, 10, 1, tzinfo=UTC)
IDENTITY = ["first_name", "last_name", "phone"]


def make_visits(*, now, patients=None, practice=None):
    """Visits from the third week on, booked long ago: nothing asks for an identity now."""
    agenda = make_agenda(practice=practice)
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    monday = datetime(2026, 12, 14, 8, tzinfo=UTC)
    starts = [
        monday + timedelta(weeks=week, minutes=30 * slot) for week in range(6) for slot in range(6)
    ]
    rows = [
        book(visit_reason=reason, starts_at=at, patient=patients[n] if patients and n < len(patients) else make_patient(
                first_name=f"Prénom{n}", last_name=f"Quatrefages{n}", email=f"p{n}@patients.example",
                phone=f"+3363998{n:04d}", practice=agenda.practice,
            ), by=By(actor=practice_actor(), channel=Channel.PATIENT), now=now)
        for n, at in enumerate(starts)
    ]  # fmt: skip
    ids = [row.pk for row in rows]
    Appointment.unscoped.filter(pk__in=ids).update(created_at=LONG_AGO)
    found = Appointment.unscoped.in_bulk(ids)
    return [found[pk] for pk in ids]


def make_watched_grant(visits, *, name="AgendaPlus", now, credential=None):
    """A grant given long ago, to software that the watch has seen for weeks."""
    grant = make_grant(credential or make_credential(name), visits[0].agenda, fields=IDENTITY)
    Grant.objects.filter(pk=grant.pk).update(created_at=LONG_AGO)
    grant.refresh_from_db()
    place = Place(since=LONG_AGO.timestamp(), good=800, known=True)
    past = Past(
        first="2026-10-01", today="2026-11-23",
        days=[Day(opened=40, weight=0.0, practices=1) for _ in range(10)],
        blocks={"w2": 300.0, "w3": 300.0, "w4": 200.0}, uses={"care 1": 400.0, "care 3": 400.0},
        networks={"198.51.100.0/24": place}, keys={OWN_KEY.thumbprint()[:16]: place},
    )  # fmt: skip
    Watched.objects.get_or_create(
        id=grant.credential_id,
        defaults={
            "kind": "credential", "at": now - timedelta(days=1), "state": past.written()
        },
    )  # fmt: skip
    return grant


def reveal(software, visit, *, address=HOME, fields=("last_name",)):
    """One identity, asked for from somewhere."""
    software.address = address
    return software.post(
        f"appointments/{visit.pk}/reveal", {"purpose": "care", "fields": list(fields)}
    )


def steal(grant, visits, *, fields=IDENTITY):
    """Take one visit after the other until stopped; returns those that were opened."""
    thief = Software(grant.credential, key=STOLEN)
    opened = []
    for visit in visits:
        answer = reveal(thief, visit, address=ELSEWHERE, fields=fields)
        if answer.status_code != 200:
            return opened
        opened.append(visit)
    raise AssertionError("nobody stopped the thief")
