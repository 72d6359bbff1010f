"""Making two files of one person one at a practice, and parting them again.

What moves is the practice's own: visits, questionnaires, conversations, documents, the waiting
list and whatever else is declared as `Moved` on its model (audit/personal_data.py). What is sealed
is opened and sealed anew for the file that it goes to, in one transaction, on the record of both.
Identities are not touched, and other practices see no change.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.personal_data import Moved, PersonalData, declared, sealed_fields
from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor
from audit.refusal import Refusal
from audit.vault.reveal import Purpose, reveal
from audit.vault.sealing import seal
from booking import actions
from booking.models import Account, Patient, PatientMerge, PracticePatient
from practitioners.models import Practice


class CannotMerge(Refusal):
    """These files cannot be made one, or parted; `text` says why."""

    same = _("Choisissez deux fiches différentes.")
    choose = _("Choisissez la fiche à garder.")
    merged = _("Ces deux fiches sont déjà réunies.")
    parted = _("Ces deux fiches sont déjà séparées.")
    has_account = _("Gardez la fiche qui a un compte : l’autre n’en a pas.")
    two_accounts = _("Ces deux fiches ont chacune un compte : elles ne se réunissent pas ici.")
    unknown = _("Une de ces fiches n’est pas, ou plus, de ce cabinet.")


@transaction.atomic
def merge(
    *,
    practice: Practice,
    kept: Patient,
    other: Patient,
    account: Account,
    actor: Actor,
    now: datetime,
) -> PatientMerge:
    """Move what a practice has of one file to another of the same person. Raises CannotMerge."""
    if kept.pk == other.pk:
        raise CannotMerge(CannotMerge.same)
    if other.account_id is not None:
        both = kept.account_id is not None
        raise CannotMerge(CannotMerge.two_accounts if both else CannotMerge.has_account)
    links = PracticePatient.objects.select_for_update(no_key=True).filter(
        practice=practice, patient__in=[kept.pk, other.pk]
    )
    known = {link.patient_id: link for link in links.order_by("patient")}
    if len(known) != 2:
        raise CannotMerge(CannotMerge.unknown)
    _end_doubles(practice, kept, other, now=now)
    moved = {
        merging.kind: [
            str(pk) for pk in _rows(model, data, practice, other).values_list("pk", flat=True)
        ]
        for model, data, merging in _moving()
    }
    _move(moved, practice=practice, source=other, target=kept, actor=actor)
    row = PatientMerge.unscoped.create(
        practice=practice, kept=kept, other=other, moved=moved, merged_by=account, merged_at=now,
        known_since=known[other.pk].since,
    )  # fmt: skip
    known[other.pk].delete()
    _record(actions.PATIENTS_MERGED, row, actor=actor, now=now)
    return row


@transaction.atomic
def separate(*, row: PatientMerge, actor: Actor, now: datetime) -> None:
    """Give the other file back what came from it and is still there. Raises CannotMerge."""
    row = PatientMerge.unscoped.select_for_update(of=("self",)).get(pk=row.pk)
    if row.separated_at is not None:
        raise CannotMerge(CannotMerge.parted)
    _move(row.moved, practice=row.practice, source=row.kept, target=row.other, actor=actor)
    PracticePatient.objects.get_or_create(
        practice=row.practice, patient=row.other, defaults={"since": row.known_since}
    )
    row.separated_at = now
    row.save(update_fields=["separated_at"])
    _record(actions.PATIENTS_SEPARATED, row, actor=actor, now=now)


def _moving() -> Iterator[tuple[Any, PersonalData, Moved]]:
    """Every model whose rows go along, with what it declares."""
    for model, data in declared():
        if isinstance(data.merging, Moved):
            yield model, data, data.merging


def _rows(model: Any, data: PersonalData, practice: Practice, patient: Patient) -> "QuerySet[Any]":
    found: QuerySet[Any] = model._base_manager.filter(
        **{data.practice: practice}, patient_id=patient.pk
    )
    return found


def _move(
    moved: Mapping[str, list[str]],
    *,
    practice: Practice,
    source: Patient,
    target: Patient,
    actor: Actor,
) -> None:
    rows: list[tuple[Any, tuple[str, ...]]] = [
        (row, sealed_fields(model))
        for model, data, merging in _moving()
        for row in _rows(model, data, practice, source).filter(pk__in=moved.get(merging.kind, []))
    ]
    with reveal(rows, actor=actor, purpose=Purpose.CARE, object_id=target.pk) as plain:
        for row, names in rows:
            texts = {name: plain.text(row, name) for name in names}
            row.patient_id = target.pk
            if texts:
                seal(row, **texts)
            row.save(update_fields=["patient_id", *texts])


def _end_doubles(practice: Practice, kept: Patient, other: Patient, *, now: datetime) -> None:
    """End what the kept file has already and can have once, such as a wait for a visit reason."""
    for model, data, merging in _moving():
        if not merging.once:
            continue
        is_open = {f"{merging.ended}__isnull": True} if merging.ended else {}
        same = {column: OuterRef(column) for column in merging.once}
        doubles = _rows(model, data, practice, other).filter(
            Exists(_rows(model, data, practice, kept).filter(**is_open, **same)), **is_open
        )
        if merging.ended:
            doubles.update(**{merging.ended: now})
        else:
            doubles.delete()


def _record(action: Action, row: PatientMerge, *, actor: Actor, now: datetime) -> None:
    entries.write(
        action, actor=actor, subjects=[row.kept_id, row.other_id], practice_id=row.practice_id,
        object_id=row.pk, at=now,
        details={kind: len(ids) for kind, ids in row.moved.items() if ids},
    )  # fmt: skip
