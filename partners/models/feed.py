from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.plain_text import check_name
from practitioners.models import Agenda


class CalendarFeed(models.Model):
    """A private address at which a calendar program reads one agenda, without identities.

    Anyone who has the address can read it; only its digest is stored.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="feeds")
    label = models.CharField(_("libellé"), max_length=120, validators=[check_name])
    digest = models.BinaryField(unique=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("flux de calendrier")
        verbose_name_plural = _("flux de calendrier")

    def __str__(self) -> str:
        return self.label
