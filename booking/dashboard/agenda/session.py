"""Whether a session may still work at a practice, and going on where it could not."""

import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit.views.typed import typed
from booking.pages.access import (
    AtDesk,
    account_of,
    at_desk,
    desk_context,
    practice_member,
)
from booking.pages.lost import drafts
from booking.pages.lost.unsent import fields_of
from booking.pages.session import work_session


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def desk_session(request: HttpRequest, practice_id: uuid.UUID) -> JsonResponse:
    """How the session stands at this practice: pages ask before they send what somebody typed.

    It opens nothing, changes nothing and leads nowhere. A POST tells besides, by being refused,
    that the page's token is old: whoever signs in in another tab has a new one, given here. A
    token that is good stays in its form, by which a form that is sent twice is known
    (doctolib/once.py). `whose`: the account that is signed in, by which a page knows that it was
    opened for another; `why`: what ended the session, where that was a rule.
    """
    state, _membership = at_desk(request, practice_id)
    return JsonResponse(
        {
            "state": state,
            "token": get_token(request),
            "whose": str(request.user.pk or ""),
            "why": work_session.why_ended(request) if state == AtDesk.SIGNED_OUT else "",
        }
    )


@never_cache
@practice_member("booking.view_agenda")
@require_safe
def resume(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """The form that was sent when the session had ended, as it was filled in."""
    draft = drafts.find(request, practice_id=practice_id, account_id=account_of(request).pk)
    name = request.GET.get(drafts.NAME, "")
    if draft is None and not name and "onglet" not in request.GET:
        return redirect("booking:agenda", practice_id)
    context = desk_context(request, current="agenda", draft=draft, name=name)
    if draft is not None:
        new_visit = reverse("booking:new-visit", args=[practice_id])
        context["is_visit"] = draft.address.startswith(new_visit)
        context["words"] = typed(fields_of(draft))
        names: dict[str, list[str]] = {}
        for field, file_name in draft.files:
            names.setdefault(field, []).append(file_name)
        context["files"] = list(names.items())
    return render(request, "dashboard/resume.html", context)
