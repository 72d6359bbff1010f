"""Teleconsultation: who may enter the room of a visit, when, and what the record keeps of it.

Picture, sound, chat and screens go from browser to browser, encrypted (DTLS-SRTP, RFC 8827);
where no direct way exists a TURN server relays what it cannot read. The platform keeps that a
visit began and ended and who was in its room, never what was shown or said.
"""

import base64
import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor
from audit.refusal import Refusal
from booking import actions
from booking.appointments import marking
from booking.models import Appointment, VideoGuest, VideoVisit
from booking.models.appointment import Status
from practitioners.domain.staff import substitutes
from practitioners.models import Membership, Practitioner, Role

OPENS_BEFORE = timedelta(minutes=15)
CLOSES_AFTER = timedelta(minutes=60)
RELAY_VALID = timedelta(hours=4)


class Part(StrEnum):
    """As whom somebody is in a room."""

    PATIENT = "patient"
    PRACTITIONER = "practitioner"
    COLLEAGUE = "colleague"


class Stage(StrEnum):
    """How far a visit by video is, as the practice is told."""

    NOBODY = "nobody"
    WAITING = "waiting"
    LEFT = "left"
    UNDER_WAY = "under-way"
    # The practitioner has begun, and the patient is not, or no longer, connected.
    ALONE = "alone"
    ENDED = "ended"


class CannotEnter(Refusal):
    """The room does not open now; `text` says why."""

    too_early = _("La salle ouvre un quart d’heure avant le rendez-vous.")
    over = _("Cette téléconsultation est terminée.")
    cancelled = _("Ce rendez-vous est annulé.")


class NotInvited(Refusal):
    """Only a practitioner or an owner of the same practice can be asked to join."""

    text = _("Seul un praticien du cabinet peut être invité.")


def opens_at(appointment: Appointment) -> datetime:
    """From when the room opens."""
    return appointment.starts_at - OPENS_BEFORE


def closes_at(appointment: Appointment) -> datetime:
    """Until when the room opens."""
    return appointment.ends_at + CLOSES_AFTER


def part_of_member(*, appointment: Appointment, membership: Membership) -> Part | None:
    """As whom a member of the practice may enter: the agenda's practitioner, their substitute on
    that day, or a colleague invited to this visit. Nobody else, whatever their role.
    """
    if membership.practitioner_id == appointment.agenda.practitioner_id:
        return Part.PRACTITIONER
    substitution = substitutes.on_day_of(agenda=appointment.agenda, at=appointment.starts_at)
    if substitution is not None and substitution.member_id == membership.pk:
        return Part.PRACTITIONER
    invited = VideoGuest.objects.filter(
        visit__appointment=appointment, account_id=membership.account_id
    )
    return Part.COLLEAGUE if invited.exists() else None


def has_practitioner(appointment: Appointment) -> bool:
    """Whether somebody at the practice is known to be the agenda's practitioner."""
    return Membership.objects.filter(
        practice_id=appointment.practice_id, practitioner=appointment.agenda.practitioner_id
    ).exists()


def check_open(appointment: Appointment, *, now: datetime) -> None:
    """Raise CannotEnter unless the room of this appointment opens now."""
    if appointment.status == Status.CANCELLED:
        raise CannotEnter(CannotEnter.cancelled)
    if now < opens_at(appointment):
        raise CannotEnter(CannotEnter.too_early)
    if is_over(appointment, now=now):
        raise CannotEnter(CannotEnter.over)


def is_over(appointment: Appointment, *, now: datetime) -> bool:
    """Whether the room will not open any more: its time is past, or the practitioner ended it."""
    return now > closes_at(appointment) or _seen(appointment).ended_at is not None


def has_started(appointment: Appointment) -> bool:
    """Whether the practitioner has opened the door to the patient."""
    return _seen(appointment).started_at is not None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a visit is, and since when it is so far; None where nobody has come yet."""

    stage: Stage
    since: datetime | None = None


def progress(appointment: Appointment, *, is_patient_here: bool) -> Progress:
    """Say how far a visit is. `is_patient_here`: whether the patient has the room open now, which
    booking/video/video_room.py knows.
    """
    visit = _seen(appointment)
    if visit.ended_at is not None:
        return Progress(stage=Stage.ENDED, since=visit.ended_at)
    if visit.started_at is not None:
        stage = Stage.UNDER_WAY if is_patient_here else Stage.ALONE
        return Progress(stage=stage, since=visit.started_at)
    if visit.waiting_since is not None:
        stage = Stage.WAITING if is_patient_here else Stage.LEFT
        return Progress(stage=stage, since=visit.waiting_since)
    return Progress(stage=Stage.NOBODY)


def _seen(appointment: Appointment) -> VideoVisit:
    """How far the visit is, without a lock; one that nobody entered has no row yet."""
    found = VideoVisit.unscoped.filter(appointment=appointment).first()
    return _of_this_time(found or VideoVisit(appointment=appointment), appointment)


def _locked(appointment: Appointment) -> VideoVisit:
    """How far the visit is, for whoever changes it."""
    visit, _created = VideoVisit.unscoped.get_or_create(appointment=appointment)
    locked = VideoVisit.unscoped.select_for_update(no_key=True).get(pk=visit.pk)
    return _of_this_time(locked, appointment)


def _of_this_time(visit: VideoVisit, appointment: Appointment) -> VideoVisit:
    """What happened before the room opens belongs to a time from which the visit was moved."""
    for name in ("waiting_since", "started_at", "ended_at"):
        at: datetime | None = getattr(visit, name)
        if at is not None and at < opens_at(appointment):
            setattr(visit, name, None)
    return visit


@transaction.atomic
def enter(*, appointment: Appointment, part: Part, actor: Actor, now: datetime) -> VideoVisit:
    """Let somebody into the room; a patient into the waiting room first. Raises CannotEnter."""
    check_open(appointment, now=now)
    visit = _locked(appointment)
    if part == Part.PATIENT and visit.waiting_since is None:
        visit.waiting_since = now
        visit.save(update_fields=["waiting_since"])
        if appointment.status == Status.BOOKED:
            marking.mark(
                appointment=appointment,
                status=Status.ARRIVED,
                actor=actor,
                now=now,
                is_witnessed=True,
            )
    _record(actions.VIDEO_ENTERED, appointment, actor=actor, now=now, part=part)
    return visit


@transaction.atomic
def start(*, appointment: Appointment, actor: Actor, now: datetime) -> bool:
    """Open the door to the patient: the visit begins. False if it had. Raises CannotEnter."""
    check_open(appointment, now=now)
    visit = _locked(appointment)
    if visit.started_at is not None:
        return False
    visit.started_at = now
    visit.save(update_fields=["started_at"])
    _record(actions.VIDEO_STARTED, appointment, actor=actor, now=now)
    return True


@transaction.atomic
def end(*, appointment: Appointment, actor: Actor, now: datetime) -> bool:
    """End the visit for everybody; whoever was seen is marked so. False if it was over."""
    visit = _locked(appointment)
    if visit.ended_at is not None:
        return False
    visit.ended_at = now
    visit.save(update_fields=["ended_at"])
    _record(actions.VIDEO_ENDED, appointment, actor=actor, now=now)
    took_place = visit.started_at is not None
    if took_place and appointment.status in (Status.BOOKED, Status.ARRIVED):
        marking.mark(
            appointment=appointment, status=Status.SEEN, actor=actor, now=now, is_witnessed=True
        )
    return True


def may_reopen(appointment: Appointment, *, now: datetime) -> bool:
    """Whether a room that its practitioner ended could be open still: its time lasts."""
    is_its_time = opens_at(appointment) <= now <= closes_at(appointment)
    stands = appointment.status != Status.CANCELLED
    return stands and is_its_time and _seen(appointment).ended_at is not None


@transaction.atomic
def reopen(*, appointment: Appointment, actor: Actor, now: datetime) -> bool:
    """Open a room again that was ended by a slip of the hand; on the record.

    False if nobody has ended it. Who was marked as seen stays so. Raises CannotEnter where its time
    is past or not yet come.
    """
    visit = _locked(appointment)
    if visit.ended_at is None:
        check_open(appointment, now=now)
        return False
    if not may_reopen(appointment, now=now):
        raise CannotEnter(CannotEnter.over)
    visit.ended_at = None
    visit.save(update_fields=["ended_at"])
    _record(actions.VIDEO_REOPENED, appointment, actor=actor, now=now)
    return True


@transaction.atomic
def invite(
    *, appointment: Appointment, membership: Membership, actor: Actor, now: datetime
) -> VideoGuest:
    """Ask a colleague of the practice to join this one visit. Raises NotInvited."""
    is_colleague = membership.practice_id == appointment.practice_id
    if not is_colleague or membership.role == Role.SECRETARY:
        raise NotInvited
    guest, is_new = VideoGuest.objects.get_or_create(
        visit=_locked(appointment), account_id=membership.account_id,
        defaults={"invited_at": now},
    )  # fmt: skip
    if is_new:
        _record(
            actions.VIDEO_COLLEAGUE_INVITED, appointment, actor=actor, now=now,
            colleague=str(membership.account_id),
        )  # fmt: skip
    return guest


def colleagues(appointment: Appointment) -> list[tuple[Membership, Practitioner]]:
    """Who can still be asked to join: the practice's other members who are practitioners."""
    invited = VideoGuest.objects.filter(visit__appointment=appointment).values("account_id")
    rows = (
        Membership.objects.filter(practice_id=appointment.practice_id, practitioner__isnull=False)
        .exclude(role=Role.SECRETARY)
        .exclude(practitioner=appointment.agenda.practitioner_id)
        .exclude(account_id__in=invited)
        .select_related("practitioner")
        .order_by("practitioner__last_name", "pk")
    )
    return [(row, row.practitioner) for row in rows if row.practitioner is not None]


def _record(
    action: Action, appointment: Appointment, *, actor: Actor, now: datetime, **details: object
) -> None:
    entries.write(
        action, actor=actor, subjects=[appointment.patient_id],
        practice_id=appointment.practice_id, object_id=appointment.pk, details=details, at=now,
    )  # fmt: skip


def ice_servers(*, account_id: uuid.UUID, now: datetime) -> list[dict[str, object]]:
    """How a browser finds a way to the other one, as RTCPeerConnection takes it.

    The TURN password is good for RELAY_VALID: an HMAC of its end and its holder under the secret
    that the TURN server shares (draft-uberti-behave-turn-rest, coturn's `use-auth-secret`). The
    holder is a digest, so that the relay learns nobody's id.
    """
    servers: list[dict[str, object]] = []
    if settings.STUN_URLS:
        servers.append({"urls": settings.STUN_URLS})
    if settings.TURN_URLS:
        holder = hashlib.sha256(account_id.bytes + settings.TURN_SECRET.encode()).hexdigest()[:16]
        name = f"{int((now + RELAY_VALID).timestamp())}:{holder}"
        mac = hmac.new(settings.TURN_SECRET.encode(), name.encode(), hashlib.sha1)
        password = base64.b64encode(mac.digest()).decode()
        servers.append({"urls": settings.TURN_URLS, "username": name, "credential": password})
    return servers
