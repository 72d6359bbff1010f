import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import OfNobody
from audit.vault.sealing import SealedField
from booking.models.scoping import ScopedManager
from practitioners.models import Practice, VisitReason


class ImportState(models.TextChoices):
    """How far an import is."""

    READY = "ready", _("à vérifier")
    RUNNING = "running", _("en cours")
    DONE = "done", _("terminé")
    DROPPED = "dropped", _("abandonné")


class PatientImport(models.Model):
    """A file of patients from another software, on its way in. Sealed, and forgotten when done.

    Its lines are about people who are nobody's subjects yet: the import is its own subject, and
    its data key dies with its lines.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(max_length=7, choices=ImportState.choices, default=ImportState.READY)
    title = SealedField()
    lines = SealedField()
    # The lines that could not be taken, each with its reason, as a file to mend.
    rejects = SealedField()
    # Whether the file was a calendar: its lines are events.
    is_calendar = models.BooleanField(default=False, db_default=False)
    # Of a calendar: whole days, cancelled and free events, which are no visits.
    left_out = models.PositiveIntegerField(default=0, db_default=0)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    # Appointments to come that were taken over, where the lines say when.
    visits = models.PositiveIntegerField(default=0, db_default=0)
    # What a visit is for whose line names no visit reason of its agenda.
    visit_reason = models.ForeignKey(
        VisitReason, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Whether who is probably somebody's file already gets another one.
    takes_doubles = models.BooleanField(default=False, db_default=False)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = ScopedManager(practice="practice")
    unscoped = models.Manager["PatientImport"]()

    personal_data = OfNobody("Its lines are forgotten, with their key, once their files are made.")

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("import de patients")
        verbose_name_plural = _("imports de patients")

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> uuid.UUID:
        return self.id

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 100
