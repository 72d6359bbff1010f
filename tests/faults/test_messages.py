"""Messages survive killed workers and an emptied Redis: none lost, none twice."""

import json
import signal
import time
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from audit.redis_client import redis_client
from booking.models import Message
from booking.models.appointment import Channel
from booking.models.message import MessageKind
from booking.outbox import messages
from booking.tasks import send_owed_messages
from tests.browser.conftest import mails, start_worker  # noqa: F401
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
)
from tests.support.booked import booked

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = 120


def test_killed_workers_and_an_emptied_redis_lose_nothing_and_send_nothing_twice(mails, tmp_path):
    now = timezone.now()
    accounts = [make_account(f"personne{n}@exemple.fr") for n in range(COUNT)]
    for account in accounts:
        messages.owe_to_account(account=account, kind=MessageKind.RESET_PASSWORD, now=now)
    log = tmp_path / "worker.log"
    kills = 0
    process = start_worker(mails.port, log)
    deadline = time.monotonic() + 120
    while Message.objects.filter(state="owed").exists():
        assert time.monotonic() < deadline, log.read_text()[-2000:]
        left = Message.objects.filter(state="owed").count()
        send_owed_messages.delay()
        if kills < 3 and left < COUNT * (4 - kills) / 5:
            # Between two messages or in the midst of one: whatever it was doing.
            for pid in [p.pid for p in _family(process)]:
                _kill(pid)
            process.wait()
            redis_client().flushdb()
            kills += 1
            # The dead sender's claim runs out, as it would a minute later.
            Message.objects.filter(claimed_until__isnull=False).update(
                claimed_until=now - timedelta(seconds=1)
            )
            process = start_worker(mails.port, log)
        time.sleep(0.05)
    process.terminate()
    process.wait(30)
    assert kills == 3
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
    kept = sorted(mails.directory.glob("*.eml"))
    assert len(kept) == COUNT


def _family(process):
    import psutil

    parent = psutil.Process(process.pid)
    return [*parent.children(recursive=True), parent]


def _kill(pid):
    import os

    os.kill(pid, signal.SIGKILL)


def test_a_refused_mail_is_tried_again_later_and_given_up_in_the_end(settings):
    from booking.outbox import sending
    from booking.outbox.queue import MESSAGES

    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 1
    now = timezone.now()
    row = messages.owe_to_account(account=make_account(), kind=MessageKind.RESET_PASSWORD, now=now)
    waits = []
    for _ in range(len(MESSAGES.back_off.waits) + 1):
        row.refresh_from_db()
        assert row.state == "owed"
        at = max(row.due_at, now)
        assert sending.send_owed(now=at) == 0
        row.refresh_from_db()
        waits.append((row.due_at - at) // timedelta(minutes=1))
    assert waits == [1, 2, 5, 15, 60, 240, 240]
    assert (row.state, row.problem) == ("failed", "ConnectionRefusedError")


def test_a_reminder_of_a_visit_that_is_over_is_void(settings, now):
    from booking.models import Appointment
    from booking.outbox import sending
    from tests.factories import make_agenda, make_opening, make_reason
    from tests.support.booked import NINE, booked

    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    appointment = booked(reason, now)
    Message.objects.exclude(kind="reminder").delete()
    assert sending.send_owed(now=NINE + timedelta(minutes=1)) == 0
    assert set(Message.objects.values_list("state", flat=True)) == {"void"}
    assert Appointment.unscoped.get(pk=appointment.pk)


def test_one_message_that_cannot_be_made_does_not_hold_up_the_others(settings):
    from audit.models import SubjectKey
    from booking.outbox import sending

    now = timezone.now()
    broken, fine = make_account("cassee@exemple.fr"), make_account("saine@exemple.fr")
    first = messages.owe_to_account(account=broken, kind=MessageKind.RESET_PASSWORD, now=now)
    second = messages.owe_to_account(account=fine, kind=MessageKind.RESET_PASSWORD, now=now)
    SubjectKey.objects.filter(subject_id=broken.subject_id).update(wrapped=b"spoilt")
    assert sending.send_owed(now=now) == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.attempts, first.problem) == ("owed", 1, "KeyUnavailable")
    assert second.state == "sent"
    assert first.claimed_until is None


def test_claims_of_a_slow_batch_run_from_their_own_moment(monkeypatch, settings):
    from audit.outbox import queue
    from booking.outbox import sending

    now = timezone.now()
    for n in range(3):
        messages.owe_to_account(
            account=make_account(f"lente{n}@exemple.fr"), kind=MessageKind.RESET_PASSWORD, now=now
        )
    ticks = iter([0.0, 0.0, 45.0, 90.0])
    monkeypatch.setattr(queue, "monotonic", lambda: next(ticks))
    claimed = []

    def hand_over(_letter, *, key, **_how):
        claimed.append(Message.objects.get(pk=key).claimed_until)

    monkeypatch.setattr(sending, "hand_over", hand_over)
    assert sending.send_owed(now=now) == 3
    assert [round((until - now).total_seconds()) for until in claimed] == [60, 105, 150]


def test_no_worker_sends_a_text_by_night_though_the_clocks_change(mails, tmp_path, settings):
    """Real workers at 21:00 of the evening before clocks change, and at 8:00 after it."""
    paris = ZoneInfo("Europe/Paris")
    evening = datetime(2026, 10, 24, 21, tzinfo=paris).astimezone(UTC)
    morning = datetime(2026, 10, 25, 8, tzinfo=paris).astimezone(UTC)
    # Summer has ended in between.
    assert morning - evening == timedelta(hours=12)
    agenda = make_agenda(practice=make_practice(reminder_hours=[]))
    reason = make_reason(agenda)
    make_opening(agenda, reason, starts_on=date(2026, 10, 26))
    for n, phone in enumerate(("+33612345678", "+262692123456")):
        patient = make_patient(practice=agenda.practice, phone=phone)
        starts_at = datetime(2026, 10, 26, 9 + n, tzinfo=paris).astimezone(UTC)
        booked(reason, evening, starts_at=starts_at, patient=patient, channel=Channel.PRACTICE)
    # As if they had been owed by day, and nobody had sent them.
    Message.objects.update(due_at=evening - timedelta(minutes=1))
    messages.owe_to_account(account=make_account(), kind=MessageKind.RESET_PASSWORD, now=evening)

    texts = Message.objects.filter(channel="sms").order_by("due_at")
    files = [Path(settings.SMS_DIR) / f"{pk}.json" for pk in texts.values_list("pk", flat=True)]

    with working(mails.port, tmp_path, at=evening):
        wait_until(lambda: list(mails.directory.glob("*.eml")))
        wait_until(lambda: not texts.filter(due_at__lt=evening).exists())
    assert not any(file.exists() for file in files)
    in_reunion = datetime(2026, 10, 25, 8, tzinfo=ZoneInfo("Indian/Reunion")).astimezone(UTC)
    assert list(texts.values_list("due_at", flat=True)) == [in_reunion, morning]

    with working(mails.port, tmp_path, at=morning):
        wait_until(lambda: not texts.exclude(state="sent").exists())
    numbers = {json.loads(file.read_text())["to"] for file in files}
    assert numbers == {"+33612345678", "+262692123456"}


@contextmanager
def working(smtp_port, directory, *, at):
    process = start_worker(smtp_port, directory / "worker.log", at=at)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def wait_until(holds):
    """Wait for what a worker does, by the machine's own clock."""
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)
