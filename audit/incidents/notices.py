"""Telling people of incidents, never twice: a notice is rather late.

A notice is `handed`, and that is committed, before its text leaves. A sender that dies leaves it
so; once its claim has lapsed the provider is asked whether it has the message. Where nobody can
say, a person decides.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from audit.incidents.post import NotAtNight, NothingToSay, Recipient, post
from audit.incidents.post import NotTaken as Refused
from audit.models import Incident, Notice, NoticeKind, NoticeState
from audit.outbox.outcomes import Left, NotTaken, NotYet, Outcome, Unsure, Void
from audit.outbox.policies import BackOff, NeverTwice
from audit.outbox.queue import Queue

Notices = QuerySet[Notice]

NOTICES = Queue[Notice](
    model=Notice,
    waiting=NoticeState.OWED,
    left=NoticeState.SENT,
    void=NoticeState.VOID,
    given_up=NoticeState.FAILED,
    policy=NeverTwice(handed=NoticeState.HANDED, handed_at="handed_at", unsure=NoticeState.UNSURE),
    back_off=BackOff(waits=tuple(timedelta(minutes=n) for n in (1, 2, 5, 15, 60, 240, 720))),
    claim_lasts=timedelta(seconds=60),
    batch=100,
    task="audit.send_notices",
    # While sending is paused, the team and the owners of what was stopped are told all the same.
    may_leave=Q(incident__is_paused=False) | Q(kind__in=(NoticeKind.STAFF, NoticeKind.CONTAINMENT)),
)


def owe(
    incident: Incident,
    kind: NoticeKind,
    recipients: Iterable[Recipient],
    *,
    now: datetime,
    state: NoticeState = NoticeState.OWED,
) -> int:
    """Owe one notice to each recipient that has none of this kind yet; returns how many are new.

    In the caller's transaction; a worker is woken when it commits.
    """
    rows = [
        Notice(
            incident=incident, kind=kind, recipient_id=each.id, practice_id=each.practice_id,
            channel=each.channel, subjects=sorted(each.subjects), state=state,
            due_at=now, created_at=now,
        )
        for each in recipients
    ]  # fmt: skip
    before = Notice.objects.filter(incident=incident, kind=kind).count()
    NOTICES.add_missing(rows)
    return Notice.objects.filter(incident=incident, kind=kind).count() - before


def wake_sender() -> None:
    """Ask a worker to send now."""
    NOTICES.wake()


def send_due(*, now: datetime) -> int:
    """Send what is due, a batch at a time, and return how many left."""
    _settle_abandoned(now=now)
    return NOTICES.run(send_one, now=now)


def send_one(notice_id: uuid.UUID, now: datetime) -> bool:
    """Send one notice that is owed; another sender's claim is respected."""
    claim = NOTICES.claim_one(notice_id, now=now, related=["incident"])
    if claim is None:
        return False
    outcome = _sent(claim.row)
    NOTICES.note(claim, outcome, now=now)
    return isinstance(outcome, Left)


def _sent(notice: Notice) -> Outcome:
    # The team is what an exercise exercises.
    if notice.incident.is_training and notice.kind != NoticeKind.STAFF:
        return Left("training")
    try:
        post().send(notice)
    except NothingToSay as nothing:
        return Void(str(nothing))
    except NotAtNight as night:
        return NotYet(until=night.until)
    except Refused as refused:
        return NotTaken(str(refused))
    return Left()


def _settle_abandoned(*, now: datetime) -> None:
    """Find out about notices whose sender died."""
    # A worker of the version before this column notes no end of its claim, or leaves the end of an
    # earlier one.
    old = Q(claimed_until__isnull=True) | Q(claimed_until__lte=F("handed_at"))
    Notice.objects.filter(old, state=NoticeState.HANDED).update(
        claimed_until=F("handed_at") + NOTICES.claim_lasts
    )
    NOTICES.settle_lapsed(_asked, now=now, related=["incident"])


def _asked(notice: Notice) -> Outcome:
    taken = post().was_taken(notice)
    if taken is None:
        return Unsure("sender died")
    return Left() if taken else NotYet(until=notice.due_at)


def decide(notice: Notice, *, was_sent: bool, now: datetime) -> bool:
    """A person has asked the provider about a notice that nobody was sure of."""
    changed = Notice.objects.filter(pk=notice.pk, state=NoticeState.UNSURE).update(
        state=NoticeState.SENT if was_sent else NoticeState.OWED,
        sent_at=notice.handed_at if was_sent else None, due_at=now,
    )  # fmt: skip
    return bool(changed)


def came_back(notice_id: uuid.UUID, *, problem: str, now: datetime) -> bool:
    """A provider had taken a notice and could not deliver it; False if there is no such one."""
    changed = Notice.objects.filter(
        pk=notice_id, state__in=(NoticeState.SENT, NoticeState.HANDED, NoticeState.UNSURE)
    ).update(state=NoticeState.FAILED, problem=problem[:200], due_at=now, claimed_until=None)
    return bool(changed)
