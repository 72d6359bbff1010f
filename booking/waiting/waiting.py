"""The waiting list: who is offered a slot that has become free, and in which order.

A slot that fits is kept for whoever has waited longest, for as long as `kept_until` says; whoever
does not answer loses it to the next one. After MOST_OFFERS it is left to everybody. Nobody is
woken: nothing is offered at night (`quiet_hours`), the practice's or the patient's, and no offer
ends at night. So that two never
think that they have it, one slot is offered to one patient at a time, and the hold that keeps it
is like any other: PostgreSQL decides (docs/subsystems/booking.md).
"""

import logging
import uuid
from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor, system_actor
from audit.refusal import Refusal
from booking import actions
from booking.appointments import deadline
from booking.appointments.former_time import may_be_taken_back
from booking.appointments.freed import offer_soon
from booking.appointments.queries.standing import standing
from booking.models import Appointment, Offer, Patient, Wait
from booking.models.appointment import Status
from booking.models.waiting import OfferState, PartOfDay
from booking.outbox.quiet_hours import is_quiet, morning_after, zone_where
from booking.outbox.recipients import channels_of
from booking.waiting.offer_letter import owe_offer
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.availability import Slot
from practitioners.domain.scheduling.reservations import take
from practitioners.domain.scheduling.reservations.take import Hold
from practitioners.domain.scheduling.rules.eligibility import (
    Restriction,
    is_restricted,
    restriction,
)
from practitioners.domain.scheduling.rules.notice import bookable_until
from practitioners.domain.scheduling.wall_clock import day_bounds
from practitioners.models import Agenda, Practice, VisitReason

logger = logging.getLogger(__name__)

# A slot that so many have let pass is left to everybody.
MOST_OFFERS = 5
NOON = time(12)
LONGEST = timedelta(days=180)
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
KNOWN_AT_MOST = 500
LIST_AT_MOST = 500
SHOWN = 6


class CannotWait(Refusal):
    """The waiting list does not take this patient; `text` says why."""

    closed = _("Ce praticien ne tient pas de liste d’attente.")
    too_late = _("Ce rendez-vous ne peut plus être avancé en ligne : appelez le cabinet.")
    no_day = _("Choisissez au moins un jour.")
    no_day_before = _(
        "Aucun des jours choisis ne vient avant le rendez-vous : choisissez-en d’autres."
    )
    no_day_then = _("Aucun des jours choisis ne vient dans cette période : choisissez-en d’autres.")
    no_time = _("La période demandée est vide : la fin vient avant le début.")
    not_earlier = _(
        "Ce jour ne vient pas avant celui du rendez-vous : choisissez un jour plus tôt."
    )
    is_today = _("Ce rendez-vous est pour aujourd’hui : aucun jour ne vient plus tôt.")
    too_far = _("La liste d’attente va jusqu’à six mois : choisissez un jour plus proche.")
    already = _("Cette personne est déjà sur la liste d’attente pour ce motif.")
    full = _("La liste d’attente est complète.")
    unreachable = _(
        "Ni e-mail ni SMS ne joint cette personne : aucun créneau ne pourrait lui être proposé."
    )


@transaction.atomic
def join(
    *,
    visit_reason: VisitReason,
    patient: Patient,
    actor: Actor,
    now: datetime,
    appointment: Appointment | None = None,
    weekdays: Collection[int] = EVERY_DAY,
    part_of_day: str = PartOfDay.ANY,
    first_day: date | None = None,
    last_day: date | None = None,
    says_known: bool = False,
) -> Wait:
    """Put a patient on a visit reason's waiting list; for an earlier slot than `appointment`'s.

    Days are the practice's; without them from today, for LONGEST at most. Raises CannotWait.
    """
    agenda = visit_reason.agenda
    zone = agenda.practice.zone
    if not is_open(visit_reason):
        raise CannotWait(CannotWait.closed)
    if not _is_reachable(patient, agenda.practice):
        raise CannotWait(CannotWait.unreachable)
    if appointment is None and (
        why := _refused(visit_reason, patient.pk, says_known=says_known, now=now)
    ):
        raise CannotWait(why.text)
    today = now.astimezone(zone).date()
    first, last = max(first_day or today, today), last_day or today + LONGEST
    last = min(last, today + LONGEST)
    if appointment is not None:
        if not _may_be_earlier(appointment, now=now):
            raise CannotWait(CannotWait.too_late)
        last = appointment.starts_at.astimezone(zone).date() - timedelta(days=1)
    if not weekdays:
        raise CannotWait(CannotWait.no_day)
    if last < first:
        has_visit = appointment is not None
        raise CannotWait(_why_empty(first, last_day, today=today, has_visit=has_visit))
    if not _can_come(first, last, weekdays, part_of_day, now=now.astimezone(zone)):
        raise CannotWait(CannotWait.no_day_before if appointment else CannotWait.no_day_then)
    if Wait.unscoped.filter(agenda=agenda, ended_at__isnull=True).count() >= LIST_AT_MOST:
        raise CannotWait(CannotWait.full)
    wait = Wait(
        practice=agenda.practice, agenda=agenda, visit_reason=visit_reason, patient=patient,
        appointment=appointment, weekdays=sorted(set(weekdays)), part_of_day=part_of_day,
        first_day=first, last_day=last, says_known=says_known, created_at=now,
    )  # fmt: skip
    # The place that ends with a cancelled visit, once that can be taken back no more.
    Wait.unscoped.filter(
        patient=patient, visit_reason=visit_reason, ended_at__isnull=True,
        appointment__status=Status.CANCELLED,
    ).update(ended_at=now)  # fmt: skip
    wait.known = [slot.starts_at for slot in fitting(wait, now=now)][:KNOWN_AT_MOST]
    try:
        with transaction.atomic():
            wait.save()
    except IntegrityError:
        raise CannotWait(CannotWait.already) from None
    entries.write(
        actions.WAITING_JOINED, actor=actor, subjects=[patient.pk], practice_id=agenda.practice_id,
        object_id=wait.pk, at=now, details={"visit_reason": visit_reason.pk},
    )  # fmt: skip
    return wait


def _why_empty(first: date, last_day: date | None, *, today: date, has_visit: bool) -> object:
    """Why no day is left from the first one that was asked for, as a sentence."""
    if has_visit:
        return CannotWait.not_earlier if first > today else CannotWait.is_today
    if last_day is not None and last_day < first:
        return CannotWait.no_time
    return CannotWait.too_far


def _can_come(
    first: date, last: date, weekdays: Collection[int], part_of_day: str, *, now: datetime
) -> bool:
    """Whether any chosen day lies between two days, both included, and is not over.

    `now` is on the practice's wall clock: a morning is over at NOON.
    """
    is_over = part_of_day == PartOfDay.MORNING and now.time() >= NOON
    first = max(first, now.date() + timedelta(days=1) if is_over else now.date())
    return any(
        (first + timedelta(days=n)).weekday() in weekdays
        for n in range(min((last - first).days + 1, len(EVERY_DAY)))
    )


def is_open(visit_reason: VisitReason) -> bool:
    """Whether anybody may wait for the visit reason."""
    agenda = visit_reason.agenda
    return agenda.waiting_list and agenda.active and visit_reason.active


def _refused(
    visit_reason: VisitReason, patient_id: uuid.UUID, *, says_known: bool, now: datetime
) -> Restriction | None:
    """What would refuse the patient a slot: nobody is offered what they cannot book."""
    if not is_restricted([visit_reason]):
        return None
    patients = Patient.unscoped.filter(pk=patient_id)
    people = standing(patients, agenda=visit_reason.agenda, now=now)
    bookers = [person.as_booker(says_known=says_known) for person in people]
    return restriction(visit_reason, bookers[0]) if bookers else None


def is_waiting(appointment: Appointment) -> bool:
    """Whether the patient is on the list for an earlier slot than this appointment's."""
    return Wait.unscoped.filter(appointment=appointment, ended_at__isnull=True).exists()


def may_wait(appointment: Appointment, *, now: datetime) -> bool:
    """Whether its patient could join the list for an earlier slot: on an earlier day."""
    agenda, zone = appointment.agenda, appointment.practice.zone
    return (
        agenda.waiting_list
        and agenda.active
        and now.astimezone(zone).date() < appointment.starts_at.astimezone(zone).date()
        and _may_be_earlier(appointment, now=now)
        and _is_reachable(appointment.patient, agenda.practice)
    )


def _is_reachable(patient: Patient, practice: Practice) -> bool:
    """Whether a message can bring an offer: a slot that is kept for somebody unknowing is lost."""
    return bool(channels_of(patient, by_sms=practice.reminds_by_sms))


@transaction.atomic
def leave(*, wait: Wait, actor: Actor, now: datetime) -> bool:
    """Take a patient off the waiting list; what is kept for them goes to the next one.

    Returns whether they were on it.
    """
    if not Wait.unscoped.filter(pk=wait.pk, ended_at__isnull=True).update(ended_at=now):
        return False
    for offer in Offer.unscoped.filter(wait=wait, state=OfferState.OPEN):
        close(offer, OfferState.DECLINED, now=now)
    entries.write(
        actions.WAITING_LEFT, actor=actor, subjects=[wait.patient_id], practice_id=wait.practice_id,
        object_id=wait.pk, at=now,
    )  # fmt: skip
    offer_soon(wait.agenda_id, now=now)
    return True


def fitting(wait: Wait, *, now: datetime) -> list[Slot]:
    """The free slots that a patient on the list would take, soonest first, known or not."""
    since, until = _bounds([wait], wait.practice, now=now)
    slots = availability.free_slots(
        visit_reason=wait.visit_reason, since=since, until=until, now=now
    )
    return [slot for slot in slots if _fits(wait, slot)]


def free_before(
    *, visit_reason: VisitReason, appointment: Appointment | None, now: datetime
) -> list[Slot]:
    """The first SHOWN slots that are free already, on an earlier day than an appointment's."""
    zone = visit_reason.agenda.practice.zone
    until = now + LONGEST
    if appointment is not None:
        until, _end = day_bounds(appointment.starts_at.astimezone(zone).date(), zone)
    if until <= now:
        return []
    slots = availability.free_slots(visit_reason=visit_reason, since=now, until=until, now=now)
    return slots[:SHOWN]


def offer_everywhere(*, now: datetime) -> int:
    """Offer what has become free in any agenda that somebody waits for; returns how many."""
    waiting = Wait.unscoped.filter(ended_at__isnull=True).values_list("agenda", flat=True)
    made = 0
    for agenda_id in waiting.order_by("agenda").distinct():
        try:
            made += offer_free(agenda_id=agenda_id, now=now)
        except Exception:  # one agenda must not hold up the others
            logger.exception("waiting list stuck", extra={"agenda_id": str(agenda_id)})
    return made


@transaction.atomic
def offer_free(*, agenda_id: uuid.UUID, now: datetime) -> int:
    """Offer the free slots of an agenda to its waiting list, one each, in order of joining.

    Returns how many offers are made. Rounds of one agenda follow one another.
    """
    if not Wait.unscoped.filter(agenda=agenda_id, ended_at__isnull=True).exists():
        return 0
    agenda = (
        Agenda.objects.select_for_update(no_key=True, of=("self",))
        .select_related("practice", "practitioner")
        .get(pk=agenda_id)
    )
    _expire(agenda, now=now)
    waits = _waiting(agenda, now=now)
    waits = [wait for wait in waits if not is_quiet(now, _zone(wait))]
    is_night = is_quiet(now, agenda.practice.zone)
    if not (waits and agenda.waiting_list and agenda.active) or is_night:
        return 0
    reasons = list({wait.visit_reason_id: wait.visit_reason for wait in waits}.values())
    take.queue_for(*reasons)
    since, until = _bounds(waits, agenda.practice, now=now)
    made, free = 0, _free(reasons, since=since, until=until, now=now)
    for wait in waits:
        if wait.appointment is None and _refused(
            wait.visit_reason, wait.patient_id, says_known=wait.says_known, now=now
        ):
            continue
        passed = {*wait.known, *(offer.starts_at for offer in wait.offers.all())}
        for slot in free[wait.visit_reason_id]:
            if slot.starts_at not in passed and _fits(wait, slot) and _offer(wait, slot, now=now):
                made += 1
                # What is kept is not free for anybody else.
                free = _free(reasons, since=since, until=until, now=now)
                break
    return made


def lasts(starts_at: datetime, *, now: datetime) -> timedelta:
    """How long a slot is kept for one patient: the nearer it is, the shorter."""
    ahead = starts_at - now
    if ahead > timedelta(days=3):
        return timedelta(hours=2)
    return timedelta(minutes=30) if ahead > timedelta(days=1) else timedelta(minutes=15)


def kept_until(wait: Wait, starts_at: datetime, *, now: datetime) -> datetime:
    """Until when a slot is kept for a patient. Where that would be at night, the time runs from
    8:00 of the patient's next morning: no offer ends before its reader is awake."""
    length = lasts(starts_at, now=now)
    until, zone = now + length, _zone(wait)
    return morning_after(until, zone) + length if is_quiet(until, zone) else until


def _zone(wait: Wait) -> ZoneInfo:
    return zone_where(told=wait.patient.phone_zone, practice_zone=wait.practice.zone)


def close(offer: Offer, state: OfferState, *, now: datetime) -> None:
    """End an offer and free what it keeps."""
    take.release_holds(key=offer.hold_key)
    offer.hold_id, offer.state, offer.answered_at = None, state, now
    offer.save(update_fields=["hold_id", "state", "answered_at"])


def _offer(wait: Wait, slot: Slot, *, now: datetime) -> bool:
    """Keep a slot for a patient and owe the news; False if it cannot be had any more."""
    expires_at = kept_until(wait, slot.starts_at, now=now)
    if expires_at > bookable_until(wait.visit_reason, starts_at=slot.starts_at):
        return False
    before = Offer.unscoped.filter(agenda=wait.agenda, starts_at=slot.starts_at)
    if before.count() >= MOST_OFFERS:
        return False
    offer = Offer(
        wait=wait, agenda=wait.agenda, starts_at=slot.starts_at, ends_at=slot.ends_at,
        made_at=now, expires_at=expires_at,
    )  # fmt: skip
    # Of a visit that comes earlier, the one that follows comes along when it is moved.
    holds = take.hold_both if wait.appointment is None else take.take
    try:
        with transaction.atomic():
            offer.hold_id, _ends_at = holds(
                visit_reason=wait.visit_reason, starts_at=slot.starts_at, now=now,
                hold=Hold(until=expires_at, key=offer.hold_key),
            )  # fmt: skip
    except (take.SlotTaken, take.OutsideOpening):
        return False
    offer.save(force_insert=True)
    entries.write(
        actions.SLOT_OFFERED, actor=system_actor(), subjects=[wait.patient_id],
        practice_id=wait.practice_id, object_id=wait.pk, at=now,
        details={"starts_at": slot.starts_at.isoformat()},
    )  # fmt: skip
    owe_offer(offer=offer, now=now)
    return True


def _expire(agenda: Agenda, *, now: datetime) -> None:
    """End what nobody has answered; one that is being answered now is left alone."""
    over = Offer.unscoped.select_for_update(skip_locked=True, no_key=True, of=("self",)).filter(
        agenda=agenda, state=OfferState.OPEN, expires_at__lte=now
    )
    for offer in over:
        close(offer, OfferState.EXPIRED, now=now)


def _waiting(agenda: Agenda, *, now: datetime) -> list[Wait]:
    """Who may be offered something, in order; who waits for nothing any more is let go."""
    rows = (
        Wait.unscoped.filter(agenda=agenda, ended_at__isnull=True)
        .select_related(
            "visit_reason",
            "patient__account",
            "appointment__visit_reason",
            "appointment__agenda",
            "practice",
        )
        .prefetch_related(Prefetch("offers", queryset=Offer.unscoped.all()))
        .order_by("created_at", "pk")[:LIST_AT_MOST]
    )
    found = []
    for wait in rows:
        wait.agenda = wait.visit_reason.agenda = agenda
        if _is_over(wait, now=now):
            if wait.appointment is not None and may_be_taken_back(wait.appointment, now=now):
                # Changed a moment ago: where that is taken back, so is the place on the list.
                continue
            Wait.unscoped.filter(pk=wait.pk).update(ended_at=now)
            for offer in wait.offers.all():
                if offer.state == OfferState.OPEN:
                    close(offer, OfferState.EXPIRED, now=now)
        elif all(offer.state != OfferState.OPEN for offer in wait.offers.all()):
            found.append(wait)
    return found


def _is_over(wait: Wait, *, now: datetime) -> bool:
    """Whether nothing can come any more that would be offered to somebody on the list."""
    if wait.appointment is not None and not _may_be_earlier(wait.appointment, now=now):
        return True
    local = now.astimezone(wait.practice.zone)
    return not _can_come(
        wait.first_day, _last_day(wait), wait.weekdays, wait.part_of_day, now=local
    )


def _may_be_earlier(appointment: Appointment, *, now: datetime) -> bool:
    return deadline.terms(appointment, now=now).can_move


def _free(
    reasons: list[VisitReason], *, since: datetime, until: datetime, now: datetime
) -> dict[uuid.UUID, list[Slot]]:
    return availability.free_slots_of_many(visit_reasons=reasons, since=since, until=until, now=now)


def _bounds(
    waits: Iterable[Wait], practice: Practice, *, now: datetime
) -> tuple[datetime, datetime]:
    _midnight, until = day_bounds(max(_last_day(wait) for wait in waits), practice.zone)
    return now, until


def _last_day(wait: Wait) -> date:
    """An appointment that was moved meanwhile says itself what is earlier."""
    if wait.appointment is None:
        return wait.last_day
    of_visit = wait.appointment.starts_at.astimezone(wait.practice.zone).date()
    return of_visit - timedelta(days=1)


def _fits(wait: Wait, slot: Slot) -> bool:
    local = slot.starts_at.astimezone(wait.practice.zone)
    if not wait.first_day <= local.date() <= _last_day(wait):
        return False
    if local.weekday() not in wait.weekdays:
        return False
    if wait.part_of_day == PartOfDay.ANY:
        return True
    return (local.time() < NOON) == (wait.part_of_day == PartOfDay.MORNING)
