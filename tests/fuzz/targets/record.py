"""The record's own formats: keys, notes, checkpoints, what witnesses and offline checkers read."""

import hashlib
import importlib.util
import io
import sys
from contextlib import redirect_stdout
from pathlib import Path
from unittest.mock import patch

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.http import Http404
from django.test import RequestFactory, override_settings

from audit.record import notes, outside, witness
from audit.views import public
from tests.fuzz.registry import refuses, scratch, target

STATIC = Path(__file__).parents[3] / "static" / "record"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = notes.VerifierKey(name="log.example/registre", public=KEY.public_key().public_bytes_raw())
HEAD = notes.TreeHead(origin=PUBLIC.name, size=7, root=b"r" * 32)
NOTE = notes.sign(HEAD, name=HEAD.origin, key=KEY)
COSIGNER = notes.VerifierKey(
    name="witness.example/w1", public=PUBLIC.public, type=notes.COSIGNATURE
)
_STAMP = (1_790_000_000).to_bytes(8, "big")
_SIGNED = KEY.sign(f"cosignature/v1\ntime 1790000000\n{HEAD.body()}".encode())
COSIGNED = notes.signature_line(COSIGNER, _STAMP + _SIGNED)
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
WORDS = (
    "\u2014 ",
    "\n\n",
    "\n",
    "+",
    " ",
    "=",
    PUBLIC.name,
    "old 7\n",
    "18446744073709551616",
    "07",
)


def _tool(name):
    """A tool that people download: it imports nothing of ours."""
    spec = importlib.util.spec_from_file_location(name, STATIC / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHECKER, WITNESS = _tool("verify_record"), _tool("witness")

# A record of one entry, in the three forms in which people get it.
SUBJECT, NONCE = "0192f0c1-0000-7000-8000-000000000001", "5e" * 16
COMMITTED = hashlib.sha256(
    bytes.fromhex(NONCE) + bytes.fromhex(SUBJECT.replace("-", ""))
).hexdigest()
ENTRY = orjson.dumps({
    "at": "2026-11-24T09:00:00Z", "action": "identity-revealed", "purpose": "booking",
    "actor_kind": "account", "channel": "web", "subjects": [COMMITTED], "fields": ["last_name"],
    "link": "ab" * 8 + "0" * 16 + "00" * 32,
}).decode()  # fmt: skip
ONE = notes.TreeHead(origin=PUBLIC.name, size=1, root=CHECKER.leaf_hash(ENTRY.encode()))
ONE_NOTE = notes.sign(ONE, name=ONE.origin, key=KEY)
OPENING = {"index": 0, "entry": ENTRY, "path": [], "subjects": {SUBJECT: NONCE}}
PROOF = orjson.dumps(
    {"format": "doctolib-proof/1", "key": str(PUBLIC), "checkpoint": ONE_NOTE, **OPENING}
)
RECORD = b"\n".join(map(orjson.dumps, (
    {"format": "doctolib-record/1", "key": str(PUBLIC)},
    {"index": 0, "entry": ENTRY}, {"checkpoint": ONE_NOTE},
)))  # fmt: skip


def _evidence():
    facts = {"format": "doctolib-evidence/1", "key": str(PUBLIC), "incident": 7,
             "detected_at": None, "contained_at": None}  # fmt: skip
    lines = b"".join(
        orjson.dumps(each) + b"\n" for each in (facts, {"checkpoint": ONE_NOTE}, OPENING)
    )
    sealed = f"{PUBLIC.name}\nevidence {hashlib.sha256(lines).hexdigest()}\n"
    line = notes.signature_line(PUBLIC, KEY.sign(sealed.encode()))
    return lines + orjson.dumps({"seal": f"{sealed}\n{line}"})


EVIDENCE = _evidence()
JSON_WORDS = (
    '"entry"', '"index"', '"path"', '"subjects"', '"checkpoint"', '"seal"', '"format"', '"link"',
    "[]", "{}", "null", "0", "-1", "1.5", '""', '"ab"', "\n", ",", ":", "{", "}", "[", "]",
)  # fmt: skip


@target(
    "audit.record.notes.VerifierKey.parse", samples=(GO_KEY, str(PUBLIC), str(COSIGNER)),
    words=WORDS,
)  # fmt: skip
def verifier_key(text):
    with refuses(notes.NoteBroken):
        found = notes.VerifierKey.parse(text)
        assert len(found.public) == 32 and found.type in (notes.ED25519, notes.COSIGNATURE)
        assert notes.VerifierKey.parse(str(found)) == found


@target(
    "audit.record.notes.split", words=WORDS,
    samples=(NOTE, NOTE + COSIGNED, NOTE + "\u2014 log.example/registre \u00e9\u00e9\n",
             NOTE + "\u2014 log\u2028.example AAAAAAAA\n"),
)  # fmt: skip
def signed_note(text):
    with refuses(notes.NoteBroken):
        body, signatures = notes.split(text)
        assert body.endswith("\n") and signatures
        assert all(len(signature) >= 5 for _name, signature in signatures)
        # What verify takes apart by lines and blanks is in as many parts there.
        lines = text.rpartition("\n\n")[2].splitlines()
        assert [line.split()[1] for line in lines] == [name for name, _signature in signatures]


@target(
    "audit.record.notes.read_head",
    samples=(HEAD.body(), "log\n0\n" + "A" * 43 + "=\n"),
    words=WORDS,
)
def tree_head(text):
    with refuses(notes.NoteBroken):
        head = notes.read_head(text)
        assert text.startswith(head.body().rsplit("\n", 2)[0])
        assert notes.read_head(head.body()) == head


@target(
    "audit.record.notes.read_head", "audit.record.notes.cosigned_at",
    samples=(NOTE, NOTE + COSIGNED), words=WORDS,
)  # fmt: skip
def checkpoint(text):
    """Nothing passes for signed but what the key has signed."""
    with refuses(notes.NoteBroken):
        assert notes.open_checkpoint(text, PUBLIC) == HEAD
    with refuses(notes.NoteBroken):
        assert notes.cosigned_at(text, COSIGNER) == 1_790_000_000


@target(
    "audit.record.witness.witnesses", samples=(f"{COSIGNER} https://witness.example/",), words=WORDS
)
def named_witness(text):
    with override_settings(RECORD_WITNESSES=[text]), refuses(notes.NoteBroken):
        (found,) = witness.witnesses()
        assert found.url.startswith(("https://", "http://"))


@target(
    "audit.record.witness.ask",
    "audit.record.witness._is_size",
    samples=("7\n", " 42 ", "\x1e7"),
    words=("0", "\n"),
)
def size_that_a_witness_knows(text):
    assert not witness._is_size(text) or int(text) >= 0


@target(
    "audit.record.outside.kept_outside",
    takes="bytes",
    samples=(NOTE + "\n", NOTE + COSIGNED + "\n"),
    words=WORDS,
)
def checkpoint_file(data):
    """The file of checkpoints as it lies on the disk."""
    found = scratch("checkpoints")
    found.write_bytes(data)
    with override_settings(RECORD_CHECKPOINT_FILE=found), refuses(outside.FileBroken):
        assert all(isinstance(note, str) and note for note in outside.kept_outside())


def _checked(what, *files):
    """Run the downloaded checker as a person does; it fits (0) or says what does not (1)."""
    argv = ["verify_record.py", what, *map(str, files)]
    with patch.object(sys, "argv", argv), redirect_stdout(io.StringIO()) as said:
        assert CHECKER.main() in (0, 1)
    assert said.getvalue()


@target("static.record.verify_record.read_key", samples=(GO_KEY, str(PUBLIC)), words=WORDS)
def key_for_the_checker(text):
    with refuses(CHECKER.DoesNotFit):
        _name, identifier, public_key = CHECKER.read_key(text)
        assert len(identifier) == 4 and len(public_key) == 32


@target(
    "static.record.verify_record.read_checkpoint",
    "static.record.verify_record.decoded",
    samples=(NOTE, NOTE + COSIGNED),
    words=WORDS,
)
def checkpoint_for_the_checker(text):
    with refuses(CHECKER.DoesNotFit):
        assert CHECKER.read_checkpoint(text, CHECKER.read_key(str(PUBLIC))) == (7, b"r" * 32)


@target(
    "static.record.verify_record.verify_proof", takes="bytes",
    samples=(PROOF, b"[]", b"7"), words=JSON_WORDS,
)  # fmt: skip
def proof_file(data):
    """What a patient downloads and checks."""
    file = scratch("proof")
    file.write_bytes(data)
    _checked("proof", file)


@target(
    "static.record.verify_record.verify_record", "static.record.verify_record.follow", takes="bytes",
    samples=(RECORD, RECORD[:200]), words=JSON_WORDS,
)  # fmt: skip
def record_file(data):
    """An export of the whole record."""
    file = scratch("record")
    file.write_bytes(data)
    _checked("record", file)


@target(
    "static.record.verify_record.verify_evidence", "static.record.verify_record.check_seal",
    takes="bytes", samples=(EVIDENCE, EVIDENCE[:200], b"{}\n{}"), words=JSON_WORDS,
)  # fmt: skip
def evidence_file(data):
    """The evidence of an incident."""
    file = scratch("evidence")
    file.write_bytes(data)
    _checked("evidence", file)


@target(
    "static.record.verify_record.verify_growth", takes="bytes",
    samples=(b'{"path": []}', b'{"path": ["' + b"ab" * 32 + b'"]}'), words=JSON_WORDS,
)  # fmt: skip
def growth_file(data):
    """A proof that the record only grew."""
    file, note = scratch("growth"), scratch("note")
    file.write_bytes(data)
    note.write_text(NOTE, encoding="utf-8")
    _checked("grown", note, note, file, "--key", str(PUBLIC))


@target(
    "static.record.witness.read_request", "static.record.witness.decoded", takes="bytes",
    samples=(f"old 0\n\n{NOTE}", f"old 3\n{'A' * 43}=\n\n{NOTE}"), words=WORDS,
)  # fmt: skip
def request_to_a_witness(body):
    with refuses(WITNESS.Refused):
        old, steps, _text, lines, origin, size, root = WITNESS.read_request(body)
        assert old >= 0 and size >= 0 and origin and lines and len(root) == 32
        assert len(steps) <= WITNESS.MOST_STEPS and all(len(step) == 32 for step in steps)


@target("static.record.witness.read_key", samples=(GO_KEY, str(PUBLIC)), words=WORDS)
def key_for_a_witness(text):
    with refuses(SystemExit, ValueError):
        name, identifier, public_key = WITNESS.read_key(text)
        assert name and len(identifier) == 4 and len(public_key) == 32


@target(
    "audit.views.public.tile", needs_database=True, longest=7000,
    samples=("000", "x001/000", "000.p/7", "x000/" * 1500 + "000"), words=("x000/", "000", ".p/", "256", "999"),
)  # fmt: skip
def tile_path(path):
    """What is asked for after /registre/tile/HEIGHT/."""
    request = RequestFactory().get("/registre/tile/0/000")
    with refuses(Http404):
        assert public.tile(request, height=0, path=path).status_code == 200
