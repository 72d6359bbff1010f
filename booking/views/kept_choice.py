"""What was filled in on a booking's last page when its slot turned out to be gone: it goes along.

The note and the people are sealed under a key that the browser alone has (a cookie); the session
keeps the ciphertext beside its hold, and loses it with it. No address carries any of it.
"""

import json
import uuid
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from audit.vault import carried
from booking.views import unfinished
from practitioners.models import VisitReason

COOKIE = "choice"
KEPT_S = int(unfinished.TARGET_LASTS.total_seconds())


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A note for the practice, and the people in the order of their slots."""

    note: str = ""
    people: tuple[str, ...] = ()


def keep(request: HttpRequest, answer: HttpResponse, kept: Kept, *, reason: VisitReason) -> None:
    """Keep what was filled in for the same account and visit reason, for KEPT_S."""
    text = json.dumps([kept.note, kept.people]).encode()
    key, sealed = carried.put_away(text, bound=_bound(request, reason))
    request.session[unfinished.CHOICE] = sealed.hex()
    answer.set_cookie(
        COOKIE, key.hex(), max_age=KEPT_S, httponly=True, samesite="Lax",
        secure=request.is_secure(), path=reverse("booking:hold"),
    )  # fmt: skip


def find(request: HttpRequest, *, reason: VisitReason) -> Kept:
    """Open what was kept; nothing where the account, reason or browser is another."""
    try:
        key = bytes.fromhex(request.COOKIES.get(COOKIE, ""))
        sealed = bytes.fromhex(request.session.get(unfinished.CHOICE, ""))
    except ValueError:
        return Kept()
    text = carried.take_out(sealed, key=key, bound=_bound(request, reason)) if sealed else None
    if text is None:
        return Kept()
    note, people = json.loads(text)
    return Kept(note=note, people=tuple(people))


def initial(request: HttpRequest, *, reason: VisitReason) -> dict[str, str]:
    """What the form of the note says at first."""
    return {"note": find(request, reason=reason).note} if request.method != "POST" else {}


def forget(request: HttpRequest) -> None:
    """Lose what was kept, once it is booked."""
    request.session.pop(unfinished.CHOICE, None)


def _bound(request: HttpRequest, reason: VisitReason) -> bytes:
    """Whose it is and for what."""
    return reason.pk.bytes + uuid.UUID(str(request.user.pk)).bytes
