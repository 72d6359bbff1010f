"""Queues of every policy on the notices' table, and rows for them."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Q

from audit.incidents.notices import NOTICES
from audit.models import Incident, Notice, NoticeKind
from audit.outbox.policies import AtLeastOnce, InOrder

T = datetime(2026, 11, 24, 9, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
AT_LEAST_ONCE = replace(NOTICES, policy=AtLeastOnce(), may_leave=Q())
IN_ORDER = replace(NOTICES, policy=InOrder(of=("incident",)), may_leave=Q())
NEVER_TWICE = replace(NOTICES, may_leave=Q())
EVERY = pytest.mark.parametrize(
    "queue",
    [AT_LEAST_ONCE, IN_ORDER, NEVER_TWICE],
    ids=["at least once", "in order", "never twice"],
)


def row(number=1, *, due_at=T, **values):
    incident, _is_new = Incident.objects.get_or_create(
        number=number, defaults={"began_at": T, "detected_at": T}
    )
    return Notice(
        incident=incident, kind=NoticeKind.STAFF, recipient_id=uuid.uuid4(), channel="email",
        due_at=due_at, created_at=T, **values,
    )  # fmt: skip


def queued(queue, *rows):
    queue.add(rows)
    return rows[0] if len(rows) == 1 else rows


def again(each):
    return Notice.objects.get(pk=each.pk)


def state(each):
    return again(each).state
