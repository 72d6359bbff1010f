"""Reminders that would come close together, of a family, or after an outage."""

from datetime import date, timedelta

import pytest
from django.core import mail

from booking.appointments.change import cancel
from booking.appointments.values import By
from booking.models import Message
from booking.models.appointment import Channel
from booking.outbox import sending
from tests.factories import make_account, make_patient, practice_actor
from tests.support.booked import booked
from tests.support.texts import TUESDAY, due, local, reason_of, texts  # noqa: F401


@pytest.mark.django_db
@pytest.mark.parametrize("late", [local(TUESDAY, 10), local(TUESDAY, 9, 45)])
def test_after_an_outage_two_reminders_are_one(now, texts, late):
    reason = reason_of(hours=[24, 2])
    booked(reason, now, starts_at=local(TUESDAY, 12))
    Message.objects.exclude(kind="reminder").delete()
    sending.send_owed(now=late)
    sending.send_owed(now=local(TUESDAY, 10))
    sending.send_owed(now=local(TUESDAY, 11))
    assert len(texts()) == 1
    assert len(mail.outbox) == 1
    states = Message.objects.order_by("state").values_list("state", "turn").distinct()
    assert set(states) == {("sent", "2h/0"), ("void", "24h/0")}


@pytest.mark.django_db
def test_without_an_outage_each_reminder_is_sent(now, texts):
    """Even an hour apart, and some seconds late."""
    booked(reason_of(hours=[48, 3, 2]), now, starts_at=local(TUESDAY, 15))
    for at in sorted(due()):
        sending.send_owed(now=at + timedelta(seconds=7))
    assert len(texts()) == 3


@pytest.mark.django_db
def test_the_evening_brings_no_two_texts_of_one_visit(now):
    booked(reason_of(hours=[12, 11, 2]), now, starts_at=local(TUESDAY, 8, 30))
    assert due() == [local(date(2026, 11, 30), 20)]


@pytest.mark.django_db
def test_a_family_on_one_telephone_has_one_text(now, texts):
    """Two children vaccinated at the same time: the text names neither."""
    reason = reason_of(hours=[2], capacity=5)
    account = make_account()
    for name in ("Zoé", "Jeanne"):
        booked(
            reason,
            now,
            starts_at=local(TUESDAY, 15),
            patient=make_patient(account, first_name=name),
        )
    other = make_patient(make_account(), first_name="Paul", phone="+33698765432")
    booked(reason, now, starts_at=local(TUESDAY, 15), patient=other)
    Message.objects.exclude(channel="sms", kind="reminder").delete()
    sending.send_owed(now=local(TUESDAY, 13))
    sending.send_owed(now=local(TUESDAY, 13, 5))
    assert sorted(each["to"] for each in texts()) == ["+33612345678", "+33698765432"]


@pytest.mark.django_db
def test_a_twin_that_is_cancelled_leaves_the_other_its_text(now, texts):
    reason = reason_of(hours=[2], capacity=5)
    account = make_account()
    visits = [
        booked(reason, now, starts_at=local(TUESDAY, 15), patient=make_patient(account))
        for _ in range(2)
    ]
    cancel(appointment=visits[0], by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now)
    Message.objects.exclude(channel="sms", kind="reminder").delete()
    assert sending.send_owed(now=local(TUESDAY, 13)) == 1
    assert len(texts()) == 1


@pytest.mark.django_db
def test_no_reminder_after_the_visit_began(now, texts):
    booked(reason_of(hours=[24, 2]), now, starts_at=local(TUESDAY, 12))
    Message.objects.exclude(kind="reminder").delete()
    assert sending.send_owed(now=local(TUESDAY, 12)) == 0
    assert set(Message.objects.values_list("state", flat=True)) == {"void"}
