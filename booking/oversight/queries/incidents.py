"""What incidents say to those whom they concern: practices and patients, each their own part."""

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from audit.incidents.authority import data_names
from audit.incidents.exposure import lines_of
from audit.models import Incident, Notice, NoticeKind, NoticeState
from booking.models import Account, Patient
from booking.oversight.queries.reads import subjects_of_account
from practitioners.models import Practice

TOLD = (NoticeState.OWED, NoticeState.HANDED, NoticeState.SENT, NoticeState.UNSURE,
        NoticeState.FAILED)  # fmt: skip


def incidents_of_practice(practice: Practice) -> list[Incident]:
    """The incidents of which a practice was notified, the newest first."""
    told = Notice.objects.filter(
        kind=NoticeKind.CONTROLLER, practice_id=practice.pk, state__in=TOLD
    )
    return list(Incident.objects.filter(pk__in=told.values("incident")).order_by("-number"))


@dataclass(kw_only=True)
class Exposed:
    """One patient, and what of theirs was read when."""

    patient: Patient
    fields: set[str] = field(default_factory=set)
    first_at: datetime | None = None
    last_at: datetime | None = None
    # We were to tell them, and no message has reached them: somebody has to call.
    is_unreached: bool = False

    @property
    def data(self) -> list[str]:
        """The fields in words."""
        return data_names(sorted(self.fields))


def exposed_at(incident: Incident, practice: Practice, *, now: datetime) -> list[Exposed]:
    """A practice's own list, by when they were read first. Nothing is opened by this."""
    found: dict[uuid.UUID, Exposed] = {}
    for line in lines_of(incident, now=now):
        if line.practice_id != practice.pk:
            continue
        for subject in line.subjects:
            row = found.setdefault(subject, Exposed(patient=Patient(pk=subject)))
            row.fields.update(line.fields)
            row.first_at = min(row.first_at or line.at, line.at)
            row.last_at = max(row.last_at or line.at, line.at)
    patients = Patient.unscoped.in_bulk(list(found))
    unreached = _unreached(incident)
    for pk, row in found.items():
        row.patient = patients.get(pk, row.patient)
        row.is_unreached = pk in unreached
    return sorted(found.values(), key=lambda row: (row.first_at, row.patient.pk))


def _unreached(incident: Incident) -> set[uuid.UUID]:
    """Patients of whose notices, by every way there was, none got through."""
    failed: set[uuid.UUID] = set()
    others: set[uuid.UUID] = set()
    rows = incident.notices.filter(kind=NoticeKind.PATIENT).values_list("state", "subjects")
    for state, subjects in rows:
        is_lost = state in (NoticeState.FAILED, NoticeState.VOID)
        (failed if is_lost else others).update(subjects)
    return failed - others


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What of one person of an account's was seen at one practice."""

    subject: uuid.UUID
    practice: str
    data: list[str]
    # Each entry with its instant: its proof is on the page of readings.
    lines: list[tuple[uuid.UUID, datetime]]


@dataclass(frozen=True, kw_only=True)
class OwnIncident:
    """An incident as an account sees it."""

    incident: Incident
    seen: list[Seen]


def incidents_of_account(account: Account, *, now: datetime) -> list[OwnIncident]:
    """The incidents that an account was told of, with exactly what of its people was read."""
    subjects = subjects_of_account(account)
    told = Notice.objects.filter(kind=NoticeKind.PATIENT, state__in=TOLD).filter(
        Q(recipient_id__in=subjects) | Q(subjects__overlap=subjects)
    )
    incidents = Incident.objects.filter(pk__in=told.values("incident")).order_by("-number")
    return [_own(incident, subjects, now=now) for incident in incidents]


def _own(incident: Incident, subjects: list[uuid.UUID], *, now: datetime) -> OwnIncident:
    fields: dict[tuple[uuid.UUID, uuid.UUID | None], set[str]] = defaultdict(set)
    lines: dict[tuple[uuid.UUID, uuid.UUID | None], list[tuple[uuid.UUID, datetime]]]
    lines = defaultdict(list)
    own = set(subjects)
    for line in lines_of(incident, now=now, only=subjects):
        for subject in own & set(line.subjects):
            fields[subject, line.practice_id].update(line.fields)
            lines[subject, line.practice_id].append((line.entry_id, line.at))
    wanted = [pk for _subject, pk in fields if pk]
    names = dict(Practice.objects.filter(pk__in=wanted).values_list("pk", "name"))
    return OwnIncident(
        incident=incident,
        seen=[
            Seen(
                subject=subject,
                practice=names.get(pk, "") if pk else "",
                data=data_names(sorted(some)),
                lines=lines[subject, pk],
            )
            for (subject, pk), some in fields.items()
        ],
    )
