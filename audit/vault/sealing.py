"""Sealed fields: AES-256-GCM under a key of the subject, table and column, bound to the row.

A ciphertext that is moved to another row, column or table cannot be decrypted. Attributes of sealed
fields hold a `Sealed`, which never returns text; only `audit.vault.reveal` does.
"""

import os
import uuid
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import FieldError
from django.db import models
from django.utils.translation import gettext

from audit.vault import keys

VERSION = b"\x01"
NONCE_BYTES = 12


class SealBroken(Exception):
    """The ciphertext was changed or moved, or was sealed for another subject."""


class Sealed:
    """The value of a sealed attribute: a ciphertext, without a way to its text."""

    __slots__ = ("_ciphertext",)

    def __init__(self, ciphertext: bytes) -> None:
        self._ciphertext = bytes(ciphertext)

    @property
    def ciphertext(self) -> bytes:
        return self._ciphertext

    def __repr__(self) -> str:
        return "<sealed>"

    def __str__(self) -> str:
        """The word that a page shows instead of it."""
        return gettext("scellé")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and other._ciphertext == self._ciphertext

    def __hash__(self) -> int:
        return hash(self._ciphertext)


class SealedField(models.BinaryField):  # type: ignore[type-arg]
    """A column that holds ciphertext. Its model needs `subject_id` and a primary key set early.

    Null means "nothing given"; an empty text is stored as null.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("null", True)
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Sealed | None:
        return None if value is None else Sealed(bytes(value))

    def to_python(self, value: Any) -> Any:
        if value is None or isinstance(value, Sealed):
            return value
        raise FieldError(f"{self.name} is sealed: set it with audit.vault.seal().")

    def get_prep_value(self, value: Any) -> bytes | None:
        if value is None:
            return None
        if isinstance(value, Sealed):
            return value.ciphertext
        raise FieldError(f"{self.name} is sealed: set it with audit.vault.seal().")

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        ciphertext = value if prepared else self.get_prep_value(value)
        return None if ciphertext is None else connection.Database.Binary(ciphertext)

    def value_to_string(self, obj: models.Model) -> str:
        raise FieldError(f"{self.name} is sealed: it is not part of fixtures or exports.")

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is sealed: look it up by its blind index.")
        return super().get_lookup(lookup_name)


def seal(row: Any, **texts: str | None) -> None:
    """Seal texts into the row's fields of the same names; the caller saves the row.

    Makes the subject's data key at the first use. `None` or an empty text empties the field.
    """
    seal_with(keys.ensure_data_key(row.subject_id), row, **texts)


def seal_with(data_key: bytes, row: Any, **texts: str | None) -> None:
    """Like `seal`, with a given data key, for loading many rows."""
    for name, text in texts.items():
        field = row._meta.get_field(name)
        if not isinstance(field, SealedField):
            raise FieldError(f"{name} is not a sealed field.")
        setattr(row, name, Sealed(_encrypt(data_key, row, field, text)) if text else None)


def _encrypt(data_key: bytes, row: Any, field: SealedField, text: str) -> bytes:
    label = field_label(field)
    nonce = os.urandom(NONCE_BYTES)
    cipher = AESGCM(keys.field_key(data_key, label))
    sealed = cipher.encrypt(nonce, text.encode(), _bound_to(label, row.pk, row.subject_id))
    return VERSION + nonce + sealed


def open_sealed(data_key: bytes, row: Any, name: str) -> str:
    """Return the text of one field. Only `reveal` calls this. Raises SealBroken."""
    value = getattr(row, name)
    if value is None:
        return ""
    field = row._meta.get_field(name)
    label = field_label(field)
    ciphertext = value.ciphertext
    if ciphertext[:1] != VERSION:
        raise SealBroken(f"{label}: unknown sealing version.")
    nonce, body = ciphertext[1 : 1 + NONCE_BYTES], ciphertext[1 + NONCE_BYTES :]
    cipher = AESGCM(keys.field_key(data_key, label))
    try:
        return cipher.decrypt(nonce, body, _bound_to(label, row.pk, row.subject_id)).decode()
    except InvalidTag as error:
        raise SealBroken(f"{label}: does not open in row {row.pk}.") from error


def field_label(field: "models.Field[Any, Any]") -> str:
    """Name a column as `table.column`."""
    return f"{field.model._meta.db_table}.{field.column}"


def _bound_to(label: str, pk: uuid.UUID, subject_id: uuid.UUID) -> bytes:
    return b"|".join([label.encode(), str(pk).encode(), subject_id.bytes])
