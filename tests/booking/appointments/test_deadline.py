"""Until when patients move and cancel: one rule for pages, mails and the domain."""

from datetime import timedelta

import pytest
from django.core import mail

from booking.appointments import chains, change, deadline, former_time, marking, undo
from booking.appointments.book import SlotTaken
from booking.appointments.values import By
from booking.models import Appointment, Message
from booking.models.appointment import Channel, Status
from booking.models.message import MessageState
from booking.outbox import sending
from practitioners.domain.scheduling.availability import free_slots
from practitioners.domain.scheduling.reservations import holds
from practitioners.models import Taken
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)
from tests.support.asked import asked
from tests.support.booked import NINE, booked

pytestmark = pytest.mark.django_db
HALF, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def reason():
    agenda = make_agenda()
    row = make_reason(agenda)
    make_opening(agenda, row)
    return row


@pytest.fixture
def visit(reason, now):
    return booked(reason, now, patient=make_patient(make_account()))


def moved(row, starts_at, now, **more):
    more = {"undo_within": former_time.UNDO, "channel": Channel.PATIENT} | more
    how = asked(actor=practice_actor(), **more)
    return change.move(appointment=row, starts_at=starts_at, now=now, **how)


def cancelled(row, now, channel=Channel.PATIENT, **more):
    how = asked(actor=practice_actor(), channel=channel, **more)
    return change.cancel(appointment=row, now=now, **how)


def starts(reason, now):
    found = free_slots(visit_reason=reason, since=NINE, until=NINE + 3 * HOUR, now=now)
    return [slot.starts_at for slot in found]


def rule(row, now, **more):
    found = deadline.terms(row, now=now, **more)
    return found.can_move, found.can_cancel, found.is_late


@pytest.mark.parametrize(
    ("before", "hours", "expected"),
    [
        # How long before the visit; the deadline; whether it moves, is cancelled, is late.
        (DAY + SECOND, 24, (True, True, False)),
        (DAY, 24, (True, True, False)),
        (DAY - SECOND, 24, (False, True, True)),
        (SECOND, 24, (False, True, True)),
        (SECOND, 0, (True, True, False)),
        (0 * SECOND, 0, (False, False, False)),
        (-HOUR, 24, (False, False, True)),
    ],
)
def test_a_visit_to_come_is_always_cancelled_and_late_after_the_deadline(
    visit, before, hours, expected
):
    visit.visit_reason.cancel_deadline_hours = hours
    assert rule(visit, visit.starts_at - before) == expected
    assert deadline.terms(visit, now=visit.created_at).lasts_to_start is (hours == 0)


@pytest.mark.parametrize(
    ("after", "expected"),
    [(0 * HOUR, (True, True, False)), (HOUR, (True, True, False)),
     (HOUR + SECOND, (False, True, True))],
)  # fmt: skip
def test_an_hour_after_the_booking_nothing_is_late(reason, after, expected):
    at = NINE - 3 * HOUR
    row = booked(reason, at)
    assert rule(row, at + after) == expected
    assert deadline.terms(row, now=at).is_grace


def test_grace_begins_after_the_last_instant_of_the_deadline(reason):
    row = booked(reason, NINE - timedelta(days=5))
    last = deadline.free_until(row)
    assert last < NINE
    assert [deadline.is_late(row, now=at) for at in (last, last + SECOND)] == [False, True]
    row.created_at = last - HOUR / 2
    for at, is_grace in ((last, False), (last + SECOND, True), (last + HOUR / 2 + SECOND, False)):
        assert deadline.terms(row, now=at).is_grace is is_grace


def test_what_is_read_before_a_move_is_of_the_hour_to_move_to(reason):
    row = booked(reason, NINE - 20 * DAY)
    later = NINE + 7 * DAY
    there = deadline.terms(row, now=NINE + HOUR, starts_at=later)
    assert there.free_until == deadline.free_until(row) + 7 * DAY
    assert (there.can_move, there.is_late, there.lasts_to_start) == (True, False, False)
    assert not deadline.terms(row, now=NINE + HOUR).can_move


def test_the_hour_of_grace_ends_when_the_visit_begins(reason):
    reason.minimum_notice_minutes = 0
    reason.save()
    row = booked(reason, NINE - timedelta(minutes=10))
    assert deadline.free_until(row) == NINE
    assert deadline.terms(row, now=NINE - SECOND).lasts_to_start
    assert rule(row, NINE - SECOND) == (True, True, False)
    assert rule(row, NINE) == (False, False, False)
    with pytest.raises(change.HasBegun):
        cancelled(row, NINE)


def test_a_cancellation_is_late_once_and_for_all(visit, reason):
    late = cancelled(visit, visit.starts_at - HOUR)
    assert late.cancelled_late
    reason.cancel_deadline_hours = 0
    reason.save()
    assert Appointment.unscoped.get(pk=visit.pk).cancelled_late
    assert deadline.late_cancellations(visit.practice, visit.patient, now=NINE) == 1
    # For a year from the visit, at its practice, of its patient.
    for days, count in ((365 * DAY - SECOND, 1), (365 * DAY, 0)):
        at = NINE + days
        assert deadline.late_cancellations(visit.practice, visit.patient, now=at) == count
    assert not deadline.late_cancellations(make_agenda().practice, visit.patient, now=NINE)
    assert not deadline.late_cancellations(visit.practice, make_patient(), now=NINE)


@pytest.mark.parametrize("channel", [Channel.PRACTICE, Channel.PARTNER])
def test_a_practice_and_its_software_are_never_late(visit, channel):
    assert not cancelled(visit, visit.starts_at - HOUR, channel).cancelled_late


def test_the_time_that_a_patient_leaves_is_kept_until_it_is_too_late_to_undo(visit, reason, now):
    former, there = visit.taken_id, NINE + HOUR
    row = moved(visit, there, now)
    later = now + former_time.UNDO - SECOND
    assert {NINE, there}.isdisjoint(starts(reason, later))
    with pytest.raises(SlotTaken):
        booked(reason, later)
    back = undo.undo_move(appointment=row, actor=practice_actor(), now=later)
    assert (back.starts_at, back.taken_id, back.moves) == (NINE, former, 2)
    assert back.taken.hold_until is None
    assert there in starts(reason, later)
    # Once is enough.
    with pytest.raises(undo.TooLateToUndo):
        undo.undo_move(appointment=row, actor=practice_actor(), now=later)


def test_after_half_a_minute_the_former_time_is_everybodys(visit, reason, now):
    row = moved(visit, NINE + HOUR, now)
    late = now + former_time.UNDO
    assert undo.way_back(row, now=late) is None
    with pytest.raises(undo.TooLateToUndo):
        undo.undo_move(appointment=row, actor=practice_actor(), now=late)
    assert booked(reason, late).starts_at == NINE


def kinds(row):
    owed = Message.objects.filter(appointment=row, state=MessageState.OWED)
    return sorted((m.kind, m.due_at) for m in owed.exclude(kind="reminder"))


def test_the_news_of_a_move_waits_and_an_undone_move_has_none(visit, now):
    Message.objects.filter(appointment=visit, kind="confirmation").update(state="sent")
    row = moved(visit, NINE + HOUR, now)
    assert kinds(row) == [("change", now + former_time.UNDO)]
    back = undo.undo_move(appointment=row, actor=practice_actor(), now=now + SECOND)
    assert kinds(back) == []


def test_two_moves_of_which_the_second_is_undone_are_told_as_one(visit, now):
    Message.objects.filter(appointment=visit, kind="confirmation").update(state="sent")
    row = moved(visit, NINE + HOUR, now)
    row = moved(row, NINE + 2 * HOUR, now + SECOND)
    assert undo.way_back(row, now=now + SECOND).starts_at == NINE + HOUR
    row = undo.undo_move(appointment=row, actor=practice_actor(), now=now + 2 * SECOND)
    assert row.starts_at == NINE + HOUR
    # Their patient has heard of neither yet, and is where the first one led.
    assert kinds(row) == [("change", now + former_time.UNDO)]


def test_what_is_cancelled_after_a_move_gives_both_times_back(visit, reason, now):
    row = moved(visit, NINE + HOUR, now)
    cancelled(row, now + SECOND, Channel.PRACTICE)
    assert {NINE, NINE + HOUR} <= set(starts(reason, now + SECOND))
    assert not Taken.objects.exists()


def test_a_practice_that_moves_it_again_has_the_last_word(visit, now):
    row = moved(visit, NINE + HOUR, now)
    row = change.move(
        appointment=row,
        starts_at=NINE + 2 * HOUR,
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=now,
    )
    assert undo.way_back(row, now=now) is None
    with pytest.raises(undo.TooLateToUndo):
        undo.undo_move(appointment=row, actor=practice_actor(), now=now)


def test_a_move_from_where_the_visit_is_no_more_changes_nothing(visit, now):
    with pytest.raises(change.MovedMeanwhile):
        moved(visit, NINE + HOUR, now, moves_from=NINE + 2 * HOUR)
    assert Appointment.unscoped.get(pk=visit.pk).starts_at == NINE


def test_each_side_takes_back_its_own_cancellation_alone(visit, now):
    row = cancelled(visit, now, undo_within=former_time.UNDO)
    assert not former_time.can_restore(row, now=now)
    assert undo.way_back(row, now=now).until == now + former_time.UNDO
    row = undo.restore(appointment=row, actor=practice_actor(), now=now, channel=Channel.PATIENT)
    assert (row.status, row.starts_at) == (Status.BOOKED, NINE)
    row = cancelled(row, now + SECOND, Channel.PRACTICE, undo_within=former_time.UNDO)
    assert undo.way_back(row, now=now) is None
    with pytest.raises(undo.TooLateToUndo):
        undo.restore(appointment=row, actor=practice_actor(), now=now, channel=Channel.PATIENT)


def test_a_late_cancellation_that_is_taken_back_was_none(visit):
    at = visit.starts_at - HOUR
    row = cancelled(visit, at, undo_within=former_time.UNDO)
    assert row.cancelled_late
    row = undo.restore(appointment=row, actor=practice_actor(), now=at, channel=Channel.PATIENT)
    assert not row.cancelled_late


def chain(now):
    one = make_agenda()
    two = make_agenda(practice=one.practice)
    second = make_reason(two, name="Consultation", active=False)
    first = make_reason(one, name="Mesure", then=second)
    make_opening(one, first)
    make_opening(two, second)
    row = booked(first, now)
    return row, chains.follower(row)


def test_two_in_a_row_come_along_and_go_back_together(now):
    row, then = chain(now)
    row = moved(row, NINE + 2 * HOUR, now)
    then.refresh_from_db()
    assert then.starts_at == NINE + 2 * HOUR + HALF
    assert holds.find_hold(key=former_time.move_key(then), now=now)
    undo.undo_move(appointment=row, actor=practice_actor(), now=now + SECOND)
    row.refresh_from_db()
    then.refresh_from_db()
    assert (row.starts_at, then.starts_at) == (NINE, NINE + HALF)
    assert Taken.objects.filter(hold_until__isnull=False).count() == 0


def test_the_second_of_two_is_late_with_the_first_and_free_of_it_once_that_has_begun(now):
    row, then = chain(now)
    assert deadline.terms(then, now=now).first == row
    assert rule(then, now) == (False, False, False)
    # The first has begun: the second is still to come, so it can be cancelled.
    begun = NINE + timedelta(minutes=5)
    assert rule(then, begun) == (False, True, True)
    cancelled(row, NINE - HOUR)
    then.refresh_from_db()
    assert then.cancelled_late


def letters(visit, at):
    mail.outbox.clear()
    sending.send_owed(now=at)
    return [each.body + each.alternatives[0][0] for each in mail.outbox]


LINKS = ("/deplacer/", "/annuler/", "déplacer ou annuler", "jusqu’au")


@pytest.mark.parametrize(
    ("before", "offered"),
    [
        (3 * DAY, (True, True, True, True)),
        (HOUR, (False, True, False, False)),
    ],
)
def test_a_mail_offers_only_what_is_possible_when_it_leaves(visit, before, offered):
    Message.objects.filter(appointment=visit, kind="reminder").update(state="void")
    (body,) = letters(visit, visit.starts_at - before)
    found = tuple(text in body for text in LINKS)
    assert found[1:] == offered[1:]
    assert ("tardive" in body) is offered[1]


def test_no_mail_confirms_a_visit_that_has_begun(visit):
    """As after an outage; a cancellation is told all the same."""
    assert letters(visit, visit.starts_at) == []
    cancelled(visit, visit.starts_at - HOUR)
    (body,) = letters(visit, visit.starts_at + HOUR)
    assert "annulé" in body
    assert "/annuler/" not in body


def test_a_reminder_after_the_deadline_offers_no_move(visit):
    Message.objects.filter(appointment=visit, kind="confirmation").update(state="sent")
    early = letters(visit, visit.starts_at - 47 * HOUR)
    assert all("/deplacer/" in body and "/annuler/" in body for body in early) and early
    late = letters(visit, visit.starts_at - HOUR)
    assert late
    for body in late:
        assert "/deplacer/" not in body
        assert "Voir ou annuler" in body and "/annuler/" in body
        assert "Le délai du cabinet est passé" in body


def test_within_the_hour_the_mail_names_the_hour(reason):
    at = NINE - 3 * HOUR
    row = booked(reason, at)
    (body,) = letters(row, at)
    assert "une heure après la réservation" in body
    assert "07:00" in body, "06:00 in UTC and an hour: Paris is an hour ahead"


def test_without_an_account_a_mail_says_whom_to_call_and_nothing_to_tap(reason, now):
    practice = reason.agenda.practice
    practice.phone = "01 99 00 12 34"
    practice.save()
    patient = make_patient(practice=practice, email="zoe@exemple.fr")
    row = booked(reason, now, patient=patient, channel=Channel.PRACTICE)
    (body,) = letters(row, now)
    assert "/annuler/" not in body and "/deplacer/" not in body
    assert "appelez le cabinet" in body
    assert "dans votre compte" not in body
    assert "Chaque lecture de vos données est inscrite." in body


def test_with_an_account_a_mail_leads_to_who_read_what(visit, now):
    (body,) = letters(visit, now)
    assert "voyez qui les a lues dans votre compte" in body


def test_whoever_has_arrived_before_the_hour_cancels_and_moves_nothing(visit):
    marking.mark(
        appointment=visit, status=Status.ARRIVED, actor=practice_actor(), now=visit.starts_at - HOUR
    )
    visit.refresh_from_db()
    assert rule(visit, visit.starts_at - 25 * HOUR) == (False, True, False)
    assert rule(visit, visit.starts_at - SECOND) == (False, True, True)
    assert cancelled(visit, visit.starts_at - SECOND).cancelled_late
