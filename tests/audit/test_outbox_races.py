"""Senders that claim at the same moment, each over its own connection."""

import threading

import pytest
from django.db import connection, connections, transaction

from audit.models import Notice
from tests.support.outbox import EVERY, SECOND, T, queued, row

pytestmark = pytest.mark.django_db(transaction=True)


@EVERY
def test_two_senders_that_race_share_the_rows(queue):
    count, senders = 60, 4
    queued(queue, *(row(number) for number in range(1, count + 1)))
    barrier, claimed, errors = threading.Barrier(senders), [[] for _ in range(senders)], []

    def claim(mine):
        try:
            connection.ensure_connection()
            barrier.wait(30)
            while claims := queue.claim(now=T, limit=3):
                mine += [each.row.pk for each in claims]
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=claim, args=[mine]) for mine in claimed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    together = [pk for mine in claimed for pk in mine]
    assert len(set(together)) == len(together)
    # A row that another sender locks is left to that one.
    left_over = queue.claim(now=T)
    assert len(together) + len(left_over) == count


@EVERY
def test_a_row_that_another_sender_is_claiming_is_left_out_at_once(queue):
    held, free = queued(queue, row(1, due_at=T - SECOND), row(2))
    holds, done = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                Notice.objects.select_for_update(no_key=True).get(pk=held.pk)
                holds.set()
                done.wait(30)
        finally:
            connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    assert holds.wait(30)
    try:
        assert [claim.row.pk for claim in queue.claim(now=T)] == [free.pk]
    finally:
        done.set()
        holder.join(30)
    assert [claim.row.pk for claim in queue.claim(now=T)] == [held.pk]
