"""The content of messages about appointments: confirmation, change, cancellation, reminder."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from booking.accounts import accounts
from booking.appointments import deadline, questionnaire
from booking.appointments.calendar.enclosed_calendar import enclose
from booking.appointments.chains import stays_before
from booking.appointments.news import reminders, told
from booking.appointments.news.owed import is_stale
from booking.models import Appointment, Message
from booking.models.appointment import Status
from booking.models.message import MessageChannel, MessageKind
from booking.outbox.greeting import addressed
from booking.outbox.kinds import Kind, Window, register
from booking.outbox.letters import Letter, NothingToSay, rendered
from booking.outbox.quiet_hours import names_clock
from booking.outbox.recipients import language_of, opened
from practitioners.domain.staff.substitutes import name_at

# The related rows that a message about a visit needs.
ABOUT_VISIT = ("patient__account", "practice", "visit_reason", "agenda__practitioner")
ABOUT_APPOINTMENT = tuple(f"appointment__{name}" for name in ABOUT_VISIT)


def register_letters() -> None:
    """Say how messages about appointments are made."""
    register(
        MessageKind.CONFIRMATION,
        MessageKind.CHANGE,
        MessageKind.CANCELLATION,
        kind=Kind(
            compose=_letter,
            leads_to=("booking:appointment", "booking:move", "booking:cancel"),
            related=ABOUT_APPOINTMENT,
            window=_window_of_news,
        ),
    )
    register(
        MessageKind.REMINDER,
        kind=Kind(
            compose=_letter,
            leads_to=(
                "booking:appointment", "booking:move", "booking:cancel", "booking:no-reminders",
            ),
            related=ABOUT_APPOINTMENT,
            window=_window_of_reminder,
        ),
    )  # fmt: skip


def _visit_of(message: Message) -> Appointment:
    if message.appointment is None:
        raise NothingToSay
    return message.appointment


def _window_of_news(message: Message) -> Window:
    """News is of use until the last visit that it tells of begins."""
    visit = _visit_of(message)
    until = max(each.starts_at for each in told.everything_told(message, visit))
    return Window(patient=visit.patient, practice=visit.practice, until=until)


def _window_of_reminder(message: Message) -> Window:
    """A reminder is of use until its own visit begins; by night it comes the evening before."""
    visit = _visit_of(message)
    return Window(
        patient=visit.patient,
        practice=visit.practice,
        until=visit.starts_at,
        may_be_earlier=True,
    )


def _letter(message: Message, *, now: datetime) -> Letter:
    appointment = _visit_of(message)
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
    if is_stale(message, appointment, now=now):
        raise NothingToSay
    to, language, named = opened(patient, by_sms=by_sms, object_id=appointment.pk)
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
    if appointment is None or is_stale(message, appointment, now=now):
        raise NothingToSay
    patient, by_sms = appointment.patient, message.channel == MessageChannel.SMS
    language = language_of(patient)
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
