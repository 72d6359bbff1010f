"""What each outbox promises, with its sender killed at every step of a batch."""

import hashlib
import json
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.incidents import notices
from audit.incidents.post import Recipient
from audit.models import Incident, Notice, NoticeKind, NoticeState
from booking.models import Message
from booking.models.message import MessageKind, MessageState
from booking.outbox import messages
from partners.domain import webhooks
from partners.models import Delivery, DeliveryState
from tests.browser.conftest import mails
from tests.factories import make_account, make_credential, make_grant, practice_actor
from tests.partners.conftest import agenda, receiver
from tests.support.booked import NINE, booked
from tests.support.dying_sender import DyingSender, killed_at_every_step

__all__ = ["agenda", "mails", "receiver"]
pytestmark = pytest.mark.django_db(transaction=True)
# More than one, so that a kill between two rows is among the steps.
PEOPLE = 2
HOUR = timedelta(hours=1)


def arrived(mails, rows):
    """How often the mail of each row has arrived, by its Message-ID."""
    files = [hashlib.sha256(row.message_id.encode()).hexdigest()[:24] for row in rows]
    return [
        len(path.read_text()) if (path := mails.directory / f"{name}.times").exists() else 0
        for name in files
    ]


def test_messages_leave_at_least_once(mails, settings):
    accounts = [make_account(f"personne{n}@exemple.fr") for n in range(PEOPLE)]
    owed, repeated = [], Counter()

    def owe(_step):
        owed[:] = [
            messages.owe_to_account(
                account=account, kind=MessageKind.RESET_PASSWORD, now=timezone.now()
            )
            for account in accounts
        ]

    def check(step):
        states = set(Message.objects.values_list("state", flat=True))
        assert states == {MessageState.SENT}, f"killed at step {step}"
        times = arrived(mails, owed)
        # Twice is the one alone that was on its way, and under its one Message-ID.
        assert sorted(times) in ([1] * PEOPLE, [1] * (PEOPLE - 1) + [2]), f"killed at step {step}"
        repeated[max(times)] += 1

    open_rows = Message.objects.filter(state=MessageState.OWED)
    with DyingSender("messages", smtp_port=mails.port) as sender:
        kills = killed_at_every_step(sender, owe=owe, is_open=open_rows.exists, check=check)
    assert kills >= 8 * PEOPLE
    # The kills reached the doubtful moment too, between the relay's "yes" and its note.
    assert PEOPLE <= repeated[2] <= 3 * PEOPLE


@pytest.mark.parametrize("can_be_asked", [True, False])
def test_notices_never_leave_twice(mails, can_be_asked):
    recipients = [Recipient(id=make_account().pk, channel="email") for _ in range(PEOPLE)]
    settled = Counter()

    def owe(step):
        incident = Incident.objects.create(
            number=step, began_at=timezone.now(), detected_at=timezone.now(), state="contained"
        )
        notices.owe(incident, NoticeKind.STAFF, recipients, now=timezone.now())

    def check(step):
        rows = list(Notice.objects.filter(incident__number=step).order_by("pk"))
        for row, times in zip(rows, arrived(mails, rows), strict=True):
            settled[row.state, times] += 1
            wanted = (0, 1) if row.state == NoticeState.UNSURE else (1,)
            assert times in wanted, f"killed at step {step}"
        unsure = [row for row in rows if row.state == NoticeState.UNSURE]
        sent = [row for row in rows if row.state == NoticeState.SENT]
        assert len(unsure) <= (0 if can_be_asked else 1), f"killed at step {step}"
        assert len(unsure) + len(sent) == PEOPLE, f"killed at step {step}"

    changed = {} if can_be_asked else {"MODE": "production"}
    open_rows = Notice.objects.filter(state__in=(NoticeState.OWED, NoticeState.HANDED))
    with DyingSender(
        "notices", smtp_port=mails.port, directory=mails.directory.parent,
        MAIL_SINK_DIR=str(mails.directory), **changed,
    ) as sender:  # fmt: skip
        kills = killed_at_every_step(sender, owe=owe, is_open=open_rows.exists, check=check)
    assert kills > 7 * PEOPLE
    if not can_be_asked:
        # Kills came on either side of the relay's "yes", and a person decides about each.
        assert settled[NoticeState.UNSURE, 0] >= PEOPLE
        assert settled[NoticeState.UNSURE, 1] >= PEOPLE


def test_webhooks_leave_in_order_and_at_least_once(agenda, receiver):
    credential = make_credential("AgendaPlus")
    make_grant(credential, agenda, scopes=["appointments:read"])
    webhook = webhooks.register(
        credential=credential, url=receiver.url, actor=practice_actor(), now=timezone.now()
    )
    visits = [
        booked(agenda.visit_reasons.get(), timezone.now(), starts_at=NINE + n * HOUR)
        for n in range(2)
    ]
    turns, repeated = 2, Counter()

    def owe(step):
        receiver.received.clear()
        for turn in range(turns):
            for visit in visits:
                Delivery.objects.create(
                    webhook=webhook, agenda=agenda, appointment=visit,
                    changed_in=step * turns + turn, payload={"of": str(visit.pk), "turn": turn},
                    due_at=timezone.now(), give_up_at=timezone.now() + webhooks.TRIED_FOR,
                    created_at=timezone.now(),
                )  # fmt: skip

    def check(step):
        states = set(Delivery.objects.values_list("state", flat=True))
        assert states == {DeliveryState.DELIVERED}, f"killed at step {step}"
        for visit in visits:
            came = turns_of(receiver, visit)
            assert came == sorted(came), f"killed at step {step}"
            assert set(came) == set(range(turns)), f"killed at step {step}"
            repeated[len(came) - turns] += 1

    open_rows = Delivery.objects.filter(state=DeliveryState.PENDING)
    with DyingSender(
        "webhooks", OUTGOING_CA_FILE=receiver.ca_file,
        OUTGOING_MAY_REACH=["127.0.0.1/32", "::1/128"],
    ) as sender:  # fmt: skip
        kills = killed_at_every_step(
            sender, owe=owe, is_open=open_rows.exists, check=check, batches=turns + 1
        )
    assert kills > 8 * turns
    # What was on its way came again, once.
    assert set(repeated) == {0, 1}


def turns_of(receiver, visit):
    bodies = [json.loads(body) for _path, _headers, body in list(receiver.received)]
    return [body["turn"] for body in bodies if body["of"] == str(visit.pk)]
