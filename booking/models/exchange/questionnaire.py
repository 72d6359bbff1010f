import uuid

import orjson
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Erased, Exported, Moved, PersonalData, Read, When
from audit.vault.sealing import SealedField
from booking.models.appointment import Appointment
from booking.models.scoping import ScopedManager


class Questionnaire(models.Model):
    """What a patient answered before a visit: JSON of questions and answers, sealed as a whole.

    Each answer stands with its question as it was asked, so that a practice may change its
    questions.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    appointment = models.OneToOneField(
        Appointment, on_delete=models.CASCADE, related_name="questionnaire"
    )
    # The appointment's: what is sealed names its subject without a join.
    patient_id = models.UUIDField()
    answers = SealedField()
    answered_at = models.DateTimeField()

    objects = ScopedManager(
        practice="appointment__practice", account="appointment__patient__account"
    )
    unscoped = models.Manager["Questionnaire"]()

    personal_data = PersonalData(
        patient=("patient_id",),
        practice="appointment__practice",
        merging=Moved(kind="questionnaires"),
        erasing=Erased(When.WITH_FILE),
        export=Exported(
            section="questionnaires",
            fields={
                "appointment": "appointment_id", "answered_at": "answered_at",
                "answers": Read(column="answers", by=orjson.loads),
            },
            order=("answered_at", "pk"),
        ),
    )  # fmt: skip

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("questionnaire")
        verbose_name_plural = _("questionnaires")

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> uuid.UUID:
        return self.patient_id
