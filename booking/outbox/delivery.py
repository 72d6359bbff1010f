"""Sending what is owed: claim, compose from revealed data, hand to the provider, note it.

A message is claimed, and its reveal recorded and committed, before anything leaves. A sender
that dies lets go of its claim after CLAIM_SECONDS and the message is sent again under the same
Message-ID or idempotency key; the only doubtful moment is between the provider's "yes" and the
commit that notes it.
"""

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException
from time import monotonic

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import translation

from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.accounts import account_letters, accounts
from booking.appointments import deadline, questionnaire, told
from booking.appointments.calendar.enclosed_calendar import enclose
from booking.appointments.chains import held_after, stays_before
from booking.models import Appointment, Handover, Message, Offer, Patient
from booking.models.appointment import Status
from booking.models.message import MessageChannel, MessageKind, MessageState
from booking.outbox import messages, reminders, sms
from booking.outbox.greeting import addressed
from booking.outbox.letters import Letter, NothingToSay, hand_over, rendered
from booking.outbox.quiet_hours import names_clock, zone_of_number
from booking.patients.handover import handover_token
from booking.waiting.offer_links import offer_token
from practitioners.domain.staff.invite import invitation_token
from practitioners.domain.staff.substitutes import name_at

logger = logging.getLogger(__name__)

CLAIM_SECONDS = 60
BATCH = 100
# Minutes until the next attempt, after the first, second, … failure; then it is given up.
BACKOFF_MINUTES = (1, 2, 5, 15, 60, 240)
# What a message about a visit is made of.
ABOUT_VISIT = ("patient__account", "practice", "visit_reason", "agenda__practitioner")
ABOUT_APPOINTMENT = tuple(f"appointment__{name}" for name in ABOUT_VISIT)


class NotAtNight(Exception):
    """It is night where the person is, and a text would wake them."""

    def __init__(self, *, until: datetime) -> None:
        super().__init__(until)
        self.until = until


def send_owed(*, now: datetime) -> int:
    """Send what is due, and return how many messages left."""
    due = Message.objects.filter(state=MessageState.OWED, due_at__lte=now).filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    )
    ids = list(due.order_by("due_at", "id").values_list("id", flat=True)[:BATCH])
    started = monotonic()
    sent = 0
    for message_id in ids:
        # A slow provider makes a batch last: each claim runs from its own moment.
        elapsed = timedelta(seconds=monotonic() - started)
        at = now + elapsed
        try:
            sent += send_one(message_id=message_id, now=at)
        except Exception as error:  # one message that cannot be made must not hold up the others
            logger.exception("message could not be made")
            _note_failure(message_id, type(error).__name__, now=at)
    return sent


def send_one(*, message_id: uuid.UUID, now: datetime) -> bool:
    """Send one owed message, and say whether it left; another sender's claim is respected."""
    with transaction.atomic():
        message = (
            Message.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
            .select_related(
                "account",
                "invitation__practice",
                "handover__patient",
                "offer__wait__patient__account",
                "offer__wait__practice",
                "offer__wait__appointment",
                "offer__wait__visit_reason__agenda__practitioner",
                *ABOUT_APPOINTMENT,
            )
            .filter(pk=message_id, state=MessageState.OWED)
            .filter(Q(claimed_until__isnull=True) | Q(claimed_until__lt=now))
            .first()
        )
        if message is None:
            return False
        try:
            _mind_the_night(message, now=now)
            letter = compose(message, now=now)
            _mind_the_night(message, number=letter.to, now=now)
        except NothingToSay:
            message.state = MessageState.VOID
            message.save(update_fields=["state"])
            return False
        except NotAtNight as night:
            message.due_at = night.until
            message.save(update_fields=["due_at"])
            return False
        message.claimed_until = now + timedelta(seconds=CLAIM_SECONDS)
        message.save(update_fields=["claimed_until"])
    try:
        hand_over(
            letter, channel=message.channel, key=str(message.pk), message_id=message.message_id
        )
    except (SMTPException, OSError, sms.SmsNotSent) as error:
        logger.warning("message not taken", extra={"message_id": str(message_id)})
        _note_failure(message_id, type(error).__name__, now=now)
        return False
    Message.objects.filter(pk=message.pk).update(
        state=MessageState.SENT, sent_at=now, claimed_until=None, problem=""
    )
    return True


def _mind_the_night(message: Message, *, now: datetime, number: str = "") -> None:
    """Raise NotAtNight or NothingToSay where a text must not leave now (`messages.text_at`).

    Asked by what is noted of a number, before it is opened, and by the `number` itself: the note
    may be missing of a patient who was entered before there was one.
    """
    if message.channel != MessageChannel.SMS:
        return
    told_zone = zone_of_number(number) if number else None
    if told_zone is not None:
        _note_zone(message, told_zone)
    at = messages.text_at(message, now=now, zone_told=told_zone)
    if at is None:
        raise NothingToSay
    if at > now:
        raise NotAtNight(until=at)


def _note_zone(message: Message, told: str) -> None:
    about = message.appointment or (message.offer.wait if message.offer else None)
    if about is not None and about.patient.phone_zone != told:
        Patient.unscoped.filter(pk=about.patient_id).update(phone_zone=told)


def _note_failure(message_id: uuid.UUID, problem: str, *, now: datetime) -> None:
    """Count the attempt and wait longer each time; after the last one the message has failed."""
    message = Message.objects.get(pk=message_id)
    message.attempts += 1
    given_up = message.attempts > len(BACKOFF_MINUTES)
    wait = BACKOFF_MINUTES[min(message.attempts, len(BACKOFF_MINUTES)) - 1]
    message.state = MessageState.FAILED if given_up else MessageState.OWED
    message.due_at = now + timedelta(minutes=wait)
    message.claimed_until = None
    message.problem = problem
    message.save(update_fields=["attempts", "state", "due_at", "claimed_until", "problem"])


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
