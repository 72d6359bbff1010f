"""A service that the settings name is called where it is: an answer leads nobody elsewhere."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from audit.record.notes import COSIGNATURE, VerifierKey
from audit.record.witness import NotCosigned, Witness, _post
from audit.vault.providers import KeyUnavailable
from audit.vault.providers.http import call
from booking.outbox.sms import BrevoSmsProvider, SmsNotSent


class Answers(BaseHTTPRequestHandler):
    """Sends everybody elsewhere; elsewhere, notes who comes."""

    leads_to = ""
    status = 302
    came: list = []

    def _answer(self):
        if self.path == "/elsewhere":
            Answers.came.append(dict(self.headers))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")
            return
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(Answers.status)
        self.send_header("Location", Answers.leads_to)
        self.end_headers()

    do_GET = do_POST = _answer

    def log_message(self, *_):
        pass


@pytest.fixture(params=[301, 302, 303, 307, 308])
def address(request):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    Answers.leads_to, Answers.status, Answers.came = f"{base}/elsewhere", request.param, []
    yield base
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_key_service(address, method):
    body = {"plaintext": "data key"} if method == "POST" else None
    with pytest.raises(KeyUnavailable, match="answered 30"):
        call(method, f"{address}/v1/key", headers={"X-Vault-Token": "secret"}, body=body)
    assert Answers.came == []


def test_the_provider_of_texts(address):
    provider = BrevoSmsProvider(url=f"{address}/v3/sms", token="secret")
    with pytest.raises(SmsNotSent):
        provider.send(to="+33639980001", text="Bonjour", key="abc")
    assert Answers.came == []


def test_a_witness(address):
    key = VerifierKey(name="witness.example", public=bytes(32), type=COSIGNATURE)
    try:
        status, _text = _post(Witness(key=key, url=address), b"old 0\n")
    except NotCosigned:
        status = 0
    assert status != 200
    assert Answers.came == []
