"""Documents between patients and practices: taken, opened, withdrawn. All of it is sealed."""

import re
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import puremagic
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from audit.plain_text import is_hidden, with_spaces
from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor
from audit.refusal import Refusal
from audit.vault.files import PART_BYTES, SealedFile, open_part
from audit.vault.sealing import seal
from booking import actions
from booking.exchange import scanning
from booking.models import Account, Document, DocumentPart, Patient, PracticePatient
from booking.models.message import MessageKind
from booking.outbox import messages
from practitioners.models import Practice

LARGEST_MB = 15
LARGEST_BYTES = LARGEST_MB * 1024 * 1024
AT_ONCE = 10
# For one patient at one practice.
ROOM_BYTES = 300 * 1024 * 1024
TITLE_LENGTH = 120
# What browsers show without running anything of it, by the first bytes and not by the name.
TYPES = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/heif": ".heic",
}
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/\\<>:\"|?*\u202a-\u202e\u2066-\u2069]+")


class CannotTake(Refusal):
    """The document is not taken; `text` says why."""

    unknown = _("Le cabinet ne vous connaît pas encore : prenez d’abord rendez-vous.")
    too_large = _("Ce fichier est trop grand : 15 Mo au plus.")
    empty = _("Ce fichier est vide.")
    wrong_type = _("Envoyez un PDF ou une photo (JPEG, PNG, WebP, HEIC).")
    infected = _("Ce fichier est refusé : il contient un logiciel malveillant.")
    away = _("L’analyse des fichiers ne répond pas. Réessayez dans quelques minutes.")
    full = _("Il n’y a plus de place pour ce cabinet. Retirez des documents, ou appelez-le.")


class CannotWithdraw(Refusal):
    """What the other side has opened is part of its file."""

    text = _("Ce document a été ouvert : il ne peut plus être retiré.")


def media_type_of(head: bytes) -> str:
    """The type that the first bytes show, one of TYPES. Raises CannotTake."""
    try:
        found = puremagic.from_string(head, mime=True)
    except (puremagic.PureError, ValueError):
        found = ""
    if found not in TYPES:
        raise CannotTake(CannotTake.wrong_type)
    return found


def title_of(name: str, media_type: str) -> str:
    """A file's name as it is kept: no path, nothing invisible, an ending that is true."""
    stem = _NOT_IN_NAMES.sub(" ", name).strip(" .")
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", stem).strip(" .")
    stem = with_spaces("".join(each for each in stem if not is_hidden(each)))[:TITLE_LENGTH]
    return f"{stem or 'document'}{TYPES[media_type]}"


def check(file: SealedFile) -> tuple[str, bool]:
    """Look at a file before it is taken; its type, and whether a scanner saw it. Raises
    CannotTake.
    """
    if not file.size:
        raise CannotTake(CannotTake.empty)
    if file.size > LARGEST_BYTES:
        raise CannotTake(CannotTake.too_large)
    media_type = media_type_of(file.head)
    try:
        found = scanning.scan(file.reader())
    except scanning.ScannerAway as error:
        raise CannotTake(CannotTake.away) from error
    if found:
        raise CannotTake(CannotTake.infected)
    return media_type, found is not None


def give_all(*, files: Iterable[tuple[SealedFile, str, bool]], **to: Any) -> None:
    """Give several checked files, each as `check` described it, in their order; `to`: as `give`.

    Raises CannotTake; those before it are given.
    """
    for file, media_type, scanned in files:
        give(file=file, media_type=media_type, scanned=scanned, **to)


@transaction.atomic
def give(
    *,
    file: SealedFile,
    media_type: str,
    scanned: bool,
    patient: Patient,
    practice: Practice,
    author: Account,
    by_practice: bool,
    actor: Actor,
    now: datetime,
) -> Document:
    """Take a checked file for the other side; a patient is told that something is there.

    Raises CannotTake.
    """
    link = PracticePatient.objects.select_for_update(no_key=True).filter(
        practice=practice, patient=patient
    )
    if link.first() is None:
        raise CannotTake(CannotTake.unknown)
    there = Document.unscoped.filter(practice=practice, patient=patient)
    if (there.aggregate(n=Sum("size"))["n"] or 0) + file.size > ROOM_BYTES:
        raise CannotTake(CannotTake.full)
    is_news = not there.filter(by_practice=True, opened_at__isnull=True).exists()
    row = Document(
        id=file.id, practice=practice, patient=patient, by_practice=by_practice, author=author,
        media_type=media_type, size=file.size, scanned=scanned, given_at=now,
    )  # fmt: skip
    seal(row, title=title_of(file.name, media_type), content_key=file.key)
    row.save(force_insert=True)
    for number, sealed in enumerate(file.parts()):
        DocumentPart.objects.create(document=row, number=number, sealed=sealed)
    _record(actions.DOCUMENT_GIVEN, row, actor=actor, now=now)
    if by_practice and is_news and patient.account is not None:
        messages.owe_to_account(account=patient.account, kind=MessageKind.DOCUMENT, now=now)
    return row


def opened(*, document: Document, by_practice: bool, now: datetime) -> None:
    """Note that the side to which a document was given has opened it."""
    if document.by_practice != by_practice:
        Document.unscoped.filter(pk=document.pk, opened_at__isnull=True).update(opened_at=now)


@transaction.atomic
def withdraw(*, document: Document, actor: Actor, now: datetime) -> None:
    """Take a document back that the other side has not opened. Raises CannotWithdraw."""
    row = Document.unscoped.select_for_update().get(pk=document.pk)
    if row.opened_at is not None:
        raise CannotWithdraw
    _record(actions.DOCUMENT_WITHDRAWN, row, actor=actor, now=now)
    row.delete()


def _record(action: Action, row: Document, *, actor: Actor, now: datetime) -> None:
    entries.write(
        action, actor=actor, subjects=[row.patient_id], practice_id=row.practice_id,
        object_id=row.pk, details={"bytes": row.size}, at=now,
    )  # fmt: skip


def read(*, document: Document, key: str, first: int, last: int) -> Iterator[bytes]:
    """Yield the bytes of a document from `first` to `last`, both included, a part at a time.

    `key` is the content key, which a reveal has opened. Raises SealBroken.
    """
    for number in range(first // PART_BYTES, last // PART_BYTES + 1):
        part, start = _part(document.pk, document.size, key, number), number * PART_BYTES
        yield part[max(0, first - start) : last - start + 1]


def _part(document_id: uuid.UUID, size: int, key: str, number: int) -> bytes:
    row = DocumentPart.objects.get(document=document_id, number=number)
    return open_part(key, file_id=document_id, number=number, size=size, sealed=bytes(row.sealed))
