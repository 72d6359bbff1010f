import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Erased, Exported, PersonalData, When
from audit.vault.kept_fields import KeptSecretField
from audit.vault.sealing import SealedField


class CheckKind(models.TextChoices):
    """What the address is for."""

    SIGN_UP = "sign_up", _("nouveau compte")
    CHANGE = "change", _("nouvelle adresse")
    RESET = "reset", _("mot de passe oublié")


class AddressCheck(models.Model):
    """An address whose mail somebody has to show that they read, by a code or by a link.

    A sign-up has no account until a password is chosen, which comes after the proof; it carries
    the address and where the person goes on. A forgotten password has nothing but the address's
    index. Whether the address is another account's already, the worker that writes the mail finds
    out, and the proof once more.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=7, choices=CheckKind.choices)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="address_checks"
    )
    # Of changes that were begun when that was found out at once.
    is_void = models.BooleanField(default=False)
    email_index = models.BinaryField()
    # Of a sign-up until it is done, and of a change: the new address; the one before the change.
    email = SealedField()
    former = SealedField()
    # Of a sign-up: the language in which it was begun.
    language = models.CharField(max_length=5, blank=True, default="", db_default="")
    # The target may be a link of a mail, which opens something.
    target = KeptSecretField(use="target of a sign-up", blank=True, default="")
    hold_key = KeptSecretField(use="hold of a sign-up", blank=True, default="")
    # Which code it is, and how often a wrong one was typed for it.
    code_number = models.PositiveSmallIntegerField(default=1)
    tries = models.PositiveSmallIntegerField(default=0)
    mails = models.PositiveSmallIntegerField(default=1)
    sent_at = models.DateTimeField()
    code_until = models.DateTimeField()
    link_until = models.DateTimeField()
    proved_at = models.DateTimeField(null=True)
    # When it was withdrawn; of a change that was proved, when it was taken back.
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    personal_data = PersonalData(
        account="account",
        # Those of a forgotten password, which have no account, go by their index.
        erasing=Erased(When.AT_ONCE),
        export=Exported(
            section="address_checks",
            fields={
                "kind": "kind", "email": "email", "former": "former", "sent_at": "sent_at",
                "proved_at": "proved_at", "ended_at": "ended_at", "created_at": "created_at",
            },
            order=("created_at", "pk"),
        ),
    )  # fmt: skip

    class Meta:
        verbose_name = _("vérification d’adresse")
        verbose_name_plural = _("vérifications d’adresse")
        indexes = [
            models.Index(
                fields=["account"],
                name="open_address_checks",
                condition=Q(proved_at__isnull=True, ended_at__isnull=True),
            ),
            models.Index(fields=["created_at"], name="address_checks_by_age"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> uuid.UUID:
        """Whose key seals the addresses: of a sign-up, which has no account, its own."""
        return self.account_id or self.id

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its code or link."""
        return self.proved_at is None and self.ended_at is None
