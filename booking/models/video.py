from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
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

    class Meta:
        verbose_name = _("collègue invité")
        verbose_name_plural = _("collègues invités")
        constraints = [
            models.UniqueConstraint(fields=["visit", "account"], name="one_invitation_a_visit")
        ]

    def __str__(self) -> str:
        return str(self.id)
