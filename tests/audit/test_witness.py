"""Witnesses cosign what has only grown: against a local witness that keeps to C2SP tlog-witness."""

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from audit.models import Checkpoint, Cosignature
from audit.record import health, notes, seal, verify, witness
from tests.audit.record_fixtures import grow, sql
from tests.support.witness import NOW, LocalWitness, serving

pytestmark = pytest.mark.django_db(transaction=True)


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
    assert verify.verify().cosignatures == Cosignature.objects.count() >= 2


def test_a_cosignature_is_of_its_checkpoint_its_witness_and_its_time(local):
    """Its row has a code over all of it: none of them can be another's."""
    grow(1)
    witness.hand_out(now=timezone.now())
    row = Cosignature.objects.get(witness=local.key.name)
    assert witness.code_of(row) == bytes(row.mac)
    for name, value in (
        ("checkpoint_id", row.checkpoint_id + 1),
        ("witness", "another"),
        ("line", row.line.replace("a", "b")),
        ("cosigned_at", row.cosigned_at + timedelta(seconds=1)),
    ):
        changed = Cosignature.objects.get(pk=row.pk)
        setattr(changed, name, value)
        assert witness.code_of(changed) != bytes(row.mac), name


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


@pytest.mark.parametrize("end", ["", "/", "// "])
def test_a_witness_has_one_address_however_it_is_written(local, settings, end):
    settings.RECORD_WITNESSES = [f" {local.key} https://w.example/tlog{end}"]
    assert [each.url for each in witness.witnesses()] == ["https://w.example/tlog"]
