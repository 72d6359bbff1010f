"""The mail that offers a relative's file to an account of their own."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.accounts import accounts
from booking.models import Message
from booking.models.message import MessageKind
from booking.outbox.kinds import Kind, register
from booking.outbox.letters import Letter, NothingToSay, rendered
from booking.patients.handover import handover_token


def register_letters() -> None:
    """Say how the mail that hands a file over is made."""
    kind = Kind(
        compose=_letter, leads_to=("booking:accept-handover",), related=("handover__patient",)
    )
    register(MessageKind.HANDOVER, kind=kind)


def _letter(message: Message, *, now: datetime) -> Letter:
    handover = message.handover
    if handover is None or handover.accepted_at or handover.expires_at <= now:
        raise NothingToSay
    path = reverse("booking:accept-handover", args=[handover_token(handover)])
    context: dict[str, object] = {"site": settings.BASE_URL, "link": accounts.site_url(path)}
    wanted = [(handover, ("email",))]
    with reveal(wanted, actor=system_actor(), purpose=Purpose.MESSAGE) as plain:
        to = plain.text(handover, "email")
    return rendered(MessageKind.HANDOVER, to, accounts.language_at(to), context)
