"""The only way to plaintext: name the actor and the purpose, write the entry, then decrypt."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any

from audit import actions
from audit.record import entries
from audit.vault import keys, sealing

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


Pairs = list[tuple[Any, str]]
Guard = Callable[..., dict[str, object]]
_guards: dict[entries.Channel, Guard] = {}


def register_guard(channel: entries.Channel, guard: Guard) -> None:
    """Register the check of every reveal on a channel; called once, by an app.

    A guard receives actor, pairs, purpose, details and at; it returns further details of the entry,
    and raises an exception to prevent the reveal.
    """
    _guards[channel] = guard


@contextmanager
def reveal(
    wanted: Iterable[tuple[Any, Iterable[str]]],
    *,
    actor: entries.Actor,
    purpose: Purpose,
    object_id: uuid.UUID | None = None,
    details: Mapping[str, object] | None = None,
    at: datetime | None = None,
) -> Iterator[Plain]:
    """Decrypt the named fields of the named rows, after writing one entry about it.

    `wanted` pairs each row with the fields that will be read. The entry is inserted in the caller's
    transaction (or on its own without one) before any text can be read; if it cannot be written,
    the error propagates and nothing is decrypted. If that transaction is rolled back, the entry is
    written again, because something was read. Inside another acting block the outer actor stays.
    Null fields are left out of the entry. The entry contains the actor's origin and the `details`.
    If the channel has a guard, its exceptions propagate, and nothing is decrypted.
    """
    named = [(row, name) for row, names in wanted if row is not None for name in names]
    pairs = [(row, name) for row, name in named if getattr(row, name) is not None]
    with entries.acting(actor) as outer:
        if pairs:
            said = dict(details or {})
            if outer.origin is not None:
                said |= vars(outer.origin)
            if outer.channel in _guards:
                said |= _guards[outer.channel](
                    actor=outer, pairs=pairs, purpose=purpose, details=said, at=at
                )
            entries.write(
                actions.REVEAL,
                actor=actor,
                purpose=purpose.value,
                subjects={row.subject_id for row, _ in pairs},
                fields={sealing.field_label(row._meta.get_field(name)) for row, name in pairs},
                object_id=object_id,
                details=said,
                at=at,
                outlives_rollback=True,
            )
        opened = keys.data_keys({row.subject_id for row, _ in pairs}) if pairs else {}
        allowed = frozenset((row._meta.db_table, row.pk, name) for row, name in named)
        plain = Plain(allowed, opened)
        try:
            yield plain
        finally:
            plain.close()
