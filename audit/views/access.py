"""Who may enter the team's own pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import quote, urlencode

from django.contrib import messages
from django.contrib.admin import site
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from audit.record.entries import Actor, ActorKind, Channel
from audit.views.factor import ProofIsOld
from audit.views.private import keep_private

View = Callable[..., HttpResponse]


def staff_only(view: View) -> View:
    """Only for active staff behind a second factor, as for the admin; others learn of nothing."""

    @wraps(view)
    @keep_private
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if site.has_permission(request):
            try:
                return view(request, *args, **kwargs)
            except ProofIsOld:
                return _to_proof(request)
        if request.user.is_authenticated and not request.user.is_staff:
            raise Http404
        return redirect(f"{reverse('admin:login')}?next={quote(request.path)}")

    return guarded


def _to_proof(request: HttpRequest) -> HttpResponse:
    """Lead to where a session proves itself again, and back to the page with the link."""
    messages.info(request, _("Pour cela, confirmez d’abord que c’est bien vous."))
    back = request.headers.get("Referer", "") or reverse("incidents:register")
    return redirect(f"{reverse('booking:prove-again')}?{urlencode({'next': back})}")


def staff_actor(request: HttpRequest) -> Actor:
    """Somebody of the team, acting for the platform."""
    return Actor(kind=ActorKind.STAFF, channel=Channel.ADMIN, id=cast(Any, request.user).pk)
