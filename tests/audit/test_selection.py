"""Which of a person's sessions were a thief's, told by what was read in each."""

import uuid
from datetime import timedelta

import pytest

from audit.actions import REVEAL
from audit.incidents.selection import select
from audit.record import entries
from audit.record.entries import Actor, ActorKind, Channel, Origin
from audit.watch.holders import Kind

pytestmark = pytest.mark.django_db
HOLDER = uuid.uuid4()


def session(token, now, *, explained=0, weighed=0, odd=0, again=0):
    """A session of so many openings; what is odd weighs something, too."""
    actor = Actor(
        kind=ActorKind.ACCOUNT, channel=Channel.DASHBOARD, id=HOLDER,
        origin=Origin(network="198.51.100.0/24", key="firefox", token=token),
    )  # fmt: skip
    details = [{"weight": 0.0, "odd": 0}] * explained + [{"weight": 0.1, "odd": 0}] * weighed
    details += [{"weight": 1.5, "odd": 1}] * odd + [{"again": True}] * again
    for n, each in enumerate(details):
        entries.write(
            REVEAL, actor=actor, subjects=[uuid.uuid4()], fields=["booking_patient.phone"],
            at=now + timedelta(minutes=n), details=each | vars(actor.origin),
        )  # fmt: skip


def selected(now, stopped):
    return select(
        kind=Kind.ACCOUNT, holder_id=HOLDER, own_networks=["198.51.100.0/24"],
        own_keys=["firefox"], since=now, until=now + timedelta(hours=8),
        stopped=Origin(network="198.51.100.0/24", key="firefox", token=stopped),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("read", "is_whole"),
    [
        # A third of it odd.
        ({"explained": 20, "odd": 10}, True),
        # Less, but most of it weighed something: an evening of one who reads along the agenda.
        ({"explained": 10, "weighed": 9, "odd": 9, "again": 15}, True),
        # A day's work with a theft in it: what was odd alone belongs to the incident.
        ({"explained": 35, "weighed": 16, "odd": 9}, False),
        # Habits weigh a little in most of what some people open; that alone is no theft.
        ({"explained": 4, "weighed": 30, "odd": 3}, False),
    ],
)
def test_a_session_is_suspect_as_a_whole_or_in_part(read, is_whole, now):
    session("work", now, explained=29, weighed=7)
    session("evening", now + timedelta(hours=1), **read)
    found = selected(now, "evening")
    assert found.tokens == ["evening"]
    assert found.odd_alone is not is_whole
