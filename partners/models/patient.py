from django.db import models

from audit.personal_data import Erased, Exported, Moved, PersonalData, When
from booking.models import Patient
from partners.models.credential import Credential
from practitioners.models import Practice


class RegisteredPatient(models.Model):
    """A patient whose file a credential created at a practice, so that it may book for them."""

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="+")
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()

    personal_data = PersonalData(
        patient=("patient",),
        practice="practice",
        merging=Moved(kind="registrations", once=("credential",)),
        erasing=Erased(When.UNLESS_KEPT),
        export=Exported(
            section="registered_by",
            within="patient",
            fields={
                "software": "credential.partner.name", "practice": "practice.name",
                "since": "created_at",
            },
            order=("created_at", "pk"),
        ),
    )  # fmt: skip

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["credential", "patient"], name="registered_once")
        ]

    def __str__(self) -> str:
        return f"{self.credential_id} {self.patient_id}"
