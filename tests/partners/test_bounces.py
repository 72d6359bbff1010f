"""Mail that comes back later, as RFC 3464 has it, and who then has to be called."""

import csv
import re
from datetime import timedelta
from email.message import EmailMessage
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from audit.ids import new_id
from audit.incidents import notices, workflow
from audit.models import ApprovalOf, Incident, Notice, NoticeKind, NoticeState
from booking.outbox.bounces import note_bounce
from tests.factories import verified_client
from tests.support.incidents import SEVERE, night, told, two  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


def bounce(message_id, *, action="failed", status="5.1.1", headers_only=True):
    """What a mail server sends back (RFC 3464, after its appendix E)."""
    returned = f"From: x@y.example\r\nMessage-ID: {message_id}\r\nSubject: z\r\n\r\n"
    kind = "text/rfc822-headers" if headers_only else "message/rfc822"
    return (
        "From: MAILER-DAEMON@relay.example\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
        "Message-ID: <1@relay.example>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; relay.example\r\n\r\n"
        f"Final-Recipient: rfc822; p1@patients.example\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        f"--b\r\nContent-Type: {kind}\r\n\r\n{returned}"
        "--b--\r\n"
    ).encode()


@pytest.fixture
def letter(now):
    """A practice's notice, sent."""
    incident = Incident.objects.create(number=1, began_at=now, detected_at=now)
    return Notice.objects.create(
        incident=incident, kind=NoticeKind.CONTROLLER, recipient_id=new_id(), channel="email",
        state=NoticeState.SENT, due_at=now, created_at=now, sent_at=now,
    )  # fmt: skip


@pytest.mark.parametrize("headers_only", [True, False])
def test_a_permanent_failure_is_noted(letter, now, headers_only):
    assert note_bounce(bounce(letter.message_id, headers_only=headers_only), now=now)
    letter.refresh_from_db()
    assert (letter.state, letter.problem) == (NoticeState.FAILED, "bounced 5.1.1")


@pytest.mark.parametrize(
    "raw",
    [
        lambda id_: bounce("<0192f0c1-0000-7000-8000-00--b0000001@incident.doctolib.example>"),
        lambda id_: bounce(id_, action="delayed", status="4.4.1"),
        lambda id_: bounce(id_, action="failed", status="4.4.7"),
        lambda id_: bounce("<1@elsewhere.example>"),
        lambda id_: bounce("<01a214f5-a315-7333-b668-9b1283e76c3b@incident.doctolib.example>"),
        lambda id_: f"Subject: Re\r\nIn-Reply-To: {id_}\r\n\r\nMerci".encode(),
        lambda id_: b"\xff\xfe no mail at all",
    ],
)
def test_what_is_no_failure_of_ours_changes_nothing(letter, now, raw):
    assert not note_bounce(raw(letter.message_id), now=now)
    letter.refresh_from_db()
    assert letter.state == NoticeState.SENT


def test_a_mail_server_hands_it_to_a_command(letter, tmp_path):
    file = tmp_path / "mail"
    file.write_bytes(bounce(letter.message_id))
    said = StringIO()
    call_command("note_bounce", str(file), stdout=said)
    assert said.getvalue() == "noted\n"
    assert Notice.objects.get(pk=letter.pk).state == NoticeState.FAILED


def test_the_practice_sees_whom_no_message_has_reached(night, two, now):
    told(night, two, now)
    workflow.assess(night.incident, severity=SEVERE, actor=two[0], now=now)
    workflow.delegate(night.incident, practice_id=night.grant.practice_id, actor=two[0], now=now)
    approval = workflow.ask(night.incident, ApprovalOf.PATIENTS, actor=two[0], now=now)
    workflow.decide(approval, is_approved=True, actor=two[1], now=now)
    notices.send_due(now=timezone.now() + timedelta(seconds=1))
    person = night.opened[-1].patient_id
    mine = [n for n in Notice.objects.filter(kind=NoticeKind.PATIENT) if person in n.subjects]
    url = reverse(
        "booking:practice-incident", args=[night.grant.practice_id, night.incident.number]
    )
    client = verified_client(night.owner.account)
    assert "à appeler" not in client.get(url).content.decode()
    for notice in mine:
        note_bounce(bounce(notice.message_id), now=now)
    assert client.get(url).content.decode().count("à appeler") == 1
    arguments = [night.grant.practice_id, night.incident.number]
    table = client.get(reverse("booking:practice-incident-csv", args=arguments))
    text = table.content.decode("utf-8-sig")
    assert text.count(";oui") == 1
    # Days and instants as a spreadsheet reads them, by the practice's clock.
    for line in csv.DictReader(StringIO(text), delimiter=";"):
        assert re.fullmatch(r"\d\d/\d\d/\d{4}", line["Date de naissance"])
        assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", line["Première lecture"])


def test_an_empty_mail_is_nothing():
    assert not note_bounce(b"", now=timezone.now())
    assert not note_bounce(bytes(EmailMessage()), now=timezone.now())
