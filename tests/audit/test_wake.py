"""Workers are asked by name: a task that nobody has would wait for the scheduler, unseen."""

import logging
import re
import time
from pathlib import Path

import pytest
from celery import current_app

from audit import wake as waking
from audit.redis_client import redis_client
from audit.wake import ask_for, wake
from doctolib.environment import PROJECT_DIR

ASKED = re.compile(r'\b(?:wake\(\s*|ask_for\(\s*|task=)"([^"]+)"')


@pytest.fixture(autouse=True)
def _nobody_has_asked(monkeypatch):
    monkeypatch.setattr(waking, "_asked", {})


def waiting_tasks():
    return redis_client().llen(current_app.conf.task_default_queue)


def test_each_task_that_is_asked_for_is_there():
    current_app.loader.import_default_modules()
    apps = [PROJECT_DIR / name for name in ("audit", "practitioners", "booking", "partners")]
    sources = [path for app in apps for path in Path(app).rglob("*.py")]
    names = {name for path in sources for name in ASKED.findall(path.read_text())}
    assert {"booking.send_owed_messages", "audit.send_notices"} <= names
    assert names <= set(current_app.tasks)


def test_a_worker_is_asked_once_a_second_for_each_task():
    for _time in range(5):
        wake("booking.send_owed_messages", after_s=0.2)
    assert waiting_tasks() == 1
    wake("audit.send_notices")
    assert waiting_tasks() == 2
    # Another process asks Redis, which knows of the first one's asking.
    waking._asked.clear()
    wake("booking.send_owed_messages")
    assert waiting_tasks() == 2
    redis_client().delete("doctolib:awake:booking.send_owed_messages")
    waking._asked["booking.send_owed_messages"] = time.monotonic() - waking.AWAKE_EVERY_S
    wake("booking.send_owed_messages")
    assert waiting_tasks() == 3


def test_a_task_with_arguments_is_asked_for_each_time():
    for each in ("one", "two"):
        ask_for("booking.import_patients", arguments=[each])
    assert waiting_tasks() == 2


def test_without_redis_it_waits_for_the_scheduler(settings, caplog):
    caplog.set_level(logging.WARNING)
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    }
    wake("booking.send_owed_messages")
    assert "could not ask a worker for booking.send_owed_messages" in caplog.text
