"""Who may enter the team's own pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import quote

from django.contrib.admin import site
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from audit.record.entries import Actor, ActorKind, Channel
from audit.views.private import keep_private

View = Callable[..., HttpResponse]


def staff_only(view: View) -> View:
    """Only for active staff behind a second factor, as for the admin; others learn of nothing."""

    @wraps(view)
    @keep_private
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if site.has_permission(request):
            return view(request, *args, **kwargs)
        if request.user.is_authenticated and not request.user.is_staff:
            raise Http404
        return redirect(f"{reverse('admin:login')}?next={quote(request.path)}")

    return guarded


def staff_actor(request: HttpRequest) -> Actor:
    """Somebody of the team, acting for the platform."""
    return Actor(kind=ActorKind.STAFF, channel=Channel.ADMIN, id=cast(Any, request.user).pk)
