"""The waiting list: joining and leaving it."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from booking import actions
from booking.appointments.freed import offer_soon
from booking.appointments.may_book import restriction_of
from booking.models import Appointment, Offer, Patient, Wait
from booking.models.appointment import Status
from booking.models.waiting import OfferState, PartOfDay
from booking.outbox.recipients import channels_of
from booking.waiting.wishes import EVERY_DAY, can_come, fitting, may_be_earlier
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.availability import Slot
from practitioners.domain.scheduling.reservations import holds
from practitioners.domain.scheduling.wall_clock import day_bounds
from practitioners.models import Practice, VisitReason

LONGEST = timedelta(days=180)
SHOWN = 6
KNOWN_AT_MOST = 500
LIST_AT_MOST = 500


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
        why := restriction_of(visit_reason, patient.pk, says_known=says_known, now=now)
    ):
        raise CannotWait(why.text)
    today = now.astimezone(zone).date()
    first, last = max(first_day or today, today), last_day or today + LONGEST
    last = min(last, today + LONGEST)
    if appointment is not None:
        if not may_be_earlier(appointment, now=now):
            raise CannotWait(CannotWait.too_late)
        last = appointment.starts_at.astimezone(zone).date() - timedelta(days=1)
    if not weekdays:
        raise CannotWait(CannotWait.no_day)
    if last < first:
        has_visit = appointment is not None
        raise CannotWait(_why_empty(first, last_day, today=today, has_visit=has_visit))
    if not can_come(first, last, weekdays, part_of_day, now=now.astimezone(zone)):
        raise CannotWait(CannotWait.no_day_before if appointment else CannotWait.no_day_then)
    if Wait.unscoped.filter(agenda=agenda, ended_at__isnull=True).count() >= LIST_AT_MOST:
        raise CannotWait(CannotWait.full)
    wait = Wait(
        practice=agenda.practice, agenda=agenda, visit_reason=visit_reason, patient=patient,
        appointment=appointment, weekdays=sorted(set(weekdays)), part_of_day=part_of_day,
        first_day=first, last_day=last, says_known=says_known, created_at=now,
    )  # fmt: skip
    _enter(wait, actor=actor, now=now)
    return wait


def _enter(wait: Wait, *, actor: Actor, now: datetime) -> None:
    """Write a place on the list, with its entry. Raises CannotWait for a second one."""
    # The place that ends with a cancelled visit, once that can be taken back no more.
    Wait.unscoped.filter(
        patient=wait.patient, visit_reason=wait.visit_reason, ended_at__isnull=True,
        appointment__status=Status.CANCELLED,
    ).update(ended_at=now)  # fmt: skip
    wait.known = [slot.starts_at for slot in fitting(wait, now=now)][:KNOWN_AT_MOST]
    try:
        with transaction.atomic():
            wait.save()
    except IntegrityError:
        raise CannotWait(CannotWait.already) from None
    entries.write(
        actions.WAITING_JOINED, actor=actor, subjects=[wait.patient_id],
        practice_id=wait.practice_id, object_id=wait.pk, at=now,
        details={"visit_reason": wait.visit_reason_id},
    )  # fmt: skip


def _why_empty(first: date, last_day: date | None, *, today: date, has_visit: bool) -> object:
    """Why no day is left from the first one that was asked for, as a sentence."""
    if has_visit:
        return CannotWait.not_earlier if first > today else CannotWait.is_today
    if last_day is not None and last_day < first:
        return CannotWait.no_time
    return CannotWait.too_far


def is_open(visit_reason: VisitReason) -> bool:
    """Whether anybody may wait for the visit reason."""
    agenda = visit_reason.agenda
    return agenda.waiting_list and agenda.active and visit_reason.active


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
        and may_be_earlier(appointment, now=now)
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


def close(offer: Offer, state: OfferState, *, now: datetime) -> None:
    """End an offer and free what it keeps."""
    holds.release_holds(key=offer.hold_key)
    offer.hold_id, offer.state, offer.answered_at = None, state, now
    offer.save(update_fields=["hold_id", "state", "answered_at"])
