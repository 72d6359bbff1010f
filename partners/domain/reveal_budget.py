"""The identity budget of a grant, sized by the practice's own agenda.

With P the patients who have an appointment in the granted agendas within a week of now, and B the
most that the credential ever revealed of this practice in a day: per day max(60, min(P, 6 B)), or
max(60, P) while the watch does not know B yet; per hour a third of that but at least 30; per minute
a quarter of the hour's but at least 10. A first synchronisation of the week's patients therefore
takes some hours at most, and a thief of a credential gets no more than that from any practice.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from django.db import connection

from audit.watch import budget, watcher
from audit.watch.budget import Limits
from partners.domain.scopes import IDENTITY_SCOPES
from partners.models import Grant

FLOOR_DAY, FLOOR_HOUR, FLOOR_MINUTE = 60, 30, 10
OF_BUSIEST = 6
AROUND = timedelta(days=7)
_PATIENTS = """
    SELECT count(DISTINCT a.patient_id) FROM booking_appointment a
    JOIN partners_grant_agendas g ON g.agenda_id = a.agenda_id AND g.grant_id = %s
    WHERE a.starts_at >= %s AND a.starts_at < %s
"""


def limits_of(grant: Grant, *, now: datetime) -> Limits:
    """The budget of a grant with its agendas as they are now."""
    with connection.cursor() as cursor:
        cursor.execute(_PATIENTS, [grant.pk, now - AROUND, now + AROUND])
        (patients,) = cursor.fetchone()
    busiest = watcher.busiest_day(grant.credential_id, grant.practice_id)
    # Software that opens few a day needs no more than some of its busiest days at once.
    most = patients if busiest is None else min(patients, OF_BUSIEST * busiest)
    day = max(FLOOR_DAY, most)
    hour = max(FLOOR_HOUR, math.ceil(day / 3))
    return Limits(day=day, hour=hour, minute=max(FLOOR_MINUTE, math.ceil(hour / 4)))


@dataclass(frozen=True, kw_only=True)
class Use:
    """How much of a grant's budget was used in the last day."""

    spent: int
    limits: Limits


def use_of(grant: Grant, *, now: datetime) -> Use | None:
    """The use for a page; None for a grant without identities, and while Redis is unavailable."""
    if not IDENTITY_SCOPES & set(grant.scopes):
        return None
    try:
        return Use(spent=budget.spent(grant.pk, now=now), limits=limits_of(grant, now=now))
    except redis.RedisError:
        return None
