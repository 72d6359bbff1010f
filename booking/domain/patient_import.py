"""Taking a practice's patients over from another software: seen first, then taken, with rejects.

Lines that say when are appointments to come as well: they are booked whatever the openings say,
since the practice gave its word, and never on taken time. Their patients are told nothing now;
the reminders are owed as for any other appointment.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from audit.record import entries
from audit.record.entries import Actor, ActorKind, Channel
from audit.vault import erase as vault
from audit.vault.reveal import Purpose, reveal
from audit.vault.sealing import seal
from booking.domain import imported_visits, patient_file, visit_calendar
from booking.domain.duplicates import Duplicate, probable_duplicates
from booking.domain.imported_visits import Desk
from booking.domain.patient_file import Line
from booking.domain.patients import Identity, create_patient, indexes_of
from booking.models import Account, Patient, PatientImport
from booking.models.patient_import import ImportState
from practitioners.domain.pieces import lock_resources
from practitioners.models import Practice, VisitReason

BATCH = 250
SHOWN = 10
# How many probable second files are shown before an import is taken, and asked about for that.
DOUBLES_SHOWN, DOUBLES_ASKED = 20, 100
DOUBLE = _("a probablement déjà une fiche : même naissance, et même téléphone ou nom proche")


@transaction.atomic
def begin(
    *, practice: Practice, account: Account, name: str, content: bytes, actor: Actor, now: datetime
) -> PatientImport:
    """Keep a file, sealed, until it is taken or dropped. Raises patient_file.UnreadableFile."""
    text = (
        visit_calendar.as_table(content, zone=practice.zone)
        if visit_calendar.is_calendar(content)
        else patient_file.text_of(content)
    )
    table = patient_file.read_table(text)
    row = PatientImport(practice=practice, account=account, total=len(table.rows), begun_at=now)
    seal(row, title=name[:120], lines=text)
    row.save(force_insert=True)
    _record("import-begun", row, actor=actor, now=now)
    return row


def look(
    table: patient_file.Table, *, practice: Practice, now: datetime
) -> tuple[list[Line], list[Line]]:
    """The first lines as they were understood, and the first that will be refused as it stands.

    Whether time is taken, and whether a visit reason is known, shows when they are taken.
    """
    first: list[Line] = []
    refused: list[Line] = []
    for line in table.lines():
        problem = line.problem
        if line.visit is not None and imported_visits.is_past(line.visit, practice, now=now):
            problem = imported_visits.CannotTake.past
        if problem and len(refused) < SHOWN:
            refused.append(replace(line, problem=problem))
        elif not problem and len(first) < SHOWN:
            first.append(line)
        if len(first) == len(refused) == SHOWN:
            break
    return first, refused


@dataclass(frozen=True, kw_only=True)
class Double:
    """A line whose patient probably has a file here already, with the files that it may be."""

    line: Line
    files: list[Duplicate]


def look_for_doubles(
    table: patient_file.Table, *, practice: Practice, actor: Actor
) -> tuple[list[Double], bool]:
    """The first lines that would make a second file of somebody, and whether all were looked at.

    In the practice's scope. Lines whose birth date and telephone nobody has are passed by without
    opening anything; of the others DOUBLES_ASKED at most are compared, which is on the record.
    """
    found: list[Double] = []
    asked = 0
    for line in _with_something_in_common(table):
        identity = line.identity
        if identity is None or find_known(identity, practice_id=practice.pk) is not None:
            continue
        if asked == DOUBLES_ASKED or len(found) == DOUBLES_SHOWN:
            return found, False
        asked += 1
        if files := probable_duplicates(identity=identity, actor=actor):
            found.append(Double(line=line, files=files))
    return found, True


def _with_something_in_common(table: patient_file.Table) -> Iterator[Line]:
    """The lines whose birth date or telephone somebody in the scope has."""
    lines = [(line, indexes_of(line.identity)) for line in table.lines() if line.identity]
    there: dict[str, set[bytes]] = {}
    for name in ("birth_date_index", "phone_index"):
        sought = [indexes[name] for _line, indexes in lines if indexes[name] is not None]
        rows = Patient.objects.filter(**{f"{name}__in": sought})
        there[name] = {bytes(index) for index in rows.values_list(name, flat=True)}
    for line, indexes in lines:
        if any(indexes[name] in known for name, known in there.items()):
            yield line


@transaction.atomic
def start(
    *,
    row: PatientImport,
    actor: Actor,
    now: datetime,
    visit_reason: VisitReason | None = None,
    takes_doubles: bool = False,
) -> bool:
    """Let an import that was looked at be taken; False if it is not, or no longer, to be.

    `visit_reason`: what a visit is for whose line names none that its agenda has. `takes_doubles`:
    whether a file is created for who probably has one; else the line is given back.
    """
    changed = PatientImport.unscoped.filter(pk=row.pk, state=ImportState.READY).update(
        state=ImportState.RUNNING, visit_reason=visit_reason, takes_doubles=takes_doubles
    )
    if changed:
        _record("import-started", row, actor=actor, now=now)
        transaction.on_commit(lambda: _wake(row.pk), robust=True)
    return bool(changed)


def _wake(import_id: uuid.UUID) -> None:
    from booking.tasks import import_patients

    import_patients.delay(str(import_id))


@transaction.atomic
def drop(*, row: PatientImport, actor: Actor, now: datetime) -> None:
    """Forget an import and its lines; what it has taken already stays."""
    row = PatientImport.unscoped.select_for_update().get(pk=row.pk)
    if row.state in (ImportState.DONE, ImportState.DROPPED):
        return
    _end(row, ImportState.DROPPED, actor=actor, now=now)


def _end(row: PatientImport, state: ImportState, *, actor: Actor, now: datetime) -> None:
    row.state, row.ended_at = state, now
    row.lines = None
    row.save()
    _record("import-ended", row, actor=actor, now=now)


@transaction.atomic
def forget(*, row: PatientImport, actor: Actor) -> None:
    """Delete an import that has ended, with its rejects; its data key dies with it."""
    vault.erase(subject_ids=[row.pk], actor=actor)
    PatientImport.unscoped.filter(pk=row.pk).delete()


def run_all(*, now: datetime) -> int:
    """Go on with every import that is running: also one whose worker died. Returns how many."""
    ids = PatientImport.unscoped.filter(state=ImportState.RUNNING).values_list("pk", flat=True)
    for import_id in list(ids):
        run(import_id, now=now)
    return len(ids)


def run(import_id: uuid.UUID, *, now: datetime) -> None:
    """Take an import's lines, a batch a transaction: killed anywhere, it goes on where it was."""
    while _take_batch(import_id, now=now):
        pass


@transaction.atomic
def _take_batch(import_id: uuid.UUID, *, now: datetime) -> bool:
    row = (
        PatientImport.unscoped.select_for_update(skip_locked=True, of=("self",))
        .select_related("practice")
        .filter(pk=import_id, state=ImportState.RUNNING)
        .first()
    )
    if row is None:
        return False
    actor = Actor(
        kind=ActorKind.ACCOUNT, channel=Channel.TASK, id=row.account_id,
        practice_id=row.practice_id,
    )  # fmt: skip
    with reveal(
        [(row, ("lines", "rejects"))], actor=actor, purpose=Purpose.BOOKING, object_id=row.pk
    ) as plain:
        table = patient_file.read_table(plain.text(row, "lines"))
        rejects = plain.text(row, "rejects")
    refused: list[Line] = []
    desk = imported_visits.desk_of(row.practice, otherwise=row.visit_reason)
    if table.has_visits:
        lock_resources(row.practice_id)
    for line in table.lines(after=row.done):
        row.done += 1
        problem = _take_line(line, row=row, desk=desk, actor=actor, now=now)
        if problem:
            refused.append(replace(line, problem=problem))
        if row.done % BATCH == 0:
            break
    if refused:
        row.rejected += len(refused)
        text = patient_file.rejects_of(table.header, refused)
        # One header alone, whatever the number of batches.
        more = text if not rejects else text.partition("\r\n")[2]
        seal(row, rejects=rejects + more)
    if row.done >= row.total:
        _end(row, ImportState.DONE, actor=actor, now=now)
        return False
    row.save()
    return True


def _take_line(
    line: Line, *, row: PatientImport, desk: Desk, actor: Actor, now: datetime
) -> object:
    """Take one line, or leave nothing of it; return why it is refused, if it is."""
    if line.identity is None:
        return line.problem
    patient = find_known(line.identity, practice_id=row.practice_id)
    if patient is None and not row.takes_doubles:
        with scope(practice=row.practice):
            if probable_duplicates(identity=line.identity, actor=actor):
                return DOUBLE
    try:
        with transaction.atomic():
            is_new = patient is None
            if patient is None:
                patient = create_patient(
                    identity=line.identity, actor=actor, now=now, practice=row.practice
                )
            took = line.visit is not None and imported_visits.take_visit(
                line.visit, patient=patient, desk=desk, actor=actor, now=now
            )
    except imported_visits.CannotTake as problem:
        return problem.text
    row.created += is_new
    row.known += not is_new
    row.visits += took
    return ""


def find_known(identity: Identity, *, practice_id: uuid.UUID) -> Patient | None:
    """The practice's patient who has this name and birth date, or this name and telephone."""
    indexes = indexes_of(identity)
    same = Patient.unscoped.filter(practice_links__practice=practice_id).order_by("pk")
    if indexes["name_birth_index"] is not None:
        names: tuple[str, ...] = ("last_name_index", "name_birth_index")
    else:
        names = ("last_name_index", "first_name_index", "phone_index")
    return same.filter(**{name: indexes[name] for name in names}).first()


def _record(action: str, row: PatientImport, *, actor: Actor, now: datetime) -> None:
    entries.write(
        action, actor=actor, practice_id=row.practice_id, object_id=row.pk, at=now,
        details={
            "lines": row.total, "created": row.created, "known": row.known,
            "rejected": row.rejected, "visits": row.visits,
        },
    )  # fmt: skip
