"""Forms of the dashboard that arrive when nobody may send them any more: nothing typed is lost.

The browser is led to where it signs in or gives its code, and from there back to the form. Each
form has a name, in the address and in the name of its cookie, so that several tabs keep one each.
It is offered once: whatever becomes of it when it is sent again is on the page that answers.
"""

import re
import secrets
import uuid
from typing import Any, cast
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from booking.accounts import drafts
from booking.accounts.drafts import Draft
from booking.pages.lost import unsent
from booking.pages.navigated import is_script

COOKIE = f"{settings.SECURE_PREFIX}draft"
# What names a form: in the address of its page, and in the form that is sent from there.
NAME, SENT = "f", "reprise"
LEFT_OUT = {"csrfmiddlewaretoken", SENT}
_NAME = re.compile("[0-9a-f]{8}")


def lead_away(
    request: HttpRequest, where: str, *, practice_id: uuid.UUID, network: str
) -> HttpResponse:
    """Lead to a page that asks who it is, and from there back: to the same page, or to the form
    that was sent, with all that it said.
    """
    if request.method != "POST":
        return redirect(f"{where}?{urlencode({'next': request.get_full_path()}, safe='/')}")
    name, token = secrets.token_hex(4), _kept(request, practice_id=practice_id, network=network)
    back = _page(practice_id)
    if token is not None:
        back = f"{back}?{urlencode({NAME: name})}"
    answer = redirect(f"{where}?{urlencode({'next': back}, safe='/')}")
    if not request.user.is_authenticated:
        unsent.say(request, is_kept=token is not None)
    # Sent again as it is, from the page that the back button shows, it is no repetition.
    answer.leads_away = True  # type: ignore[attr-defined]
    drop_sent(request, answer, practice_id=practice_id)
    if token is not None:
        answer.set_cookie(
            _cookie(name), token, max_age=drafts.KEPT_S, httponly=True, samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE, path=_page(practice_id),
        )  # fmt: skip
    return answer


def find(request: HttpRequest, *, practice_id: uuid.UUID, account_id: uuid.UUID) -> Draft | None:
    """The form that the address names, for its writer; None if it is gone, or was sent again."""
    token = request.COOKIES.get(_cookie(request.GET.get(NAME, "")), "")
    return drafts.find(token, practice_id=practice_id, account_id=account_id)


def drop_sent(request: HttpRequest, answer: HttpResponseBase, *, practice_id: uuid.UUID) -> None:
    """Keep a form no longer that is sent again: going back would offer it a second time."""
    if request.method != "POST" or is_script(request):
        return
    name = request.POST.get(SENT, "")
    if _NAME.fullmatch(name):
        answer.delete_cookie(_cookie(name), path=_page(practice_id), samesite="Lax")


def _kept(request: HttpRequest, *, practice_id: uuid.UUID, network: str) -> str | None:
    """Keep what a form said, and return what opens it, which the browser alone has.

    For its writer, who is signed in or was until now; None for a script's, and for one without a
    word, a choice or a file.
    """
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in LEFT_OUT and isinstance(value, str)
    ]
    files = unsent.files_of(request)
    if is_script(request) or not (files or any(value.strip() for _name, value in fields)):
        return None
    account_id = cast(Any, request.user).pk
    return drafts.keep(
        Draft(address=request.get_full_path(), fields=fields, files=files),
        practice_id=practice_id,
        mark=drafts.mark_of(account_id) if account_id else request.COOKIES.get(unsent.MARK, ""),
        network=network,
    )


def _page(practice_id: uuid.UUID) -> str:
    return reverse("booking:resume", args=[practice_id])


def _cookie(name: str) -> str:
    return f"{COOKIE}_{name}"
