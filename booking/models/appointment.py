import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import (
    Emptied,
    Exported,
    Follows,
    Kept,
    Moved,
    NotExported,
    PersonalData,
    Visits,
)
from audit.vault.sealing import SealedField
from booking.models.patient import Patient
from booking.models.scoping import ScopedManager
from practitioners.models import Agenda, Practice, Taken, VisitReason


class Status(models.TextChoices):
    """Where an appointment stands. The first three keep its time taken."""

    BOOKED = "booked", _("prévu")
    ARRIVED = "arrived", _("arrivé")
    SEEN = "seen", _("vu")
    NO_SHOW = "no_show", _("absent")
    CANCELLED = "cancelled", _("annulé")


class Channel(models.TextChoices):
    """Through whom an appointment came."""

    PATIENT = "patient", _("en ligne")
    PRACTICE = "practice", _("cabinet")
    PARTNER = "partner", _("logiciel partenaire")


class Appointment(models.Model):
    """A visit of a patient. Instants in UTC; the practice's zone is what people see."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="appointments")
    agenda = models.ForeignKey(Agenda, on_delete=models.PROTECT, related_name="appointments")
    visit_reason = models.ForeignKey(VisitReason, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="appointments")
    taken = models.OneToOneField(
        Taken, null=True, on_delete=models.SET_NULL, related_name="appointment"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.BOOKED)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # What appointments that were taken in one go have in common.
    series = models.UUIDField(null=True, editable=False)
    # The visit right before this one, of which it is the second half (`VisitReason.then`).
    follows = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="followed_by", db_index=False
    )
    new_patient = models.BooleanField(default=False)
    # The patient's word for the practice, and what the practice notes for itself.
    note = SealedField()
    practice_note = SealedField()
    # How often it was moved, and made longer or shorter where it stands.
    moves = models.PositiveSmallIntegerField(default=0)
    resizes = models.PositiveSmallIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)
    # Whether its patient cancelled after the practice's deadline
    # (booking/appointments/deadline.py).
    cancelled_late = models.BooleanField(default=False, db_default=False)

    objects = ScopedManager(practice="practice", account="patient__account")
    unscoped = models.Manager["Appointment"]()

    personal_data = PersonalData(
        patient=("patient",),
        practice="practice",
        merging=Moved(kind="appointments"),
        # The time that it took stays a fact of the agenda.
        erasing=Emptied(("note", "practice_note")),
        export=Exported(
            section="appointments",
            fields={
                "id": "pk", "person": "patient_id", "practice": "practice.name",
                "practitioner": "agenda.practitioner", "reason": "visit_reason.name",
                "starts_at": "starts_at", "ends_at": "ends_at",
                "time_zone": "practice.time_zone", "status": "status",
                "booked_through": "channel", "note": "note", "practice_note": "practice_note",
                "created_at": "created_at", "cancelled_at": "cancelled_at",
                "cancelled_late": "cancelled_late",
            },
            order=("starts_at", "pk"),
        ),
        evidence=Visits.BY_TIME,
    )  # fmt: skip

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("rendez-vous")
        verbose_name_plural = _("rendez-vous")
        indexes = [
            models.Index(fields=["agenda", "starts_at"], name="appointment_by_agenda"),
            models.Index(fields=["practice", "starts_at"], name="appointment_by_practice"),
            models.Index(fields=["patient", "starts_at"], name="appointment_by_patient"),
            models.Index(
                fields=["follows"], name="appointment_by_first", condition=Q(follows__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="appointment_period"
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled", taken__isnull=True, cancelled_at__isnull=False)
                | (~Q(status="cancelled") & Q(cancelled_at__isnull=True)),
                name="cancelled_frees_its_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> uuid.UUID:
        """Free text on an appointment belongs to its patient."""
        return self.patient_id

    @property
    def is_active(self) -> bool:
        return self.status in (Status.BOOKED, Status.ARRIVED)

    @property
    def sequence(self) -> int:
        """The SEQUENCE of its calendar file: it rises with each new time (RFC 5546 2.1.4)."""
        return self.moves + self.resizes

    @property
    def shown_status(self) -> str:
        """Where it stands, as people read it: a late cancellation is called late."""
        return gettext("annulé tardivement") if self.cancelled_late else self.get_status_display()


class Departure(models.Model):
    """An appointment left an agenda for another: whoever follows the first is told by this row.

    Written by a trigger, as `booking_appointment.changed_in` is: the number of the transaction
    that changed the appointment last (booking/appointments/queries/changes.py).
    """

    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="+")
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="+")
    changed_in = models.BigIntegerField()

    personal_data = PersonalData(
        patient=("appointment__patient",),
        practice="appointment__practice",
        merging=Follows("appointment"),
        erasing=Kept("It tells software that a visit left an agenda, by ids alone."),
        export=NotExported("The visit is exported; this only says which agenda it has left."),
    )

    class Meta:
        indexes = [models.Index(fields=["agenda", "changed_in"], name="departure_by_change")]
        constraints = [
            models.UniqueConstraint(
                fields=["agenda", "appointment"], name="one_departure_an_agenda"
            )
        ]

    def __str__(self) -> str:
        return f"{self.appointment_id} {self.agenda_id}"
