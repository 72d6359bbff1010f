from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import ByService, Exported, OfNobody, PersonalData
from audit.plain_text import check_name
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
    # The last day, by the practice's calendar: a substitute's access ends by itself.
    ends_on = models.DateField(_("accès jusqu’au"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    personal_data = PersonalData(
        account="account",
        erasing=ByService("practitioners.domain.staff.members.remove"),
        export=Exported(
            section="memberships",
            fields={
                "practice": "practice.name", "role": "role", "since": "created_at",
                "ends_on": "ends_on",
            },
            order=("created_at", "pk"),
        ),
    )  # fmt: skip

    class Meta:
        verbose_name = _("membre")
        verbose_name_plural = _("membres")
        constraints = [
            models.UniqueConstraint(fields=["account", "practice"], name="one_role_per_practice")
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} · {self.practice_id}"

    def is_over(self, *, now: datetime) -> bool:
        """Whether the last day of the access has passed at the practice."""
        today = now.astimezone(self.practice.zone).date()
        return self.ends_on is not None and self.ends_on < today

    @property
    def is_current(self) -> bool:
        """Whether the access still holds."""
        return self.ends_on is None or not self.is_over(now=timezone.now())


class Substitution(models.Model):
    """Who sees an agenda's patients in the practitioner's stead, first and last day included."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="substitutions")
    # As patients read it; a practitioner's name is public.
    name = models.CharField(_("nom du remplaçant"), max_length=120, validators=[check_name])
    since = models.DateField(_("du"))
    until = models.DateField(_("au (inclus)"))
    member = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.SET_NULL, related_name="substitutions",
        verbose_name=_("membre de l’équipe"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("remplacement")
        verbose_name_plural = _("remplacements")
        ordering = ["since", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__gte=models.F("since")), name="substitution_days"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.since}"


class Invitation(models.Model):
    """An invitation of a colleague by e-mail; only who receives the link can accept it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(_("rôle"), max_length=12, choices=Role.choices)
    agendas = models.ManyToManyField(Agenda, blank=True, verbose_name=_("agendas délégués"))
    ends_on = models.DateField(_("accès jusqu’au"), null=True, blank=True)
    email = SealedField()
    email_index = models.BinaryField(null=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    personal_data = OfNobody("An invited colleague's address, under a key of the invitation's own.")

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> object:
        return self.id

    def is_open(self, *, now: datetime) -> bool:
        """Whether it can still be accepted: not once the access that it gives would be over."""
        today = now.astimezone(self.practice.zone).date()
        gives_access = self.ends_on is None or self.ends_on >= today
        is_waiting = self.accepted_at is None and self.withdrawn_at is None
        return is_waiting and self.expires_at > now and gives_access
