"""The one mechanism of all outboxes, on the notices' table: a queue is a value beside a table."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import OperationalError, transaction
from django.db.models import Q

from audit import wake as waking
from audit.models import Incident, Notice, NoticeState
from audit.outbox import queue as outbox
from audit.outbox.outcomes import Left, NotTaken, NotYet, Unsure, Void
from audit.outbox.policies import BackOff
from tests.support.outbox import (
    AT_LEAST_ONCE,
    EVERY,
    IN_ORDER,
    MINUTE,
    NEVER_TWICE,
    SECOND,
    T,
    again,
    queued,
    row,
    state,
)

pytestmark = pytest.mark.django_db


@EVERY
def test_what_is_due_is_claimed_once_oldest_first(queue):
    late, early = queued(queue, row(1, due_at=T - SECOND), row(2, due_at=T - MINUTE))
    queued(queue, row(3, due_at=T + SECOND))
    claims = queue.claim(now=T)
    assert [claim.row.pk for claim in claims] == [early.pk, late.pk]
    assert {claim.until for claim in claims} == {T + queue.claim_lasts}
    assert queue.claim(now=T) == []
    assert not queue.due(now=T).exists()


@EVERY
def test_a_batch_has_an_end(queue):
    queued(queue, *(row(number) for number in range(1, 6)))
    small = replace(queue, batch=2)
    assert [len(small.claim(now=T)) for _time in range(4)] == [2, 2, 1, 0]


@EVERY
def test_a_claimed_row_leaves_and_is_never_due_again(queue):
    each = queued(queue, row())
    claim = queue.claim_one(each.pk, now=T)
    assert queue.note(claim, Left(), now=T + SECOND)
    found = again(each)
    assert (found.state, found.sent_at, found.claimed_until) == ("sent", T + SECOND, None)
    assert (found.attempts, found.problem) == (1, "")
    assert queue.claim_one(each.pk, now=T + timedelta(days=9)) is None


@EVERY
def test_each_outcome_has_its_state(queue):
    void, later, refused = queued(queue, row(1), row(2), row(3))
    outcomes = [(void, Void("gone")), (later, NotYet(T + MINUTE)), (refused, NotTaken("451" * 99))]
    for each, outcome in outcomes:
        assert queue.note(queue.claim_one(each.pk, now=T), outcome, now=T)
    found = [again(each) for each in (void, later, refused)]
    assert [each.state for each in found] == ["void", "owed", "owed"]
    assert [each.due_at for each in found] == [T, T + MINUTE, T + MINUTE]
    assert [each.attempts for each in found] == [0, 0, 1]
    assert [each.problem for each in found] == ["gone", "", ("451" * 99)[:200]]
    assert {each.claimed_until for each in found} == {None}
    assert queue.claim(now=T + MINUTE - SECOND) == []
    assert len(queue.claim(now=T + MINUTE)) == 2


def test_only_a_queue_that_asks_notes_that_nobody_is_sure():
    each = queued(NEVER_TWICE, row())
    claim = NEVER_TWICE.claim_one(each.pk, now=T)
    assert NEVER_TWICE.note(claim, Unsure("died"), now=T)
    assert (state(each), again(each).problem) == (NoticeState.UNSURE, "died")
    other = queued(AT_LEAST_ONCE, row(2))
    with pytest.raises(AssertionError):
        AT_LEAST_ONCE.note(AT_LEAST_ONCE.claim_one(other.pk, now=T), Unsure("died"), now=T)


def test_waits_grow_and_then_a_row_is_given_up():
    each = queued(AT_LEAST_ONCE, row())
    queue = replace(AT_LEAST_ONCE, back_off=BackOff(waits=(SECOND, MINUTE)))
    at, waits = T, []
    while state(each) == "owed":
        queue.note(queue.claim_one(each.pk, now=at), NotTaken("451"), now=at)
        waits.append(again(each).due_at - at)
        at = again(each).due_at
    assert waits == [SECOND, MINUTE, MINUTE]
    assert (state(each), again(each).attempts) == ("failed", 3)


def test_with_a_deadline_the_last_wait_comes_again_until_then():
    each = queued(AT_LEAST_ONCE, row())
    queue = replace(
        AT_LEAST_ONCE,
        back_off=BackOff(waits=(SECOND, MINUTE), deadline=lambda row: row.created_at + 3 * MINUTE),
    )
    at, attempts = T, []
    while state(each) == "owed":
        queue.note(queue.claim_one(each.pk, now=at), NotTaken("451"), now=at)
        attempts.append(at - T)
        at = again(each).due_at
    assert attempts == [timedelta(), SECOND, MINUTE + SECOND, 2 * MINUTE + SECOND]
    assert state(each) == "failed"


def test_exactly_at_the_deadline_it_is_still_tried():
    back_off = BackOff(waits=(MINUTE,), deadline=lambda row: T + MINUTE)
    assert back_off.after(None, attempts=1, now=T) == (T + MINUTE, False)
    assert back_off.after(None, attempts=1, now=T + SECOND)[1]


@pytest.mark.parametrize("queue", [AT_LEAST_ONCE, IN_ORDER])
def test_a_lapsed_claim_is_taken_again_and_the_late_holder_notes_nothing(queue):
    each = queued(queue, row())
    first = queue.claim_one(each.pk, now=T)
    assert queue.claim_one(each.pk, now=T + queue.claim_lasts) is None
    second = queue.claim_one(each.pk, now=T + queue.claim_lasts + SECOND)
    assert second is not None
    for outcome in (NotTaken("late"), Void(), NotYet(T), Left()):
        assert not queue.note(first, outcome, now=T + 2 * MINUTE)
    assert (state(each), again(each).claimed_until) == ("owed", second.until)
    assert queue.note(second, Left(), now=T + 2 * MINUTE)
    assert state(each) == "sent"


def test_never_twice_takes_no_lapsed_claim_but_asks():
    sent, not_sent, unknown, held = queued(NEVER_TWICE, *(row(n) for n in range(1, 5)))
    answers = {
        sent.pk: Left(), not_sent.pk: NotYet(T), unknown.pk: Unsure("died"), held.pk: Left()
    }  # fmt: skip
    for each in (sent, not_sent, unknown):
        NEVER_TWICE.claim_one(each.pk, now=T)
    NEVER_TWICE.claim_one(held.pk, now=T + MINUTE)
    later = T + NEVER_TWICE.claim_lasts + SECOND
    assert NEVER_TWICE.claim(now=later) == []
    asked = []

    def ask(each):
        asked.append(each.pk)
        return answers[each.pk]

    NEVER_TWICE.settle_lapsed(ask, now=T + NEVER_TWICE.claim_lasts)
    assert asked == []
    NEVER_TWICE.settle_lapsed(ask, now=later)
    assert sorted(asked) == sorted([sent.pk, not_sent.pk, unknown.pk])
    assert [state(each) for each in (sent, not_sent, unknown, held)] == [
        "sent", "owed", "unsure", "handed"
    ]  # fmt: skip
    assert [claim.row.pk for claim in NEVER_TWICE.claim(now=later)] == [not_sent.pk]


def test_what_was_asked_of_an_earlier_claim_says_nothing_of_the_next():
    """Workers of two versions beside each other: the next claim may have left the end as it was."""
    each = queued(NEVER_TWICE, row())
    claim = NEVER_TWICE.claim_one(each.pk, now=T)
    later = T + NEVER_TWICE.claim_lasts + SECOND
    Notice.objects.filter(pk=each.pk).update(handed_at=later)
    assert not NEVER_TWICE.lapsed(now=later + timedelta(days=1)).exists()
    assert not NEVER_TWICE.note(claim, NotYet(T), now=later)
    assert (state(each), again(each).handed_at) == ("handed", later)


def test_one_that_cannot_be_asked_about_holds_up_no_other():
    poisoned, fine = queued(NEVER_TWICE, row(1), row(2))
    NEVER_TWICE.claim_one(poisoned.pk, now=T)
    NEVER_TWICE.claim_one(fine.pk, now=T + SECOND)
    small = replace(NEVER_TWICE, batch=1)

    def ask(each):
        if each.pk == poisoned.pk:
            raise OSError
        return Left()

    later = T + small.claim_lasts + MINUTE
    for _time in range(2):
        small.settle_lapsed(ask, now=later)
    assert (state(poisoned), state(fine)) == ("handed", "sent")
    assert again(poisoned).claimed_until == later + small.claim_lasts


def test_what_was_decided_meanwhile_stands():
    """A row that is void, or came back, while it is on its way: only that it has left is noted."""
    void, back = queued(AT_LEAST_ONCE, row(1), row(2))
    claims = [AT_LEAST_ONCE.claim_one(each.pk, now=T) for each in (void, back)]
    Notice.objects.filter(pk=void.pk).update(state="void")
    Notice.objects.filter(pk=back.pk).update(state="failed", claimed_until=None)
    for claim in claims:
        assert not AT_LEAST_ONCE.note(claim, NotTaken("451"), now=T)
    assert (state(void), state(back)) == ("void", "failed")
    assert AT_LEAST_ONCE.note(claims[0], Left(), now=T)
    assert not AT_LEAST_ONCE.note(claims[1], Left(), now=T)
    assert (state(void), state(back)) == ("sent", "failed")


def test_in_order_one_of_a_kind_at_a_time():
    first, second, other = queued(IN_ORDER, row(1), row(1, due_at=T - MINUTE), row(2))
    assert {claim.row.pk for claim in IN_ORDER.claim(now=T)} == {first.pk, other.pk}
    assert IN_ORDER.claim_one(second.pk, now=T) is None
    later = T + IN_ORDER.claim_lasts + SECOND
    # The first one's claim has lapsed: it is the first one's turn again, and not the second one's.
    assert IN_ORDER.claim_one(second.pk, now=later) is None
    claim = IN_ORDER.claim_one(first.pk, now=later)
    IN_ORDER.note(claim, NotTaken("500"), now=later)
    assert IN_ORDER.claim_one(second.pk, now=later) is None
    Notice.objects.filter(pk=first.pk).update(state="failed")
    assert IN_ORDER.claim_one(second.pk, now=later) is not None


@EVERY
def test_what_is_held_back_is_not_claimed(queue):
    each = queued(queue, row())
    paused = replace(queue, may_leave=Q(incident__is_paused=False))
    Incident.objects.update(is_paused=True)
    assert paused.claim_one(each.pk, now=T) is None
    Incident.objects.update(is_paused=False)
    assert paused.claim_one(each.pk, now=T) is not None


@EVERY
def test_a_poisoned_row_holds_up_no_other(queue):
    poisoned, fine = queued(queue, row(1, due_at=T - MINUTE), row(2))

    def send_one(pk, at):
        claim = queue.claim_one(pk, now=at)
        if pk == poisoned.pk:
            raise ValueError
        return queue.note(claim, Left(), now=at)

    assert queue.run(send_one, now=T) == 1
    assert state(fine) == "sent"
    found = again(poisoned)
    if queue is NEVER_TWICE:
        # It may have left: as if its sender had died.
        assert (found.state, found.attempts) == ("handed", 0)
        assert found.claimed_until is not None
    else:
        assert (found.state, found.attempts, found.problem) == ("owed", 1, "ValueError")
        assert found.claimed_until is None
        assert found.due_at > T


def test_an_error_that_rolls_the_claim_back_counts_as_an_attempt():
    each = queued(AT_LEAST_ONCE, row())

    def send_one(pk, at):
        with transaction.atomic():
            AT_LEAST_ONCE.claim_one(pk, now=at)
            raise OperationalError

    assert AT_LEAST_ONCE.run(send_one, now=T) == 0
    assert (again(each).attempts, again(each).problem) == (1, "OperationalError")


def test_an_error_says_nothing_of_a_row_that_another_sender_has_meanwhile():
    each = queued(AT_LEAST_ONCE, row())

    def send_one(pk, at):
        # As after a claim that was rolled back, and that another sender took in between.
        AT_LEAST_ONCE.claim_one(pk, now=at + SECOND)
        raise ValueError

    AT_LEAST_ONCE.run(send_one, now=T)
    found = again(each)
    assert (found.attempts, found.state) == (0, "owed")
    assert found.claimed_until > T + AT_LEAST_ONCE.claim_lasts


def test_each_claim_of_a_slow_batch_runs_from_its_own_moment(monkeypatch):
    queued(AT_LEAST_ONCE, *(row(number) for number in range(1, 4)))
    ticks = iter([0.0, 0.0, 45.0, 90.0])
    monkeypatch.setattr(outbox, "monotonic", lambda: next(ticks))
    claims = []

    def send_one(pk, at):
        claims.append(AT_LEAST_ONCE.claim_one(pk, now=at))
        return True

    assert AT_LEAST_ONCE.run(send_one, now=T) == 3
    assert [(each.until - T).total_seconds() for each in claims] == [60, 105, 150]


@EVERY
def test_rows_are_sent_together_and_one_that_fails_fails_alone(queue, monkeypatch):
    poisoned, unnoted, fine = queued(queue, row(1), row(2), row(3))
    note = type(queue).note

    def noting(queue, claim, outcome, *, now):
        if claim.row.pk == unnoted.pk:
            raise OperationalError
        return note(queue, claim, outcome, now=now)

    monkeypatch.setattr(type(queue), "note", noting)

    def send(each):
        if each.pk == poisoned.pk:
            raise ValueError
        return Left()

    tried = queue.run_together(send, now=T, at_once=2)
    outcomes = {each.pk: outcome for each, outcome in tried}
    expected = None if queue is NEVER_TWICE else NotTaken("ValueError")
    assert outcomes == {poisoned.pk: expected, unnoted.pk: Left(), fine.pk: Left()}
    assert state(fine) == "sent"
    assert again(unnoted).claimed_until == T + queue.claim_lasts


def test_a_row_that_is_there_already_stays_as_it_is():
    each = queued(NEVER_TWICE, row())
    NEVER_TWICE.claim_one(each.pk, now=T)
    same = row()
    same.recipient_id = each.recipient_id
    NEVER_TWICE.add_missing([same, row(2)])
    assert state(each) == "handed"
    assert Notice.objects.count() == 2


@pytest.mark.parametrize(
    ("values", "is_woken"),
    [({}, True), ({"due_at": T + MINUTE}, False), ({"state": NoticeState.DRAFT}, False)],
)
@pytest.mark.parametrize("add", ["add", "add_missing"])
def test_a_worker_is_woken_by_what_is_due_once_it_is_committed(
    values, is_woken, add, monkeypatch, django_capture_on_commit_callbacks
):
    asked = []
    monkeypatch.setattr(outbox, "wake", lambda task, *, after_s: asked.append((task, after_s)))
    with django_capture_on_commit_callbacks(execute=True):
        getattr(replace(NEVER_TWICE, wake_after_s=0.5), add)([row(**values)])
        assert asked == []
    assert asked == ([("audit.send_notices", 0.5)] if is_woken else [])
    replace(NEVER_TWICE, task=None).wake()
    assert len(asked) == is_woken


@pytest.mark.django_db(transaction=True)
def test_without_redis_a_row_is_queued_all_the_same(monkeypatch):
    def away():
        raise waking.redis.ConnectionError

    monkeypatch.setattr(waking, "_asked", {})
    monkeypatch.setattr(waking, "redis_client", away)
    each = queued(NEVER_TWICE, row())
    assert state(each) == "owed"


@pytest.mark.django_db(transaction=True)
def test_never_twice_claims_in_no_transaction_that_could_be_rolled_back():
    each = queued(NEVER_TWICE, row())
    with pytest.raises(RuntimeError, match="committed by itself"), transaction.atomic():
        NEVER_TWICE.claim_one(each.pk, now=T)
    assert state(each) == "owed"
