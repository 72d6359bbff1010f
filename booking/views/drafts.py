"""Forms of the dashboard that arrive when nobody may send them any more: nothing typed is lost.

The browser is led to where it signs in or gives its code, and from there back to the form.
"""

import uuid
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from booking.domain import drafts
from booking.domain.drafts import Draft
from booking.views.navigated import is_script

COOKIE = f"{settings.SECURE_PREFIX}draft"
LEFT_OUT = {"csrfmiddlewaretoken"}


def lead_away(
    request: HttpRequest, where: str, *, practice_id: uuid.UUID, network: str
) -> HttpResponse:
    """Lead to a page that asks who it is, and from there back: to the same page, or to the form
    that was sent, with all that it said.
    """
    if request.method != "POST":
        return redirect(f"{where}?{urlencode({'next': request.get_full_path()}, safe='/')}")
    back = reverse("booking:resume", args=[practice_id])
    answer = redirect(f"{where}?{urlencode({'next': back}, safe='/')}")
    _keep_form(request, answer, practice_id=practice_id, network=network)
    return answer


def _keep_form(
    request: HttpRequest, answer: HttpResponse, *, practice_id: uuid.UUID, network: str
) -> None:
    """Keep what a form said, and give the browser alone what opens it."""
    # Sent again as it is, from the page that the back button shows, it is no repetition.
    answer.leads_away = True  # type: ignore[attr-defined]
    if is_script(request):
        return
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in LEFT_OUT and isinstance(value, str)
    ]
    if not any(value.strip() for _name, value in fields):
        return
    token = drafts.keep(
        Draft(address=request.get_full_path(), fields=fields, had_files=bool(request.FILES)),
        practice_id=practice_id,
        account_id=request.user.pk if request.user.is_authenticated else None,
        network=network,
    )
    if token is not None:
        answer.set_cookie(
            COOKIE, token, max_age=drafts.KEPT_S, httponly=True, samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
            path=reverse("booking:resume", args=[practice_id]),
        )  # fmt: skip
