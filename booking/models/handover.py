import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Erased, Exported, PersonalData, Stays, When
from audit.vault.sealing import SealedField
from booking.models.patient import Patient


class Handover(models.Model):
    """A patient is offered to an account of their own, by e-mail: at majority, for instance."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="handovers")
    email = SealedField()
    # The blind index of the only account that may accept.
    email_index = models.BinaryField()
    offered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    personal_data = PersonalData(
        patient=("patient",),
        merging=Stays("A file of an account is offered; the file that a merge ends has none."),
        # It names an address, by its index.
        erasing=Erased(When.AT_ONCE),
        export=Exported(
            section="handovers",
            fields={
                "person": "patient_id", "email": "email", "offered_at": "created_at",
                "expires_at": "expires_at", "accepted_at": "accepted_at",
            },
            order=("created_at", "pk"),
        ),
    )  # fmt: skip

    class Meta:
        verbose_name = _("remise de dossier")
        verbose_name_plural = _("remises de dossier")

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> uuid.UUID:
        return self.patient_id
