from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Exported, Follows, Kept, NotExported, PersonalData
from booking.models.appointment import Appointment
from booking.models.scoping import ScopedManager


class VideoVisit(models.Model):
    """How far a teleconsultation is. No picture, sound or written word of it is ever kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    appointment = models.OneToOneField(
        Appointment, on_delete=models.CASCADE, related_name="video_visit"
    )
    # Since when the patient is in the waiting room, and when the practitioner opened the door.
    waiting_since = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = ScopedManager(
        practice="appointment__practice", account="appointment__patient__account"
    )
    unscoped = models.Manager["VideoVisit"]()

    personal_data = PersonalData(
        patient=("appointment__patient",),
        practice="appointment__practice",
        merging=Follows("appointment"),
        erasing=Kept("When a visit was held, like the visit itself."),
        export=Exported(
            section="video",
            within="appointment",
            fields={
                "waiting_since": "waiting_since", "started_at": "started_at",
                "ended_at": "ended_at",
            },
        ),
    )  # fmt: skip

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("téléconsultation")
        verbose_name_plural = _("téléconsultations")

    def __str__(self) -> str:
        return str(self.id)


class VideoGuest(models.Model):
    """A colleague whom the practitioner asked to join one visit by video."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    visit = models.ForeignKey(VideoVisit, on_delete=models.CASCADE, related_name="guests")
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    invited_at = models.DateTimeField()

    personal_data = PersonalData(
        patient=("visit__appointment__patient",),
        practice="visit__appointment__practice",
        merging=Follows("visit"),
        erasing=Kept("When a visit was held and in whose presence, like the visit itself."),
        export=NotExported("A line of the patient's record says that a colleague was invited."),
    )

    class Meta:
        verbose_name = _("collègue invité")
        verbose_name_plural = _("collègues invités")
        constraints = [
            models.UniqueConstraint(fields=["visit", "account"], name="one_invitation_a_visit")
        ]

    def __str__(self) -> str:
        return str(self.id)
