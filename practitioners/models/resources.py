from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.plain_text import check_name
from practitioners.models.directory import Practice
from practitioners.models.taken import Taken


class Resource(models.Model):
    """A room or a device that visits need, and that a practice has one or several of."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="resources")
    name = models.CharField(_("nom"), max_length=80, validators=[check_name])
    pieces = models.PositiveSmallIntegerField(
        _("combien le cabinet en a"), default=1,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
    )  # fmt: skip
    active = models.BooleanField(_("en service"), default=True)

    class Meta:
        verbose_name = _("salle ou appareil")
        verbose_name_plural = _("salles et appareils")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["practice", "name"], name="resource_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class ResourceUse(models.Model):
    """Time in which a piece of a resource is in use, for as long as the time taken beside it.

    `period` and `hold_until` are those of the `taken` row; PostgreSQL deletes the use with it.
    Who has the same `shared_by` uses the piece together: the patients of one slot of a session.
    The exclusion constraint is what makes it impossible for two others to have it at once.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="uses")
    piece = models.PositiveSmallIntegerField()
    period = DateTimeRangeField()
    hold_until = models.DateTimeField(null=True)
    # The reference is the database's own (ON DELETE CASCADE): whoever frees time knows nothing
    # of resources, and pays nothing where there are none.
    taken = models.ForeignKey(
        Taken, on_delete=models.DO_NOTHING, db_constraint=False, related_name="uses"
    )
    shared_by = models.UUIDField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="never_used_by_two",
                expressions=[
                    ("resource", RangeOperators.EQUAL),
                    ("piece", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                    ("shared_by", RangeOperators.NOT_EQUAL),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} {self.piece} {self.period}"
