"""How long a session of somebody's work lasts, and to which browser and networks it belongs.

A session that has opened the dashboard, a vendor's pages or the team's ends after half an hour
without a page or a form of its reader's, and shows the second factor once a day (NIST SP 800-63B
section 2.2.3, AAL2: 24 hours, and inactivity of an hour at most). It belongs to the browser in
which it began, and to the networks from which its reader gave a code: a cookie that turns up
elsewhere opens nothing without the factor.
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from audit.views.factor import ENTERED_AT, code_given_at, note_code_given
from audit.watch.sighting import network_of as network_prefix
from booking.accounts.sessions.sign_ins import browser_of
from booking.pages.navigated import is_script
from booking.pages.session import device

IDLE = timedelta(minutes=30)
A_DAY = timedelta(days=1)
# From the last time that the first factor was shown (NIST SP 800-63B section 2.1.3, AAL1: 30 days).
LONGEST = timedelta(days=30)
# An instant is kept so often at most: each time, the session is written.
NOTED_EVERY = timedelta(minutes=1)
# What the message is marked with that says why a session was ended.
ENDED = "session-ended"
WORKS, USED_AT = "works", "used_at"
BROWSER, NETWORKS = "browser", "networks"
# Somebody between home, surgery and phone proves each of them once.
MOST_NETWORKS = 8


def begin(request: HttpRequest, *, now: datetime) -> None:
    """Note that a session is used for work from now on."""
    if not request.session.get(WORKS):
        request.session[WORKS] = True
        request.session[USED_AT] = now.timestamp()


def is_idle(session: Any, *, now: datetime) -> bool:
    """Whether a session of somebody's work has not been used for half an hour."""
    used_at = float(session.get(USED_AT, 0.0))
    return bool(session.get(WORKS)) and now.timestamp() - used_at > IDLE.total_seconds()


def is_too_old(session: Any, *, now: datetime) -> bool:
    """Whether a session goes on from a sign-in of more than a month ago, however it was used."""
    entered_at = session.get(ENTERED_AT)
    return entered_at is not None and now.timestamp() - entered_at > LONGEST.total_seconds()


def note_use(request: HttpRequest, *, now: datetime) -> None:
    """Note that a session is in use, if its reader asks and not a page that stays open."""
    if not request.session.get(WORKS) or not _is_readers(request):
        return
    used_at = float(request.session.get(USED_AT, 0.0))
    if now.timestamp() - used_at >= NOTED_EVERY.total_seconds():
        request.session[USED_AT] = now.timestamp()


def _is_readers(request: HttpRequest) -> bool:
    """Whether a request is a page that somebody opens, or a form, or something they do there.

    A page that stays open asks by fetch and GET for what is new, and by a POST of its own how the
    session stands (views/dashboard/session.py).
    """
    if not is_script(request):
        return True
    return request.method == "POST" and not request.path.endswith("/session/")


def bind(request: HttpRequest) -> None:
    """Note the browser in which a session begins."""
    request.session[BROWSER] = browser_of(request.headers.get("User-Agent", ""))


def is_another_browser(request: HttpRequest) -> bool:
    """Whether a session is used in another kind of browser than it began in."""
    began_in = request.session.get(BROWSER)
    return began_in is not None and began_in != browser_of(request.headers.get("User-Agent", ""))


def note_code(request: HttpRequest, *, network: str, now: datetime) -> None:
    """Note that the second factor was shown just now, from this network."""
    note_code_given(request, now=now)
    device.offer(request)
    known = [each for each in request.session.get(NETWORKS, []) if each != network_prefix(network)]
    request.session[NETWORKS] = [network_prefix(network), *known][:MOST_NETWORKS]


def is_from_elsewhere(request: HttpRequest, *, network: str) -> bool:
    """Whether a session is used from a network from which it never showed the second factor."""
    known = request.session.get(NETWORKS)
    return known is not None and network_prefix(network) not in known


def is_of_yesterday(request: HttpRequest, *, now: datetime) -> bool:
    """Whether the second factor was shown more than a day ago."""
    return now.timestamp() - code_given_at(request) > A_DAY.total_seconds()


def say_ended(request: HttpRequest, said: str) -> None:
    """Say why a session was ended, on the next page that shows messages."""
    messages.warning(request, said, extra_tags=ENDED)


def why_ended(request: HttpRequest) -> str:
    """What `say_ended` said and no page has shown yet; it stays for the page that shows it."""
    waiting: Any = messages.get_messages(request)
    said = [str(each) for each in waiting if ENDED in (each.extra_tags or "").split()]
    waiting.used = False
    return said[-1] if said else ""
