"""Notices leave exactly once, although their sender is killed ten times at any point."""

import random
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.incidents import notices
from audit.incidents.post import Recipient
from audit.models import Incident, Notice, NoticeKind, NoticeState
from doctolib.environment import PROJECT_DIR
from tests.browser.conftest import mails, worker_environment
from tests.factories import make_account

__all__ = ["mails"]
pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE, KILLS = 60, 10
# One process that sends a batch after the other, as the worker does.
SENDER = """
import sys, time
from datetime import timedelta
import django
django.setup()
from django.utils import timezone
from audit.incidents import notices
print("ready", flush=True)
while True:
    notices.send_due(now=timezone.now() + timedelta(minutes=int(sys.argv[1])))
    time.sleep(0.01)
"""


@pytest.fixture
def owed(now):
    incident = Incident.objects.create(
        number=1, began_at=now, detected_at=now, contained_at=now, state="contained"
    )
    recipients = [Recipient(id=make_account().pk, channel="email") for _ in range(PEOPLE)]
    assert notices.owe(incident, NoticeKind.STAFF, recipients, now=now) == PEOPLE
    return incident


def test_ten_kills_and_everybody_has_one(owed, mails, settings):
    settings.MAIL_SINK_DIR = mails.directory
    environment = worker_environment(smtp_port=mails.port) | {
        "DJANGO_SETTINGS_MODULE": "doctolib.settings",
        "DOCTOLIB_DATA_DIR": str(mails.directory.parent),
    }
    rng = random.Random(20)
    killed_amid = 0
    for turn in range(KILLS):
        sender = subprocess.Popen(
            # Each begins two minutes later, when nobody holds the former one's claim any more.
            [sys.executable, "-c", SENDER, str(2 * turn)], env=environment, cwd=PROJECT_DIR,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        assert sender.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0.02, 0.12))
        sender.send_signal(signal.SIGKILL)
        sender.wait()
        sender.stdout.close()
        killed_amid += Notice.objects.filter(state=NoticeState.HANDED).count()
    assert killed_amid > 0, "no kill came while a notice was being handed over"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    while notices.send_due(now=timezone.now() + timedelta(minutes=2 * KILLS)):
        pass
    assert set(Notice.objects.values_list("state", flat=True)) == {NoticeState.SENT}
    counts = [file.read_text() for file in mails.directory.glob("*.times")]
    assert counts == ["."] * PEOPLE
