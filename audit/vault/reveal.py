"""The one way to plaintext: state who and why, the guard is asked, the record is written, then the
text opens.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any

from audit import actions
from audit.record import entries
from audit.record.actions import Action
from audit.vault import keys, sealing
from audit.vault.guard import Answer, NotOpened, Reading, decide

ERASED = ""


class Purpose(StrEnum):
    """The purpose of a reveal. The patient sees it in the access log."""

    OWN_DATA = "own-data"
    CARE = "care"
    BOOKING = "booking"
    MESSAGE = "message"
    SUPPORT = "support"
    ACCOUNT = "account"
    LEGAL = "legal"


class NotRevealed(Exception):
    """A field was requested that this block did not name, or after the block ended."""


class Plain:
    """The texts that one `reveal` block decrypted; unusable after the block."""

    def __init__(
        self, allowed: frozenset[tuple[str, uuid.UUID, str]], opened: dict[uuid.UUID, bytes]
    ) -> None:
        self._allowed = allowed
        self._keys: dict[uuid.UUID, bytes] | None = opened

    def text(self, row: Any, name: str) -> str:
        """Return the text of a field of a row that the block named; empty if erased or not given.

        Raises NotRevealed and audit.vault.SealBroken.
        """
        if self._keys is None:
            raise NotRevealed("The reveal block has ended.")
        if (row._meta.db_table, row.pk, name) not in self._allowed:
            raise NotRevealed(f"{row._meta.db_table}.{name} of this row is not part of the block.")
        data_key = self._keys.get(row.subject_id)
        return ERASED if data_key is None else sealing.open_sealed(data_key, row, name)

    def joined(self, row: Any, names: Iterable[str]) -> str:
        """Return the texts of some fields, without the empty ones, joined by a space.

        Raises as `text` does.
        """
        return " ".join(text for name in names if (text := self.text(row, name)))

    def close(self) -> None:
        self._keys = None


def note(
    action: Action,
    pairs: Sequence[tuple[Any, str]],
    *,
    actor: entries.Actor,
    purpose: Purpose,
    fields: Iterable[str],
    object_id: uuid.UUID | None = None,
    details: Mapping[str, object] | None = None,
    at: datetime | None = None,
    about: object = None,
) -> None:
    """Ask the channel's guard, and write the entry that says what is about to be read.

    `pairs`: rows with names of what is read of each; without any there is nothing to say, but the
    guard is asked all the same. Raises guard.NotOpened, NoGuard and what the guard raises, in the
    caller's transaction, which must commit what the guard has done (guard.py).
    """
    with entries.acting(actor) as outer:
        said = dict(details or {})
        if outer.origin is not None:
            said |= vars(outer.origin)
        decision = decide(
            Reading(actor=outer, pairs=pairs, purpose=purpose, details=said, at=at, about=about)
        )
        if decision.answer is not Answer.OPEN:
            raise NotOpened(decision)
        if not pairs:
            return
        entries.write(
            action,
            actor=actor,
            purpose=purpose.value,
            subjects={row.subject_id for row, _ in pairs},
            fields=fields,
            object_id=object_id,
            details=said | {**decision.noted},
            at=at,
            outlives_rollback=True,
        )


@contextmanager
def reveal(
    wanted: Iterable[tuple[Any, Iterable[str]]],
    *,
    actor: entries.Actor,
    purpose: Purpose,
    object_id: uuid.UUID | None = None,
    details: Mapping[str, object] | None = None,
    at: datetime | None = None,
    about: object = None,
) -> Iterator[Plain]:
    """Decrypt the named fields of the named rows, after writing one entry about it.

    `wanted` pairs each row with the fields that will be read. The entry is inserted in the
    caller's transaction (or on its own without one) before any text can be read; if it cannot
    be written the error propagates and nothing opens. If that transaction is rolled back, the entry
    is written again, since something was read. Inside another acting block the outer
    actor stays. A field that is null is not part of the entry: there is nothing to see. The entry
    says through what it was asked for (the actor's origin), and `details` whatever else there is
    to say. The channel's guard is asked first, of `about` if it demands that: where it refuses,
    guard.NotOpened is raised and nothing opens (see `note`).
    """
    named = [(row, name) for row, names in wanted if row is not None for name in names]
    pairs = [(row, name) for row, name in named if getattr(row, name) is not None]
    with entries.acting(actor):
        if named:
            note(
                actions.REVEAL,
                pairs,
                actor=actor,
                purpose=purpose,
                fields={sealing.field_label(row._meta.get_field(name)) for row, name in pairs},
                object_id=object_id,
                details=details,
                at=at,
                about=about,
            )
        opened = keys.data_keys({row.subject_id for row, _ in pairs}) if pairs else {}
        allowed = frozenset((row._meta.db_table, row.pk, name) for row, name in named)
        plain = Plain(allowed, opened)
        try:
            yield plain
        finally:
            plain.close()
