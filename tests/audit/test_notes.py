"""Signed notes and checkpoints, with the example that Go's own implementation publishes."""

import base64
import re
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.record import notes
from audit.record.notes import NoteBroken, TreeHead, VerifierKey

# golang.org/x/mod/sumdb/note, the example of its documentation.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SAYING = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = VerifierKey(name="log.example/registre", public=KEY.public_key().public_bytes_raw())
HEAD = TreeHead(origin="log.example/registre", size=7, root=b"r" * 32)


def test_gos_example_is_read_and_checked():
    key = VerifierKey.parse(NEUMANN)
    assert str(key) == NEUMANN
    text, signatures = notes.split(SAYING)
    assert text.startswith("If you think") and text.endswith("is.\n")
    assert notes._is_signed_by(key, text, *signatures[0])
    assert not notes._is_signed_by(key, text.replace("answer", "answers"), *signatures[0])


def test_a_checkpoint_says_what_was_signed():
    note = notes.sign(HEAD, name=HEAD.origin, key=KEY)
    assert note.splitlines()[:4] == [
        "log.example/registre", "7", "cnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=", "",
    ]  # fmt: skip
    assert notes.open_checkpoint(note, PUBLIC) == HEAD


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n7\n", "\n8\n"),
        lambda note: note.replace("\n7\n", "\n07\n"),
        lambda note: note.replace("cnJy", "cnJz"),
        lambda note: note.replace("log.example", "gol.example"),
        lambda note: note[:-1],
        lambda note: note.rpartition("\n\n")[0] + "\n",
        lambda note: note.replace("\u2014 ", "- "),
        lambda note: note.replace("\u2014 log.example/registre ", "\u2014 log.example/registre !"),
        lambda note: "",
    ],
)
def test_what_was_changed_is_refused(change):
    with pytest.raises(NoteBroken):
        notes.open_checkpoint(change(notes.sign(HEAD, name=HEAD.origin, key=KEY)), PUBLIC)


@pytest.mark.parametrize(
    "note", [SAYING[:-1], SAYING.replace("\n\n", "\n"), SAYING.rpartition("\n\n")[0], "\n", "\n\n"]
)
def test_what_carries_no_signature_says_so(note):
    with pytest.raises(NoteBroken, match="no signature"):
        notes.split(note)


def test_another_key_under_the_same_name_is_refused():
    other = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
    with pytest.raises(NoteBroken, match="not signed by"):
        notes.open_checkpoint(notes.sign(HEAD, name=HEAD.origin, key=other), PUBLIC)


def test_a_log_cannot_sign_under_anothers_origin():
    head = TreeHead(origin="other.example", size=7, root=b"r" * 32)
    with pytest.raises(NoteBroken, match="but signed by"):
        notes.open_checkpoint(notes.sign(head, name=PUBLIC.name, key=KEY), PUBLIC)


def test_a_cosignature_covers_its_time():
    witness_key = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
    witness = VerifierKey(
        name="witness.example",
        public=witness_key.public_key().public_bytes_raw(),
        type=notes.COSIGNATURE,
    )
    assert VerifierKey.parse(str(witness)) == witness
    note = notes.sign(HEAD, name=HEAD.origin, key=KEY)
    message = f"cosignature/v1\ntime 1700000000\n{HEAD.body()}".encode()
    signed = struct.pack(">Q", 1_700_000_000) + witness_key.sign(message)
    both = note + notes.signature_line(witness, signed)
    assert notes.cosigned_at(both, witness) == 1_700_000_000
    assert notes.open_checkpoint(both, PUBLIC) == HEAD
    later = struct.pack(">Q", 1_700_000_001) + signed[8:]
    with pytest.raises(NoteBroken, match="not cosigned"):
        notes.cosigned_at(note + notes.signature_line(witness, later), witness)
    for cut in (signed[:-1], signed + b"x", signed[8:]):
        with pytest.raises(NoteBroken, match="not cosigned"):
            notes.cosigned_at(note + notes.signature_line(witness, cut), witness)


NO_KEY = "is no verifier key"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", f"'' {NO_KEY}"),
        ("a+b", f"'a+b' {NO_KEY}"),
        ("a b+00000000+AA==", f"'a b+00000000+AA==' {NO_KEY}"),
        (NEUMANN[:-4], "PeterNeumann: a key of an unknown type"),
        (NEUMANN[:-1], NO_KEY),
        (NEUMANN.replace("c74f", "c74e"), "PeterNeumann: the key does not fit its id"),
        ("x+00000000+AA==", "x: a key of an unknown type"),
        ("x+00000000+" + base64.b64encode(b"\5" * 33).decode(), "x: a key of an unknown type"),
    ],
)
def test_what_is_no_key_is_refused_and_says_why(text, said):
    with pytest.raises(NoteBroken, match=f"{re.escape(said)}$"):
        VerifierKey.parse(text)
