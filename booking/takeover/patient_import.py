"""Taking a practice's patients over from another software: seen first, then taken, with rejects.

Lines that say when are appointments to come as well: they are booked whatever the openings say,
since the practice gave its word, and never on taken time. Their patients are told nothing now;
the reminders are owed as for any other appointment.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor, ActorKind, Channel
from audit.vault import erase as vault
from audit.vault.reveal import Purpose, reveal
from audit.vault.sealing import seal
from audit.wake import ask_for
from booking import actions
from booking.accounts.access_changes import tell
from booking.models import Account, Patient, PatientImport
from booking.models.accounts.access_change import ChangeKind
from booking.models.patient_import import ImportState
from booking.patients.duplicates import Duplicate, probable_duplicates
from booking.patients.patients import Identity, create_patient, indexes_of
from booking.takeover import imported_visits, patient_file, visit_calendar
from booking.takeover.imported_visits import Desk
from booking.takeover.patient_file import Line
from practitioners.domain.scheduling.reservations.pieces import lock_resources
from practitioners.models import Practice, VisitReason

BATCH = 250
SHOWN = 10
# How many lines are compared with the files that there are for one page; there are as many pages
# as it takes.
COMPARED_AT_ONCE = 100
DOUBLE = _("a probablement déjà une fiche : même naissance, et même téléphone ou nom proche")


@transaction.atomic
def begin(
    *, practice: Practice, account: Account, name: str, content: bytes, actor: Actor, now: datetime
) -> PatientImport:
    """Keep a file, sealed, until it is taken or dropped. Raises patient_file.UnreadableFile."""
    if (wide := patient_file.utf_16_of(content)) is not None:
        content = wide.encode()
    is_calendar = visit_calendar.is_calendar(content)
    text, left_out = (
        visit_calendar.as_table(content, zone=practice.zone)
        if is_calendar
        else (patient_file.text_of(content), 0)
    )
    table = patient_file.read_table(text)
    row = PatientImport(
        practice=practice,
        account=account,
        total=len(table.rows),
        is_calendar=is_calendar,
        left_out=left_out,
        begun_at=now,
    )
    seal(row, title=name[:120], lines=text)
    row.save(force_insert=True)
    _record(actions.IMPORT_BEGUN, row, actor=actor, now=now)
    return row


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a file holds before anything of it is taken.

    `first` and `refused`: the first lines as they were understood, and the first that will be
    refused as they stand; the numbers are of all lines. Whether time is taken, and whether a visit
    reason is known, shows when they are taken.
    """

    first: list[Line]
    refused: list[Line]
    visits: int
    without_visit: int
    n_refused: int
    short_years: int


def look(lines: Iterable[Line], *, practice: Practice, now: datetime) -> Preview:
    """Say what the lines of a file hold."""
    first: list[Line] = []
    refused: list[Line] = []
    count = Counter[str]()
    for line in lines:
        problem = line.problem
        if line.visit is not None and imported_visits.is_past(line.visit, practice, now=now):
            problem = imported_visits.CannotTake.past
        count["short_years"] += line.has_short_year
        if problem:
            count["n_refused"] += 1
            if len(refused) < SHOWN:
                refused.append(replace(line, problem=problem))
            continue
        count["visits" if line.visit is not None else "without_visit"] += 1
        if len(first) < SHOWN:
            first.append(line)
    return Preview(
        first=first, refused=refused, visits=count["visits"],
        without_visit=count["without_visit"], n_refused=count["n_refused"],
        short_years=count["short_years"],
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Double:
    """A line whose patient probably has a file here already, with the files that it may be."""

    line: Line
    files: list[Duplicate]


@dataclass(frozen=True, kw_only=True)
class Doubles:
    """The lines from `since` to `until` of the `total` that might be somebody's second file."""

    found: list[Double]
    since: int
    until: int
    total: int


def look_for_doubles(
    lines: Iterable[Line], *, practice: Practice, actor: Actor, after: int = 0
) -> Doubles:
    """Compare lines with the practice's files, COMPARED_AT_ONCE at most, after the first ones.

    In the practice's scope. Lines whose birth date and telephone nobody has are passed by without
    opening anything, as are those of patients whom the practice knows by their whole identity. Of
    the others the names are opened, which is on the record.
    """
    alike = list(_with_something_in_common(lines))
    after = after if 0 <= after < len(alike) else 0
    found: list[Double] = []
    some = alike[after : after + COMPARED_AT_ONCE]
    for line in some:
        identity = line.identity
        if identity is None or find_known(identity, practice_id=practice.pk) is not None:
            continue
        if files := probable_duplicates(identity=identity, actor=actor):
            found.append(Double(line=line, files=files))
    return Doubles(found=found, since=after + 1, until=after + len(some), total=len(alike))


def _with_something_in_common(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines whose birth date or telephone somebody in the scope has."""
    indexed = [(line, indexes_of(line.identity)) for line in lines if line.identity]
    there: dict[str, set[bytes]] = {}
    for name in ("birth_date_index", "phone_index"):
        sought = [indexes[name] for _line, indexes in indexed if indexes[name] is not None]
        rows = Patient.objects.filter(**{f"{name}__in": sought})
        there[name] = {bytes(index) for index in rows.values_list(name, flat=True)}
    for line, indexes in indexed:
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
        _record(actions.IMPORT_STARTED, row, actor=actor, now=now)
        tell(
            kind=ChangeKind.IMPORT, holder_id=row.practice_id, object_id=row.pk, actor=actor,
            now=now,
        )  # fmt: skip
        transaction.on_commit(lambda: _wake(row.pk), robust=True)
    return bool(changed)


def _wake(import_id: uuid.UUID) -> None:
    ask_for("booking.import_patients", arguments=[str(import_id)])


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
    _record(actions.IMPORT_ENDED, row, actor=actor, now=now)


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
        text = patient_file.rejects_of(table.header, refused, is_calendar=row.is_calendar)
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


def _record(action: Action, row: PatientImport, *, actor: Actor, now: datetime) -> None:
    entries.write(
        action, actor=actor, practice_id=row.practice_id, object_id=row.pk, at=now,
        details={
            "lines": row.total, "created": row.created, "known": row.known,
            "rejected": row.rejected, "visits": row.visits,
        },
    )  # fmt: skip
