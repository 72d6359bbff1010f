from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Kept, NotExported, PersonalData, Stays
from booking.models.patient import Patient
from booking.models.scoping import ScopedManager
from practitioners.models import Practice


class PatientMerge(models.Model):
    """Two files of one person that a practice made one, with what it takes to part them again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="+")
    kept = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    # By kind, the ids of what went from the other file to the one that was kept.
    moved = models.JSONField(default=dict)
    known_since = models.DateTimeField()
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    merged_at = models.DateTimeField()
    separated_at = models.DateTimeField(null=True)

    objects = ScopedManager(practice="practice")
    unscoped = models.Manager["PatientMerge"]()

    personal_data = PersonalData(
        patient=("kept", "other"),
        practice="practice",
        merging=Stays("It is what parts the two files again."),
        erasing=Kept("Ids alone; a file that went into an erased one is emptied with it."),
        export=NotExported("A practice's judgement, which it may take back; the record tells it."),
    )

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("réunion de fiches")
        verbose_name_plural = _("réunions de fiches")

    def __str__(self) -> str:
        return str(self.id)
