"""Answering an offer of the waiting list: one tap books, and two answers never get one slot."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor, system_actor
from audit.refusal import Refusal
from booking import actions
from booking.accounts.accounts import account_actor
from booking.appointments import book, chains, change
from booking.appointments.freed import offer_soon
from booking.appointments.several import conflicts
from booking.appointments.values import By, Conditions
from booking.models import Appointment, Offer
from booking.models.appointment import Channel, Status
from booking.models.waiting import OfferState
from booking.waiting import waiting
from booking.waiting.offer_links import offers
from practitioners.domain.scheduling.reservations import holds, take


class OfferGone(Refusal):
    """The slot is no longer to be had; the patient stays on the list."""

    text = _("Ce créneau n’est plus libre : il est proposé à la personne suivante, ou pris.")


def patient_actor(offer: Offer) -> Actor:
    """Who answers through a link: the account that it was sent to, or a patient without one."""
    account = offer.wait.patient.account
    return account_actor(account) if account is not None else system_actor(entries.Channel.WEB)


@transaction.atomic
def accept(*, offer: Offer, actor: Actor, now: datetime, is_sure: bool = True) -> Appointment:
    """Book the slot, or move the patient's appointment to it. Accepting twice is accepting once.

    A late answer has the slot only if nobody else has it by then. Unless the patient `is_sure`,
    another visit of theirs that gets in the way of this one, or of the one that follows it, is
    asked about first. Raises OfferGone,
    book.NotForThisPatient, book.AlsoBooked, change.TooLateToChange and change.NotActive.
    """
    take.queue_for(offer.wait.visit_reason)
    locked = Offer.unscoped.select_for_update(no_key=True).get(pk=offer.pk)
    offer = offers().get(pk=offer.pk)
    wait = offer.wait
    if locked.state == OfferState.ACCEPTED and wait.appointment is not None:
        return wait.appointment
    kept = wait.appointment
    if wait.ended_at is not None or (kept is not None and kept.starts_at <= offer.starts_at):
        # Off the list, or the appointment was moved before this slot meanwhile.
        raise OfferGone
    try:
        appointment = _take(
            offer, actor=actor, now=now, heeding=None if is_sure else _of_patient(offer)
        )
    except (take.SlotTaken, take.OutsideOpening) as gone:
        raise OfferGone from gone
    waiting.close(offer, OfferState.ACCEPTED, now=now)
    wait.appointment, wait.ended_at = appointment, now
    wait.save(update_fields=["appointment", "ended_at"])
    # Another slot may have been on offer meanwhile.
    for other in Offer.unscoped.filter(wait=wait, state=OfferState.OPEN):
        waiting.close(other, OfferState.DECLINED, now=now)
    entries.write(
        actions.OFFER_ACCEPTED, actor=actor, subjects=[wait.patient_id],
        practice_id=wait.practice_id,
        object_id=wait.pk, at=now, details={"starts_at": offer.starts_at.isoformat()},
    )  # fmt: skip
    return appointment


def taken_by(offer: Offer) -> Appointment | None:
    """Return the appointment that an accepted offer has become, while it stands at its time."""
    visit = offer.wait.appointment
    if offer.state != OfferState.ACCEPTED or visit is None:
        return None
    stands = visit.status == Status.BOOKED and visit.starts_at == offer.starts_at
    return visit if stands else None


def conflicts_of(offer: Offer, *, now: datetime) -> list[conflicts.Conflict]:
    """Return the patient's other visits that get in the way of a slot on offer, or of the visit
    that is kept to follow it.
    """
    wait = offer.wait
    visits = [(wait.visit_reason, offer.starts_at)]
    if (then := chains.held_after(wait.visit_reason, key=offer.hold_key, now=now)) is not None:
        visits.append((then.visit_reason, then.starts_at))
    wanted = [
        conflicts.Wanted(
            patient_id=wait.patient_id,
            practitioner_id=reason.agenda.practitioner_id,
            starts_at=at,
            ends_at=at + timedelta(minutes=reason.duration_minutes),
        )
        for reason, at in visits
    ]
    leaving = [] if wait.appointment is None else [wait.appointment]
    seen = _of_patient(offer).exclude(follows__in=[row.pk for row in leaving])
    return conflicts.conflicts(wanted=wanted, seen=seen, leaving=leaving)


def _of_patient(offer: Offer) -> QuerySet[Appointment]:
    """All of the patient's own appointments: the link is theirs."""
    return Appointment.unscoped.filter(patient=offer.wait.patient_id)


def _take(
    offer: Offer, *, actor: Actor, now: datetime, heeding: QuerySet[Appointment] | None
) -> Appointment:
    wait = offer.wait
    # In one transaction: nobody comes between.
    holds.release_holds(key=offer.hold_key)
    if wait.appointment is not None:
        return change.move(
            appointment=wait.appointment,
            starts_at=offer.starts_at,
            visit_reason=wait.visit_reason,
            by=By(actor=actor, channel=Channel.PATIENT),
            conditions=Conditions(heeding=heeding),
            now=now,
        )
    return book.book(
        visit_reason=wait.visit_reason,
        starts_at=offer.starts_at,
        patient=wait.patient,
        by=By(account=wait.patient.account, actor=actor, channel=Channel.PATIENT),
        conditions=Conditions(says_known=wait.says_known, heeding=heeding),
        now=now,
    )


def is_declined(*, offer: Offer, actor: Actor, now: datetime) -> bool:
    """Decline an offer, and say whether it is declined, now or before."""
    if decline(offer=offer, actor=actor, now=now):
        return True
    return Offer.unscoped.filter(pk=offer.pk, state=OfferState.DECLINED).exists()


@transaction.atomic
def decline(*, offer: Offer, actor: Actor, now: datetime) -> bool:
    """Let the slot go to the next one, and stay on the list. Returns whether it was open."""
    locked = Offer.unscoped.select_for_update(no_key=True).get(pk=offer.pk)
    if locked.state != OfferState.OPEN:
        return False
    waiting.close(locked, OfferState.DECLINED, now=now)
    wait = offer.wait
    entries.write(
        actions.OFFER_DECLINED, actor=actor, subjects=[wait.patient_id],
        practice_id=wait.practice_id,
        object_id=wait.pk, at=now, details={"starts_at": offer.starts_at.isoformat()},
    )  # fmt: skip
    offer_soon(offer.agenda_id, now=now)
    return True
