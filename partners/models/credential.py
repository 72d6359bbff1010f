from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from practitioners.models import Agenda, Practice


class Partner(models.Model):
    """A software vendor."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("nom"), max_length=120, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("partenaire")
        verbose_name_plural = _("partenaires")

    def __str__(self) -> str:
        return self.name


class Credential(models.Model):
    """One installation of a partner's software. Only a digest of its key is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="credentials")
    label = models.CharField(_("libellé"), max_length=120)
    key_digest = models.BinaryField()
    suspended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("accès partenaire")
        verbose_name_plural = _("accès partenaires")

    def __str__(self) -> str:
        return self.label

    @property
    def is_authenticated(self) -> bool:
        """Django REST framework asks its `request.user` this."""
        return True


class Grant(models.Model):
    """A practice lets a credential reach some of its agendas, with scopes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="grants")
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="grants")
    agendas = models.ManyToManyField(Agenda, verbose_name=_("agendas"))
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("autorisation")
        verbose_name_plural = _("autorisations")
        constraints = [
            models.UniqueConstraint(fields=["credential", "practice"], name="one_grant_a_practice")
        ]

    def __str__(self) -> str:
        return f"{self.credential_id} {self.practice_id}"
