"""A process does its work with the secrets that it uses, and with nothing of the others."""

import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import call_command

from audit.models import Leaf
from doctolib.environment import PROJECT_DIR
from doctolib.process_secrets import SECRETS, throw_away
from tests.audit.record_fixtures import write_entries
from tests.browser.conftest import worker_environment

REAL = {
    "DOCTOLIB_SECRET_KEY": "SECRET_KEY", "DOCTOLIB_INDEX_KEY": "VAULT_INDEX_KEY",
    "DOCTOLIB_RECORD_KEY": "RECORD_KEY",
}  # fmt: skip
SAID = """
import django; django.setup()
from django.conf import settings
print(settings.SECRET_KEY, settings.VAULT_INDEX_KEY, settings.RECORD_KEY, *settings.VAULT_ROOT_KEYS)
"""


def run(*arguments, process, **more):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=PROJECT_DIR, capture_output=True, text=True, check=False,
        env=worker_environment(smtp_port=1)
        | {"DJANGO_SETTINGS_MODULE": "doctolib.settings"} | throw_away(process) | more,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("alone_with_roles")
def test_the_sealer_needs_the_records_key_alone(tmp_path, settings):
    (entry_id,) = write_entries(1)
    run("manage.py", "record", "seal", process="sealer", DOCTOLIB_DATA_DIR=str(tmp_path))
    assert Leaf.objects.filter(entry_id=entry_id).exists()
    # It is signed, and fits what the application knows.
    settings.RECORD_CHECKPOINT_FILE = tmp_path / "checkpoints.txt"
    assert settings.RECORD_CHECKPOINT_FILE.exists()
    call_command("record", "verify")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("process", "has"),
    [
        ("sealer", {"DOCTOLIB_RECORD_KEY"}),
        ("events", {"DOCTOLIB_RECORD_KEY", "DOCTOLIB_SECRET_KEY"}),
        ("scheduler", set()),
    ],
)
def test_a_process_has_no_secret_that_it_does_not_use(process, has):
    said = run("-c", SAID, process=process).split()
    assert {name for name, setting in REAL.items() if getattr(settings, setting) in said} == has
    assert not set(settings.VAULT_ROOT_KEYS) & set(said)
    assert len(said) == len(SECRETS)
