"""The roles of the application and the sealer, and sessions that work beside it."""

from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.test import Client

from audit.models import Leaf

MINUTE = timedelta(seconds=61)


@pytest.fixture(autouse=True)
def _own_file(settings, tmp_path):
    settings.RECORD_CHECKPOINT_FILE = tmp_path / "checkpoints.txt"


@contextmanager
def another_session(*statements, role=None):
    """A session of its own, in a transaction that has done these statements."""
    settings = connection.settings_dict
    with psycopg.connect(
        dbname=settings["NAME"],
        user=settings["USER"],
        host=settings["HOST"],
        port=settings["PORT"] or None,
    ) as other:
        if role:
            other.execute(f"SET ROLE {role}")
        for statement in statements:
            other.execute(statement)
        yield other
        other.rollback()


def is_sealed(entry_id):
    return Leaf.objects.filter(entry_id=entry_id).exists()


def what_is_said():
    """Of readiness, and of the page in both languages."""
    answer = Client().get("/pret/")
    pages = [
        Client(headers={"accept-language": language}).get("/registre/").content.decode()
        for language in ("fr", "en")
    ]
    return answer.status_code, answer.json()["problems"], pages
