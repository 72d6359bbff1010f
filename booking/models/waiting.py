import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Erased, Evidence, Exported, Follows, Moved, PersonalData, When
from booking.models.appointment import Appointment
from booking.models.patient import Patient
from booking.models.scoping import ScopedManager
from practitioners.models import Agenda, Practice, VisitReason


class PartOfDay(models.TextChoices):
    """Before or after noon, on the practice's wall clock."""

    ANY = "any", _("toute la journée")
    MORNING = "morning", _("le matin")
    AFTERNOON = "afternoon", _("l’après-midi")


class Wait(models.Model):
    """A patient on an agenda's waiting list: for an earlier slot, or for any at all.

    With `appointment` it is for a slot on an earlier day than that one. Days and parts of the day
    are the practice's wall clock; `weekdays` counts Monday as 0. `known` are the starts that were
    free when the patient joined, and so are not offered as news.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="+")
    agenda = models.ForeignKey(Agenda, on_delete=models.PROTECT, related_name="waits")
    visit_reason = models.ForeignKey(VisitReason, on_delete=models.CASCADE, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="waits")
    appointment = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.CASCADE, related_name="waits"
    )
    weekdays = ArrayField(models.PositiveSmallIntegerField())
    part_of_day = models.CharField(max_length=9, choices=PartOfDay.choices, default=PartOfDay.ANY)
    first_day = models.DateField()
    last_day = models.DateField()
    says_known = models.BooleanField(default=False)
    known = ArrayField(models.DateTimeField(), default=list, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(practice="practice", account="patient__account")
    unscoped = models.Manager["Wait"]()

    personal_data = PersonalData(
        patient=("patient",),
        practice="practice",
        # Nobody waits twice for the same visit reason.
        merging=Moved(kind="waits", once=("visit_reason",), ended="ended_at"),
        erasing=Erased(When.AT_ONCE),
        export=Exported(
            section="waiting",
            fields={
                "person": "patient_id", "practice": "practice.name",
                "practitioner": "agenda.practitioner", "reason": "visit_reason.name",
                "instead_of": "appointment_id", "weekdays": "weekdays",
                "part_of_day": "part_of_day", "first_day": "first_day", "last_day": "last_day",
                "created_at": "created_at", "ended_at": "ended_at",
            },
            order=("created_at", "pk"),
        ),
        evidence=Evidence(where=lambda new: Q(ended_at__isnull=True), of_names=True),
    )  # fmt: skip

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("attente")
        verbose_name_plural = _("attentes")
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "visit_reason"],
                name="one_wait_a_reason",
                condition=Q(ended_at__isnull=True),
            ),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="wait_days"),
        ]
        indexes = [
            models.Index(
                fields=["agenda", "created_at"],
                name="waiting_list",
                condition=Q(ended_at__isnull=True),
            ),
            models.Index(fields=["appointment"], name="wait_by_appointment"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class OfferState(models.TextChoices):
    """`open` while its slot is kept for the patient."""

    OPEN = "open", _("proposé")
    ACCEPTED = "accepted", _("accepté")
    DECLINED = "declined", _("décliné")
    EXPIRED = "expired", _("sans réponse")


class Offer(models.Model):
    """A free slot that is kept for one patient of the waiting list until `expires_at`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    wait = models.ForeignKey(Wait, on_delete=models.CASCADE, related_name="offers")
    agenda = models.ForeignKey(Agenda, on_delete=models.PROTECT, related_name="+")
    # The taken time that keeps the slot. No foreign key: whoever frees taken time, partner
    # software behind its walls too, need not know of the waiting list.
    hold_id = models.UUIDField(null=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=OfferState.choices, default=OfferState.OPEN)
    answered_at = models.DateTimeField(null=True)

    objects = ScopedManager(practice="wait__practice", account="wait__patient__account")
    unscoped = models.Manager["Offer"]()

    personal_data = PersonalData(
        patient=("wait__patient",),
        practice="wait__practice",
        merging=Follows("wait"),
        erasing=Follows("wait"),
        export=Exported(
            section="offers",
            within="wait",
            fields={"starts_at": "starts_at", "made_at": "made_at", "state": "state"},
            order=("made_at", "pk"),
        ),
    )

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("créneau proposé")
        verbose_name_plural = _("créneaux proposés")
        constraints = [
            models.UniqueConstraint(fields=["wait", "starts_at"], name="offered_once"),
            models.UniqueConstraint(
                fields=["wait"], name="one_open_offer", condition=Q(state="open")
            ),
        ]
        indexes = [
            models.Index(fields=["agenda", "starts_at"], name="offers_of_a_slot"),
            models.Index(fields=["expires_at"], name="offers_open", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.wait_id} {self.starts_at}"

    def is_live(self, *, now: datetime) -> bool:
        """Whether the slot is still kept for this patient."""
        return self.state == OfferState.OPEN and now < self.expires_at

    @property
    def hold_key(self) -> str:
        """What its hold is kept under: nobody's session."""
        return uuid.UUID(str(self.id)).hex
