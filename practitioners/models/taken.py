from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from audit.ids import new_id
from practitioners.models.agenda import Agenda, VisitReason

# A session's seats are numbered from `Opening.number` times this.
SEATS_AN_OPENING = 1000


class Taken(models.Model):
    """Time of an agenda that is taken: by an appointment, or by a hold until `hold_until`.

    It carries no identity, so availability never touches patient data. `period` includes the
    visit reason's buffers. `seat` 0 is the practitioner's own time; sessions number theirs
    from `Opening.number * SEATS_AN_OPENING`; null is an orphan that has lost its seat and waits to
    be re-seated; 1 to 3 are what a practice books on top of its own time. The exclusion constraint
    is what makes double booking impossible.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agenda = models.ForeignKey(Agenda, on_delete=models.PROTECT, related_name="taken")
    visit_reason = models.ForeignKey(VisitReason, on_delete=models.PROTECT, related_name="+")
    period = DateTimeRangeField()
    seat = models.PositiveIntegerField(null=True)
    hold_until = models.DateTimeField(null=True)
    hold_key = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="never_double_booked",
                expressions=[
                    ("agenda", RangeOperators.EQUAL),
                    ("seat", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            models.Index(
                fields=["hold_until"], name="taken_holds", condition=Q(hold_until__isnull=False)
            ),
            models.Index(fields=["hold_key"], name="taken_hold_key", condition=~Q(hold_key="")),
        ]

    def __str__(self) -> str:
        return str(self.period)

    @property
    def is_own_time(self) -> bool:
        """Whether it is the practitioner's own time, overbooked or not, and no session's seat."""
        return self.seat is not None and self.seat < SEATS_AN_OPENING


class NextSlot(models.Model):
    """The next free slot of a visit reason, kept by writes so that search need not compute it."""

    visit_reason = models.OneToOneField(
        VisitReason, primary_key=True, on_delete=models.CASCADE, related_name="next_slot"
    )
    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="next_slots")
    starts_at = models.DateTimeField(null=True)
    # The last instant at which the slot may be booked: its start less the minimum notice.
    bookable_until = models.DateTimeField(null=True)
    computed_at = models.DateTimeField()
    # Whether no slot can come of it as things stand (never_free.py): search offers it to nobody.
    never = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes = [
            models.Index(fields=["starts_at"], name="next_slot_soonest"),
            models.Index(fields=["visit_reason"], name="next_slot_never", condition=Q(never=True)),
            # A search reads the first slot of each agenda from this index alone.
            models.Index(
                fields=["agenda", "starts_at"],
                include=["bookable_until", "visit_reason"],
                name="next_slot_of_agenda",
            ),
            models.Index(fields=["computed_at"], name="next_slot_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.visit_reason_id}: {self.starts_at}"
