"""Webhooks: what has changed, told to vendors' own addresses as Standard Webhooks says.

Deliveries are made from the order of changes (booking/appointments/queries/changes.py), so a
booking waits for nobody. Each carries ids alone. They arrive at least once, and in order for each
appointment: a delivery waits until the one before it is over. Several quick changes may arrive as
one. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.derived_key import derived_key
from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor
from booking.accounts.access_changes import tell
from booking.appointments.queries import changes
from booking.models.access_change import ChangeKind
from booking.models.appointment import Status
from partners import actions
from partners.domain import outgoing, scopes
from partners.models import Credential, Delivery, DeliveryState, Grant, Webhook
from partners.queries import granted_agendas

BATCH, AT_ONCE = 40, 8
CLAIM_SECONDS = 120
TRIED_FOR = timedelta(days=3)
# Seconds until the next attempt; the last one again and again until three days are over.
BACKOFF_SECONDS = (5, 30, 120, 600, 1800, 3600, 7200, 14400)
# The former secret signs along for a day, so that a vendor may change over.
BOTH_SECRETS = timedelta(days=1)
MOST_WEBHOOKS = 5


class TooManyWebhooks(Exception):
    """The credential has as many webhooks as it may."""

    text = _("Cet accès a déjà toutes les adresses qu’il peut avoir.")


@transaction.atomic
def register(*, credential: Credential, url: str, actor: Actor, now: datetime) -> Webhook:
    """Send changes from now on to an address; everybody of the vendor is told.

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
    """Tell an address nothing any more. False, and nothing, the second time."""
    ended = Webhook.objects.filter(pk=webhook.pk, ended_at__isnull=True).update(ended_at=now)
    if ended:
        _note(actions.WEBHOOK_ENDED, webhook, actor)
    return bool(ended)


@transaction.atomic
def change_secret(*, webhook: Webhook, actor: Actor, now: datetime) -> None:
    """Sign with a new secret; the former one signs along for a day."""
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
    """The secret as Standard Webhooks writes it. Derived, so that no table holds it."""
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
    """Make the deliveries of what has changed. For suspended credentials it waits."""
    due = Webhook.objects.filter(ended_at__isnull=True, credential__suspended_at__isnull=True)
    _drop_withdrawn()
    for pk in list(due.values_list("pk", flat=True)):
        _collect_for(pk, now=now)


def _drop_withdrawn() -> None:
    """What a practice no longer grants is told to nobody, though it was to be."""
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
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
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


def send_due(*, now: datetime) -> int:
    """Send what is due, some at once; return how many were taken."""
    claimed = _claim(now=now)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        problems = list(pool.map(_send, claimed))
    for delivery, problem in zip(claimed, problems, strict=True):
        _note_outcome(delivery, problem, now=timezone.now())
    return problems.count("")


@transaction.atomic
def _claim(*, now: datetime) -> list[Delivery]:
    """Claim the oldest pending delivery of some appointments: later ones wait for it."""
    earlier = Delivery.objects.filter(
        webhook=OuterRef("webhook"), appointment=OuterRef("appointment"), pk__lt=OuterRef("pk"),
        state=DeliveryState.PENDING,
    )  # fmt: skip
    rows = list(
        Delivery.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("webhook__credential")
        .filter(state=DeliveryState.PENDING, due_at__lte=now)
        .filter(Q(claimed_until__isnull=True) | Q(claimed_until__lt=now))
        .filter(webhook__ended_at__isnull=True, webhook__credential__suspended_at__isnull=True)
        .filter(~Exists(earlier))
        .order_by("due_at", "pk")[:BATCH]
    )
    until = now + timedelta(seconds=CLAIM_SECONDS)
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(claimed_until=until)
    return rows


def _send(delivery: Delivery) -> str:
    """Send one delivery; return what went wrong, or nothing. Touches no database."""
    now = timezone.now()
    body = json.dumps(
        delivery.payload | {"timestamp": delivery.created_at.isoformat()}, separators=(",", ":")
    ).encode()
    headers = signed_headers(delivery.webhook, message_id=delivery.pk, body=body, now=now)
    try:
        status = outgoing.post(delivery.webhook.url, body=body, headers=headers)
    except outgoing.NotCalled as problem:
        return str(problem)
    return "" if 200 <= status < 300 else f"{status}"


GONE = "410"


@transaction.atomic
def _note_outcome(delivery: Delivery, problem: str, *, now: datetime) -> None:
    row = Delivery.objects.select_for_update(no_key=True, of=("self",)).get(pk=delivery.pk)
    row.attempts += 1
    row.claimed_until = None
    row.problem = problem[:200]
    if not problem:
        row.state, row.delivered_at = DeliveryState.DELIVERED, now
    else:
        wait = BACKOFF_SECONDS[min(row.attempts, len(BACKOFF_SECONDS)) - 1]
        row.due_at = now + timedelta(seconds=wait)
        if row.due_at > row.give_up_at:
            row.state = DeliveryState.DEAD
    row.save()
    if problem == GONE:
        # The specification's way of saying: never again.
        Webhook.objects.filter(pk=row.webhook_id, ended_at__isnull=True).update(ended_at=now)


@transaction.atomic
def replay(*, delivery: Delivery, now: datetime) -> None:
    """Send a delivery again, whatever became of it, for another three days at most."""
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.PENDING, attempts=0, due_at=now, give_up_at=now + TRIED_FOR,
        claimed_until=None,
    )  # fmt: skip


def drop_old(*, now: datetime) -> int:
    """Forget what was delivered 30 days ago and what was given up 90 days ago."""
    delivered = Q(state=DeliveryState.DELIVERED, created_at__lt=now - timedelta(days=30))
    dead = Q(state=DeliveryState.DEAD, created_at__lt=now - timedelta(days=90))
    count, _by_model = Delivery.objects.filter(delivered | dead).delete()
    return count
