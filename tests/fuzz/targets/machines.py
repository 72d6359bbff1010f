"""What other machines answer us, and what operators give to commands."""

import atexit
import io
import tempfile
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import orjson
from django.core.management import CommandError
from joserfc.jwk import ECKey

from audit.record import notes, witness
from audit.vault import erase
from audit.vault.providers.google_kms import GoogleKeyProvider
from audit.vault.providers.http import decoded
from audit.vault.providers.protocol import KeyUnavailable
from audit.vault.providers.transit import TransitKeyProvider
from partners.domain import keys
from partners.management.commands.partner import _read_key
from tests.fuzz.registry import refuses, scratch, target
from tests.fuzz.targets.record import COSIGNED, COSIGNER, KEY, NOTE, PUBLIC, WITNESS


class _Answers(BaseHTTPRequestHandler):
    """Answers every request with what the input says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.said)))
        self.end_headers()
        self.wfile.write(self.server.said)

    do_POST = do_GET

    def log_message(self, *arguments):
        pass


@cache
def _server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.said, server.status = b"", 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    atexit.register(server.shutdown)
    return server


def _that_says(data, status=200):
    server = _server()
    server.said, server.status = data, status
    return f"http://127.0.0.1:{server.server_port}"


VAULT = {"data": {"ciphertext": "vault:v1:AAAA", "plaintext": "AAAA", "latest_version": 1}}
GOOGLE = {
    "name": "projects/x/1",
    "ciphertext": "AAAA",
    "plaintext": "AAAA",
    "access_token": "a",
    "expires_in": 3599,
}


@target(
    "audit.vault.providers.http.call", "audit.vault.providers.http.decoded",
    "audit.vault.providers.transit.TransitKeyProvider.wrap", takes="bytes",
    samples=(orjson.dumps(VAULT), orjson.dumps(GOOGLE), b"", b"[]"),
    words=('"data"', '"ciphertext"', '"plaintext"', '"vault:v1:"', '"expires_in"', "NaN", "null", "{}", "[]", ":", ","),
)  # fmt: skip
def answer_of_a_key_service(data):
    """Whatever a key service answers: keys, or that there are none."""
    url = _that_says(data)
    transit = TransitKeyProvider(url=url, token="t", key="k")
    google = GoogleKeyProvider(url=url, metadata_url=url, key="projects/x")
    for ask in (
        transit.current_key_id, lambda: transit.wrap(b"k"), lambda: transit.unwrap("transit:k:v1", b"x"),
        google.current_key_id, lambda: google.wrap(b"k"), lambda: google.unwrap("kms:1", b"x"),
    ):  # fmt: skip
        with refuses(KeyUnavailable):
            assert ask()
    with refuses(KeyUnavailable):
        assert isinstance(decoded(data.decode("utf-8", "replace")), bytes)


@target(
    "audit.record.witness.ask", "audit.record.witness._post", takes="bytes",
    samples=(COSIGNED, "7\n", COSIGNED + COSIGNED), words=("\u2014 ", "\n", "7", b"\xff"),
)  # fmt: skip
def answer_of_a_witness(data):
    """A cosignature of our checkpoint, or none."""
    one = witness.Witness(key=COSIGNER, url=_that_says(data))
    with refuses(witness.NotCosigned):
        status, text = witness._post(one, b"")
        assert status == 200
        for line in text.splitlines(keepends=True):
            with refuses(notes.NoteBroken):
                assert notes.cosigned_at(NOTE + line, COSIGNER) == 1_790_000_000
    _status, text = witness._post(witness.Witness(key=COSIGNER, url=_that_says(data, 409)), b"")
    assert not witness._is_size(text) or int(text) >= 0


@cache
def _witness():
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    state = Path(folder.name)
    (state / "key.json").write_bytes(
        orjson.dumps({"name": "w/1", "key": "a" * 43 + "="}).replace(b"a" * 43, b"A" * 43)
    )
    found = WITNESS.Witness(state, [str(PUBLIC)])
    found.keep = lambda origin, size, root: None
    return found


FIRST = notes.sign(
    notes.TreeHead(origin=PUBLIC.name, size=1, root=b"r" * 32), name=PUBLIC.name, key=KEY
)


@target(
    "static.record.witness.Witness.cosign", "static.record.witness.Witness.latest",
    "static.record.witness.Handler.body", takes="bytes", samples=(f"old 0\n\n{FIRST}", f"old 1\n{'A' * 43}=\n\n{NOTE}"),
    words=("\n", "\n\n", "old ", "\u2014 ", PUBLIC.name, "0", "="),
)  # fmt: skip
def checkpoint_to_a_witness(body):
    """A witness signs what the log's key has signed, and nothing else."""
    with refuses(WITNESS.Refused):
        assert _witness().add_checkpoint(body).startswith("\u2014 w/1 ")
        assert FIRST.encode().splitlines()[1] in body.splitlines()
    handler = SimpleNamespace(
        headers={"Content-Length": body[:6000].decode("latin-1")}, rfile=io.BytesIO(b"x" * 10)
    )
    with refuses(WITNESS.Refused):
        assert len(WITNESS.Handler.body(handler)) <= 10


KEYS = b"\n".join(map(orjson.dumps, (
    {"format": erase.FORMAT},
    {"subject": "0192f0c1-0000-7000-8000-000000000001", "root_key": "local:1", "wrapped": "AAAA",
     "created_at": "2026-11-24T09:00:00+00:00"},
)))  # fmt: skip
# Of a subject twice, and under a root key with a longer name than the table holds.
TWICE, LONG_NAME = KEYS + KEYS[KEYS.index(b"\n") :], KEYS.replace(b"local:1", b"local:1" * 20)


@target(
    "audit.vault.erase.restore", needs_database=True, samples=(KEYS, KEYS[:40], TWICE, LONG_NAME),
    words=("\n", '"subject"', '"wrapped"', '"created_at"', "null", "{}", "[]", '"2026"', ":", ","), longest=20_000,
)  # fmt: skip
def backup_of_keys(text):
    """A backup of the key table: all of it is put back, or nothing is."""
    with refuses(erase.UnreadableKeys):
        assert erase.restore(text.splitlines()) > 0


@target(
    "partners.management.commands.partner._read_key", "partners.domain.keys.register_key", takes="bytes",
    samples=(orjson.dumps(ECKey.generate_key("P-256").as_dict(private=False)), b"[]"),
    words=('"kty"', '"EC"', '"RSA"', '"n"', "null", "{}", "[]", ":", ",", b"\xff"),
)  # fmt: skip
def file_of_a_key(data):
    """A public key that an operator registers."""
    file = scratch("jwk")
    file.write_bytes(data)
    with refuses(CommandError):
        jwk = _read_key(file)
        assert isinstance(jwk, dict)
        if not set(jwk) <= {"kty", "crv", "x", "y"} or jwk.get("kty") != "EC":
            with refuses(keys.UnusableKey):
                keys.register_key(credential=None, jwk=jwk | {"d": "private"})
                raise RuntimeError("a private key is never registered")
