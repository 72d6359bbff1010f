from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Follows, Kept, NotExported, PersonalData
from booking.models import Appointment
from partners.models.credential import Credential
from practitioners.models import Agenda


class Webhook(models.Model):
    """A vendor's address that receives changes of appointments.

    Its secret is derived, not stored: `secret_number` says which one is in use. `cursor` is the
    position in the order of changes up to which deliveries have been created.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="webhooks")
    url = models.URLField(_("adresse"), max_length=500)
    secret_number = models.PositiveSmallIntegerField(default=1)
    secret_changed_at = models.DateTimeField()
    cursor = models.CharField(max_length=80)
    ended_at = models.DateTimeField(_("arrêté le"), null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")

    def __str__(self) -> str:
        return self.url


class DeliveryState(models.TextChoices):
    """`pending` until the address has accepted it; `dead` after three days of attempts."""

    PENDING = "pending", _("à livrer")
    DELIVERED = "delivered", _("livré")
    DEAD = "dead", _("abandonné")


class Delivery(models.Model):
    """One change to send to one webhook: only ids, never an identity.

    Its id is the `webhook-id`, the same for every attempt.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="+")
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="+")
    # The number of the transaction that changed the appointment: one change, one delivery.
    changed_in = models.BigIntegerField()
    payload = models.JSONField()
    state = models.CharField(
        max_length=9, choices=DeliveryState.choices, default=DeliveryState.PENDING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    give_up_at = models.DateTimeField()
    # A sender that died lets go of its delivery at this instant.
    claimed_until = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)

    personal_data = PersonalData(
        patient=("appointment__patient",),
        practice="appointment__practice",
        merging=Follows("appointment"),
        erasing=Kept("Ids alone: which software was told of which change."),
        export=NotExported("Ids alone: which software was told of a visit, which is exported."),
    )

    class Meta:
        verbose_name = _("livraison")
        verbose_name_plural = _("livraisons")
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "appointment", "changed_in"], name="one_change_one_delivery"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(state="pending")),
            models.Index(
                fields=["webhook", "appointment", "id"],
                name="delivery_order",
                condition=Q(state="pending"),
            ),
            models.Index(fields=["webhook", "-created_at"], name="delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.webhook_id} {self.id}"
