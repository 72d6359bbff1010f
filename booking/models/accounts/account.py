import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Emptied, Exported, PersonalData
from audit.vault.blind_index import blind_index, normalise_email
from audit.vault.sealing import SealedField


def email_index(email: str) -> bytes | None:
    """The blind index by which sign-in finds an account."""
    return blind_index("account.email", normalise_email(email))


class Reminders(models.TextChoices):
    """By which way an account wants to be reminded, where there is a choice."""

    BOTH = "both", _("par e-mail et SMS")
    EMAIL = "email", _("par e-mail seulement")
    SMS = "sms", _("par SMS seulement")
    NONE = "none", _("aucun")


class AccountManager(BaseUserManager["Account"]):
    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(email_index=email_index(username or ""))


class Account(AbstractBaseUser, PermissionsMixin):
    """Who signs in. The address is sealed; its blind index is what is unique."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = SealedField()
    email_index = models.BinaryField(unique=True)
    email_verified_at = models.DateTimeField(null=True)
    name = SealedField()
    language = models.CharField(
        _("langue"), max_length=2, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    reminders = models.CharField(
        _("rappels"), max_length=5, choices=Reminders.choices, default=Reminders.BOTH,
        db_default=Reminders.BOTH,
    )  # fmt: skip
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # Since when the dashboard asks each session for the second factor again.
    asked_at = models.DateTimeField(null=True, blank=True)
    # Since when the account is kept from the dashboard: the watch has stopped it.
    stopped_at = models.DateTimeField(_("arrêté le"), null=True, blank=True)
    # The practice whose pages it used last: where a member of several goes on.
    last_practice_id = models.UUIDField(null=True, blank=True, editable=False)
    # How often all its sessions were ended at once.
    sign_outs = models.PositiveIntegerField(default=0, db_default=0)

    USERNAME_FIELD = "email_index"
    EMAIL_FIELD = "email_index"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = AccountManager()

    personal_data = PersonalData(
        account="pk",
        # What else closing an account takes: booking/rights/erase.py.
        erasing=Emptied(("email", "name")),
        export=Exported(
            section="account",
            fields={
                "id": "pk", "email": "email", "name": "name", "language": "language",
                "reminders": "reminders", "created_at": "created_at",
                "email_verified_at": "email_verified_at", "last_sign_in_at": "last_login",
            },
            is_single=True,
        ),
    )  # fmt: skip

    class Meta:
        verbose_name = _("compte")
        verbose_name_plural = _("comptes")

    def __str__(self) -> str:
        return str(self.id)

    def get_username(self) -> str:
        """An opaque name: the address itself is sealed."""
        return str(self.id)

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """What a session was begun with: another password or a sign-out everywhere ends it."""
        begun = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        return f"{begun}{self.sign_outs}" if self.sign_outs else str(begun)

    def clean(self) -> None:
        """Nothing to normalise: the index is made from the normalised address."""

    @property
    def subject_id(self) -> uuid.UUID:
        return self.id

    def natural_key(self) -> Any:
        return (str(self.id),)
