from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id


class ChangeKind(models.TextChoices):
    """What somebody did by which others, or other software, get in, or by which data leaves."""

    SOFTWARE = "software", _("logiciel autorisé")
    INVITATION = "invitation", _("invitation")
    LAST_DAY = "last-day", _("fin d’accès d’un membre")
    REMOVAL = "removal", _("membre retiré")
    FEED = "feed", _("flux de calendrier")
    CALENDAR = "calendar", _("calendrier externe")
    IMPORT = "import", _("import de patients")
    FILE = "file", _("fichier téléchargé")
    KEY = "key", _("clé d’un logiciel")
    WEBHOOK = "webhook", _("adresse de livraison")


class AccessChange(models.Model):
    """A change that every owner of a practice, or of a vendor, is told of, and may undo.

    It holds ids and a practice's own words alone. Undone once, it stays as its history.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("genre"), max_length=12, choices=ChangeKind.choices)
    # Whose owners are told: a practice, or a vendor.
    holder_id = models.UUIDField(_("cabinet ou éditeur"))
    object_id = models.UUIDField(_("objet"))
    # An account, which may be erased later.
    made_by = models.UUIDField(_("par"), null=True)
    made_at = models.DateTimeField(_("le"))
    # What stood before, for undoing it.
    before = models.JSONField(_("avant"), default=dict)
    undone_at = models.DateTimeField(_("annulé le"), null=True)
    undone_by = models.UUIDField(_("annulé par"), null=True)

    class Meta:
        verbose_name = _("changement d’accès")
        verbose_name_plural = _("changements d’accès")
        indexes = [models.Index(fields=["holder_id", "-made_at"], name="access_change_of_holder")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
