from datetime import timedelta

import pytest
from django.db import transaction

from audit.models import Entry
from audit.vault.reveal import Purpose, reveal
from booking.appointments.book import HeldSlot, OutsideOpening, SlotTaken, book
from booking.appointments.change import NotActive, TooLateToChange, cancel, move
from booking.appointments.values import By, Conditions
from booking.models import Appointment, Message
from booking.models.appointment import Channel, Status
from practitioners.domain.scheduling.availability import free_slots
from practitioners.domain.scheduling.reservations import holds, take
from practitioners.models import Taken
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)
from tests.support.booked import NINE, booked

pytestmark = pytest.mark.django_db
INSTANT = timedelta(microseconds=1)


def by_patient():
    return By(actor=practice_actor(), channel=Channel.PATIENT)


def by_practice():
    return By(actor=practice_actor(), channel=Channel.PRACTICE)


@pytest.fixture
def reason():
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    return reason


def starts(reason, now):
    slots = free_slots(visit_reason=reason, since=NINE, until=NINE + timedelta(hours=3), now=now)
    return [slot.starts_at for slot in slots]


def test_booking_takes_the_slot_records_it_and_owes_messages(reason, now):
    before = starts(reason, now)
    appointment = booked(reason, now)
    assert starts(reason, now) == before[1:]
    assert before[0] == NINE
    entry = Entry.objects.get(action="appointment-booked")
    assert entry.subjects == [appointment.patient_id]
    assert entry.object_id == appointment.pk
    owed = Message.objects.order_by("due_at", "channel").values_list("kind", "channel", "due_at")
    assert list(owed) == [
        ("confirmation", "email", now),
        ("reminder", "email", NINE - timedelta(hours=48)),
        ("reminder", "sms", NINE - timedelta(hours=48)),
        # No text at 7:00: it comes at 20:00 the evening before.
        ("reminder", "sms", NINE - timedelta(hours=13)),
        ("reminder", "email", NINE - timedelta(hours=2)),
    ]


def test_a_booking_is_written_as_it_was_asked_for(reason, now):
    agenda, account = reason.agenda, make_account()
    patient = make_patient(account)
    book(
        visit_reason=reason,
        starts_at=NINE,
        patient=patient,
        by=By(account=account, actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
        note="Le dos",
    )
    row = Appointment.unscoped.get()
    assert (row.practice_id, row.agenda_id) == (agenda.practice_id, agenda.pk)
    assert (row.visit_reason_id, row.patient_id) == (reason.pk, patient.pk)
    assert (row.booked_by_id, row.channel, row.status) == (account.pk, "patient", Status.BOOKED)
    assert (row.starts_at, row.ends_at) == (NINE, NINE + timedelta(minutes=30))
    assert (row.new_patient, row.series, row.follows_id) == (True, None, None)
    assert row.created_at == now
    entry = Entry.objects.get(action="appointment-booked")
    assert entry.practice_id == agenda.practice_id
    assert entry.details == {"agenda": str(agenda.pk), "starts_at": NINE.isoformat()}
    with reveal([(row, ("note",))], actor=practice_actor(), purpose=Purpose.CARE) as plain:
        assert plain.text(row, "note") == "Le dos"
    later = booked(reason, now, starts_at=NINE + timedelta(hours=1), says_known=True)
    assert (later.new_patient, later.booked_by_id, later.note) == (False, None, None)


def test_the_same_slot_is_refused(reason, now):
    booked(reason, now)
    with pytest.raises(SlotTaken):
        booked(reason, now)
    assert Appointment.unscoped.count() == 1


def test_a_start_off_the_grid_is_refused_to_patients(reason, now):
    with pytest.raises(OutsideOpening):
        booked(reason, now, starts_at=NINE + timedelta(minutes=7))


def test_a_practice_may_book_anywhere_but_on_taken_time(reason, now):
    at = NINE + timedelta(hours=8)
    booked(reason, now, starts_at=at, channel=Channel.PRACTICE, anywhere=True)
    with pytest.raises(SlotTaken):
        booked(
            reason,
            now,
            starts_at=at + timedelta(minutes=10),
            channel=Channel.PRACTICE,
            anywhere=True,
        )


def test_minimum_notice_and_horizon_bind_patients_alone(reason, now):
    reason.minimum_notice_minutes = 60 * 24 * 10
    reason.save()
    with pytest.raises(OutsideOpening):
        booked(reason, now)
    assert booked(reason, now, channel=Channel.PRACTICE).status == Status.BOOKED


def test_a_hold_becomes_the_appointment_and_keeps_others_out(reason, now):
    hold_id, until = take.hold(visit_reason=reason, starts_at=NINE, key="mine", now=now)
    assert until - now == timedelta(minutes=take.HOLD_MINUTES)
    assert NINE not in starts(reason, now)
    with pytest.raises(SlotTaken):
        booked(reason, now)
    from booking.appointments.book import HeldSlot

    appointment = booked(reason, now, held=HeldSlot(id=hold_id, key="mine"))
    assert appointment.taken_id == hold_id
    assert Taken.objects.get().hold_until is None


def test_another_session_cannot_use_a_hold(reason, now):
    from booking.appointments.book import HeldSlot

    hold_id, _ = take.hold(visit_reason=reason, starts_at=NINE, key="mine", now=now)
    with pytest.raises(SlotTaken):
        booked(reason, now, held=HeldSlot(id=hold_id, key="theirs"))


def test_an_expired_hold_frees_its_slot(reason, now):
    take.hold(visit_reason=reason, starts_at=NINE, key="mine", now=now)
    later = now + timedelta(minutes=take.HOLD_MINUTES)
    assert booked(reason, later).starts_at == NINE


def test_a_new_hold_lets_go_of_the_former_one(reason, now):
    take.hold(visit_reason=reason, starts_at=NINE, key="mine", now=now)
    take.hold(visit_reason=reason, starts_at=NINE + timedelta(minutes=30), key="mine", now=now)
    assert starts(reason, now)[:2] == [NINE, NINE + timedelta(hours=1)]


def test_a_hold_is_kept_by_its_key_alone_and_until_its_last_instant(reason, now):
    hold_id, until = take.hold(visit_reason=reason, starts_at=NINE, key="mine", now=now)
    assert until == now + timedelta(minutes=7)
    last = until - INSTANT
    assert holds.find_hold(key="mine", now=last) == hold_id
    (held,) = holds.held_by(key="mine", visit_reason=reason, now=last)
    assert (held.id, held.starts_at, held.until) == (hold_id, NINE, until)
    for key, at in [("mine", until), ("theirs", now), ("", now)]:
        assert holds.find_hold(key=key, now=at) is None
        assert holds.held_by(key=key, visit_reason=reason, now=at) == []
        assert holds.keep_hold(hold_id=hold_id, key=key, now=at, has_uses=False) is None
    kept = holds.keep_hold(hold_id=hold_id, key="mine", now=last, has_uses=False)
    assert (kept.pk, kept.hold_until, kept.hold_key) == (hold_id, None, "")
    row = Taken.objects.get()
    assert (row.hold_until, row.hold_key) == (None, "")


def test_a_hold_of_something_else_is_given_back_by_the_booking(reason, now):
    """Of another hour or another visit reason: what was not booked is free for others."""
    other = make_reason(reason.agenda, name="Suivi")
    make_opening(reason.agenda, other)
    half = timedelta(minutes=30)
    for row, starts_at in ((reason, NINE + half), (other, NINE + 2 * half)):
        begins = NINE if row == reason else starts_at
        hold_id, _until = take.hold(visit_reason=reason, starts_at=begins, key="mine", now=now)
        made = booked(row, now, starts_at=starts_at, held=HeldSlot(id=hold_id, key="mine"))
        assert made.starts_at == starts_at and made.taken_id != hold_id
        assert not Taken.objects.filter(pk=hold_id).exists()
    kept_id, _until = take.hold(visit_reason=reason, starts_at=NINE, key="mine", now=now)
    made = booked(reason, now, held=HeldSlot(id=kept_id, key="mine"))
    assert made.taken_id == kept_id


def test_what_is_taken_for_good_is_freed_by_nobody_who_lets_go_of_holds(reason, now):
    kept = booked(reason, now).taken_id
    holds.release_holds(key="")
    assert holds.drop_expired_holds(now=now + timedelta(days=9)) == 0
    until = now + timedelta(minutes=1)
    holds.let_go(kept, key="undo", until=until)
    row = Taken.objects.get()
    assert (row.hold_until, row.hold_key) == (until, "undo")
    holds.release_holds(key="another")
    assert holds.drop_expired_holds(now=until - INSTANT) == 0
    assert Taken.objects.get().pk == kept
    assert holds.find_hold(key="undo", now=now) == kept
    holds.release_holds(key="undo")
    assert not Taken.objects.exists()


def test_an_expired_hold_is_dropped_when_it_ends(reason, now):
    _hold_id, until = take.hold(visit_reason=reason, starts_at=NINE, key="mine", now=now)
    assert holds.drop_expired_holds(now=until - INSTANT) == 0
    assert holds.drop_expired_holds(now=until) == 1


def test_taken_time_has_the_buffers_and_the_slot_has_not(reason, now):
    reason.buffer_before_minutes, reason.buffer_after_minutes = 10, 5
    reason.save()
    at = NINE + timedelta(hours=8)
    for minutes, expected in [(None, 30), (50, 50)]:
        at += timedelta(hours=2)
        taken_id, ends_at = take.take(
            visit_reason=reason, starts_at=at, now=now, online=False, anywhere=True, minutes=minutes
        )
        assert ends_at == at + timedelta(minutes=expected)
        row = Taken.objects.get(pk=taken_id)
        assert row.period.lower == at - timedelta(minutes=10)
        assert row.period.upper == ends_at + timedelta(minutes=5)
        assert (row.agenda_id, row.visit_reason_id) == (reason.agenda_id, reason.pk)
        assert holds.slot_of(row, reason) == (at, ends_at)


def test_notice_and_horizon_end_to_the_instant(reason, now):
    """A slot is online until its notice begins, and from the horizon on, which is not part of it."""
    reason.minimum_notice_minutes, reason.horizon_days = 60, 3
    reason.save()
    hour, days = timedelta(minutes=60), timedelta(days=3)
    for at, is_online in [
        (NINE - days, False),
        (NINE - days + INSTANT, True),
        (NINE - hour, True),
        (NINE - hour + INSTANT, False),
    ]:
        if not is_online:
            with pytest.raises(OutsideOpening), transaction.atomic():
                take.take(visit_reason=reason, starts_at=NINE, now=at)
        taken_id, ends_at = take.take(visit_reason=reason, starts_at=NINE, now=at, online=is_online)
        assert ends_at == NINE + timedelta(minutes=30)
        holds.release(taken_id)
    assert not Taken.objects.exists()


def test_moving_frees_the_old_slot_and_keeps_the_reference(reason, now):
    appointment = booked(reason, now)
    later = NINE + timedelta(hours=1)
    moved = move(
        appointment=appointment,
        starts_at=later,
        by=by_patient(),
        now=now,
    )
    assert (moved.pk, moved.starts_at, moved.moves) == (appointment.pk, later, 1)
    assert NINE in starts(reason, now)
    assert later not in starts(reason, now)
    kinds = Message.objects.filter(state="owed").values_list("kind", flat=True)
    assert sorted(kinds) == ["change", "reminder", "reminder", "reminder", "reminder"]


def test_a_move_to_a_taken_slot_changes_nothing(reason, now):
    appointment = booked(reason, now)
    other = booked(reason, now, starts_at=NINE + timedelta(minutes=30))
    with pytest.raises(SlotTaken):
        move(
            appointment=appointment,
            starts_at=other.starts_at,
            by=by_patient(),
            now=now,
        )
    assert Appointment.unscoped.get(pk=appointment.pk).starts_at == NINE


def test_cancelling_frees_the_slot_and_voids_reminders(reason, now):
    appointment = booked(reason, now)
    cancel(appointment=appointment, by=by_patient(), now=now)
    assert NINE in starts(reason, now)
    assert list(Message.objects.filter(state="owed").values_list("kind", flat=True)) == [
        "cancellation"
    ]
    with pytest.raises(NotActive):
        cancel(appointment=appointment, by=by_patient(), now=now)


def test_after_the_deadline_patients_cancel_late_and_move_nothing(reason, now):
    late = NINE - timedelta(hours=3)
    one, other = booked(reason, now), booked(reason, now, starts_at=NINE + timedelta(hours=1))
    patient, practice = by_patient(), by_practice()
    values = {"now": late}
    with pytest.raises(TooLateToChange):
        move(
            appointment=one,
            starts_at=NINE + timedelta(hours=2),
            by=patient,
            **values,
        )
    done = cancel(appointment=one, by=patient, **values)
    assert (done.status, done.cancelled_late) == (Status.CANCELLED, True)
    # A practice is not late.
    done = cancel(appointment=other, by=practice, **values)
    assert (done.status, done.cancelled_late) == (Status.CANCELLED, False)


def test_a_practice_overbooks_only_as_its_agenda_allows(reason, now):
    agenda = reason.agenda
    booked(reason, now)
    practice = {"channel": Channel.PRACTICE, "anywhere": True, "overbooks": True}
    with pytest.raises(SlotTaken):
        booked(reason, now, **practice)
    agenda.overbooks_at_most = 1
    agenda.save()
    reason = type(reason).objects.get(pk=reason.pk)
    with pytest.raises(SlotTaken):
        booked(reason, now, channel=Channel.PRACTICE, anywhere=True)
    # No patient does, whatever they ask for.
    with pytest.raises(SlotTaken):
        booked(reason, now, overbooks=True)
    extra = booked(reason, now, **practice)
    assert extra.taken.seat == 1
    with pytest.raises(SlotTaken):
        booked(reason, now, **practice)
    # When the first one goes, the time is still taken for patients.
    first = Appointment.unscoped.exclude(pk=extra.pk).get()
    cancel(appointment=first, by=by_practice(), now=now)
    assert starts(reason, now)[0] == NINE + timedelta(minutes=30)
    with pytest.raises(SlotTaken):
        booked(reason, now)
    moved = move(
        appointment=extra,
        starts_at=NINE + timedelta(hours=1),
        by=by_practice(),
        conditions=Conditions(anywhere=True),
        now=now,
    )
    assert Taken.objects.get(pk=moved.taken_id).seat == 0
    assert starts(reason, now)[0] == NINE
