"""Witnesses cosign what has only grown: against a local witness that keeps to C2SP tlog-witness."""

import base64
import struct
import threading
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction
from django.test import Client
from django.utils import timezone

from audit.models import Checkpoint, Cosignature
from audit.record import health, merkle, notes, seal, verify, witness
from tests.audit.record_fixtures import grow, sql

pytestmark = pytest.mark.django_db(transaction=True)
NOW = 1_795_000_000


class LocalWitness:
    """What the specification asks of a witness: it remembers one size and root of our log."""

    def __init__(self, log: notes.VerifierKey, name: str) -> None:
        self.log, self.size, self.root = log, 0, merkle.EMPTY_ROOT
        self.private = Ed25519PrivateKey.generate()
        self.key = notes.VerifierKey(
            name=name, public=self.private.public_key().public_bytes_raw(), type=notes.COSIGNATURE
        )
        self.asked: list[int] = []
        self.broken = ""

    def answer(self, body: str) -> tuple[int, str]:
        head_lines, _, note = body.partition("\n\n")
        first, *steps = head_lines.split("\n")
        old = int(first.removeprefix("old "))
        self.asked.append(old)
        try:
            head = notes.open_checkpoint(note, self.log)
        except notes.NoteBroken:
            return 403, ""
        if self.broken:
            return (200, self.broken) if self.broken != "away" else (503, "")
        if old != self.size:
            return 409, f"{self.size}\n"
        try:
            merkle.check_consistency(
                old=old, new=head.size, old_root=self.root, new_root=head.root,
                path=[base64.b64decode(step) for step in steps],
            )  # fmt: skip
        except merkle.ProofBroken:
            return 422, ""
        self.size, self.root = head.size, head.root
        signed = self.private.sign(f"cosignature/v1\ntime {NOW}\n{head.body()}".encode())
        return 200, notes.signature_line(self.key, struct.pack(">Q", NOW) + signed)


@contextmanager
def serving(local: LocalWitness):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, text = local.answer(body) if self.path == "/add-checkpoint" else (404, "")
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def local(settings, tmp_path):
    settings.RECORD_CHECKPOINT_FILE = tmp_path / "checkpoints.txt"
    # The record outlives a test, and so do cosignatures: a name of its own for each.
    made = LocalWitness(verify.public_key(), f"witness.example/{uuid.uuid4().hex}")
    with serving(made) as url:
        settings.RECORD_WITNESSES = [f"{made.key} {url}"]
        yield made


def test_each_new_checkpoint_is_cosigned_once_and_shown(local):
    grow(3)
    assert witness.hand_out(now=timezone.now()) == 1
    assert witness.hand_out(now=timezone.now()) == 0
    grow(4, 2)
    witness.hand_out(now=timezone.now())
    newest = Checkpoint.objects.order_by("-size").first()
    assert local.size == newest.size
    # Also where nothing is new: of a record that was set back, every cosignature is there.
    assert len(local.asked) == 3
    note = Client().get("/registre/checkpoint").content.decode()
    assert notes.cosigned_at(note, local.key) == NOW
    assert notes.open_checkpoint(note, verify.public_key()).size == newest.size
    assert local.key.name in Client().get("/registre/").content.decode()


def test_a_witness_that_knows_another_size_is_asked_again_from_there(local):
    grow(3)
    witness.hand_out(now=timezone.now())
    with transaction.atomic():
        sql("SET LOCAL session_replication_role = replica")
        sql("DELETE FROM audit_cosignature WHERE witness = %s", [local.key.name])
    grow(2)
    assert witness.hand_out(now=timezone.now()) == 1
    assert local.asked[-2:] == [0, local.asked[-1]] and local.asked[-1] > 0


def test_a_rewritten_record_is_not_cosigned_and_is_said(local, caplog):
    grow(5)
    witness.hand_out(now=timezone.now())
    genuine, local.root = local.root, b"x" * 32
    grow(1)
    assert witness.hand_out(now=timezone.now()) == 0
    newest = Checkpoint.objects.order_by("-size").first()
    assert not Cosignature.objects.filter(witness=local.key.name, checkpoint=newest).exists()
    assert "other entries than the first ones" in caplog.text
    assert health.problems(now=timezone.now()) == [health.Problem.CONTRADICTED]
    with pytest.raises(verify.DoesNotFit, match="other entries than the first ones"):
        verify.ask_witnesses()
    local.root = genuine
    assert witness.hand_out(now=timezone.now()) == 1
    assert health.problems(now=timezone.now()) == []


@pytest.mark.parametrize(
    "answer",
    ["away", "nonsense\n", "\u2014 witness.example AAAA\n", "\u2014 a b c\n"],
)
def test_an_answer_that_is_no_cosignature_is_not_kept(local, answer):
    grow(1)
    local.broken = answer
    assert witness.hand_out(now=timezone.now()) == 0
    local.broken = ""
    assert witness.hand_out(now=timezone.now()) == 1


def test_a_witness_that_is_away_holds_up_nobody(local, settings):
    settings.RECORD_WITNESSES = [f"{local.key} http://127.0.0.1:9", *settings.RECORD_WITNESSES]
    grow(1)
    assert witness.hand_out(now=timezone.now()) == 1
    assert seal.kept_outside()


@pytest.mark.parametrize(
    "text", ["", "x", "a+b+c http://x", "{log} http://x", "{own} ftp://x", "{own}"]
)
def test_a_witness_that_is_misspelt_is_refused(local, settings, text):
    given = text.replace("{log}", str(verify.public_key())).replace("{own}", str(local.key))
    settings.RECORD_WITNESSES = [given]
    with pytest.raises(notes.NoteBroken):
        witness.witnesses()
