"""What everybody may ask of the record, and the verifier that needs nothing of ours."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from audit.record import merkle, notes, proofs, seal, tree, verify
from audit.vault.reveal import Purpose, reveal
from tests.audit.record_fixtures import SUBJECT, grow, write_entries
from tests.factories import make_account, make_patient, practice_actor
from tests.support.public_record import VERIFIER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_file(settings, tmp_path):
    settings.RECORD_CHECKPOINT_FILE = tmp_path / "checkpoints.txt"


def run(*arguments) -> tuple[int, str]:
    """Run the verifier as a stranger would: another directory, nothing of the project in sight."""
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), *map(str, arguments)],
        cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout


def write(path, content) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_page_and_the_checkpoint_are_for_everybody():
    (note,) = grow(3)
    page = Client().get(reverse("audit:about"))
    assert page.status_code == 200
    assert str(verify.public_key()) in page.content.decode()
    answer = Client().get("/registre/checkpoint")
    assert answer.content.decode() == note
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert notes.open_checkpoint(note, verify.public_key()).size == tree.size()


def test_before_the_first_checkpoint_there_is_none_to_show():
    """As on the first day: what other tests have sealed is out of sight for a moment."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("DELETE FROM audit_cosignature; DELETE FROM audit_checkpoint")
        assert proofs.newest_note() == ""
        assert Client().get("/registre/checkpoint").status_code == 404
        assert Client().get(reverse("audit:about")).status_code == 200
        transaction.set_rollback(True)


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
@pytest.mark.parametrize("path", ["", "checkpoint", "tile/0/000", "consistency/1/2"])
def test_nothing_there_can_be_written(method, path):
    assert getattr(Client(), method)(f"/registre/{path}").status_code == 405


def test_tiles_are_enough_to_compute_the_root():
    grow(max(1, 300 - tree.size()))
    size = tree.size()
    whole, rest = divmod(size, 256)
    client, leaves = Client(), []
    for number in range(whole):
        answer = client.get(f"/registre/tile/0/{number:03}")
        assert "immutable" in answer["Cache-Control"]
        leaves.append(answer.content)
    if rest:
        leaves.append(client.get(f"/registre/tile/0/{whole:03}.p/{rest}").content)
    joined = b"".join(leaves)
    frontier = merkle.Frontier()
    for at in range(0, len(joined), 32):
        frontier.append(joined[at : at + 32])
    assert (frontier.size, frontier.root()) == (size, verify.verify().root)
    above = client.get(f"/registre/tile/1/000.p/{whole}")
    assert len(above.content) == 32 * whole


@pytest.mark.parametrize(
    "path",
    ["tile/0/x999/999", "tile/9/000", "tile/0/0", "tile/0/000.p/0", "tile/0/000.p/257", "tile/0/-01",
     "tile/0/entries", "tile/0/0x0", "consistency/2/1", "consistency/0/99999999"],
)  # fmt: skip
def test_what_does_not_exist_is_not_found(path):
    grow(1)
    assert Client().get(f"/registre/{path}").status_code == 404


def signed_in(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def read_about(*patients):
    with reveal(
        [(p, ("last_name",)) for p in patients], actor=practice_actor(), purpose=Purpose.CARE
    ):
        pass
    return Entry.objects.filter(subjects__contains=[patients[0].pk], action="reveal").latest("at")


def test_a_patient_downloads_a_proof_and_checks_it_alone(tmp_path):
    account = make_account()
    mine, other = make_patient(account), make_patient()
    entry = read_about(mine, other)
    url = reverse("booking:proof", args=[entry.pk])
    client = signed_in(account)
    early = client.get(url)
    assert (early.status_code, early["Location"]) == (302, reverse("booking:reads"))
    seal.seal_entries(now=timezone.now())
    page = client.get(reverse("booking:reads")).content.decode()
    assert url in page
    answer = client.get(url)
    proof = json.loads(answer.content)
    # The entry is about two people; the proof opens one of them and does not name the other.
    assert list(proof["subjects"]) == [str(mine.pk)]
    assert str(other.pk) not in answer.content.decode()
    assert len(json.loads(proof["entry"])["subjects"]) == 2
    code, out = run("proof", write(tmp_path / "p.json", proof), "--key", verify.public_key())
    assert code == 0
    assert f"about {mine.pk}, one of 2" in out and "booking_patient.last_name" in out


def test_a_proof_is_only_for_whom_it_is_about():
    entry = read_about(make_patient(make_account()))
    seal.seal_entries(now=timezone.now())
    url = reverse("booking:proof", args=[entry.pk])
    assert signed_in(make_account()).get(url).status_code == 404
    assert Client().get(url).status_code == 302


def change(proof, name):
    entry = json.loads(proof["entry"])
    if name == "entry":
        proof["entry"] = json.dumps({**entry, "purpose": "legal"})
    elif name == "index":
        proof["index"] = (proof["index"] + 1) % tree.size()
    elif name == "path":
        proof["path"][0] = "00" * 32
    elif name == "shorter":
        proof["path"].pop()
    elif name == "checkpoint":
        lines = proof["checkpoint"].split("\n")
        lines[2] = base64.b64encode(b"x" * 32).decode()
        proof["checkpoint"] = "\n".join(lines)
    elif name == "subject":
        proof["subjects"] = {str(make_account().pk): next(iter(proof["subjects"].values()))}
    elif name == "key":
        proof["key"] = proof["key"].replace("+", "+0", 1)
    elif name == "format":
        proof["format"] = "another"
    return proof


@pytest.mark.parametrize(
    "name", ["entry", "index", "path", "shorter", "checkpoint", "subject", "key", "format"]
)
def test_a_changed_proof_does_not_fit(tmp_path, name):
    ids = write_entries(5)
    seal.seal_entries(now=timezone.now())
    proof = proofs.inclusion(entry_id=ids[2], subjects=[SUBJECT])
    assert run("proof", write(tmp_path / "good.json", proof))[0] == 0
    code, out = run("proof", write(tmp_path / "bad.json", change(proof, name)))
    assert (code, out.startswith("DOES NOT FIT: ")) == (1, True)


def test_a_record_grows_and_the_verifier_sees_that_it_only_grew(tmp_path):
    old, _between, new = grow(3, 4, 5)
    sizes = [notes.read_head(notes.split(note)[0]).size for note in (old, new)]
    answer = Client().get("/registre/consistency/{}/{}".format(*sizes))
    files = [
        write(tmp_path / "old", old), write(tmp_path / "new", new),
        write(tmp_path / "p.json", answer.json()),
    ]  # fmt: skip
    key = ("--key", verify.public_key())
    assert run("grown", *files, *key)[0] == 0
    assert run("grown", files[0], files[0], *key)[0] == 0
    assert run("grown", files[1], files[0], files[2], *key)[0] == 1
    assert run("grown", files[0], files[1], *key)[0] == 1
    assert run("grown", *files)[0] == 1
    assert run("grown", files[0], *key)[0] == 1


def test_an_export_is_checked_without_us(tmp_path, capsys):
    note = grow(3, 300, 4)[1]
    path = tmp_path / "export.jsonl"
    call_command("record", "export", str(path))
    # Each line is its content's shortest JSON, as others may compare it letter by letter.
    for line in path.read_text().splitlines():
        assert line == json.dumps(json.loads(line), ensure_ascii=False, separators=(",", ":"))
    lines = path.read_text().splitlines()
    assert f"{len(lines)} lines" in capsys.readouterr().out
    code, out = run("record", path, "--held", write(tmp_path / "held", note))
    assert code == 0
    assert f"{tree.size()} entries" in out
    # Ids of people stand in it only as commitments.
    assert str(SUBJECT) not in path.read_text()
    at = next(n for n, line in enumerate(lines) if "care" in line)
    note_line = next(line for line in lines if line.startswith('{"checkpoint"'))
    for number, broken in enumerate(
        [
            [lines[0], note_line, *lines[1:]],
            lines[:1] + lines[2:],
            [*lines[:at], lines[at].replace("care", "legal"), *lines[at + 1 :]],
            [*lines[:-3], lines[-2], lines[-3], lines[-1]],
            [line for line in lines if "checkpoint" not in line[:14]],
            lines[:-1],
            lines[1:],
        ]
    ):
        code, out = run("record", write(tmp_path / f"broken{number}", "\n".join(broken) + "\n"))
        assert (code, out.startswith("DOES NOT FIT: ")) == (1, True), number
    shorter = write(tmp_path / "shorter", "\n".join(lines[: -4 - 1]) + "\n")
    last = write(tmp_path / "last", seal.kept_outside()[-1])
    assert "not part of this record" in run("record", shorter, "--held", last)[1]
