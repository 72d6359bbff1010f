from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.plain_text import check_name
from practitioners.models import Agenda


class ImportedCalendar(models.Model):
    """An external calendar whose busy times close an agenda.

    Its address gives access to a person's whole calendar, so it is stored encrypted. Without an
    address, the calendar was a file and is read once. `problem` is the reason why the last reading
    failed.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="imported_calendars")
    label = models.CharField(_("libellé"), max_length=80, validators=[check_name])
    sealed_url = models.BinaryField(null=True)
    read_at = models.DateTimeField(_("lu le"), null=True, blank=True)
    # Null for a file.
    read_next_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True, default="")
    complete = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("calendrier importé")
        verbose_name_plural = _("calendriers importés")
        indexes = [models.Index(fields=["read_next_at"], name="imported_calendar_due")]

    def __str__(self) -> str:
        return self.label
