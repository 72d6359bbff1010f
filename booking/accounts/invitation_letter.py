"""The mail that carries an invitation to a practice's team."""

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
from practitioners.domain.staff.invite import invitation_token


def register_letters() -> None:
    """Say how the mail of an invitation is made."""
    kind = Kind(
        compose=_letter,
        leads_to=("booking:accept-invitation",),
        related=("invitation__practice",),
    )
    register(MessageKind.INVITATION, kind=kind)


def _letter(message: Message, *, now: datetime) -> Letter:
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
