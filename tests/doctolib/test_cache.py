"""The cache keeps its Redis clients, and reads JSON alone; so does the queue."""

import os
import pickle
import threading
import time
import uuid
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone

from audit.redis_client import redis_client
from booking.accounts import drafts
from booking.tasks import forget_ended_sessions
from doctolib.celery import app
from tests.browser.conftest import mails, worker  # noqa: F401


class Planted:
    """A pickle that leaves a file behind when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_one_client_serves_every_call_and_every_thread():
    client = cache._cache.get_client("a")
    assert cache._cache.get_client("b") is client
    cache.set("a", [1, {"b": "é"}], 60)
    assert cache._cache.get_client("a", write=True) is cache._cache.get_client("b", write=True)
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(cache.get("a"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [[1, {"b": "é"}]] * 8


@pytest.mark.parametrize("value", [0, -7, True, "12", "", "é", 1.5, [], {"a": [None]}])
def test_what_is_written_is_read(value):
    cache.set("a", value, 60)
    assert cache.get("a", "default") == value
    assert type(cache.get("a")) is type(value)
    assert cache.get_many(["a", "none"]) == {"a": value}


def test_a_number_counts_on():
    cache.set("a", 3, 60)
    assert cache.incr("a") == 4
    assert cache.get("a") == 4


def test_what_json_cannot_say_is_refused():
    with pytest.raises(TypeError):
        cache.set("a", b"bytes", 60)


def test_a_planted_pickle_is_not_read(tmp_path):
    pickle.loads(pickle.dumps(Planted(tmp_path / "proof")))
    assert (tmp_path / "proof").exists()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        redis_client().set(cache.make_key("a"), pickle.dumps(Planted(tmp_path / "b"), protocol))
        assert cache.get("a", "default") == "default"
        assert cache.get_many(["a"]) == {"a": None}
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("planted", [b"", b"\xff", b"[" * 100_000, b"NaN?", b"{'a': 1}"])
def test_what_is_no_json_is_not_there(planted):
    redis_client().set(cache.make_key("a"), planted)
    assert cache.get("a") is None


@pytest.mark.parametrize("planted", [b"1", b'"zz"', b'"ab"', b"[]", b"null", b"{}"])
def test_a_planted_draft_is_none(planted):
    practice_id, account_id = uuid.uuid4(), uuid.uuid4()
    draft = drafts.Draft(address="/a/", fields=[("a", "b")])
    token = drafts.keep(
        draft, practice_id=practice_id, mark=drafts.mark_of(account_id), network="192.0.2.1"
    )
    assert drafts.find(token, practice_id=practice_id, account_id=account_id) == draft
    (key,) = redis_client().scan_iter("*draft:*")
    redis_client().set(key, planted)
    assert drafts.find(token, practice_id=practice_id, account_id=account_id) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("worker")
def test_a_worker_opens_no_pickle(tmp_path):
    """What is put into the queue beside it is carried out."""
    planted = {"at": Planted(tmp_path / "proof")}
    forget_ended_sessions.apply_async(kwargs=planted, serializer="pickle")
    past = timezone.now() - timedelta(days=1)
    Session.objects.create(session_key="a" * 40, session_data="", expire_date=past)
    forget_ended_sessions.delay()
    deadline = time.monotonic() + 60
    while Session.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Session.objects.exists()
    assert not (tmp_path / "proof").exists()
    assert "Refusing to deserialize" in (tmp_path / "worker.log").read_text()


def test_a_worker_takes_no_orders():
    assert app.conf.accept_content == ["json"]
    assert not app.conf.worker_enable_remote_control
