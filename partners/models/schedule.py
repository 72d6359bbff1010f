from django.contrib.postgres.fields import ArrayField
from django.db import models

from audit.ids import new_id
from partners.models.credential import Credential
from practitioners.models import Agenda


class DeclaredSchedule(models.Model):
    """Opening hours and absences that software has declared for an agenda.

    `openings` and `absences` were created from it, and are deleted with it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="+")
    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="+")
    identifiers = models.JSONField(default=list)
    times = models.JSONField(default=list)
    openings = ArrayField(models.UUIDField(), default=list)
    absences = ArrayField(models.UUIDField(), default=list)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["credential", "agenda"], name="declared_by")]

    def __str__(self) -> str:
        return f"{self.agenda_id} {self.pk}"
