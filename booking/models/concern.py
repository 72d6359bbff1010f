import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Exported, Kept, PersonalData
from audit.vault.sealing import SealedField
from practitioners.models import Practice


class Concern(models.Model):
    """A patient says of a line of the record: this was not expected. A practice or staff answer."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="concerns"
    )
    entry_id = models.UUIDField()
    entry_at = models.DateTimeField()
    # None: the platform itself, or its staff, read; staff answer.
    practice = models.ForeignKey(
        Practice, null=True, on_delete=models.PROTECT, related_name="concerns"
    )
    words = SealedField()
    answer = SealedField()
    created_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    personal_data = PersonalData(
        account="account",
        erasing=Kept("That a line was questioned and answered stays; its words open for nobody."),
        export=Exported(
            section="concerns",
            fields={
                "about_entry": "entry_id", "raised_at": "created_at", "words": "words",
                "answered_at": "answered_at", "answer": "answer",
            },
            order=("created_at", "pk"),
        ),
    )  # fmt: skip

    class Meta:
        verbose_name = _("signalement")
        verbose_name_plural = _("signalements")
        constraints = [
            models.UniqueConstraint(fields=["account", "entry_id"], name="one_concern_a_line")
        ]
        indexes = [
            models.Index(
                fields=["practice", "created_at"],
                name="concerns_open",
                condition=Q(answered_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> uuid.UUID:
        return self.account_id
