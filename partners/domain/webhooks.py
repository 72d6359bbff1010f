"""Webhooks: sending changes to vendors' addresses according to Standard Webhooks.

Deliveries are created from the order of changes (booking/appointments/queries/changes.py), so that
bookings do not wait. They contain only ids. They arrive at least once, and in order for each
appointment: a delivery waits until the one before it is done. Several quick changes may arrive as
one. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
import json
import uuid
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.derived_key import derived_key
from audit.outbox.outcomes import Left, NotTaken, Outcome
from audit.outbox.policies import BackOff, InOrder
from audit.outbox.queue import Queue
from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor
from audit.refusal import Refusal
from booking.accounts.access_changes import tell
from booking.appointments.queries import changes
from booking.models.accounts.access_change import ChangeKind
from booking.models.appointment import Status
from partners import actions
from partners.domain import outgoing, scopes
from partners.models import Credential, Delivery, DeliveryState, Grant, Webhook
from partners.queries import granted_agendas

AT_ONCE = 8
TRIED_FOR = timedelta(days=3)
# The former secret signs along for a day, so that a vendor may change over.
BOTH_SECRETS = timedelta(days=1)
MOST_WEBHOOKS = 5

DELIVERIES = Queue[Delivery](
    model=Delivery,
    waiting=DeliveryState.PENDING,
    left=DeliveryState.DELIVERED,
    left_at="delivered_at",
    void=DeliveryState.DEAD,
    given_up=DeliveryState.DEAD,
    policy=InOrder(of=("webhook", "appointment")),
    back_off=BackOff(
        waits=tuple(timedelta(seconds=each) for each in (5, 30, 120, 600, 1800, 3600, 7200, 14400)),
        deadline=attrgetter("give_up_at"),
    ),
    claim_lasts=timedelta(seconds=120),
    batch=40,
    # The task that collects changes sends them, too.
    task=None,
    may_leave=Q(webhook__ended_at__isnull=True, webhook__credential__suspended_at__isnull=True),
)


class TooManyWebhooks(Refusal):
    """The credential already has the maximum number of webhooks."""

    text = _("Cet accès a déjà toutes les adresses qu’il peut avoir.")


@transaction.atomic
def register(*, credential: Credential, url: str, actor: Actor, now: datetime) -> Webhook:
    """Send changes to an address from now on, and notify the vendor's members.

    Raises outgoing.Forbidden and outgoing.Unreachable for an address that is not public or not
    known, and TooManyWebhooks.
    """
    if credential.webhooks.filter(ended_at__isnull=True).count() >= MOST_WEBHOOKS:
        raise TooManyWebhooks
    outgoing.check(url)
    webhook = Webhook.objects.create(
        credential=credential, url=url, secret_changed_at=now, cursor=str(changes.place_now()),
        created_at=now,
    )  # fmt: skip
    _note(actions.WEBHOOK_REGISTERED, webhook, actor)
    tell(
        kind=ChangeKind.WEBHOOK, holder_id=credential.partner_id, object_id=webhook.pk,
        actor=actor, now=now,
    )  # fmt: skip
    return webhook


@transaction.atomic
def end(*, webhook: Webhook, actor: Actor, now: datetime) -> bool:
    """Stop sending to an address. Returns False if it had already ended."""
    ended = Webhook.objects.filter(pk=webhook.pk, ended_at__isnull=True).update(ended_at=now)
    if ended:
        _note(actions.WEBHOOK_ENDED, webhook, actor)
    return bool(ended)


@transaction.atomic
def change_secret(*, webhook: Webhook, actor: Actor, now: datetime) -> None:
    """Sign with a new secret; the former one is also used for another day."""
    Webhook.objects.filter(pk=webhook.pk).update(
        secret_number=F("secret_number") + 1, secret_changed_at=now
    )
    webhook.refresh_from_db()
    _note(actions.WEBHOOK_SECRET_CHANGED, webhook, actor)


def _note(action: Action, webhook: Webhook, actor: Actor) -> None:
    entries.write(
        action, actor=actor, object_id=webhook.pk, details={"credential": webhook.credential_id}
    )


def secret_of(webhook: Webhook, *, number: int | None = None) -> str:
    """The secret in the format of Standard Webhooks. It is derived, so that no table stores it."""
    key = derived_key(settings.SECRET_KEY, b"webhook")
    wanted = number or webhook.secret_number
    secret = hmac.digest(key, f"{webhook.pk}|{wanted}".encode(), "sha256")
    return f"whsec_{base64.b64encode(secret).decode()}"


def signed_headers(
    webhook: Webhook, *, message_id: uuid.UUID, body: bytes, now: datetime
) -> dict[str, str]:
    """The headers of a message: `v1` signatures, HMAC-SHA256 over id, time and body."""
    at = str(int(now.timestamp()))
    signed = b".".join([str(message_id).encode(), at.encode(), body])
    numbers = [webhook.secret_number]
    if webhook.secret_number > 1 and now < webhook.secret_changed_at + BOTH_SECRETS:
        numbers.append(webhook.secret_number - 1)
    signatures = []
    for number in numbers:
        secret = base64.b64decode(secret_of(webhook, number=number).removeprefix("whsec_"))
        code = hmac.digest(secret, signed, "sha256")
        signatures.append(f"v1,{base64.b64encode(code).decode()}")
    return {
        "webhook-id": str(message_id),
        "webhook-timestamp": at,
        "webhook-signature": " ".join(signatures),
        "content-type": "application/json",
    }


def collect(*, now: datetime) -> None:
    """Create deliveries for new changes. Those of suspended credentials wait."""
    due = Webhook.objects.filter(ended_at__isnull=True, credential__suspended_at__isnull=True)
    _drop_withdrawn()
    for pk in list(due.values_list("pk", flat=True)):
        _collect_for(pk, now=now)


def _drop_withdrawn() -> None:
    """Delete pending deliveries that a practice's grant no longer covers."""
    granted = Grant.objects.in_force(scopes.APPOINTMENTS_READ).filter(
        credential=OuterRef("webhook__credential"), agendas=OuterRef("agenda")
    )
    Delivery.objects.filter(~Exists(granted), state=DeliveryState.PENDING).update(
        state=DeliveryState.DEAD, problem="no longer granted"
    )


@transaction.atomic
def _collect_for(webhook_id: uuid.UUID, *, now: datetime) -> None:
    webhook = (
        Webhook.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("credential")
        .filter(pk=webhook_id, ended_at__isnull=True)
        .first()
    )
    place = changes.Place.read(webhook.cursor) if webhook else None
    if webhook is None or place is None:
        return
    agendas = granted_agendas(webhook.credential, scope=scopes.APPOINTMENTS_READ)
    agenda_ids = list(agendas.values_list("pk", flat=True))
    page = changes.changes_since(agenda_ids=agenda_ids, place=place, limit=500)
    known = set(
        Delivery.objects.filter(
            webhook=webhook, appointment__in=[row.appointment_id for row in page.changes]
        ).values_list("appointment_id", flat=True)
    )
    rows = [
        Delivery(
            webhook=webhook,
            agenda_id=row.agenda_id,
            appointment_id=row.appointment_id,
            changed_in=row.changed_in,
            payload=_payload(row, is_known=row.appointment_id in known, since=webhook.created_at),
            due_at=now,
            give_up_at=now + TRIED_FOR,
            created_at=now,
        )
        for row in page.changes
    ]
    # A change that a second walk shows again has its delivery already.
    DELIVERIES.add_missing(rows)
    Webhook.objects.filter(pk=webhook.pk).update(cursor=str(page.next))


def _payload(row: changes.Change, *, is_known: bool, since: datetime) -> dict[str, Any]:
    if row.gone:
        kind = "appointment.gone"
    elif row.status == Status.CANCELLED:
        kind = "appointment.cancelled"
    elif not is_known and row.created_at is not None and row.created_at >= since:
        kind = "appointment.created"
    else:
        kind = "appointment.updated"
    data = {"appointment": str(row.appointment_id), "agenda": str(row.agenda_id)}
    return {"type": kind, "data": data}


GONE = NotTaken("410")


def send_due(*, now: datetime) -> int:
    """Send deliveries that are due, several at a time; return how many were claimed."""
    tried = DELIVERIES.run_together(
        _sent, now=now, at_once=AT_ONCE, related=["webhook__credential"]
    )
    # The specification's way of saying: never again.
    gone = [delivery.webhook_id for delivery, outcome in tried if outcome == GONE]
    if gone:
        Webhook.objects.filter(pk__in=gone, ended_at__isnull=True).update(ended_at=timezone.now())
    return sum(isinstance(outcome, Left) for _delivery, outcome in tried)


def _sent(delivery: Delivery) -> Outcome:
    """Send one delivery, and return the result. Does not use the database."""
    body = json.dumps(
        delivery.payload | {"timestamp": delivery.created_at.isoformat()}, separators=(",", ":")
    ).encode()
    headers = signed_headers(
        delivery.webhook, message_id=delivery.pk, body=body, now=timezone.now()
    )
    try:
        status = outgoing.post(delivery.webhook.url, body=body, headers=headers)
    except outgoing.NotCalled as problem:
        return NotTaken(str(problem))
    return Left() if 200 <= status < 300 else NotTaken(f"{status}")


@transaction.atomic
def replay(*, delivery: Delivery, now: datetime) -> None:
    """Send a delivery again, whatever its state, for at most another three days."""
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.PENDING, attempts=0, due_at=now, give_up_at=now + TRIED_FOR,
        claimed_until=None,
    )  # fmt: skip


def drop_old(*, now: datetime) -> int:
    """Delete deliveries 30 days after success and 90 days after they were abandoned."""
    delivered = Q(state=DeliveryState.DELIVERED, created_at__lt=now - timedelta(days=30))
    dead = Q(state=DeliveryState.DEAD, created_at__lt=now - timedelta(days=90))
    count, _by_model = Delivery.objects.filter(delivered | dead).delete()
    return count
