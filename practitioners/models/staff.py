from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.vault.sealing import SealedField
from practitioners.models.agenda import Agenda
from practitioners.models.directory import Practice, Practitioner


class Role(models.TextChoices):
    """What a member may do at a practice; rules.py gives the table."""

    OWNER = "owner", _("responsable")
    PRACTITIONER = "practitioner", _("praticien")
    SECRETARY = "secretary", _("secrétaire")


class Membership(models.Model):
    """An account's role in a practice. No agenda listed means all agendas of the practice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("rôle"), max_length=12, choices=Role.choices)
    practitioner = models.ForeignKey(Practitioner, null=True, blank=True, on_delete=models.PROTECT)
    agendas = models.ManyToManyField(Agenda, blank=True, verbose_name=_("agendas délégués"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("membre")
        verbose_name_plural = _("membres")
        constraints = [
            models.UniqueConstraint(fields=["account", "practice"], name="one_role_per_practice")
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} · {self.practice_id}"


class Invitation(models.Model):
    """An invitation of a colleague by e-mail; only who receives the link can accept it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(_("rôle"), max_length=12, choices=Role.choices)
    agendas = models.ManyToManyField(Agenda, blank=True, verbose_name=_("agendas délégués"))
    email = SealedField()
    email_index = models.BinaryField(null=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> object:
        return self.id
