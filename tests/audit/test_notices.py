"""Notices while a version is rolled out: workers of the one before send beside the new ones."""

from dataclasses import replace
from datetime import timedelta

import pytest

from audit.incidents import notices
from audit.incidents.post import post
from audit.models import Notice, NoticeState
from tests.support.outbox import T, queued, row, state

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("left_behind_s", [None, -3600, 0])
def test_an_old_workers_claim_lasts_as_long_as_any(monkeypatch, left_behind_s):
    """It notes no end of its claim, or leaves that of an earlier one; meanwhile nobody asks."""
    notice = queued(notices.NOTICES, row())
    left_behind = None if left_behind_s is None else T + timedelta(seconds=left_behind_s)
    Notice.objects.filter(pk=notice.pk).update(
        state=NoticeState.HANDED, handed_at=T, claimed_until=left_behind
    )
    asked = replace(post(), was_taken=lambda _notice: False)
    monkeypatch.setattr(notices, "post", lambda: asked)
    assert not notices.NOTICES.lapsed(now=T + timedelta(days=1)).exists()
    notices._settle_abandoned(now=T + timedelta(seconds=59))
    assert state(notice) == NoticeState.HANDED
    notices._settle_abandoned(now=T + timedelta(seconds=61))
    assert state(notice) == NoticeState.OWED
