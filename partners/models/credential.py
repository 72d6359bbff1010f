from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.plain_text import check_name
from practitioners.models import Agenda, Practice


class Partner(models.Model):
    """A software vendor."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("nom"), max_length=120, unique=True, validators=[check_name])
    # Staff have seen who stands behind the name; practices are told where nobody has.
    verified_at = models.DateTimeField(_("vérifié le"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("partenaire")
        verbose_name_plural = _("partenaires")

    def __str__(self) -> str:
        return self.name


class Credential(models.Model):
    """One installation of a partner's software, authenticated with its own keys."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="credentials")
    label = models.CharField(_("libellé"), max_length=120, validators=[check_name])
    # Only tokens that are bound to a key may be used (RFC 9449). Scopes that reveal identities
    # need that anyway.
    sender_constrained = models.BooleanField(_("jetons liés à une clé"), default=False)
    suspended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("accès partenaire")
        verbose_name_plural = _("accès partenaires")

    def __str__(self) -> str:
        return self.label

    @property
    def is_authenticated(self) -> bool:
        """Required by Django REST framework of its `request.user`."""
        return True


class CredentialKey(models.Model):
    """A public key with which a credential signs its assertions (RFC 7517, RFC 7523)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="keys")
    kid = models.CharField(_("identifiant de clé"), max_length=120)
    jwk = models.JSONField(_("clé publique"))
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("clé d’accès partenaire")
        verbose_name_plural = _("clés d’accès partenaires")
        constraints = [
            models.UniqueConstraint(fields=["credential", "kid"], name="one_kid_a_credential")
        ]

    def __str__(self) -> str:
        return self.kid


class AccessToken(models.Model):
    """A short-lived token of a credential. Only its digest is stored."""

    digest = models.BinaryField(primary_key=True)
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="tokens")
    scopes = ArrayField(models.CharField(max_length=40))
    # RFC 7638 thumbprint of the key that the token is bound to; empty for a bearer token.
    thumbprint = models.CharField(max_length=64, blank=True, default="")
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("jeton d’accès")
        verbose_name_plural = _("jetons d’accès")
        indexes = [models.Index(fields=["expires_at"], name="token_by_expiry")]

    def __str__(self) -> str:
        return f"{self.credential_id} {self.expires_at:%H:%M:%S}"


class Grants(models.QuerySet["Grant"]):
    """Querysets of grants."""

    def in_force(self, scope: str = "") -> Self:
        """Grants that were not withdrawn, and contain the scope if one is given."""
        found = self.filter(revoked_at__isnull=True)
        return found.filter(scopes__contains=[scope]) if scope else found


class Grant(models.Model):
    """A practice's permission for a credential: some of its agendas, with scopes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="grants")
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="grants")
    agendas = models.ManyToManyField(Agenda, verbose_name=_("agendas"))
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    # Which identity fields `patients:reveal` opens; see partners/domain/identities.py.
    fields = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = Grants.as_manager()

    class Meta:
        verbose_name = _("autorisation")
        verbose_name_plural = _("autorisations")
        constraints = [
            models.UniqueConstraint(fields=["credential", "practice"], name="one_grant_a_practice")
        ]

    def __str__(self) -> str:
        return f"{self.credential_id} {self.practice_id}"
