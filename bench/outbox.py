"""Rows sent a second by each outbox, with a provider that takes everything at once.

With `--against DIRECTORY` another checkout does the same in turn, on the same servers and rows of
its own, and the ratios say how fast this one is beside it (above 1: faster), by the clock and by the
seconds for which a processor was at work for it. What is measured is what we do ourselves: claim,
compose, reveal, note.
"""

import os
import subprocess
import sys
import uuid
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from statistics import median
from time import monotonic_ns, perf_counter, process_time

import psutil

QUEUES = ("messages", "notices", "webhooks")
ROOT = Path(__file__).resolve().parent.parent


def accounts_of(count: int) -> list:
    from booking.models import Account

    return list(Account.objects.order_by("pk")[:count])


def make_accounts(count: int) -> None:
    from django.conf import settings

    from booking.accounts import accounts

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    for number in range(count):
        accounts.create_account(
            email=f"b{number}@bench.example", password="x", language="fr",
            verified_at=datetime.now(UTC),
        )  # fmt: skip


def messages_of(count: int):
    from booking.models.message import MessageKind
    from booking.outbox import messages, sending

    now = datetime.now(UTC)
    for account in accounts_of(count):
        messages.owe_to_account(account=account, kind=MessageKind.PASSWORD_CHANGED, now=now)
    return sending.send_owed


def notices_of(count: int):
    from audit.incidents import notices
    from audit.incidents.post import Recipient
    from audit.models import Incident, NoticeKind

    now = datetime.now(UTC)
    number = Incident.objects.count() + 1
    incident = Incident.objects.create(number=number, began_at=now, detected_at=now)
    recipients = [Recipient(id=each.pk, channel="email") for each in accounts_of(count)]
    notices.owe(incident, NoticeKind.STAFF, recipients, now=now)
    return notices.send_due


def webhooks_of(count: int):
    from partners.domain import outgoing, webhooks
    from partners.models import Delivery, Webhook

    outgoing.post = lambda *_what, **_named: 204
    webhook, visits = Webhook.objects.get(), visit_ids(count)
    now = datetime.now(UTC)
    Delivery.objects.bulk_create(
        Delivery(
            webhook=webhook, agenda_id=agenda_id, appointment_id=visit_id,
            changed_in=monotonic_ns() % 2**62, payload={"type": "appointment.updated"},
            due_at=now, give_up_at=now + timedelta(days=3), created_at=now,
        )
        for visit_id, agenda_id in visits
    )  # fmt: skip
    return webhooks.send_due


def visit_ids(count: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    from booking.models import Appointment

    return list(Appointment.unscoped.order_by("pk").values_list("pk", "agenda_id")[:count])


def make_visits(count: int) -> None:
    """One visit for each delivery, of one agenda, and a webhook that is told of them."""
    from audit.record.entries import Channel as RecordChannel
    from audit.record.entries import system_actor
    from booking.appointments import book
    from booking.appointments.values import By, Conditions
    from booking.models.appointment import Channel
    from booking.patients import patients
    from partners.models import Credential, Partner, Webhook
    from practitioners.models import Agenda, Practice, Practitioner, VisitReason

    now, actor = datetime.now(UTC), system_actor(RecordChannel.SHELL)
    practice = Practice.objects.create(name="P", search_name="p", reminder_hours=[])
    person = Practitioner.objects.create(first_name="B", last_name="X", search_name="b")
    agenda = Agenda.objects.create(practice=practice, practitioner=person, open_on_holidays=True)
    reason = VisitReason.objects.create(agenda=agenda, name="Consultation", duration_minutes=15)
    identity = patients.Identity(
        first_name="Béa", last_name="Test", birth_date=now.date(), phone="", email=""
    )
    patient = patients.create_patient(identity=identity, actor=actor, now=now, practice=practice)
    monday = datetime.combine(now.date() + timedelta(days=7 - now.weekday()), time(), UTC)
    for number in range(count):
        book.book(
            visit_reason=reason,
            starts_at=monday + number * timedelta(minutes=15),
            patient=patient,
            by=By(actor=actor, channel=Channel.PRACTICE),
            conditions=Conditions(anywhere=True),
            now=now,
        )
    partner = Partner.objects.create(name="V", verified_at=now)
    credential = Credential.objects.create(partner=partner, label="V")
    Webhook.objects.create(
        credential=credential, url="https://bench.example/", secret_changed_at=now, cursor="0",
        created_at=now,
    )  # fmt: skip


def serve() -> None:
    """Carry out rounds of the checkout in whose directory this runs: seconds for a round's rows."""
    import django

    sys.path.insert(0, os.getcwd())
    django.setup()
    from django.conf import settings
    from django.db import connection

    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    make = {"messages": messages_of, "notices": notices_of, "webhooks": webhooks_of}
    for line in sys.stdin:
        queue, count = line.split()
        send = make[queue](int(count))
        backend = psutil.Process(connection.connection.info.backend_pid)
        began, worked, left = perf_counter(), cpu_of(backend), 0
        while sent := send(now=datetime.now(UTC) + timedelta(seconds=1)):
            left += sent
        took = perf_counter() - began, cpu_of(backend) - worked
        assert left == int(count), (queue, left)
        print(*took, flush=True)


def cpu_of(backend: psutil.Process) -> float:
    """Seconds that this process and PostgreSQL's own for it have worked so far."""
    times = backend.cpu_times()
    return process_time() + times.user + times.system


class Checkout:
    """A process that sends with the code of a directory."""

    def __init__(self, directory: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve"], cwd=directory, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def seconds(self, queue: str, count: int) -> tuple[float, float]:
        """How long a round took, and for how much of it a processor was at work."""
        self._process.stdin.write(f"{queue} {count}\n")
        self._process.stdin.flush()
        took, worked = self._process.stdout.readline().split()
        return float(took), float(worked)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(30)


def main() -> None:
    from setting import argument_parser, own_servers, report

    parser = argument_parser(__doc__, rows=200, rounds=9)
    parser.add_argument("--against", type=Path, help="a checkout of another commit")
    options = parser.parse_args()
    with own_servers():
        from django.db import connection

        make_accounts(options.rows)
        make_visits(options.rows)
        directories = {"here": ROOT} | ({"there": options.against} if options.against else {})
        checkouts = {name: Checkout(directory) for name, directory in directories.items()}
        figures: dict[str, object] = {}
        for queue in QUEUES:
            taken: dict[str, list[tuple[float, float]]] = {name: [] for name in checkouts}
            for number in range(options.rounds + 1):
                # In turn, each first in half of the rounds; the first round only warms up.
                for name in list(checkouts)[:: 1 if number % 2 else -1]:
                    seconds = checkouts[name].seconds(queue, options.rows)
                    if number:
                        taken[name].append(seconds)
                if not number:
                    # As on a server that has run for a while: plans of an empty table are forgotten.
                    with connection.cursor() as cursor:
                        cursor.execute("ANALYZE")
            for name, rounds in taken.items():
                figures[f"{queue} {name} a second"] = options.rows / median(
                    took for took, _worked in rounds
                )
            if "there" in taken:
                for index, what in enumerate(("ratio", "processor ratio")):
                    there, here = (
                        median(each[index] for each in taken[name]) for name in ("there", "here")
                    )
                    figures[f"{queue} {what}"] = there / here
        for checkout in checkouts.values():
            checkout.close()
    report(figures, as_json=options.json)


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        main()
