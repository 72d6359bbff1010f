"""The record as a practice sees it: what its members and software did with its patients' data."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from audit import actions
from audit.models import Entry
from audit.record.actions import ReadBy, hidden_from, label_of
from audit.record.entries import ActorKind, Channel
from booking.oversight.queries.reads import PURPOSES, field_names
from practitioners.domain.scheduling.wall_clock import day_bounds
from practitioners.models import Practice

PLOT_DAYS = 30
PAGE = 50
ACTORS: dict[str, object] = {
    ActorKind.SYSTEM: _("Doctolib (automatique)"),
    ActorKind.CREDENTIAL: _("logiciel partenaire"),
    ActorKind.STAFF: _("l’équipe de Doctolib"),
}
CHANNELS: dict[str, object] = {
    Channel.DASHBOARD: _("tableau de bord"),
    Channel.API: _("logiciel partenaire"),
    Channel.WEB: _("pages des patients"),
    Channel.LINK: _("lien d’un message"),
    Channel.TASK: _("envoi automatique"),
    Channel.ADMIN: _("administration"),
    Channel.SHELL: _("console de Doctolib"),
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a reader of the record asks for; days are the practice's, both included."""

    since: date
    until: date
    actor_id: uuid.UUID | None = None
    channel: str = ""
    reveals_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry, in words; `actor_id` is a member's account, for whom the view has a name."""

    id: uuid.UUID
    at: datetime
    action: object
    actor: object
    actor_id: uuid.UUID | None
    channel: object
    is_by_link: bool
    purpose: object
    people: int
    fields: list[object]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """How many people's data was read on a day; `height` in percent of the highest bar."""

    day: date
    reads: int
    height: int


def entries_of(practice: Practice, wanted: Wanted) -> QuerySet[Entry]:
    """The entries of a practice that were asked for, newest first."""
    found = Entry.objects.exclude(action__in=hidden_from(ReadBy.PRACTICE)).filter(
        practice_id=practice.pk,
        at__gte=day_bounds(wanted.since, practice.zone)[0],
        at__lt=day_bounds(wanted.until, practice.zone)[1],
    )
    if wanted.actor_id:
        found = found.filter(actor_id=wanted.actor_id)
    if wanted.channel:
        found = found.filter(channel=wanted.channel)
    if wanted.reveals_only:
        found = found.filter(action=actions.REVEAL.code)
    return found.order_by("-at", "-id")


def lines(entries: Iterable[Entry], *, member: object = _("un membre")) -> Iterator[Line]:
    """Put entries into words; `member` is what an account of the team is called."""
    for entry in entries:
        yield Line(
            id=entry.pk,
            at=entry.at,
            action=label_of(entry.action),
            actor=_actor(entry, member),
            actor_id=entry.actor_id,
            channel=CHANNELS.get(entry.channel, entry.channel),
            is_by_link=entry.channel == Channel.LINK,
            purpose=PURPOSES.get(entry.purpose, entry.purpose),
            people=len(entry.subjects),
            fields=field_names(entry),
        )


def _actor(entry: Entry, member: object) -> object:
    """What sort of somebody acted; a member is named by the view that may."""
    if entry.actor_kind in ACTORS:
        return ACTORS[entry.actor_kind]
    return _("la personne elle-même") if entry.channel == Channel.WEB else member


def plot(practice: Practice, wanted: Wanted) -> list[Bar]:
    """Readings a day over the last PLOT_DAYS days that were asked for, in the practice's days."""
    first = max(wanted.since, wanted.until - timedelta(days=PLOT_DAYS - 1))
    shown = Wanted(
        since=first, until=wanted.until, actor_id=wanted.actor_id, channel=wanted.channel,
        reveals_only=True,
    )  # fmt: skip
    counted = dict(
        entries_of(practice, shown)
        .order_by()
        .annotate(day=TruncDate("at", tzinfo=practice.zone))
        .values("day")
        .annotate(n=Count("id"))
        .values_list("day", "n")
    )
    most = max(counted.values(), default=0)
    days = [first + timedelta(days=n) for n in range((wanted.until - first).days + 1)]
    return [
        Bar(
            day=day,
            reads=counted.get(day, 0),
            height=round(100 * counted.get(day, 0) / (most or 1)),
        )
        for day in days
    ]
