"""Text messages that were sent, and visits that they remind of."""

import json
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from booking.models import Message
from tests.factories import make_agenda, make_opening, make_practice, make_reason

PARIS, REUNION = ZoneInfo("Europe/Paris"), ZoneInfo("Indian/Reunion")


TUESDAY = date(2026, 12, 1)


def local(day, hour, minute=0, zone=PARIS):
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


@pytest.fixture
def texts(settings, tmp_path):
    settings.SMS_PROVIDER, settings.SMS_DIR = "file", str(tmp_path)
    return lambda: [json.loads(file.read_text()) for file in sorted(tmp_path.glob("*.json"))]


def reason_of(*, hours=(48, 2), capacity=1, opens=time(6), **practice):
    agenda = make_agenda(practice=make_practice(reminder_hours=list(hours), **practice))
    reason = make_reason(agenda, cancel_deadline_hours=0)
    make_opening(
        agenda, reason, starts_on=date(2026, 11, 24), from_time=opens, until_time=time(23, 30),
        capacity=capacity, slot_minutes=30 if capacity > 1 else None,
    )  # fmt: skip
    return reason


def due(channel="sms", kind="reminder"):
    rows = Message.objects.filter(channel=channel, kind=kind, state="owed").order_by("due_at")
    return list(rows.values_list("due_at", flat=True))
