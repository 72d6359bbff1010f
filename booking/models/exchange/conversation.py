import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Erased, Evidence, Exported, Follows, Moved, PersonalData, When
from audit.vault.sealing import SealedField
from booking.models.patient import Patient
from booking.models.scoping import ScopedManager
from practitioners.models import Agenda, Practice


class Conversation(models.Model):
    """What a patient and a practice write to each other about one matter; every word is sealed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="+")
    agenda = models.ForeignKey(Agenda, on_delete=models.PROTECT, related_name="conversations")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="conversations")
    topic = SealedField()
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    # Whether there is something that this side has not seen.
    waits_for_practice = models.BooleanField(default=False)
    waits_for_patient = models.BooleanField(default=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(practice="practice", account="patient__account")
    unscoped = models.Manager["Conversation"]()

    personal_data = PersonalData(
        patient=("patient",),
        practice="practice",
        merging=Moved(kind="conversations"),
        erasing=Erased(When.WITH_FILE),
        export=Exported(
            section="conversations",
            fields={"person": "patient_id", "topic": "topic"},
            order=("started_at", "pk"),
        ),
        evidence=Evidence(where=lambda new: Q(waits_for_practice=True) | Q(changed_at__gte=new)),
    )

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [
            models.Index(fields=["practice", "-changed_at"], name="conversations_of_practice"),
            models.Index(
                fields=["practice"],
                name="conversations_waiting",
                condition=Q(waits_for_practice=True),
            ),
            models.Index(fields=["patient", "-changed_at"], name="conversations_of_patient"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> uuid.UUID:
        return self.patient_id


class Reply(models.Model):
    """One message of a conversation, the first one too."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="replies")
    # The conversation's: what is sealed names its subject without a join.
    patient_id = models.UUIDField()
    by_practice = models.BooleanField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = SealedField()
    at = models.DateTimeField()

    objects = ScopedManager(
        practice="conversation__practice", account="conversation__patient__account"
    )
    unscoped = models.Manager["Reply"]()

    personal_data = PersonalData(
        patient=("patient_id",),
        practice="conversation__practice",
        merging=Moved(kind="replies"),
        erasing=Follows("conversation"),
        export=Exported(
            section="messages",
            within="conversation",
            fields={"at": "at", "by": "written_by", "words": "text"},
            order=("at", "pk"),
        ),
    )

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("réponse")
        verbose_name_plural = _("réponses")
        indexes = [models.Index(fields=["conversation", "at"], name="replies_in_order")]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> uuid.UUID:
        return self.patient_id

    @property
    def written_by(self) -> str:
        """Which side wrote it, as the export says it."""
        return "practice" if self.by_practice else "patient"
