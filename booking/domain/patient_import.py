"""Taking a practice's patients over from another software: seen first, then taken, with rejects."""

import uuid
from datetime import datetime

from django.db import transaction

from audit.record import entries
from audit.record.entries import Actor, ActorKind, Channel
from audit.vault import erase as vault
from audit.vault.reveal import Purpose, reveal
from audit.vault.sealing import seal
from booking.domain import patient_file
from booking.domain.patient_file import Line
from booking.domain.patients import Identity, create_patient, indexes_of
from booking.models import Account, Patient, PatientImport
from booking.models.patient_import import ImportState
from practitioners.models import Practice

BATCH = 250
SHOWN = 10


@transaction.atomic
def begin(
    *, practice: Practice, account: Account, name: str, content: bytes, actor: Actor, now: datetime
) -> PatientImport:
    """Keep a file, sealed, until it is taken or dropped. Raises patient_file.UnreadableFile."""
    text = patient_file.text_of(content)
    table = patient_file.read_table(text)
    row = PatientImport(practice=practice, account=account, total=len(table.rows), begun_at=now)
    seal(row, title=name[:120], lines=text)
    row.save(force_insert=True)
    _record("import-begun", row, actor=actor, now=now)
    return row


@transaction.atomic
def start(*, row: PatientImport, actor: Actor, now: datetime) -> bool:
    """Let an import that was looked at be taken; False if it is not, or no longer, to be."""
    changed = PatientImport.unscoped.filter(pk=row.pk, state=ImportState.READY).update(
        state=ImportState.RUNNING
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
    for line in table.lines(after=row.done):
        row.done += 1
        if line.identity is None:
            refused.append(line)
        elif is_known(line.identity, practice_id=row.practice_id):
            row.known += 1
        else:
            create_patient(identity=line.identity, actor=actor, now=now, practice=row.practice)
            row.created += 1
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


def is_known(identity: Identity, *, practice_id: uuid.UUID) -> bool:
    """Whether the practice has this patient: by name and birth date, or by name and telephone."""
    indexes = indexes_of(identity)
    same = Patient.unscoped.filter(practice_links__practice=practice_id)
    if indexes["name_birth_index"] is not None:
        return same.filter(
            last_name_index=indexes["last_name_index"], name_birth_index=indexes["name_birth_index"]
        ).exists()
    names = ("last_name_index", "first_name_index", "phone_index")
    return same.filter(**{name: indexes[name] for name in names}).exists()


def _record(action: str, row: PatientImport, *, actor: Actor, now: datetime) -> None:
    entries.write(
        action, actor=actor, practice_id=row.practice_id, object_id=row.pk, at=now,
        details={
            "lines": row.total, "created": row.created, "known": row.known,
            "rejected": row.rejected,
        },
    )  # fmt: skip
