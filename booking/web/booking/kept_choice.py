"""What was filled in on a booking's last page, kept while its reader is elsewhere: at another slot
because this one is gone, adding a person, signing in again, reading the page in another language.

It comes back on a last page for the same agenda, whatever the visit reason. The note and the
people are sealed under a key that the browser alone has (a cookie); the session keeps the
ciphertext beside its hold, and loses it with it. No address carries any of it.
"""

import json
import uuid
from dataclasses import astuple, dataclass, field

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from audit.vault import carried
from booking.pages.forms.patients import PersonForm
from booking.pages.session import unfinished
from practitioners.models import VisitReason

COOKIE = f"{settings.SECURE_PREFIX}choice"
# Longer than the note may be: what is too long is shown with its error, and not cut.
LONGEST = 4000
KEPT_S = int(unfinished.TARGET_LASTS.total_seconds())


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A note for the practice, the people in the order of their slots, and somebody not yet added.

    `at` names the page on which a person was chosen, which another page does not choose for.
    """

    note: str = ""
    people: tuple[str, ...] = ()
    at: str = ""
    person: dict[str, str] = field(default_factory=dict)


def sent(request: HttpRequest, *, people: tuple[str, ...] = (), at: str = "") -> Kept:
    """What the form of a last page says as it is sent, finished or not."""
    given = request.POST
    person = {name: given[name][:LONGEST] for name in PersonForm.base_fields if given.get(name)}
    return Kept(note=given.get("note", "")[:LONGEST], people=people, at=at, person=person)


def keep(request: HttpRequest, answer: HttpResponse, kept: Kept, *, reason: VisitReason) -> None:
    """Keep what was filled in for the same account and agenda, for KEPT_S.

    Where nobody is signed in, for whoever signs in to go on (unfinished.py).
    """
    text = json.dumps(astuple(kept)).encode()
    key, sealed = carried.put_away(text, bound=_bound(request.user.pk, reason))
    request.session[unfinished.CHOICE] = sealed.hex()
    answer.set_cookie(
        COOKIE, key.hex(), max_age=KEPT_S, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE, path=reverse("booking:hold"),
    )  # fmt: skip


def say_done(request: HttpRequest) -> None:
    """Say that what a form would book was booked before, from another tab say."""
    messages.info(request, _("C’était déjà réservé\u00a0: rien n’est pris deux fois."))


def say_kept(request: HttpRequest) -> None:
    """Say that a form that came from before its reader signed in or out is kept, and unsent."""
    if request.user.is_authenticated:
        text = _(
            "Depuis l’ouverture de cette page, votre connexion a changé. Rien n’est encore"
            " réservé\u00a0: ce que vous aviez rempli est là, confirmez-le."
        )
    else:
        text = _(
            "Depuis l’ouverture de cette page, votre session a pris fin. Rien n’est encore"
            " réservé\u00a0: ce que vous aviez rempli est gardé, connectez-vous."
        )
    messages.warning(request, text)


def find(request: HttpRequest, *, reason: VisitReason) -> Kept:
    """Open what was kept; nothing where the account, agenda or browser is another."""
    try:
        key = bytes.fromhex(request.COOKIES.get(COOKIE, ""))
        sealed = bytes.fromhex(request.session.get(unfinished.CHOICE, ""))
    except ValueError:
        return Kept()
    texts = (
        carried.take_out(sealed, key=key, bound=_bound(owner, reason))
        for owner in (request.user.pk, None)
        if sealed
    )
    text = next((text for text in texts if text is not None), None)
    if text is None:
        return Kept()
    note, people, at, person = json.loads(text)
    return Kept(note=note, people=tuple(people), at=at, person=person)


def forget(request: HttpRequest) -> None:
    """Lose what was kept, once it is booked."""
    request.session.pop(unfinished.CHOICE, None)


def _bound(owner: uuid.UUID | None, reason: VisitReason) -> bytes:
    """Whose it is, if anybody's, and for which agenda."""
    return reason.agenda_id.bytes + (owner.bytes if owner else b"")
