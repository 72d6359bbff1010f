"""Columns with secrets that are used and not shown, such as an address with a signed link."""

import base64
import binascii
from typing import Any

from cryptography.fernet import InvalidToken
from django.core.signing import BadSignature
from django.db import models

from audit.vault.kept_secrets import keep_secret, use_secret


class KeptSecretField(models.TextField):  # type: ignore[type-arg]
    """A text that is encrypted in the database, for one use (kept_secrets.py), and a plain str
    here.

    If it cannot be decrypted, because the settings' secret has changed, it reads as empty. It
    cannot be searched.
    """

    def __init__(self, *args: Any, use: str, **kwargs: Any) -> None:
        self.use = use
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"use": self.use}

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        if not value:
            return value
        try:
            return use_secret(base64.b64decode(value, validate=True), use=self.use.encode())
        except (InvalidToken, BadSignature, binascii.Error, ValueError):
            return ""

    def get_prep_value(self, value: Any) -> Any:
        if not value:
            return value
        return base64.b64encode(keep_secret(str(value), use=self.use.encode())).decode()

    def get_lookup(self, lookup_name: str) -> Any:
        # Each sealing is another text: only what is empty can be asked for.
        return super().get_lookup(lookup_name) if lookup_name in ("isnull", "exact") else None
