from django.db import models

from audit.personal_data import Follows, Kept, NotExported, PersonalData
from booking.models import Appointment
from partners.models.credential import Credential


class OwnIdentifier(models.Model):
    """A credential's own identifier of an appointment: FHIR's business identifier."""

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="+")
    system = models.CharField(max_length=200, blank=True)
    value = models.CharField(max_length=200)
    appointment = models.ForeignKey(
        Appointment, on_delete=models.CASCADE, related_name="own_identifiers"
    )
    created_at = models.DateTimeField()

    personal_data = PersonalData(
        patient=("appointment__patient",),
        practice="appointment__practice",
        merging=Follows("appointment"),
        erasing=Kept("The software's own number of a visit, by which it finds it again."),
        export=NotExported("The software's own number of a visit, which is exported."),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["credential", "system", "value"], name="one_appointment_an_identifier"
            )
        ]

    def __str__(self) -> str:
        return f"{self.system}|{self.value}"
