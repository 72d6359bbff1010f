"""Telling people, exactly once: rows that are owed, claimed before they are handed over.

A notice is `handed`, and that is committed, before its text leaves. A sender that dies leaves it
so; whoever comes after CLAIM asks the provider whether it has the message. Where nobody can say,
a person decides: a notice is rather late than twice.
"""

import logging
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.db.models import Q, QuerySet

from audit.incidents.post import NotAtNight, NothingToSay, NotTaken, Recipient, post
from audit.models import Incident, Notice, NoticeKind, NoticeState
from audit.wake import wake

logger = logging.getLogger(__name__)

CLAIM = timedelta(seconds=60)
BATCH = 100
BACKOFF_MINUTES = (1, 2, 5, 15, 60, 240, 720)
Notices = QuerySet[Notice]


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
    Notice.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    if state == NoticeState.OWED:
        transaction.on_commit(wake_sender, robust=True)
    return Notice.objects.filter(incident=incident, kind=kind).count() - before


def wake_sender() -> None:
    """Ask a worker to send now."""
    wake("audit.send_notices")


def send_due(*, now: datetime) -> int:
    """Send what is due, a batch at a time, and return how many left.

    One whose sending ends in an unexpected way stays claimed, as if its sender had died.
    """
    started = monotonic()
    _settle_abandoned(now=now)
    due = Notice.objects.filter(state=NoticeState.OWED, due_at__lte=now).filter(
        Q(incident__is_paused=False) | Q(kind__in=(NoticeKind.STAFF, NoticeKind.CONTAINMENT))
    )
    sent = 0
    for pk in list(due.order_by("due_at", "id").values_list("pk", flat=True)[:BATCH]):
        at = now + timedelta(seconds=monotonic() - started)
        try:
            sent += send_one(pk, now=at)
        except Exception:  # one that cannot be made must not hold up the others
            logger.exception("notice could not be sent", extra={"notice_id": str(pk)})
    return sent


def send_one(notice_id: uuid.UUID, *, now: datetime) -> bool:
    """Send one notice that is owed; another sender's claim is respected."""
    claimed = Notice.objects.filter(pk=notice_id, state=NoticeState.OWED).update(
        state=NoticeState.HANDED, handed_at=now
    )
    if not claimed:
        return False
    notice = Notice.objects.select_related("incident").get(pk=notice_id)
    # The team is what an exercise exercises.
    if notice.incident.is_training and notice.kind != NoticeKind.STAFF:
        _settle(notice, NoticeState.SENT, now=now, problem="training")
        return True
    try:
        post().send(notice)
    except NothingToSay as nothing:
        _settle(notice, NoticeState.VOID, now=now, problem=str(nothing))
        return False
    except NotAtNight as night:
        _settle(notice, NoticeState.OWED, now=now, due_at=night.until)
        return False
    except NotTaken as refused:
        _again(notice, str(refused), now=now)
        return False
    _settle(notice, NoticeState.SENT, now=now)
    return True


def _settle_abandoned(*, now: datetime) -> None:
    """Find out about notices whose sender died."""
    abandoned = Notice.objects.filter(state=NoticeState.HANDED, handed_at__lt=now - CLAIM)
    for notice in abandoned.select_related("incident").order_by("handed_at")[:BATCH]:
        taken = post().was_taken(notice)
        if taken is None:
            _settle(notice, NoticeState.UNSURE, now=now, problem="sender died")
        elif taken:
            _settle(notice, NoticeState.SENT, now=now)
        else:
            _settle(notice, NoticeState.OWED, now=now)


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
    ).update(state=NoticeState.FAILED, problem=problem[:200], due_at=now)
    return bool(changed)


def _settle(
    notice: Notice,
    state: NoticeState,
    *,
    now: datetime,
    problem: str = "",
    due_at: datetime | None = None,
) -> None:
    # Only from this very claim: another worker may have settled it meanwhile.
    claim = Notice.objects.filter(
        pk=notice.pk, state=NoticeState.HANDED, handed_at=notice.handed_at
    )
    claim.update(
        state=state, sent_at=now if state == NoticeState.SENT else None, problem=problem[:200],
        due_at=due_at or notice.due_at,
    )  # fmt: skip


def _again(notice: Notice, problem: str, *, now: datetime) -> None:
    attempts = notice.attempts + 1
    given_up = attempts > len(BACKOFF_MINUTES)
    wait = BACKOFF_MINUTES[min(attempts, len(BACKOFF_MINUTES)) - 1]
    Notice.objects.filter(pk=notice.pk, state=NoticeState.HANDED).update(
        state=NoticeState.FAILED if given_up else NoticeState.OWED,
        attempts=attempts, due_at=now + timedelta(minutes=wait), problem=problem[:200],
    )  # fmt: skip
