"""Forms of somebody's own pages that arrive when their session has ended: nothing typed is lost.

The browser signs in, from there comes back to the form's page, and finds it filled in as it was
sent. It is filled in for the account that wrote it alone: a browser keeps a mark of the account
that was signed in last, and who else signs in finds an empty form.
"""

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponseBase, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _

from audit.views.typed import SECRET, typed
from booking.accounts import drafts
from booking.accounts.drafts import Draft
from booking.pages.navigated import is_script

COOKIE = f"{settings.HOST_PREFIX}unsent"
MARK = f"{settings.HOST_PREFIX}last_account"
LEFT_OUT = {"csrfmiddlewaretoken", "next"}
# Forms of as many tabs are kept.
MOST = 4


@dataclass(frozen=True, kw_only=True)
class Unsent:
    """What was not sent, on the page where it is shown again.

    `is_filled_in`: whether the page's form holds it; elsewhere its words are shown.
    """

    is_filled_in: bool
    had_files: bool
    words: list[str]


def keep(request: HttpRequest, answer: HttpResponseBase, *, page: str, network: str) -> bool:
    """Keep what a form says, and give the browser alone what opens it; say whether it is kept.

    `page`: the address of the page that holds the form. Nothing is kept of a form without a word
    or a choice, of one that a script sends, nor where it is not known who was signed in.
    """
    account_id = cast(Any, request.user).pk
    mark = drafts.mark_of(account_id) if account_id else request.COOKIES.get(MARK, "")
    if request.method != "POST" or not mark or is_script(request):
        return False
    try:
        fields = _fields(request)
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return False
    if not any(value.strip() for _name, value in fields) and not request.FILES:
        return False
    draft = Draft(
        address=request.get_full_path(), fields=fields, files=files_of(request), page=page
    )
    token = drafts.keep_own(draft, mark=mark, network=network)
    if token is None:
        return False
    _set(answer, [token, *_tokens(request)][:MOST])
    return True


def ended_text(*, is_kept: bool) -> str:
    """What is said of a form that came when its session had ended."""
    if is_kept:
        return _(
            "Votre session est terminée. Ce que vous avez écrit est gardé\u00a0: connectez-vous."
        )
    return _("Votre session est terminée\u00a0: rien n’a été enregistré. Connectez-vous.")


def say(request: HttpRequest, *, is_kept: bool) -> None:
    """Say on the next page what became of such a form."""
    messages.warning(request, ended_text(is_kept=is_kept))


def _fields(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in LEFT_OUT and not any(word in name.lower() for word in SECRET)
    ]


def files_of(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of a form that hold files, each with a file's name."""
    return [(field, each.name or "") for field, given in request.FILES.lists() for each in given]


def bring_back(request: HttpRequest) -> None:
    """Fill in the page of a form that was not sent, as its view is about to show it.

    Views build their forms over `request.POST`, and carry something out on a POST alone: over
    these fields, a GET shows the form as it was, with what is wrong with it.
    """
    if request.method not in ("GET", "HEAD") or is_script(request):
        return
    draft = _draft_of(request)
    if draft is None:
        return
    given = fields_of(draft)
    is_filled_in = request.path == _path(draft.address)
    words = [] if is_filled_in else typed(given)
    if is_filled_in:
        cast(Any, request).POST = given
    elif not words and not draft.had_files:
        return
    unsent = Unsent(is_filled_in=is_filled_in, had_files=draft.had_files, words=words)
    cast(Any, request).unsent = unsent


def _draft_of(request: HttpRequest) -> Draft | None:
    """The newest form that was not sent from the page that is asked for, or to it."""
    for token in _tokens(request):
        draft = drafts.find_own(token, account_id=cast(Any, request.user).pk)
        if draft is not None and _is_at(request, draft):
            return draft
    return None


def _is_at(request: HttpRequest, draft: Draft) -> bool:
    return request.path in (_path(draft.address), _path(draft.page))


def mark(request: HttpRequest, answer: HttpResponseBase) -> None:
    """Leave the account's mark in its browser, which names it to us alone."""
    account_id = cast(Any, request.user).pk
    found = drafts.mark_of(account_id) if account_id else ""
    if found and request.COOKIES.get(MARK) != found:
        answer.set_cookie(
            MARK, found, max_age=settings.SESSION_COOKIE_AGE, httponly=True, samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )  # fmt: skip


def note(request: HttpRequest, answer: HttpResponseBase) -> None:
    """Leave the account's mark; keep a form no longer that is sent again."""
    mark(request, answer)
    tokens = _tokens(request)
    if request.method != "POST" or not tokens or is_script(request):
        return
    account_id = cast(Any, request.user).pk
    left = []
    for token in tokens:
        draft = drafts.find_own(token, account_id=account_id)
        if draft is not None and not _is_at(request, draft):
            left.append(token)
    if left:
        _set(answer, left)
    else:
        answer.delete_cookie(COOKIE, samesite="Lax")


def fields_of(draft: Draft) -> QueryDict:
    """What a form said, as it was sent."""
    given = QueryDict(mutable=True)
    for name, value in draft.fields:
        given.appendlist(name, value)
    return given


def _tokens(request: HttpRequest) -> list[str]:
    """What opens the forms that this browser could not send, the newest first."""
    return [each for each in request.COOKIES.get(COOKIE, "").split(".") if each][:MOST]


def _set(answer: HttpResponseBase, tokens: list[str]) -> None:
    answer.set_cookie(
        COOKIE, ".".join(tokens), max_age=drafts.KEPT_S, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


def _path(address: str) -> str:
    return urlsplit(address).path
