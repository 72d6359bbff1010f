"""The message that offers a slot to a patient of the waiting list."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from booking.accounts import accounts
from booking.appointments.chains import held_after
from booking.models import Message, Offer
from booking.models.message import MessageChannel, MessageKind
from booking.outbox.kinds import Kind, Window, register
from booking.outbox.letters import Letter, NothingToSay, rendered
from booking.outbox.messages import owe
from booking.outbox.quiet_hours import names_clock
from booking.outbox.recipients import channels_of, opened
from booking.waiting.offer_links import offer_token


def register_letters() -> None:
    """Say how the offer of a slot is made."""
    kind = Kind(
        compose=_letter,
        leads_to=("booking:offer",),
        related=(
            "offer__wait__patient__account", "offer__wait__practice", "offer__wait__appointment",
            "offer__wait__visit_reason__agenda__practitioner",
        ),
        window=_window,
    )  # fmt: skip
    register(MessageKind.OFFER, kind=kind)


def owe_offer(*, offer: Offer, now: datetime) -> None:
    """Owe the news that a slot is kept for a patient, by every way there is: it is urgent."""
    wait = offer.wait
    channels = channels_of(wait.patient, by_sms=wait.practice.reminds_by_sms)
    owe(
        [
            Message(
                kind=MessageKind.OFFER, channel=channel, offer=offer, due_at=now, created_at=now
            )
            for channel in channels
        ]
    )


def _offer_of(message: Message) -> Offer:
    if message.offer is None:
        raise NothingToSay
    return message.offer


def _window(message: Message) -> Window:
    """An offer is of use until it ends."""
    offer = _offer_of(message)
    wait = offer.wait
    return Window(patient=wait.patient, practice=wait.practice, until=offer.expires_at)


def _letter(message: Message, *, now: datetime) -> Letter:
    offer, by_sms = _offer_of(message), message.channel == MessageChannel.SMS
    if not offer.is_live(now=now):
        raise NothingToSay
    wait = offer.wait
    to, language, named = opened(wait.patient, by_sms=by_sms, object_id=wait.pk)
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
