"""Who is at the door of a view, and what scope they work in."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_scopes import scope

from audit.record.entries import Actor, ActorKind, Channel
from booking.models import Account
from practitioners.models import Agenda, Membership

View = Callable[..., HttpResponse]


def account_of(request: HttpRequest) -> Account:
    """The signed-in account of a view behind `account_required` or `practice_member`."""
    return cast(Account, request.user)


def network_of(request: HttpRequest) -> str:
    """The network address of who asks, as the nearest trusted proxy saw it.

    Each of the settings' PROXIES appends to X-Forwarded-For; what stands left of theirs was
    written by the asker and proves nothing.
    """
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    if settings.PROXIES and len(hops) >= settings.PROXIES and hops[-settings.PROXIES]:
        return hops[-settings.PROXIES]
    return str(request.META.get("REMOTE_ADDR", ""))


def web_actor(request: HttpRequest) -> Actor:
    """The account acting for itself on the patient's pages."""
    return Actor(kind=ActorKind.ACCOUNT, channel=Channel.WEB, id=account_of(request).pk)


def practice_actor(request: HttpRequest) -> Actor:
    """The member acting for the practice on the dashboard."""
    membership = membership_of(request)
    return Actor(
        kind=ActorKind.ACCOUNT,
        channel=Channel.DASHBOARD,
        id=account_of(request).pk,
        practice_id=membership.practice_id,
    )


def membership_of(request: HttpRequest) -> Membership:
    """The membership with which a dashboard view was entered."""
    return cast(Membership, cast(Any, request).membership)


def agendas_of(request: HttpRequest) -> list[Agenda]:
    """The agendas that the member may work on: all of the practice, or those delegated."""
    membership = membership_of(request)
    agendas = Agenda.objects.filter(practice_id=membership.practice_id).select_related(
        "practitioner", "practice"
    )
    delegated = set(membership.agendas.values_list("pk", flat=True))
    if delegated:
        agendas = agendas.filter(pk__in=delegated)
    return list(agendas.order_by("practitioner__last_name", "pk"))


def account_required(view: View) -> View:
    """Only for who is signed in; queries see that account's own patients and appointments."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with scope(account=request.user):
            return view(request, *args, **kwargs)

    return guarded


def practice_member(permission: str) -> Callable[[View], View]:
    """Only for members of the practice in the address who have the permission.

    A second factor is required; queries see that practice alone. Strangers get 404, so that
    nobody learns which practices exist.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        @login_required
        def guarded(
            request: HttpRequest, practice_id: uuid.UUID, *args: Any, **kwargs: Any
        ) -> HttpResponse:
            membership = (
                Membership.objects.select_related("practice")
                .filter(account=account_of(request), practice_id=practice_id)
                .first()
            )
            if membership is None:
                raise Http404
            if not cast(Any, request.user).is_verified():
                return redirect(f"{reverse('booking:second-factor')}?next={request.path}")
            if not request.user.has_perm(permission, membership):
                raise PermissionDenied
            cast(Any, request).membership = membership
            with scope(practice=membership.practice):
                return view(request, practice_id, *args, **kwargs)

        return guarded

    return decorate
