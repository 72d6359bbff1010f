"""Text messages: a real HTTP exchange with the provider's documented endpoint, and the file sink."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from booking.appointments.change import cancel
from booking.appointments.several import series
from booking.appointments.values import By
from booking.models import Message
from booking.models.appointment import Channel
from booking.outbox import kinds, sending, sms
from tests.factories import (
    make_agenda,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
)
from tests.support.booked import NINE, booked

WEEK = timedelta(weeks=1)


class Provider(BaseHTTPRequestHandler):
    """Answers as Brevo's POST /v3/transactionalSMS/sms does."""

    seen: list = []
    answer = 201

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Provider.seen.append((self.path, dict(self.headers), body))
        self.send_response(Provider.answer)
        self.end_headers()
        self.wfile.write(b'{"messageId": 1511882900176220}')

    def log_message(self, *_):
        pass


@pytest.fixture
def provider(settings):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Provider.seen, Provider.answer = [], 201
    settings.SMS_PROVIDER = "brevo"
    settings.SMS_URL = f"http://127.0.0.1:{server.server_port}/v3/transactionalSMS/sms"
    settings.SMS_TOKEN = "the-token"
    yield Provider
    server.shutdown()
    server.server_close()


def test_a_text_is_handed_to_the_provider(provider):
    sms.provider().send(to="+33639980001", text="Bonjour", key="abc")
    [(path, headers, body)] = provider.seen
    assert path == "/v3/transactionalSMS/sms"
    assert headers["Api-Key"] == "the-token"
    assert body == {
        "sender": "Doctolib", "recipient": "33639980001", "content": "Bonjour", "tag": "abc",
    }  # fmt: skip


@pytest.mark.parametrize("answer", [400, 401, 402, 500, 503])
def test_a_refusal_is_no_sent_message(provider, answer):
    provider.answer = answer
    with pytest.raises(sms.SmsNotSent):
        sms.provider().send(to="+33639980001", text="Bonjour", key="abc")


def test_a_provider_that_is_away_is_no_sent_message(settings):
    settings.SMS_PROVIDER, settings.SMS_URL = "brevo", "http://127.0.0.1:1/"
    with pytest.raises(sms.SmsNotSent):
        sms.provider().send(to="+33639980001", text="Bonjour", key="abc")


@pytest.mark.parametrize("url", ["http://sms.example/", "ftp://x", "file:///etc/passwd", ""])
def test_only_https_leaves_the_machine(url):
    with pytest.raises(ValueError, match="https"):
        sms.BrevoSmsProvider(url=url, token="t")


@pytest.mark.django_db
def test_a_reminder_leaves_by_text_and_is_tried_again_after_a_refusal(provider, now):
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    booked(reason, now, patient=make_patient(practice=agenda.practice, phone="+33639980001"))
    reminder = Message.objects.filter(kind="reminder").order_by("due_at").first()
    provider.answer = 503
    Message.objects.exclude(pk=reminder.pk).delete()
    assert sending.send_owed(now=reminder.due_at) == 0
    reminder.refresh_from_db()
    assert (reminder.state, reminder.attempts, reminder.problem) == ("owed", 1, "SmsNotSent")
    provider.answer = 201
    assert sending.send_owed(now=reminder.due_at) == 1
    keys = {body["tag"] for _path, _headers, body in provider.seen}
    assert keys == {str(reminder.pk)}
    text = provider.seen[-1][2]["content"]
    assert "09:00" in text
    assert len(text) <= 160


def test_the_file_sink_keeps_one_file_a_message(settings, tmp_path):
    settings.SMS_PROVIDER, settings.SMS_DIR = "file", tmp_path / "sms"
    for _ in range(2):
        sms.provider().send(to="+33639980001", text="Bonjour", key="abc")
    [kept] = (tmp_path / "sms").iterdir()
    assert json.loads(kept.read_text()) == {"to": "+33639980001", "text": "Bonjour"}


@pytest.mark.django_db
def test_a_text_tells_of_a_whole_series(now):
    agenda = make_agenda()
    reason = make_reason(agenda, series_at_most=5)
    make_opening(agenda, reason)
    patient = make_patient(practice=agenda.practice, phone="+33639980001")
    first = booked(reason, now, patient=patient)
    values = {"by": By(actor=practice_actor(), channel=Channel.PRACTICE)}
    made = series.book_series(
        appointment=first, starts=[NINE + n * WEEK for n in (1, 2, 3)],
        now=now + timedelta(minutes=1),
        **values,
    )  # fmt: skip
    assert text_of(made[0], "confirmation", now=now).endswith(
        ". Et avec lui : lun. 14 déc. 09:00, lun. 21 déc. 09:00"
    )
    series.cancel_with_following(appointment=made[1], now=now, **values)
    made[1].refresh_from_db()
    assert text_of(made[1], "cancellation", now=now).endswith(". Et avec lui : lun. 21 déc. 09:00")
    # Of what was not done together, each text tells by itself.
    assert "Et avec" not in text_of(first, "confirmation", now=now)
    assert "Et avec" not in text_of(made[0], "reminder", now=now)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first_by_video", "then_by_video", "words"),
    [
        (False, False, ", Cabinet, puis 09:30 Dr Bo, 01 99 00 12 34"),
        (True, False, ", téléconsultation, puis 09:30 Dr Bo, Cabinet, 01 99 00 12 34"),
        (False, True, ", Cabinet, puis 09:30 Dr Bo, téléconsultation, 01 99 00 12 34"),
        (True, True, ", téléconsultation, puis 09:30 Dr Bo, 01 99 00 12 34"),
    ],
)
def test_a_text_tells_of_both_visits_of_a_chain(first_by_video, then_by_video, words, now):
    one = make_agenda(practice=make_practice(name="Cabinet", phone="0199001234"))
    two = make_agenda(practice=one.practice)
    two.practitioner.title, two.practitioner.first_name, two.practitioner.last_name = "Dr", "", "Bo"
    two.practitioner.save()
    second = make_reason(two, teleconsultation=then_by_video)
    reason = make_reason(one, then=second, then_within_minutes=0, teleconsultation=first_by_video)
    make_opening(one, reason)
    make_opening(two, second)
    visit = booked(reason, now, patient=make_patient(practice=one.practice, phone="+33639980001"))
    for kind in ("confirmation", "change", "reminder"):
        assert text_of(visit, kind, now=now).endswith(words)
    cancel(appointment=visit, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now)
    visit.refresh_from_db()
    assert text_of(visit, "cancellation", now=now).endswith(words)


def text_of(visit, kind, *, now):
    message = Message(
        kind=kind, channel="sms", appointment=visit, due_at=now, created_at=now, turn="24h/0"
    )
    return kinds.compose(message, now=now).text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Créneau libre le lun. 3 août, gardé jusqu’à 9:00", "Créneau libre le lun. 3 aout, gardé jusqu'à 9:00"),
        ("Dr Gwénaëlle Lœuf, Cabinet du Chêne – Forêt", "Dr Gwénaelle Loeuf, Cabinet du Chene - Foret"),
        ("https://doctolib.example/creneau/a_b-c~d/", "https://doctolib.example/creneau/a_b-c~d/"),
        ("Ça, naïf, où, Noël, Ü, €", "Ça, naif, où, Noel, Ü, €"),
        ("Cabinet 中", "Cabinet 中"),
    ],
)  # fmt: skip
def test_a_text_keeps_to_the_alphabet_of_texts(text, written):
    assert sms.in_gsm(text) == written
    assert set(sms.in_gsm(written)) - sms.GSM <= {"中"}
