import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.models.incident import Incident


class NoticeKind(models.TextChoices):
    """Whom a notice tells what."""

    STAFF = "staff", _("alerte à l’équipe")
    CONTAINMENT = "containment", _("logiciel ou session arrêté")
    RELEASED = "released", _("accès rétabli")
    CONTROLLER = "controller", _("notification au cabinet (art. 33(2))")
    PATIENT = "patient", _("communication au patient (art. 34)")


class NoticeState(models.TextChoices):
    """`handed` is between our "here" and the provider's "yes"; `unsure` needs a person."""

    DRAFT = "draft", _("à approuver")
    OWED = "owed", _("à envoyer")
    HANDED = "handed", _("en cours de remise")
    SENT = "sent", _("envoyé")
    UNSURE = "unsure", _("remise incertaine")
    FAILED = "failed", _("en échec")
    VOID = "void", _("sans objet")


class Notice(models.Model):
    """One message of an incident to one recipient: at most one each, whatever crashes.

    It holds ids alone. `recipient_id` is an account, or a patient without one; `practice_id` the
    controller whose list a practice's notice carries; `subjects` whom a patient's notice is about.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(_("sorte"), max_length=12, choices=NoticeKind.choices)
    recipient_id = models.UUIDField()
    practice_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=5)
    subjects = ArrayField(models.UUIDField(), default=list)
    state = models.CharField(max_length=6, choices=NoticeState.choices, default=NoticeState.OWED)
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True, default="")
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    handed_at = models.DateTimeField(null=True)
    # From this instant on, its sender is taken for dead.
    claimed_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("avis d’incident")
        verbose_name_plural = _("avis d’incident")
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "kind", "recipient_id", "practice_id", "channel"],
                nulls_distinct=False,
                name="one_notice_each",
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="notice_open", condition=Q(state__in=["owed", "handed"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def message_id(self) -> str:
        """The RFC 5322 Message-ID: the same at every attempt."""
        return f"<{uuid.UUID(str(self.id))}@incident.doctolib.example>"
