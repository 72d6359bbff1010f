import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.vault.sealing import SealedField
from booking.models.patient import Patient
from booking.models.scoping import ScopedManager
from practitioners.models import Practice


class Document(models.Model):
    """A file that a patient gave to a practice, or a practice to a patient. Sealed, like its name.

    `content_key` opens the parts (audit/vault/files.py).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="documents")
    by_practice = models.BooleanField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    title = SealedField()
    content_key = SealedField()
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    # Whether a scanner looked at it, and found nothing.
    scanned = models.BooleanField()
    given_at = models.DateTimeField()
    # When the other side opened it first.
    opened_at = models.DateTimeField(null=True)

    objects = ScopedManager(practice="practice", account="patient__account")
    unscoped = models.Manager["Document"]()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        indexes = [
            models.Index(fields=["patient", "-given_at"], name="documents_of_patient"),
            models.Index(
                fields=["practice"],
                name="documents_waiting",
                condition=models.Q(by_practice=False, opened_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> uuid.UUID:
        return self.patient_id


class DocumentPart(models.Model):
    """A sealed part of a document."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        verbose_name = _("partie de document")
        verbose_name_plural = _("parties de documents")
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="one_part_a_number")
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.number}"
