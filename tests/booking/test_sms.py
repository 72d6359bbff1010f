"""Text messages: a real HTTP exchange with the provider's documented endpoint, and the file sink."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from booking.domain import delivery, sms
from booking.models import Message
from tests.booking.test_book import booked
from tests.factories import make_agenda, make_opening, make_patient, make_reason


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
    assert delivery.send_owed(now=reminder.due_at) == 0
    reminder.refresh_from_db()
    assert (reminder.state, reminder.attempts, reminder.problem) == ("owed", 1, "SmsNotSent")
    provider.answer = 201
    assert delivery.send_owed(now=reminder.due_at) == 1
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
