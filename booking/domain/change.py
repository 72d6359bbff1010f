"""Moving, cancelling and marking appointments."""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor
from audit.vault.sealing import seal
from booking.domain import messages, waiting
from booking.models import Appointment
from booking.models.appointment import Channel, Status
from practitioners.domain import availability, take
from practitioners.domain.resources import mark_stale_with
from practitioners.models import Agenda, VisitReason

SHORTEST_MINUTES, LONGEST_MINUTES = 5, 480
# For how long a move on the agenda can be taken back before its patient hears of it.
UNDO = timedelta(seconds=30)


class TooLateToChange(Exception):
    """The practice's deadline for patients has passed."""

    text = _("Il est trop tard pour modifier ce rendez-vous en ligne : appelez le cabinet.")


class NotActive(Exception):
    """The appointment is over or cancelled, so it cannot be changed."""

    text = _("Ce rendez-vous ne peut plus être modifié.")


class FollowsAnother(NotActive):
    """The visit is the second half of another one: a patient changes both by the first."""

    text = _("Cette visite suit une autre : changez la première, celle-ci viendra avec.")


class TooLateToUndo(Exception):
    """The time of a cancelled appointment is free for others by now."""

    text = _("Trop tard pour revenir en arrière : le créneau est de nouveau proposé à tous.")


class CannotResize(Exception):
    """A seat of a session is as long as the session says, and no visit is without end."""

    text = _("La durée de ce rendez-vous ne se change pas.")


class NoSuchReason(Exception):
    """The other agenda has no visit reason of this name."""

    text = _("L’autre agenda n’a pas ce motif : déplacez-le par la page du rendez-vous.")


def can_patient_change(appointment: Appointment, *, now: datetime) -> bool:
    """Say whether a patient may still move or cancel, by the visit reason's deadline."""
    if appointment.follows_id is not None:
        return False
    return appointment.status == Status.BOOKED and now <= appointment.changeable_until


def follower(appointment: Appointment) -> Appointment | None:
    """The visit that follows this one, if it still stands."""
    rows = Appointment.unscoped.filter(
        follows=appointment, status__in=[Status.BOOKED, Status.ARRIVED]
    )
    return rows.select_related("agenda__practitioner", "visit_reason").order_by("starts_at").first()


def cancelled_with(appointment: Appointment) -> Appointment | None:
    """The visit that follows a cancelled one and was cancelled with it."""
    rows = Appointment.unscoped.filter(follows=appointment, cancelled_at=appointment.cancelled_at)
    return rows.select_related("agenda__practitioner", "visit_reason").first()


@transaction.atomic
def move(
    *,
    appointment: Appointment,
    starts_at: datetime,
    actor: Actor,
    channel: Channel,
    now: datetime,
    visit_reason: VisitReason | None = None,
    anywhere: bool = False,
    minutes: int | None = None,
    news_after: timedelta = timedelta(),
    takes_back: bool = False,
    words: str = "",
    is_told: bool = False,
) -> Appointment:
    """Move an appointment to another slot of its own or another visit reason.

    `minutes`: how long it is to be, where the visit reason does not say; `news_after`: how long
    the patient's news waits; `takes_back`: whether this undoes the last move, so that nobody
    hears of either if nobody has yet; `words`: what the practice adds to the news; `is_told`:
    another message tells of it. A visit that follows comes along; where it has no place a patient
    cannot move, and a practice leaves it where it is.

    The reference and its history stay. The old time is freed and the new one taken in one
    transaction, an entry is written and the news is owed. Raises SlotTaken, OutsideOpening,
    TooLateToChange, NotActive.
    """
    take.queue_for(appointment.visit_reason, visit_reason or appointment.visit_reason)
    appointment = _locked(appointment)
    _check(appointment, channel=channel, now=now)
    reason = visit_reason or appointment.visit_reason
    former_agenda_id, former_start = appointment.agenda_id, appointment.starts_at
    touched = [(appointment.agenda, appointment.visit_reason.needs), (reason.agenda, reason.needs)]
    if appointment.taken_id is not None:
        take.release(appointment.taken_id)
    taken_id, ends_at = take.take(
        visit_reason=reason,
        starts_at=starts_at,
        now=now,
        online=channel == Channel.PATIENT,
        anywhere=anywhere,
        minutes=minutes,
    )
    appointment.taken_id = taken_id
    appointment.visit_reason = reason
    appointment.agenda = reason.agenda
    appointment.practice = reason.agenda.practice
    appointment.starts_at, appointment.ends_at = starts_at, ends_at
    appointment.moves += 1
    appointment.save()
    entries.write(
        "appointment-moved",
        actor=actor,
        subjects=[appointment.patient_id],
        practice_id=appointment.practice_id,
        object_id=appointment.pk,
        details={"from": former_start.isoformat(), "to": starts_at.isoformat()},
    )
    if not is_told:
        messages.owe_for_move(
            appointment=appointment, now=now, after=news_after, takes_back=takes_back, words=words
        )
    _bring_along(appointment, actor=actor, channel=channel, now=now)
    for agenda, needs in touched:
        transaction.on_commit(partial(mark_stale_with, agenda, needs), robust=True)
    waiting.soon(former_agenda_id, now=now)
    return appointment


def _bring_along(first: Appointment, *, actor: Actor, channel: Channel, now: datetime) -> None:
    """Move the visit that follows to where it can follow again, if it no longer does."""
    row, reason = follower(first), first.visit_reason
    if row is None or reason.then_id != row.visit_reason_id:
        return
    latest = first.ends_at + timedelta(minutes=reason.then_within_minutes)
    if first.ends_at <= row.starts_at <= latest:
        return
    starts = availability.following_starts(
        visit_reason=reason,
        then=row.visit_reason,
        after=first.ends_at,
        now=now,
        ignoring=row.taken_id,
    )
    if starts:
        move(
            appointment=row,
            starts_at=starts[0],
            actor=actor,
            channel=Channel.PRACTICE,
            now=now,
            is_told=True,
        )
    elif channel == Channel.PATIENT:
        raise take.NothingFollows


@transaction.atomic
def resize(*, appointment: Appointment, minutes: int, actor: Actor, now: datetime) -> Appointment:
    """Make an appointment longer or shorter; its start stays, so its patient hears nothing.

    Raises SlotTaken, NotActive, CannotResize.
    """
    take.queue_for(appointment.visit_reason)
    appointment = _locked(appointment)
    _check(appointment, channel=Channel.PRACTICE, now=now)
    if not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES or not _is_own_time(appointment):
        raise CannotResize
    former = appointment.ends_at - appointment.starts_at
    if appointment.taken_id is not None:
        take.release(appointment.taken_id)
    appointment.taken_id, appointment.ends_at = take.take(
        visit_reason=appointment.visit_reason,
        starts_at=appointment.starts_at,
        now=now,
        online=False,
        anywhere=True,
        minutes=minutes,
    )
    appointment.save(update_fields=["taken", "ends_at"])
    entries.write(
        "appointment-resized",
        actor=actor,
        subjects=[appointment.patient_id],
        practice_id=appointment.practice_id,
        object_id=appointment.pk,
        details={"from": former // timedelta(minutes=1), "to": minutes},
    )
    _touched(appointment)
    waiting.soon(appointment.agenda_id, now=now)
    return appointment


def drag(
    *,
    appointment: Appointment,
    agenda: Agenda,
    starts_at: datetime,
    actor: Actor,
    now: datetime,
    takes_back: bool = False,
) -> Appointment:
    """Move an appointment to where a practice's people put it in their agenda, as long as it is.

    On another agenda it becomes that agenda's visit reason of the same name. The patient's news
    waits for UNDO, so that a slip of the hand reaches nobody. Raises SlotTaken, OutsideOpening,
    NotActive, NoSuchReason.
    """
    reason = appointment.visit_reason
    if agenda.pk != appointment.agenda_id:
        found = VisitReason.objects.filter(agenda=agenda, name=reason.name, active=True).first()
        if found is None:
            raise NoSuchReason
        reason = found
    length = (appointment.ends_at - appointment.starts_at) // timedelta(minutes=1)
    return move(
        appointment=appointment,
        starts_at=starts_at,
        visit_reason=reason,
        actor=actor,
        channel=Channel.PRACTICE,
        now=now,
        anywhere=True,
        minutes=length if _is_own_time(appointment) else None,
        news_after=UNDO,
        takes_back=takes_back,
    )


def _is_own_time(appointment: Appointment) -> bool:
    """Whether it takes the practitioner's own time, and no seat of a session."""
    taken = appointment.taken
    return taken is None or taken.is_own_time


@transaction.atomic
def cancel(
    *,
    appointment: Appointment,
    actor: Actor,
    channel: Channel,
    now: datetime,
    words: str = "",
    undo_within: timedelta = timedelta(),
    is_told: bool = False,
) -> Appointment:
    """Cancel an appointment: its time is free at once, the news is owed, an entry is written.

    `words`: what the practice adds to the news; `undo_within`: for how long it can be restored,
    during which nobody else gets the time and the patient hears nothing; `is_told`: another
    message tells of it.

    Raises TooLateToChange, NotActive.
    """
    appointment = _locked(appointment)
    _check(appointment, channel=channel, now=now)
    taken_id, appointment.taken = appointment.taken_id, None
    appointment.status, appointment.cancelled_at = Status.CANCELLED, now
    appointment.save()
    if taken_id is not None:
        if undo_within:
            take.let_go(taken_id, key=_undo_key(appointment), until=now + undo_within)
        else:
            take.release(taken_id)
    entries.write(
        "appointment-cancelled",
        actor=actor,
        subjects=[appointment.patient_id],
        practice_id=appointment.practice_id,
        object_id=appointment.pk,
    )
    messages.owe_for_cancellation(
        appointment=appointment, now=now, words=words, after=undo_within, is_told=is_told
    )
    _touched(appointment)
    waiting.soon(appointment.agenda_id, now=now)
    if (row := follower(appointment)) is not None:
        cancel(
            appointment=row,
            actor=actor,
            channel=Channel.PRACTICE,
            now=now,
            undo_within=undo_within,
            is_told=True,
        )
    return appointment


def can_restore(appointment: Appointment, *, now: datetime) -> bool:
    """Whether a cancellation can still be taken back."""
    if appointment.status != Status.CANCELLED:
        return False
    return take.find_hold(key=_undo_key(appointment), now=now) is not None


@transaction.atomic
def restore(*, appointment: Appointment, actor: Actor, now: datetime) -> Appointment:
    """Take a cancellation back while its time is kept; its patient hears of neither.

    Raises TooLateToUndo.
    """
    appointment = _locked(appointment)
    key = _undo_key(appointment)
    hold_id = take.find_hold(key=key, now=now)
    if appointment.status != Status.CANCELLED or hold_id is None:
        raise TooLateToUndo
    has_uses = bool(appointment.visit_reason.needs)
    kept = take.keep_hold(hold_id=hold_id, key=key, now=now, has_uses=has_uses)
    if kept is None:
        raise TooLateToUndo
    with_it = cancelled_with(appointment)
    appointment.taken, appointment.cancelled_at = kept, None
    appointment.status = Status.BOOKED
    appointment.save()
    entries.write(
        "appointment-restored",
        actor=actor,
        subjects=[appointment.patient_id],
        practice_id=appointment.practice_id,
        object_id=appointment.pk,
    )
    messages.owe_as_before(appointment=appointment, now=now)
    _touched(appointment)
    if with_it is not None:
        restore(appointment=with_it, actor=actor, now=now)
    return appointment


def _undo_key(appointment: Appointment) -> str:
    return f"undo{appointment.pk.hex}"


@transaction.atomic
def mark(*, appointment: Appointment, status: Status, actor: Actor) -> Appointment:
    """Mark an appointment as arrived, seen, absent, or booked again; raises NotActive."""
    appointment = _locked(appointment)
    if appointment.status == Status.CANCELLED or status == Status.CANCELLED:
        raise NotActive
    former, appointment.status = appointment.status, status
    appointment.save(update_fields=["status"])
    entries.write(
        "appointment-marked",
        actor=actor,
        subjects=[appointment.patient_id],
        practice_id=appointment.practice_id,
        object_id=appointment.pk,
        details={"from": former, "to": status},
    )
    _touched(appointment)
    return appointment


@transaction.atomic
def note_down(*, appointment: Appointment, text: str, actor: Actor) -> Appointment:
    """Keep what the practice notes of a visit, sealed for its patient; an empty text empties it.

    A patient who asks for their data sees it: so does GDPR article 15.
    """
    appointment = _locked(appointment)
    seal(appointment, practice_note=text.strip())
    appointment.save(update_fields=["practice_note"])
    entries.write(
        "practice-note-saved",
        actor=actor,
        subjects=[appointment.patient_id],
        practice_id=appointment.practice_id,
        object_id=appointment.pk,
    )
    return appointment


def _locked(appointment: Appointment) -> Appointment:
    """Read the row again under a lock: two people may be changing it at once."""
    return (
        Appointment.unscoped.select_for_update(no_key=True, of=("self",))
        .select_related("visit_reason", "agenda__practice", "practice", "patient")
        .get(pk=appointment.pk)
    )


def _touched(appointment: Appointment) -> None:
    needs = appointment.visit_reason.needs
    transaction.on_commit(partial(mark_stale_with, appointment.agenda, needs), robust=True)


def _check(appointment: Appointment, *, channel: Channel, now: datetime) -> None:
    if appointment.status not in (Status.BOOKED, Status.ARRIVED):
        raise NotActive
    if channel == Channel.PATIENT and appointment.follows_id is not None:
        raise FollowsAnother
    if channel == Channel.PATIENT and not can_patient_change(appointment, now=now):
        raise TooLateToChange
