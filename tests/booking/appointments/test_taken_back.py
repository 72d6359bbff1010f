"""What is taken back within its seconds leaves the place on the waiting list as it was."""

from datetime import date, time, timedelta
from functools import partial

import pytest
from django.urls import reverse

from audit.record.entries import system_actor
from booking.appointments import change, former_time, undo
from booking.appointments.desk import drag
from booking.appointments.several import series
from booking.appointments.values import By
from booking.models import Appointment, Offer, Wait
from booking.models.appointment import Channel
from booking.models.waiting import OfferState
from booking.waiting import offering, offers, waiting
from practitioners.domain.scheduling.reservations.holds import drop_expired_holds
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.waiting_list import MONDAY, NEXT, at, visit, waiting_for

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 24)
LATER = timedelta(seconds=10)
OVER = timedelta(seconds=31)


@pytest.fixture
def reason():
    """Open on Mondays, and today, whose times can be changed no more once they are taken."""
    row = make_reason(make_agenda(), cancel_deadline_hours=24, minimum_notice_minutes=0)
    make_opening(row.agenda, row, from_time=time(9), until_time=time(10))
    make_opening(
        row.agenda, row, starts_on=TODAY, every_weeks=0, from_time=time(15), until_time=time(16)
    )
    return row


@pytest.fixture
def wait(reason, now):
    return waiting_for(visit(reason, at(NEXT, 9), now), now)


def cancelled_by(channel, appointment, now):
    change.cancel(
        appointment=appointment,
        by=By(actor=practice_actor(), channel=channel),
        now=now,
        undo_within=former_time.UNDO,
    )


def cancelled_with_series(appointment, now):
    series.cancel_with_following(
        appointment=appointment,
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=now,
        undo_within=former_time.UNDO,
    )


def restored_by(channel, appointment, now):
    undo.restore(appointment=appointment, actor=practice_actor(), now=now, channel=channel)


def moved_by_patient(appointment, now):
    change.move(
        appointment=appointment,
        starts_at=at(TODAY, 15),
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
        undo_within=former_time.UNDO,
    )


def moved_back(appointment, now):
    undo.undo_move(appointment=appointment, actor=practice_actor(), now=now)


def dragged(to, appointment, now, *, takes_back=False):
    drag.drag(
        appointment=Appointment.unscoped.get(pk=appointment.pk), agenda=appointment.agenda,
        starts_at=to, actor=practice_actor(), now=now, takes_back=takes_back,
    )  # fmt: skip


WAYS = {
    "cancelled by the patient": (
        partial(cancelled_by, Channel.PATIENT), partial(restored_by, Channel.PATIENT)
    ),
    "cancelled by the practice": (
        partial(cancelled_by, Channel.PRACTICE), partial(restored_by, Channel.PRACTICE)
    ),
    "cancelled with its series": (
        cancelled_with_series, partial(restored_by, Channel.PRACTICE)
    ),
    "moved by the patient": (moved_by_patient, moved_back),
    "dragged by the practice": (
        partial(dragged, at(TODAY, 15)), partial(dragged, at(NEXT, 9), takes_back=True)
    ),
}  # fmt: skip


def rounds(now):
    """What follows a change at once, and each minute's round."""
    drop_expired_holds(now=now)
    offering.offer_everywhere(now=now)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_taken_back_keeps_the_place(reason, wait, now, way):
    done, taken_back = WAYS[way]
    done(wait.appointment, now)
    rounds(now)
    taken_back(Appointment.unscoped.get(pk=wait.appointment_id), now + LATER)
    rounds(now + LATER)
    rounds(now + timedelta(minutes=2))
    assert Wait.unscoped.get(pk=wait.pk).ended_at is None


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_taken_back_ends_the_place_once_it_cannot_be(reason, wait, now, way):
    WAYS[way][0](wait.appointment, now)
    rounds(now)
    # Nothing is offered to somebody who has just cancelled.
    assert not Offer.unscoped.exists()
    rounds(now + OVER)
    assert Wait.unscoped.get(pk=wait.pk).ended_at == now + OVER
    assert not Offer.unscoped.exists()


def test_an_offer_that_was_open_can_be_accepted_after_taking_back(reason, now):
    first = [visit(reason, at(MONDAY, 9), now), visit(reason, at(MONDAY, 9, 30), now)]
    wait = waiting_for(visit(reason, at(NEXT, 9), now), now)
    change.cancel(
        appointment=first[0], by=By(actor=system_actor(), channel=Channel.PRACTICE), now=now
    )
    rounds(now)
    offer = Offer.unscoped.get(wait=wait)
    done, taken_back = WAYS["cancelled by the patient"]
    done(wait.appointment, now)
    rounds(now)
    taken_back(Appointment.unscoped.get(pk=wait.appointment_id), now + LATER)
    rounds(now + LATER)
    offer.refresh_from_db()
    assert offer.state == OfferState.OPEN
    made = offers.accept(offer=offer, actor=practice_actor(), now=now + LATER, is_sure=True)
    assert made.starts_at == at(MONDAY, 9)


def test_who_has_just_cancelled_may_wait_anew(reason, wait, now):
    WAYS["cancelled by the patient"][0](wait.appointment, now)
    rounds(now)
    new = waiting.join(
        visit_reason=reason, patient=wait.patient, actor=system_actor(), now=now + LATER
    )
    rounds(now + OVER)
    open_ones = Wait.unscoped.filter(ended_at__isnull=True)
    assert [row.pk for row in open_ones] == [new.pk]


@pytest.mark.usefixtures("at_now")
def test_both_pages_that_cancel_say_that_the_place_ends(reason, now):
    account = make_account()
    row = visit(reason, at(NEXT, 9), now, patient=make_patient(account))
    desk = verified_client(make_member(reason.agenda.practice, role="owner").account)
    pages = [
        (verified_client(account), reverse("booking:cancel", args=[row.pk])),
        (desk, reverse("booking:cancel-visit", args=[row.practice_id, row.pk])),
    ]
    words = "place sur la liste d’attente"
    assert not any(words in client.get(url).content.decode() for client, url in pages)
    waiting_for(row, now)
    assert all(words in client.get(url).content.decode() for client, url in pages)
