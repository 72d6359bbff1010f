import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Kept, NotExported, PersonalData


class Proof(models.TextChoices):
    """How the team knows that it is the account's owner who asks."""

    CALLED_BACK = "called-back", _("rappel au numéro connu")
    VOUCHED = "vouched", _("confirmé par le responsable du cabinet")
    PAPERS = "papers", _("pièce d’identité montrée")


class ResetOutcome(models.TextChoices):
    """How a reset ended."""

    DECLINED = "declined", _("refusée")
    STOPPED = "stopped", _("arrêtée par le titulaire")
    DONE = "done", _("faite")


class FactorReset(models.Model):
    """The way out for an owner who has lost every second factor: asked for by one of the team,
    approved by another, and carried out a day later unless the owner stops it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="factor_resets"
    )
    proof = models.CharField(_("vérification"), max_length=12, choices=Proof.choices)
    # Accounts of the team; they may be erased later, the reset's history stays.
    asked_by = models.UUIDField(_("demandée par"))
    asked_at = models.DateTimeField(_("demandée le"))
    approved_by = models.UUIDField(_("approuvée par"), null=True)
    approved_at = models.DateTimeField(_("approuvée le"), null=True)
    due_at = models.DateTimeField(_("à faire le"), null=True)
    ended_at = models.DateTimeField(_("close le"), null=True)
    outcome = models.CharField(
        _("issue"), max_length=8, choices=ResetOutcome.choices, blank=True, default=""
    )

    personal_data = PersonalData(
        account="account",
        erasing=Kept("The team's own acts: ids, and how the owner was recognised."),
        export=NotExported("Each step is a line of the account's record, which is exported."),
    )

    class Meta:
        verbose_name = _("réinitialisation du second facteur")
        verbose_name_plural = _("réinitialisations du second facteur")
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(ended_at__isnull=True), name="one_open_factor_reset"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=models.F("asked_by")),
                name="factor_reset_by_two",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> uuid.UUID:
        return self.account_id
