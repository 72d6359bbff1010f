"""The link of an invitation to a practice's team, by whichever account it is opened.

The link was sent to one address alone, and its account alone may accept. Whoever opens it reads who
invites which address, and is led to that account: to sign in, to sign up or to change accounts.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.record.entries import Channel, system_actor
from audit.vault.reveal import Purpose, reveal
from booking.pages.access import account_of, web_actor
from booking.pages.refusals import broken_link
from practitioners.domain.staff import invite
from practitioners.models import Invitation


@dataclass(frozen=True, kw_only=True)
class Invited:
    """An open invitation with its address, and the address of the account that is signed in."""

    invitation: Invitation
    address: str
    own_address: str = ""


def invited_at(request: HttpRequest, target: str) -> Invited | None:
    """Return the invitation whose page is the target after signing in; None for other targets."""
    try:
        found = resolve(urlsplit(target).path) if target else None
        if found is None or found.view_name != "booking:accept-invitation":
            return None
        invitation = invite.open_invitation(token=found.kwargs["token"], now=timezone.now())
    except (Resolver404, ValueError, invite.InvalidInvitation):
        return None
    return _opened(request, invitation)


def _opened(request: HttpRequest, invitation: Invitation) -> Invited:
    """Open the address, and the signed-in account's own one, on the record."""
    is_signed_in = request.user.is_authenticated
    actor = web_actor(request) if is_signed_in else system_actor(Channel.WEB)
    wanted: list[tuple[object, tuple[str, ...]]] = [(invitation, ("email",))]
    if is_signed_in:
        wanted.append((account_of(request), ("email",)))
    with reveal(wanted, actor=actor, purpose=Purpose.ACCOUNT) as plain:
        return Invited(
            invitation=invitation,
            address=plain.text(invitation, "email"),
            own_address=plain.text(account_of(request), "email") if is_signed_in else "",
        )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Say who invites whom; let the account of that address join, and lead others to it."""
    now = timezone.now()
    try:
        invitation = invite.open_invitation(token=token, now=now)
        is_theirs = request.user.is_authenticated and invite.is_for(invitation, account_of(request))
        if request.method == "POST" and is_theirs:
            return _join(request, invitation, now=now)
    except invite.InvalidInvitation as problem:
        return _broken(request, token, problem, now=now)
    if request.method == "POST":
        messages.warning(request, _("Rien n’est encore accepté : voici pour quelle adresse."))
    context = {"invited": _opened(request, invitation), "is_theirs": is_theirs}
    status = 400 if request.method == "POST" else 200
    return render(request, "dashboard/accept.html", context, status=status)


def _join(request: HttpRequest, invitation: Invitation, *, now: datetime) -> HttpResponse:
    membership = invite.accept(
        invitation=invitation, account=account_of(request), actor=web_actor(request), now=now
    )
    given = {"practice": membership.practice.name}
    messages.success(request, _("Vous êtes de l’équipe : %(practice)s.") % given)
    return redirect("booking:agenda", membership.practice_id)


def _broken(
    request: HttpRequest, token: str, problem: invite.InvalidInvitation, *, now: datetime
) -> HttpResponse:
    """Lead a member who opens the link again to the practice; say to others what to do."""
    if request.user.is_authenticated and request.method != "POST":
        joined = invite.joined_by(token=token, account=account_of(request), now=now)
        if joined is not None:
            return redirect("booking:agenda", joined.practice_id)
    return broken_link(request, problem)
