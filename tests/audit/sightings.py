"""Openings for the tests of the watch."""

import uuid
from datetime import UTC, datetime

from audit.models import Watched
from audit.watch import watcher
from audit.watch.past import Day, Past, Place
from audit.watch.sighting import Reason, Sighting

# A Tuesday.
AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
PRACTICE = uuid.UUID(int=7)
HOME, ELSEWHERE = "203.0.113.0/24", "198.51.100.0/24"


def seen(at=AT, **values):
    return Sighting(
        **{
            "at": at, "weekday": 1, "hour": 10, "practice_id": PRACTICE, "reason": Reason.AHEAD,
            "network": HOME, "key": "k", "use": "care",
        } | values
    )  # fmt: skip


def known_past(*days, **values):
    """The past of a holder that is known from one network and with one key.

    Without days, it has opened one person a day for two weeks.
    """
    place = Place(since=0.0, known=True)
    return Past(
        **{
            "first": "2026-11-01", "today": "2026-11-24",
            "days": list(days) or [Day(opened=1, practices=1)] * 10,
            "networks": {HOME: place}, "keys": {"k": place},
        } | values
    )  # fmt: skip


def observed(*sightings, holder, group=None, writes=lambda: 0, can_ask=False):
    return watcher.observe(
        holder_id=holder, kind="credential", group_id=group or uuid.uuid4(), writes=writes,
        sightings=sightings or [seen(reason=Reason.NONE)], can_ask=can_ask,
    )  # fmt: skip


def odd(at=AT, **values):
    """An opening that weighs one."""
    return seen(at, reason=Reason.NONE, **values)


def watched(pk, *, past=None, level=0.0, at=AT, state=None, **values):
    return Watched.objects.create(
        id=pk, kind="credential", level=level, at=at,
        state=state if state is not None else (past or known_past()).written(), **values,
    )  # fmt: skip


def row(pk):
    return Watched.objects.get(pk=pk)
