"""Where an account works: at practices, for the platform's team, for a software vendor."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.urls import reverse
from django.utils.translation import gettext as _

from booking.models import Account
from practitioners.models import Membership


class Kind(StrEnum):
    """What somebody does there."""

    PRACTICE = "practice"
    INCIDENTS = "incidents"
    ADMIN = "admin"
    VENDOR = "vendor"


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """A place of work, and the address of its first page."""

    kind: Kind
    name: str
    address: str
    practice_id: uuid.UUID | None = None


Provider = Callable[[Account], list[Workplace]]
_providers: list[Provider] = []


def register_workplaces(provider: Provider) -> None:
    """Let an app above this one name the places of work that it knows."""
    if provider not in _providers:
        _providers.append(provider)


def practices_of(account: Account, *, now: datetime) -> list[Workplace]:
    """The practices of an account, by name; an access that has ended is left out."""
    rows = Membership.objects.filter(account=account).select_related("practice")
    return [
        Workplace(
            kind=Kind.PRACTICE,
            name=row.practice.name,
            address=reverse("booking:agenda", args=[row.practice_id]),
            practice_id=row.practice_id,
        )
        for row in rows.order_by("practice__name", "pk")
        if not row.is_over(now=now)
    ]


def team_of(account: Account) -> list[Workplace]:
    """The team's pages: administration for an account that may change something there, else
    incidents first.
    """
    if not account.is_staff:
        return []
    incidents = Workplace(
        kind=Kind.INCIDENTS, name=_("Incidents"), address=reverse("incidents:register")
    )
    admin = Workplace(kind=Kind.ADMIN, name=_("Administration"), address=reverse("admin:index"))
    return [admin, incidents] if _administers(account) else [incidents, admin]


def _administers(account: Account) -> bool:
    return account.is_superuser or bool(account.get_all_permissions())


def workplaces_of(account: Account, *, now: datetime) -> list[Workplace]:
    """Every place of work of an account: its practices, the team's pages, its vendors."""
    others = [place for provider in _providers for place in provider(account)]
    return practices_of(account, now=now) + team_of(account) + others


def work_of(account: Account, *, now: datetime) -> str:
    """The address of an account's main place of work; "" if it works nowhere.

    A practice comes before the team's pages, these before a vendor. Of several practices the one
    used last; if none was, the page that shows all of them.
    """
    places = workplaces_of(account, now=now)
    practices = [place for place in places if place.kind == Kind.PRACTICE]
    if len(practices) > 1:
        last = [place for place in practices if place.practice_id == account.last_practice_id]
        return last[0].address if last else reverse("booking:workplaces")
    return places[0].address if places else ""
