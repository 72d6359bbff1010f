"""A real witness, another process with a memory of its own: what the protocol says, and a rollback.

The answers are those of C2SP tlog-witness, section "add-checkpoint".
"""

import base64
import logging
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from audit.models import Checkpoint, Cosignature
from audit.record import health, merkle, notes, outside, tree, verify, witness
from tests.audit.record_fixtures import grow, sql
from tests.audit.witness_process import running

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = Ed25519PrivateKey.generate()


def signed(head: notes.TreeHead, key=OTHER, name="log.example") -> str:
    return notes.sign(head, name=name, key=key)


class Log:
    """A small log of our own making, for what a record of ours would never send."""

    key = notes.VerifierKey(name="log.example", public=OTHER.public_key().public_bytes_raw())

    def __init__(self, size: int = 300, salt: bytes = b"") -> None:
        self.leaves = [merkle.leaf_hash(salt + str(n).encode()) for n in range(size)]

    def node(self, level: int, index: int) -> bytes:
        first = index << level
        hashes = self.leaves[first : first + (1 << level)]
        while len(hashes) > 1:
            hashes = [merkle.node_hash(*hashes[n : n + 2]) for n in range(0, len(hashes), 2)]
        return hashes[0]

    def head(self, size: int, origin: str = "log.example") -> notes.TreeHead:
        return notes.TreeHead(origin=origin, size=size, root=merkle.root_hash(size, self.node))

    def body(self, old: int, new: int, *, steps=None, note: str | None = None) -> bytes:
        path = merkle.consistency_path(old, new, self.node) if steps is None else steps
        lines = "".join(f"{base64.b64encode(step).decode()}\n" for step in path)
        return f"old {old}\n{lines}\n{note or signed(self.head(new))}".encode()


@pytest.fixture
def one(tmp_path):
    with running(tmp_path / "witness", Log.key) as made:
        yield made


def test_it_cosigns_what_only_grows(one):
    log, old = Log(), 0
    for new in (0, 1, 2, 2, 3, 7, 8, 64, 65, 256, 257, 300):
        status, _type, line = one.ask(log.body(old, new))
        assert status == 200
        at = notes.cosigned_at(signed(log.head(new)) + line, one.key)
        assert abs(at - time.time()) < 100_000_000
        old = new


def test_it_answers_as_the_specification_says(one):
    log, other = Log(), Log(salt=b"x")
    assert one.ask(log.body(0, 10))[0] == 200
    size = ("text/x.tlog.size", "10\n")
    for old, new in ((0, 20), (9, 20), (11, 20)):
        assert one.ask(log.body(old, new)) == (409, *size)
    # The same size, another root.
    assert one.ask(other.body(10, 10))[0] == 409
    # A proof that proves something else, is short, is long, or is there where none may be.
    for steps in ([b"x" * 32] * 4, [], merkle.consistency_path(10, 20, log.node)[:-1]):
        assert one.ask(log.body(10, 20, steps=steps))[0] == 422
    too_long = [*merkle.consistency_path(10, 20, log.node), b"x" * 32]
    assert one.ask(log.body(10, 20, steps=too_long))[0] == 422
    assert one.ask(log.body(10, 10, steps=[b"x" * 32]))[0] == 422
    assert one.ask(other.body(10, 20))[0] == 422
    assert one.ask(b"old 20\n\n" + signed(log.head(10)).encode())[0] == 400
    # An origin that it does not know, and one that somebody else signed for.
    unknown = signed(log.head(20, "else.example"), name="else.example")
    assert one.ask(log.body(10, 20, note=unknown))[0] == 404
    thief = signed(log.head(20), key=Ed25519PrivateKey.generate())
    assert one.ask(log.body(10, 20, note=thief))[0] == 403
    # Of several signatures one that counts is enough; the others are passed over.
    extra = signed(log.head(20)).rpartition("\n\n")[2]
    assert one.ask(log.body(10, 20, note=thief + extra))[0] == 200
    assert one.ask(log.body(20, 20), path="/")[0] == 404


def test_an_empty_log_is_nothing_before_the_first_entry(one):
    log = Log()
    assert one.ask(log.body(0, 5, steps=[b"x" * 32]))[0] == 422
    assert one.ask(log.body(0, 5))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\n", b"\n\n", b"old", b"old 0", b"old 0\n", b"old 0\n\n", b"old 00\n\n", b"old -1\n\n", b"old 1 \n\n",
        b"old 0\nx\n\n", b"old 0\nAAAA\n\n", b"new 0\n\n", b"\xff\xfe\n\n", b"old 99999999999999999999999\n\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("tail", [b"", "note"])
def test_it_refuses_what_is_no_request(one, body, tail):
    note = signed(Log().head(1)).encode() if tail else b""
    if (body + note).startswith(b"old 0\n\n\xe2") or (body, tail) == (b"old 0\n\n", "note"):
        assert one.ask(body + note)[0] == 200
        return
    assert one.ask(body + note)[0] == 400


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n300\n", "\n0300\n"), lambda note: note.replace("\n300\n", "\n-300\n"),
        lambda note: note.replace("\n300\n", "\n\n"), lambda note: note[:-1], lambda note: note.replace("\n\n", "\n"),
        lambda note: note.split("\n\n")[0] + "\n\n", lambda note: note.split("\n")[0] + "\n300\nAAAA\n\n" + note.split("\n\n")[1],
    ],
)  # fmt: skip
def test_it_refuses_what_is_no_checkpoint(one, change):
    note = change(signed(Log().head(300)))
    assert one.ask(f"old 0\n\n{note}".encode())[0] in (400, 403)
    assert one.ask(Log().body(0, 300))[0] == 200


def test_it_takes_no_more_than_a_request_can_need(one):
    steps = [b"x" * 32] * 64
    assert one.ask(Log().body(0, 5, steps=steps))[0] == 400
    assert one.ask(b"old 0\n" + b"x" * 100_000)[0] == 413


def test_it_remembers_after_it_was_killed(one):
    log = Log()
    assert one.ask(log.body(0, 10))[0] == 200
    key = one.key
    one.kill()
    one.start()
    assert one.key == key
    assert one.ask(log.body(0, 20))[::2] == (409, "10\n")
    assert one.ask(log.body(10, 20))[0] == 200


@pytest.fixture
def ours(settings, tmp_path):
    """A witness of our record, which has seen the newest checkpoint but one."""
    settings.RECORD_CHECKPOINT_FILE = tmp_path / "checkpoints.txt"
    with running(tmp_path / "witness", verify.public_key()) as made:
        settings.RECORD_WITNESSES = [f"{made.key} {made.url}"]
        grow(3)
        assert witness.hand_out(now=timezone.now()) == 1
        grow(300)
        assert witness.hand_out(now=timezone.now()) == 1
        yield made


def test_our_record_is_cosigned_and_everybody_sees_it(ours):
    note = Client().get("/registre/checkpoint").content.decode()
    assert notes.cosigned_at(note, ours.key) > 0
    assert ours.key.name in Client().get("/registre/").content.decode()
    assert any(ours.key.name in kept for kept in outside.kept_outside())
    call_command("record", "verify")


class Undone(Exception):
    pass


def set_back(to: int) -> None:
    """As an old backup would: entries, tree, checkpoints and cosignatures of a whole earlier state."""
    sql("SET LOCAL session_replication_role = replica")
    sql("DELETE FROM audit_cosignature WHERE checkpoint_id > %s", [to])
    sql(
        "DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_leaf WHERE index >= %s)",
        [to],
    )
    sql("DELETE FROM audit_leaf WHERE index >= %s", [to])
    sql("DELETE FROM audit_checkpoint WHERE size > %s", [to])
    sql("DELETE FROM audit_subtree WHERE (index + 1) * (256 ^ height) > %s", [to])


def test_a_database_and_its_file_that_were_set_back_are_told_on(ours, settings, caplog):
    """Nothing that is kept on the platform's own machines knows better any more."""
    newest, earlier = Checkpoint.objects.order_by("-size")[:2]
    kept = outside.kept_outside()
    with pytest.raises(Undone), transaction.atomic():
        set_back(earlier.size)
        settings.RECORD_CHECKPOINT_FILE.write_text(
            "".join(f"{note}\n" for note in kept if f"\n{newest.size}\n" not in note)
        )
        assert verify.verify(outside=outside.kept_outside()).entries == earlier.size
        said = f"has cosigned {newest.size} entries, the record has {earlier.size}"
        with pytest.raises(CommandError, match=said):
            call_command("record", "verify")
        with caplog.at_level(logging.ERROR):
            # The cosignature of that state is stored already: the sealer asks all the same.
            witness.hand_out(now=timezone.now())
        assert said in caplog.text
        answer = Client().get("/pret/")
        assert (answer.status_code, answer.json()["problems"]) == (
            503,
            [health.Problem.CONTRADICTED],
        )
        page = Client(headers={"accept-language": "en"}).get("/registre/").content.decode()
        assert "this one was rolled back or rewritten" in page
        raise Undone
    settings.RECORD_CHECKPOINT_FILE.write_text("".join(f"{note}\n" for note in kept))
    assert witness.hand_out(now=timezone.now()) == 0
    assert health.problems(now=timezone.now()) == []
    call_command("record", "verify")


def test_a_witness_that_is_away_is_said_and_is_no_contradiction(ours, capsys, time_machine):
    ours.kill()
    grow(1)
    assert witness.hand_out(now=timezone.now()) == 0
    call_command("record", "verify")
    assert "a witness could not be asked" in capsys.readouterr().err
    assert health.problems(now=timezone.now()) == []
    time_machine.move_to(timezone.now() + 2 * health.UNWITNESSED_AT_MOST, tick=False)
    assert health.problems(now=timezone.now()) == [health.Problem.UNWITNESSED]
    ours.start()


def test_what_a_witness_signed_is_asked_for_anew_where_it_was_lost(ours):
    with pytest.raises(Undone), transaction.atomic():
        sql("SET LOCAL session_replication_role = replica")
        sql("DELETE FROM audit_cosignature WHERE witness = %s", [ours.key.name])
        assert witness.hand_out(now=timezone.now()) == 1
        assert Cosignature.objects.get(witness=ours.key.name).checkpoint_id == tree.size()
        raise Undone
