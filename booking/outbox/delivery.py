"""Composing a message when it leaves: its text, its links, and the reveal they need."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.accounts import account_letters, accounts
from booking.appointments import deadline, questionnaire
from booking.appointments.calendar.enclosed_calendar import enclose
from booking.appointments.chains import held_after, stays_before
from booking.appointments.news import reminders, told
from booking.models import Appointment, Handover, Message, Offer, Patient
from booking.models.appointment import Status
from booking.models.message import MessageChannel, MessageKind
from booking.outbox import messages
from booking.outbox.greeting import addressed
from booking.outbox.letters import Letter, NothingToSay, rendered
from booking.outbox.quiet_hours import names_clock
from booking.patients.handover import handover_token
from booking.waiting.offer_links import offer_token
from practitioners.domain.staff.invite import invitation_token
from practitioners.domain.staff.substitutes import name_at

# What a message about a visit is made of.
ABOUT_VISIT = ("patient__account", "practice", "visit_reason", "agenda__practitioner")
ABOUT_APPOINTMENT = tuple(f"appointment__{name}" for name in ABOUT_VISIT)


def compose(message: Message, *, now: datetime) -> Letter:
    """Make the text of a message in its reader's language; the reveal is on the record."""
    if message.appointment is not None:
        return _about_appointment(message, now=now)
    if message.invitation is not None:
        return _invitation(message, now=now)
    if message.handover is not None:
        return _handover(message.handover, now=now)
    if message.offer is not None:
        return _offer(message.offer, by_sms=message.channel == MessageChannel.SMS, now=now)
    return rendered(*account_letters.about(message, now=now))


def _invitation(message: Message, *, now: datetime) -> Letter:
    invitation = message.invitation
    if invitation is None or not invitation.is_open(now=now):
        raise NothingToSay
    path = reverse("booking:accept-invitation", args=[invitation_token(invitation)])
    context: dict[str, object] = {
        "site": settings.BASE_URL,
        "practice": invitation.practice,
        "role": invitation.get_role_display,
        "link": accounts.site_url(path),
    }
    wanted = [(invitation, ("email",))]
    with reveal(wanted, actor=system_actor(), purpose=Purpose.MESSAGE) as plain:
        to = plain.text(invitation, "email")
    return rendered(message.kind, to, accounts.language_at(to), context)


def _handover(handover: Handover, *, now: datetime) -> Letter:
    if handover.accepted_at or handover.expires_at <= now:
        raise NothingToSay
    path = reverse("booking:accept-handover", args=[handover_token(handover)])
    context: dict[str, object] = {"site": settings.BASE_URL, "link": accounts.site_url(path)}
    wanted = [(handover, ("email",))]
    with reveal(wanted, actor=system_actor(), purpose=Purpose.MESSAGE) as plain:
        to = plain.text(handover, "email")
    return rendered(MessageKind.HANDOVER, to, accounts.language_at(to), context)


def _offer(offer: Offer, *, by_sms: bool, now: datetime) -> Letter:
    if not offer.is_live(now=now):
        raise NothingToSay
    wait = offer.wait
    to, language, named = _opened(wait.patient, by_sms=by_sms, object_id=wait.pk)
    at, zone = offer.starts_at, wait.practice.zone
    context: dict[str, object] = {
        "site": settings.BASE_URL,
        "offer": offer,
        "wait": wait,
        "names_clock": names_clock(told=wait.patient.phone_zone, practice_zone=zone, at=at),
        "agenda": wait.visit_reason.agenda,
        "practice": wait.practice,
        "then": held_after(wait.visit_reason, key=offer.hold_key, now=now),
        **named,
        "link": accounts.site_url(reverse("booking:offer", args=[offer_token(offer)])),
    }
    return rendered(MessageKind.OFFER, to, language, context, by_sms=by_sms)


def _about_appointment(message: Message, *, now: datetime) -> Letter:
    appointment = message.appointment
    if appointment is None:
        raise NothingToSay
    is_reminder = message.kind == MessageKind.REMINDER
    if is_reminder and (appointment.status != Status.BOOKED or appointment.starts_at <= now):
        raise NothingToSay
    patient = appointment.patient
    account = patient.account
    by_sms = message.channel == MessageChannel.SMS
    if is_reminder and (
        (account is not None and reminders.is_unwanted(appointment, account, by_sms=by_sms))
        or reminders.is_told_by_another(message, now=now)
    ):
        raise NothingToSay
    if messages.is_stale(message, appointment, now=now):
        raise NothingToSay
    to, language, named = _opened(patient, by_sms=by_sms, object_id=appointment.pk)
    context = _said_of(message, appointment, now=now) | named
    letter = rendered(message.kind, to, language, context, by_sms=by_sms)
    if is_reminder and account is not None:
        path = reverse("booking:no-reminders", args=[accounts.reminders_token(account)])
        letter.unsubscribe = accounts.site_url(path)
    if not by_sms and not is_reminder:
        with translation.override(language):
            enclose(letter, message=message, appointment=appointment, now=now)
    return letter


def _said_of(message: Message, appointment: Appointment, *, now: datetime) -> dict[str, object]:
    """All that a message says of a visit, but whom it names."""
    then = told.then_of(message, appointment)
    return {
        **_what_stands(appointment, now=now),
        "words": message.words,
        "former_start": _former(message, appointment),
        "series": told.told_with(message, appointment),
        "then": then,
        "stays": stays_before(appointment, now=now),
        "substitute": name_at(agenda=appointment.agenda, at=appointment.starts_at),
        "has_questions": appointment.patient.account is not None
        and any(questionnaire.is_owed(each, now=now) for each in (appointment, then) if each),
    }


def _former(message: Message, appointment: Appointment) -> datetime | None:
    """When the visit was to be that is said to be moved; None where its hour is the same."""
    former = message.former_start
    return former if former != appointment.starts_at else None


def _opened(
    patient: Patient, *, by_sms: bool, object_id: uuid.UUID
) -> tuple[str, str, dict[str, object]]:
    """Open where a message about a patient goes; return it, its language and whom it names.

    A text names nobody, so that no name is opened for it.
    """
    account = patient.account
    whom = addressed(patient)
    named = [] if by_sms else whom.people
    holder, field = (patient, "phone") if by_sms else (account or patient, "email")
    wanted = [*((row, ("first_name",)) for row in named), (holder, (field,))]
    with reveal(
        wanted, actor=system_actor(), purpose=Purpose.MESSAGE, object_id=object_id
    ) as plain:
        names = [plain.text(row, "first_name") for row in named]
        to = plain.text(holder, field)
    language = account.language if account else settings.LANGUAGE_CODE
    return to, language, whom.words(names)


def _what_stands(appointment: Appointment, *, now: datetime) -> dict[str, object]:
    """When, where and with whom; whose clock to name; what may be offered: no link to a refusal.

    A patient without an account has no links, and calls the practice.
    """
    patient, practice = appointment.patient, appointment.practice
    terms = deadline.terms(appointment, now=now)

    def link(name: str, *, is_offered: bool = True) -> str:
        if not (patient.account_id and is_offered):
            return ""
        return accounts.site_url(reverse(f"booking:{name}", args=[appointment.pk]))

    return {
        "site": settings.BASE_URL,
        "appointment": appointment,
        "practice": practice,
        "names_clock": names_clock(
            told=patient.phone_zone, practice_zone=practice.zone, at=appointment.starts_at
        ),
        "terms": terms,
        "link": link("appointment"),
        "move_link": link("move", is_offered=terms.can_move),
        "cancel_link": link("cancel", is_offered=terms.can_cancel),
    }


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A message with nobody's name in it; messages of one `shape` differ in their hours alone."""

    letter: Letter
    language: str
    shape: tuple[object, ...]


def _asked_of(visit: Appointment) -> tuple[object, ...]:
    """What a message says of a visit by its reason, beside its name."""
    reason = visit.visit_reason
    return reason.teleconsultation, reason.instructions


def preview(message: Message, *, now: datetime) -> Preview:
    """Show a practice what a patient will read of a visit, with nobody's name in it: nothing is
    opened. Raises NothingToSay.
    """
    appointment = message.appointment
    if appointment is None or messages.is_stale(message, appointment, now=now):
        raise NothingToSay
    patient, by_sms = appointment.patient, message.channel == MessageChannel.SMS
    language = patient.account.language if patient.account else settings.LANGUAGE_CODE
    named = addressed(patient).words([])
    context = _said_of(message, appointment, now=now) | named
    then = context["then"]
    with translation.override(language):
        shape = (
            message.kind,
            message.channel,
            language,
            str(named["whom"]),
            *(_asked_of(each) for each in (appointment, then) if isinstance(each, Appointment)),
            *(bool(value) for _name, value in sorted(context.items())),
        )
    letter = rendered(message.kind, "…", language, context, by_sms=by_sms)
    return Preview(letter=letter, language=language, shape=shape)
