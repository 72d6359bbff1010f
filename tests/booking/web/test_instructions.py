"""What a practice asks of its patients is said before a booking, after it, and in every mail."""

import pytest
from django.urls import reverse

from booking.appointments import change
from booking.appointments.values import By
from booking.models import Message
from booking.models.appointment import Channel
from booking.outbox import kinds
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.booked import NINE, booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
WORDS = ("Pensez à votre carte Vitale.", "Venez à jeun.", "Ne conduisez pas ensuite.")


@pytest.fixture
def account():
    return make_account("zoe@example.org")


@pytest.fixture
def reason():
    """A visit that another follows, each with words of its own."""
    practice = make_practice(instructions=WORDS[0], access_info="Interphone", reminder_hours=[])
    then = make_reason(make_agenda(practice=practice), instructions=WORDS[2])
    first = make_reason(
        make_agenda(practice=practice), then=then, then_within_minutes=30, instructions=WORDS[1]
    )
    for each in (first, then):
        make_opening(each.agenda, each)
    return first


def test_before_the_booking_and_after_it(reason, account, now):
    client = verified_client(account)
    patient = make_patient(account)
    slot = {"motif": reason.pk, "debut": NINE.isoformat()}
    held = client.post(reverse("booking:hold"), slot)
    before = client.get(held["Location"]).content.decode()
    done = client.post(held["Location"], slot | {"patient": patient.pk})
    after = client.get(done["Location"]).content.decode()
    for page in (before, after):
        assert all(page.count(each) == 1 for each in WORDS)
    assert "Interphone" in after


@pytest.mark.parametrize("kind", ["confirmation", "change", "reminder", "cancellation"])
def test_in_mails_unless_the_visit_is_cancelled(kind, reason, account, now):
    row = booked(reason, now, patient=make_patient(account))
    client = verified_client(account)
    is_cancelled = kind == "cancellation"
    if is_cancelled:
        change.cancel(
            appointment=row, by=By(actor=practice_actor(), channel=Channel.PATIENT), now=now
        )
        row.refresh_from_db()
    message = Message(
        kind=kind, channel="email", appointment=row, due_at=now, created_at=now, turn="24h/0"
    )
    letter = kinds.compose(message, now=now)
    page = client.get(reverse("booking:appointment", args=[row.pk])).content.decode()
    for text in (letter.text, letter.html, page):
        assert [each in text for each in WORDS] == [not is_cancelled] * 3
    assert ("Interphone" in page) == (not is_cancelled)


def test_of_a_video_visit_what_is_asked_of_it_alone(reason, account, now):
    reason.teleconsultation = True
    reason.then = None
    reason.save()
    row = booked(reason, now, patient=make_patient(account))
    message = Message(
        kind="confirmation", channel="email", appointment=row, due_at=now, created_at=now
    )
    letter = kinds.compose(message, now=now)
    for text in (letter.text, letter.html):
        assert [each in text for each in WORDS] == [False, True, False]
