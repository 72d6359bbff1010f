"""What the watch learns of a reveal by software: the reason that the agenda gives for it."""

import uuid
from datetime import datetime, timedelta

from django.db import connection

from audit.actions import REVEAL
from audit.record.entries import Origin
from audit.watch import canaries
from audit.watch.sighting import Reason, Sighting
from booking.models import Appointment
from booking.oversight.watching import FRESH, NEAR_AFTER, NEAR_BEFORE, REMEMBERED
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
