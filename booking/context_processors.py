"""What every page needs."""

from functools import cached_property
from typing import cast

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from booking.accounts.workplaces import Kind, Workplace, workplaces_of
from booking.appointments.queries.news import News, news_of
from booking.models import Account
from booking.pages.session import entering


class Header:
    """What the header shows a signed-in account; asked for only by pages that show it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def _account(self) -> Account:
        return cast(Account, self._request.user)

    @property
    def sign_in_next(self) -> str:
        """Where the header's link to sign in leads on: from a booking's pages, to that booking."""
        return entering.leads_on(self._request)

    @cached_property
    def _places(self) -> list[Workplace]:
        return workplaces_of(self._account, now=timezone.now())

    @cached_property
    def practices(self) -> list[Workplace]:
        """The practices of the account."""
        return [place for place in self._places if place.kind == Kind.PRACTICE]

    @cached_property
    def elsewhere(self) -> list[Workplace]:
        """The first place of work of each other kind."""
        first: dict[Kind, Workplace] = {}
        for place in self._places:
            if place.kind != Kind.PRACTICE:
                first.setdefault(place.kind, place)
        return list(first.values())

    @cached_property
    def news(self) -> News:
        """What practices have sent and nobody has opened."""
        return news_of(self._account)


def page(request: HttpRequest) -> dict[str, object]:
    """The mode, for the development banner, and what the header shows."""
    return {"development": settings.MODE == "development", "header": Header(request)}
