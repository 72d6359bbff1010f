"""What shows that somebody is an account's owner besides the password, but for passkeys.

django-otp finds these devices by their class and asks each of them. Its own keep the seed and the
recovery codes as they are; ours keep the seed sealed and of each code a keyed digest.
"""

import base64
import binascii
import logging
import os
import time
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, TimestampMixin
from django_otp.oath import TOTP

from audit.personal_data import Erased, Follows, NotExported, PersonalData, When
from audit.vault.blind_index import blind_index
from audit.vault.own_secrets import open_secret, seal_secret
from audit.vault.sealing import SealBroken

logger = logging.getLogger(__name__)
# RFC 6238, with the values that every app knows. One step before and after is taken.
SEED_BYTES, STEP_S, DIGITS, TOLERANCE = 20, 30, 6, 1
SEED = "seed of an app for codes"
CODE_BYTES, GROUP = 10, 4
# What people write for letters of base 32, which has no 0, 1 and 8.
MISREAD = str.maketrans("018", "olb", " -\u2010\u2011\u2013\t")


class CodeApp(TimestampMixin, Device):
    """An app that gives codes which change with the time (TOTP, RFC 6238).

    Its seed is sealed for the account; one that is saved without a seed gets a random one. Wrong
    codes are counted by booking/accounts/sessions/throttle.py, so that nobody keeps the owner's
    out.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sealed_seed = models.BinaryField()
    # How many steps the app's clock was off, and the last step of which a code was taken.
    drift = models.SmallIntegerField(default=0)
    last_step = models.BigIntegerField(default=-1)

    personal_data = PersonalData(
        account="user",
        erasing=Erased(When.AT_ONCE),
        export=NotExported("A secret that proves who its owner is is shown once and to nobody."),
    )

    class Meta:
        verbose_name = _("application de codes")
        verbose_name_plural = _("applications de codes")

    @property
    def seed(self) -> bytes:
        return open_secret(bytes(self.sealed_seed), subject_id=self.user_id, use=SEED)

    @seed.setter
    def seed(self, seed: bytes) -> None:
        self.sealed_seed = seal_secret(seed, subject_id=self.user_id, use=SEED)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.sealed_seed:
            self.seed = os.urandom(SEED_BYTES)
        super().save(*args, **kwargs)

    def verify_token(self, token: str) -> bool:
        """Take a code of now, once; the caller has locked the row.

        An app whose seed was tampered with takes none: the account's other factors do.
        """
        if not (len(token) == DIGITS and token.isdecimal()):
            return False
        try:
            totp = TOTP(self.seed, STEP_S, 0, DIGITS, self.drift)
        except SealBroken:
            logger.error("a seed that does not open: %s", self.pk)
            return False
        totp.time = time.time()
        if not totp.verify(int(token), TOLERANCE, self.last_step + 1):
            return False
        self.last_step, self.drift = totp.t(), totp.drift
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

    @property
    def config_url(self) -> str:
        """What an app reads from the picture (otpauth, as Google Authenticator began it)."""
        issuer = settings.OTP_TOTP_ISSUER
        asked = {
            "secret": base64.b32encode(self.seed).decode(), "algorithm": "SHA1",
            "digits": DIGITS, "period": STEP_S, "issuer": issuer,
        }  # fmt: skip
        label = quote(f"{issuer}:{self.user.get_username()}")
        return f"otpauth://totp/{label}?{urlencode(asked)}"


class RecoverySheet(TimestampMixin, Device):
    """The recovery codes of an account: each replaces another factor once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    personal_data = PersonalData(
        account="user",
        erasing=Erased(When.AT_ONCE),
        export=NotExported("Of recovery codes only digests are kept."),
    )

    class Meta:
        verbose_name = _("série de codes de secours")
        verbose_name_plural = _("séries de codes de secours")

    def add_code(self) -> str:
        """Make a code of 80 bits, and return it as it is shown, once: in groups of four."""
        text = base64.b32encode(os.urandom(CODE_BYTES)).decode().lower()
        self.codes.create(digest=recovery_digest(self.user_id, text))
        return "-".join(text[i : i + GROUP] for i in range(0, len(text), GROUP))

    def verify_token(self, token: str) -> bool:
        """Take a recovery code, once."""
        digest = recovery_digest(self.user_id, token)
        if digest is None or not self.codes.filter(digest=digest).delete()[0]:
            return False
        self.set_last_used_timestamp()
        return True


class RecoveryCode(models.Model):
    """A recovery code that was not used, of which a keyed digest is kept."""

    sheet = models.ForeignKey(RecoverySheet, on_delete=models.CASCADE, related_name="codes")
    digest = models.BinaryField()

    personal_data = PersonalData(
        account="sheet__user",
        erasing=Follows("sheet"),
        export=NotExported("Of recovery codes only digests are kept."),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sheet", "digest"], name="one_recovery_code")
        ]

    def __str__(self) -> str:
        return str(self.pk)


def recovery_digest(account_id: Any, code: str) -> bytes | None:
    """What is kept of an account's recovery code, however it is typed; None for no code at all.

    Keyed with the index key: a copy of the database alone does not even test a guess.
    """
    text = code.lower().translate(MISREAD)
    try:
        base64.b32decode(text.upper())
    except (binascii.Error, ValueError):
        return None
    return blind_index("account.recovery_code", f"{account_id}|{text}") if text else None
