"""Going on with what an account began in another browser, or before its hold ended."""

from datetime import datetime
from urllib.parse import urlsplit

from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from audit.ids import read_id
from booking.models import Account, AddressCheck
from booking.pages.session import unfinished
from practitioners.domain.scheduling.reservations.holds import find_hold, held_by
from practitioners.domain.scheduling.reservations.take import OutsideOpening, SlotTaken, hold
from practitioners.domain.scheduling.wall_clock import read_instant
from practitioners.models import VisitReason
from practitioners.views.public import people_wanted

# The proved check whose account may take over in this browser what it began in another one.
EXPECTED = "proved_check"


def expect(request: HttpRequest, check: AddressCheck) -> None:
    """Remember a check whose link was opened here: its account goes on once it has signed in."""
    request.session[EXPECTED] = str(check.pk)


def take_over_expected(request: HttpRequest, account: Account) -> None:
    """Go on here with what the account began in another browser, if its link was opened here."""
    pk = read_id(request.session.pop(EXPECTED, ""))
    proved = AddressCheck.objects.filter(account=account, proved_at__isnull=False)
    check = proved.filter(pk=pk).first() if pk else None
    if check is not None:
        take_over(request, account, target=check.target, hold_key=check.hold_key)


def take_over(request: HttpRequest, account: Account, *, target: str, hold_key: str) -> None:
    """Go on with what the same account began elsewhere: its target, and what it holds there.

    A browser that holds something itself keeps that.
    """
    unfinished.belongs_to(request, account)
    own = unfinished.hold_key(request)
    if hold_key and (not own or find_hold(key=own, now=timezone.now()) is None):
        request.session[unfinished.HOLD_KEY] = hold_key
    if target:
        unfinished.keep_target(request, target)
    unfinished.belongs_to(request, account)


def hold_again(request: HttpRequest, address: str, *, now: datetime) -> str:
    """Hold the slot of a booking again whose hold has ended meanwhile; return its address then.

    Where the slot is gone the page of the booking says so, and offers the nearest ones.
    """
    parts = urlsplit(address)
    try:
        found = resolve(parts.path)
    except Resolver404:
        return address
    if found.view_name not in unfinished.BOOKINGS:
        return address
    given = QueryDict(parts.query)
    starts_at, reason_id = read_instant(given.get("debut", "")), read_id(given.get("motif", ""))
    offered = VisitReason.objects.select_related("agenda__practice", "agenda__practitioner")
    offered = offered.filter(active=True, agenda__active=True)
    reason = offered.filter(pk=reason_id).first() if reason_id else None
    if reason is None or starts_at is None:
        return address
    key = unfinished.make_hold_key(request)
    if any(slot.starts_at == starts_at for slot in held_by(key=key, visit_reason=reason, now=now)):
        return address
    try:
        hold_id, _until = hold(
            visit_reason=reason, starts_at=starts_at, key=key, now=now, count=people_wanted(given)
        )
    except (SlotTaken, OutsideOpening):
        return address
    return f"{reverse(found.view_name, args=[hold_id])}?{parts.query}"
