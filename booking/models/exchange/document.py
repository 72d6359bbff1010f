import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import (
    Erased,
    Evidence,
    Exported,
    Follows,
    Moved,
    NotExported,
    PersonalData,
    When,
)
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

    personal_data = PersonalData(
        patient=("patient",),
        practice="practice",
        merging=Moved(kind="documents"),
        erasing=Erased(When.WITH_FILE),
        export=Exported(
            section="documents",
            fields={
                "id": "pk", "person": "patient_id", "title": "title", "by": "given_by",
                "given_at": "given_at", "bytes": "size",
            },
            order=("given_at", "pk"),
            withheld={"content_key": "It opens the file, which the page of documents gives."},
        ),
        evidence=Evidence(
            where=lambda new: Q(by_practice=False)
            & (Q(opened_at__isnull=True) | Q(given_at__gte=new))
        ),
    )  # fmt: skip

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        indexes = [
            models.Index(fields=["patient", "-given_at"], name="documents_of_patient"),
            models.Index(
                fields=["practice"],
                name="documents_waiting",
                condition=Q(by_practice=False, opened_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> uuid.UUID:
        return self.patient_id

    @property
    def given_by(self) -> str:
        """Which side gave it, as the export says it."""
        return "practice" if self.by_practice else "patient"


class DocumentPart(models.Model):
    """A sealed part of a document."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()

    personal_data = PersonalData(
        patient=("document__patient",),
        practice="document__practice",
        merging=Follows("document"),
        erasing=Follows("document"),
        export=NotExported("The page of documents gives the file itself."),
    )

    class Meta:
        verbose_name = _("partie de document")
        verbose_name_plural = _("parties de documents")
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="one_part_a_number")
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.number}"
