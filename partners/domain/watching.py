"""The guard of the API: what software opens is counted, and the watch is told which reason the
agenda gives for it.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from audit.actions import REVEAL
from audit.incidents import containment
from audit.record import entries
from audit.record.entries import Origin
from audit.vault.guard import Answer, Decision, NoGuard, Reading, opens
from audit.watch import budget, canaries, repeats
from audit.watch.holders import Kind
from audit.watch.sighting import Reason, Sighting
from booking.models import Appointment
from booking.oversight.watching import FRESH, NEAR_AFTER, NEAR_BEFORE, REMEMBERED, writes_today
from partners.domain import reveal_budget
from partners.domain.walls import above_walls
from partners.models import Credential, Grant

FIRST_SYNC = timedelta(days=3)
# Practices invoice and report a month around its end.
CLOSING_DAYS = frozenset({26, 27, 28, 29, 30, 31, 1, 2, 3, 4, 5, 6})
AHEAD = timedelta(days=15)
CLOSING_REACHES = timedelta(days=45)

_OPENED_BEFORE = """
    SELECT EXISTS (
        SELECT 1 FROM audit_entry WHERE subjects @> ARRAY[%s::uuid] AND credential_id = %s
        AND action = %s AND at >= %s
    )
"""


@dataclass(frozen=True, kw_only=True)
class OfAppointment:
    """What software asks for: fields of one appointment's patient, under a practice's grant."""

    credential: Credential
    grant: Grant
    appointment: Appointment
    fields: Collection[str]


def guard_api(reading: Reading) -> Decision:
    """Count and judge an identity that software is about to open.

    What the watch does of it, the platform does as itself, above the partner's walls. Raises
    redis.RedisError when nobody can count, and guard.NoGuard for anything but one appointment's.
    """
    asked = reading.about
    if not isinstance(asked, OfAppointment):
        raise NoGuard("software opens the identity of one granted appointment, and nothing else")
    rows = {asked.appointment, asked.appointment.patient}
    is_its_own = reading.actor.credential_id == asked.credential.pk
    if not is_its_own or any(row not in rows for row, _name in reading.pairs):
        raise NoGuard("software opens an appointment and its patient for itself, and nothing else")
    with above_walls(), entries.apart():
        return _judged(
            asked, purpose=reading.purpose, origin=reading.actor.origin or Origin(),
            now=reading.at or timezone.now(),
        )  # fmt: skip


def _judged(asked: OfAppointment, *, purpose: str, origin: Origin, now: datetime) -> Decision:
    credential, grant, subject = asked.credential, asked.grant, asked.appointment.patient_id
    limits = reveal_budget.limits_of(grant, now=now)
    spent = budget.spend(holder=grant.pk, subject=subject, limits=limits, now=now)
    if spent is not None:
        is_stopped = containment.misused(
            holder_id=credential.pk, kind=Kind.CREDENTIAL, group_id=credential.partner_id,
            code="hammering", origin=origin, now=now,
        )  # fmt: skip
        return Decision(answer=Answer.STOP) if is_stopped else spent.decision
    if not repeats.is_first(
        holder_id=credential.pk,
        subject_id=subject,
        network=origin.network,
        key=origin.key,
        now=now,
    ):
        return opens(again=True)
    sighting = sighting_of(
        credential=credential, grant=grant, appointment=asked.appointment, origin=origin, now=now,
        use=f"{purpose} {len(asked.fields)}",
    )  # fmt: skip
    decision = containment.guard(
        holder_id=credential.pk, kind=Kind.CREDENTIAL, group_id=credential.partner_id,
        sightings=[sighting], origin=origin,
        writes=lambda: writes_today(now=now, credential_id=credential.pk),
    )  # fmt: skip
    if decision.answer is not Answer.OPEN:
        return decision
    return opens(reason=sighting.reason.value, weight=decision.noted["weight"])


def sighting_of(
    *,
    credential: Credential,
    grant: Grant,
    appointment: Appointment,
    use: str,
    origin: Origin,
    now: datetime,
) -> Sighting:
    """Return what the watch needs to know of a reveal; `use` is the purpose and the fields."""
    local = now.astimezone(appointment.practice.zone)
    reason = _reason(credential, grant, appointment, day=local.day, now=now)
    # Software that is new may read everything once.
    may_be_canary = reason not in (Reason.FRESH, Reason.NEAR, Reason.FIRST_SYNC)
    return Sighting(
        at=now,
        weekday=local.weekday(),
        hour=local.hour,
        practice_id=appointment.practice_id,
        reason=reason,
        network=origin.network,
        key=origin.key,
        use=use,
        place=(appointment.agenda_id.hex, appointment.starts_at.timestamp()),
        is_canary=may_be_canary and canaries.is_canary(appointment.patient_id),
    )


def _reason(
    credential: Credential, grant: Grant, appointment: Appointment, *, day: int, now: datetime
) -> Reason:
    changed_at = max(appointment.created_at, appointment.cancelled_at or appointment.created_at)
    if changed_at >= now - FRESH:
        return Reason.FRESH
    if now - NEAR_AFTER <= appointment.starts_at <= now + NEAR_BEFORE:
        return Reason.NEAR
    is_again = opened_before(
        credential_id=credential.pk, subject_id=appointment.patient_id, since=now - REMEMBERED
    )
    if grant.created_at >= now - FIRST_SYNC and not is_again:
        return Reason.FIRST_SYNC
    is_past = now - CLOSING_REACHES <= appointment.starts_at < now
    if is_past and day in CLOSING_DAYS:
        return Reason.CLOSING
    if now < appointment.starts_at <= now + AHEAD:
        return Reason.AHEAD
    return Reason.AGAIN if is_again else Reason.NONE


def opened_before(*, credential_id: uuid.UUID, subject_id: uuid.UUID, since: datetime) -> bool:
    """Whether a credential has revealed anything of a subject since an instant, by the record."""
    with connection.cursor() as cursor:
        cursor.execute(_OPENED_BEFORE, [subject_id, credential_id, REVEAL.code, since])
        row = cursor.fetchone()
    return bool(row and row[0])
