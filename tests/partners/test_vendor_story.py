"""A vendor from nothing to a booked appointment and out again, in a process that is not Django."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from booking.models import Appointment, CodeApp
from partners.domain import identities, scopes
from partners.models import Grant, Partner
from partners.tasks import tell_webhooks
from tests.clock import today
from tests.factories import (
    PASSWORD,
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_reason,
    verified_client,
)

pytestmark = pytest.mark.django_db(transaction=True)
TOTP_KEY = "3132333435363738393031323334353637383930"


class Vendor:
    """The other process: what it says, and what it is told."""

    def __init__(self, *arguments):
        command = [sys.executable, "-m", "tests.partners.vendor", *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip

    def next(self, step):
        said = json.loads(self._process.stdout.readline() or '{"step": "ended too early"}')
        assert said["step"] == step
        return said

    def tell(self, word):
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def end(self):
        self._process.communicate(timeout=10)


@pytest.fixture
def agenda():
    agenda = make_agenda()
    reason = make_reason(agenda)
    for back in range(7):
        make_opening(agenda, reason, starts_on=today() - timedelta(days=back))
    return agenda


def test_a_vendor_registers_is_granted_syncs_books_is_told_moves_and_is_shut_out(
    agenda, live_server, settings, tmp_path
):
    settings.BASE_URL = live_server.url
    settings.OUTGOING_MAY_REACH = ["127.0.0.1/32", "::1/128"]
    account = make_account("editeur@exemple.fr")
    CodeApp.objects.create(user=account, name="phone", seed=bytes.fromhex(TOTP_KEY), confirmed=True)
    owner = verified_client(make_member(agenda.practice, role="owner").account)
    vendor = Vendor(live_server.url, "editeur@exemple.fr", PASSWORD, TOTP_KEY, str(tmp_path))
    try:
        settings.OUTGOING_CA_FILE = vendor.next("listening")["ca_file"]

        registered = vendor.next("registered")
        page = reverse("partners:software", args=[agenda.practice_id])
        form = {
            "credential": registered["credential"], "agendas": [agenda.pk],
            "scopes": scopes.SCOPES, "identity": identities.FIELDS,
        }  # fmt: skip
        assert owner.post(page, form).status_code == 200, "nobody has verified the vendor"
        Partner.objects.filter(credentials=registered["credential"]).update(
            verified_at=timezone.now()
        )
        assert owner.post(page, form).status_code == 302
        vendor.tell("granted")

        booked = vendor.next("booked")
        row = Appointment.unscoped.get()
        assert booked == {"step": "booked", "known": 0, "appointment": str(row.pk)}
        tell_webhooks()
        vendor.tell("told")

        received = vendor.next("received")
        assert received["type"] == "appointment.created"
        assert received["appointment"] == str(row.pk)

        moved = vendor.next("moved")
        assert moved["starts_at"] == moved["seen"]
        assert moved["name"] == "Quatrefages"
        reveal = Entry.objects.get(action="reveal", credential_id=registered["credential"])
        assert (reveal.subjects, reveal.purpose) == ([row.patient_id], "care")

        grant = Grant.objects.get()
        owner.post(reverse("partners:withdraw", args=[agenda.practice_id, grant.pk]))
        vendor.tell("revoked")

        refused = vendor.next("refused")
        assert refused["status"] == 403
        assert refused["problem"]["type"] == "urn:doctolib:problem:permission-denied"
        assert "No practice grants" in refused["problem"]["detail"]
    finally:
        vendor.end()
