import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Exported, Follows, Kept, PersonalData
from booking.models.accounts.access_change import AccessChange
from booking.models.accounts.address_check import AddressCheck
from booking.models.appointment import Appointment
from booking.models.handover import Handover
from booking.models.waiting import Offer
from practitioners.models import Invitation


class MessageKind(models.TextChoices):
    """What a message says."""

    CONFIRMATION = "confirmation", _("confirmation")
    CHANGE = "change", _("déplacement")
    CANCELLATION = "cancellation", _("annulation")
    REMINDER = "reminder", _("rappel")
    VERIFY_EMAIL = "verify_email", _("vérification de l’adresse")
    ALREADY_REGISTERED = "already_registered", _("compte existant")
    EMAIL_CHANGE = "email_change", _("vérification de la nouvelle adresse")
    EMAIL_ASKED = "email_asked", _("nouvelle adresse demandée")
    EMAIL_CHANGED = "email_changed", _("nouvelle adresse")
    EMAIL_LEFT = "email_left", _("ancienne adresse")
    PASSWORD_CHANGED = "password_changed", _("mot de passe changé")
    RESET_PASSWORD = "reset_password", _("mot de passe oublié")
    FACTOR_RESET = "factor_reset", _("second facteur à retirer")
    FACTOR_GONE = "factor_gone", _("second facteur retiré")
    FACTOR_ADDED = "factor_added", _("application de codes ajoutée")
    CODES_MADE = "codes_made", _("codes de secours refaits")
    FACTOR_REMOVED = "factor_removed", _("clé d’accès retirée")
    CODES_ENDED = "codes_ended", _("codes de secours retirés")
    CODE_USED = "code_used", _("code de secours utilisé")
    ACCOUNT_ERASED = "account_erased", _("compte effacé")
    ACCESS_CHANGED = "access_changed", _("changement d’accès")
    ACCESS_UNDONE = "access_undone", _("changement d’accès annulé")
    INVITATION = "invitation", _("invitation")
    OFFER = "offer", _("créneau proposé")
    HANDOVER = "handover", _("remise de dossier")
    PASSKEY = "passkey", _("clé d’accès ajoutée")
    DOCUMENT = "document", _("document d’un cabinet")
    REPLY = "reply", _("réponse d’un cabinet")


class MessageChannel(models.TextChoices):
    """How a message travels."""

    EMAIL = "email", _("e-mail")
    SMS = "sms", _("SMS")


class MessageState(models.TextChoices):
    """`owed` until the provider took it; `void` when it has become pointless."""

    OWED = "owed", _("à envoyer")
    SENT = "sent", _("envoyé")
    VOID = "void", _("sans objet")
    FAILED = "failed", _("en échec")


class Message(models.Model):
    """A message owed to somebody, written in the transaction that makes it owed.

    It holds ids, and a practice's own words, alone: the text is made, from revealed data, at the
    moment of sending. The id is the idempotency key towards the provider and the Message-ID of
    the mail.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, choices=MessageKind.choices)
    channel = models.CharField(max_length=5, choices=MessageChannel.choices)
    appointment = models.ForeignKey(
        Appointment, null=True, on_delete=models.CASCADE, related_name="messages"
    )
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    invitation = models.ForeignKey(
        Invitation, null=True, on_delete=models.CASCADE, related_name="+"
    )
    offer = models.ForeignKey(
        Offer, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    handover = models.ForeignKey(
        Handover, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    # No constraint: it would lock a large table, and a check that is gone leaves nothing to say.
    address_check = models.ForeignKey(
        AddressCheck, null=True, on_delete=models.DO_NOTHING, related_name="+", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    access_change = models.ForeignKey(
        AccessChange, null=True, on_delete=models.DO_NOTHING, related_name="+", db_index=False,
        db_constraint=False, verbose_name=_("changement d’accès"),
    )  # fmt: skip
    # Which turn of a reminder or change this is, so that the same one is never owed twice.
    turn = models.CharField(max_length=40, blank=True, default="")
    # A practice's words to several patients at once: they name nobody.
    words = models.CharField(max_length=500, blank=True, default="", db_default="")
    # When the visit was to be that this says was moved: what its patient last knew.
    former_start = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=6, choices=MessageState.choices, default=MessageState.OWED)
    # A sender that died lets go of its message at this instant.
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    personal_data = PersonalData(
        patient=("appointment__patient", "offer__wait__patient", "handover__patient"),
        account="account",
        practice="appointment__practice",
        merging=Follows("appointment"),
        erasing=Kept("It holds ids; what is still owed to the account becomes void."),
        export=Exported(
            section="messages",
            fields={
                "kind": "kind", "channel": "channel", "state": "state", "due_at": "due_at",
                "sent_at": "sent_at",
            },
            order=("created_at", "pk"),
        ),
    )  # fmt: skip

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=["due_at"], name="message_owed", condition=Q(state="owed")),
            models.Index(fields=["appointment"], name="message_by_appointment"),
            models.Index(
                fields=["handover"],
                name="message_by_handover",
                condition=Q(handover__isnull=False),
            ),
            models.Index(
                fields=["offer"], name="message_by_offer", condition=Q(offer__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["appointment", "kind", "channel", "turn"],
                name="owed_once",
                condition=Q(appointment__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def message_id(self) -> str:
        """The RFC 5322 Message-ID: the same at every attempt."""
        return f"<{uuid.UUID(str(self.id))}@doctolib.example>"
