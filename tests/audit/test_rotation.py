"""Rotation while the site serves: killed anywhere, it goes on; afterwards the old key is useless."""

import os
import random
import re
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit.models import Entry, SubjectKey
from audit.vault import keys, rotate
from audit.vault.providers import KeyUnavailable, provider
from audit.vault.providers.local import SettingsKeyProvider
from doctolib.environment import PROJECT_DIR
from tests.audit import key_services
from tests.factories import make_patient
from tests.support.rotation import last_name

OLD = ["an old root key"]


@pytest.fixture(autouse=True)
def _file(settings, tmp_path):
    settings.VAULT_ROOT_KEYS = OLD
    settings.VAULT_ROOT_KEYS_FILE = str(tmp_path / "root-keys")
    keys.forget_unwrapped()


@pytest.mark.django_db
def test_rotation_status_and_retirement(capsys):
    patients = [make_patient(last_name=f"Nom{n}") for n in range(7)]
    old_id = provider().current_key_id()
    call_command("vault", "status")
    assert capsys.readouterr().out == f"{old_id}  7 subjects  current\n"
    call_command("vault", "rotate", batch=3)
    out = capsys.readouterr().out
    new_id = provider().current_key_id()
    assert [line.strip() for line in out.splitlines()][:4] == [
        f"new root key {new_id}", "3 of 7", "6 of 7", "7 of 7",
    ]  # fmt: skip
    call_command("vault", "status")
    assert capsys.readouterr().out == f"{new_id}  7 subjects  current\n"
    assert [last_name(p) for p in patients] == [f"Nom{n}" for n in range(7)]
    with pytest.raises(CommandError, match=r"cannot be retired|still wrapped"):
        call_command("vault", "retire", new_id)
    call_command("vault", "retire", old_id)
    assert [last_name(p) for p in patients] == [f"Nom{n}" for n in range(7)]
    actions = Entry.objects.filter(channel="shell").order_by("at", "id")
    assert [(e.action, e.actor_kind, e.details) for e in actions][-3:] == [
        ("root-key-introduced", "system", {"root_key": new_id}),
        ("data-keys-rewrapped", "system", {"root_key": new_id, "count": 7}),
        ("root-key-retired", "system", {"root_key": old_id}),
    ]


@pytest.mark.django_db
def test_with_the_old_key_alone_nothing_opens():
    patients = [make_patient() for _ in range(3)]
    rotate.introduce()
    assert rotate.rewrap() == 3
    thief = SettingsKeyProvider(OLD)
    for row in SubjectKey.objects.filter(subject_id__in=[p.pk for p in patients]):
        for key_id in (row.root_key_id, thief.current_key_id()):
            with pytest.raises(KeyUnavailable):
                thief.unwrap(key_id, bytes(row.wrapped))


@pytest.mark.django_db
def test_a_root_key_that_wraps_something_is_not_retired():
    patient = make_patient()
    old_id = provider().current_key_id()
    rotate.introduce()
    with pytest.raises(rotate.StillInUse, match="1 data keys"):
        rotate.retire(root_key_id=old_id)
    assert last_name(patient) == "Lefèvre"


@pytest.mark.django_db
def test_no_root_key_is_retired_before_the_rotation_is_through(settings):
    """Transit refuses every older version with the one that is retired."""
    with key_services.serve(key_services.transit) as (service, url):
        settings.VAULT_PROVIDER, settings.VAULT_URL = "transit", url
        settings.VAULT_TOKEN, settings.VAULT_KEY = key_services.TOKEN, "doctolib"
        patients = [make_patient() for _ in range(2)]
        unused = rotate.introduce()
        rotate.introduce()
        before = Entry.objects.filter(action="root-key-retired").count()
        with pytest.raises(rotate.StillInUse, match=r"^2 data keys wait to be wrapped anew: rotat"):
            rotate.retire(root_key_id=unused)
        assert (service.least, last_name(patients[0])) == (1, "Lefèvre")
        assert rotate.rewrap() == 2
        rotate.retire(root_key_id=unused)
        assert (service.least, last_name(patients[1])) == (3, "Lefèvre")
        retired = Entry.objects.filter(action="root-key-retired").order_by("at", "id")
        assert [each.details for each in retired[before:]] == [{"root_key": unused}]


@pytest.mark.django_db
def test_what_is_retired_is_forgotten_at_once():
    patient = make_patient()
    old_id, wrapped = SubjectKey.objects.values_list("root_key_id", "wrapped").get(pk=patient.pk)
    keys.unwrap(old_id, bytes(wrapped))
    rotate.introduce()
    rotate.rewrap()
    rotate.retire(root_key_id=old_id)
    with pytest.raises(KeyUnavailable):
        keys.unwrap(old_id, bytes(wrapped))


@pytest.mark.django_db
def test_a_rotation_tells_how_far_it_is_and_needs_no_listener():
    for _ in range(5):
        make_patient()
    old_id = provider().current_key_id()
    assert rotate.subjects_by_root_key() == {old_id: 5}
    new_id = rotate.introduce()
    told = []
    assert rotate.rewrap(tell=lambda *done: told.append(done), batch=2) == 5
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert rotate.subjects_by_root_key() == {new_id: 5}
    before = Entry.objects.count()
    # Nothing is left to do, and nothing to say.
    assert rotate.rewrap(tell=lambda *done: told.append(done)) == 0
    assert (len(told), Entry.objects.count()) == (3, before)


@pytest.mark.django_db
def test_people_come_and_go_during_a_rotation():
    staying, leaving = make_patient(), make_patient()
    rotate.introduce()
    coming = make_patient()
    SubjectKey.objects.filter(subject_id=leaving.pk).delete()
    assert rotate.rewrap() == 1
    assert last_name(staying) == last_name(coming) == "Lefèvre"
    assert last_name(leaving) == ""
    assert rotate.rewrap() == 0


@pytest.mark.django_db(transaction=True)
def test_killed_at_ten_random_points_it_goes_on(settings, tmp_path):
    """kill -9 after a random batch, ten times; a patient's name opens after each."""
    patients = [make_patient(last_name=f"Nom{n}") for n in range(120)]
    rng = random.Random(10)
    name = connection.settings_dict["NAME"]
    environment = {
        **os.environ,
        "DATABASE_URL": re.sub(r"/doctolib(?=\?|$)", f"/{name}", os.environ["DATABASE_URL"]),
        "DOCTOLIB_ROOT_KEYS": OLD[0],
        "DOCTOLIB_ROOT_KEYS_FILE": settings.VAULT_ROOT_KEYS_FILE,
        "DOCTOLIB_MODE": "test",
    }
    command = [sys.executable, "manage.py", "vault", "rotate", "--batch", "2"]
    killed = 0
    while killed < 10:
        with subprocess.Popen(
            command, cwd=PROJECT_DIR, env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for _ in range(rng.randint(1, 6)):
                process.stdout.readline()
            process.kill()
        killed += 1
        assert last_name(rng.choice(patients)).startswith("Nom")
        assert len(rotate.subjects_by_root_key()) <= 2
    assert sum(rotate.subjects_by_root_key().values()) == 120
    done = subprocess.run(command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"all stand under {provider().current_key_id()}" in done.stdout
    assert rotate.subjects_by_root_key() == {provider().current_key_id(): 120}
    assert [last_name(p) for p in patients] == [f"Nom{n}" for n in range(120)]
