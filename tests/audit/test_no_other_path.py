"""No other path to plaintext: by the syntax of the whole code, and by trying each way out."""

import ast
import logging
import pickle
import subprocess
import sys

import pytest
from celery import current_app
from django.core import serializers
from django.db import connection
from django.http import HttpRequest
from django.template import engines
from django.views.debug import ExceptionReporter
from rest_framework import serializers as rest

from audit.redis_client import redis_client
from audit.vault.reveal import Purpose, reveal
from booking.models import Patient
from doctolib.environment import PROJECT_DIR
from tests.browser.conftest import worker_environment
from tests.factories import make_patient, practice_actor

NAME = "Quatrefages"
APPS = ("audit", "booking", "practitioners", "partners", "doctolib", "bench")
# What opens, and what hands out ciphertext or keys. Sealing (seal_with, new_data_key) is no way out.
OPENS = {
    "open_sealed", "data_keys", "ensure_data_key", "unwrap", "field_key", "AESGCM", "ciphertext",
    "_ciphertext", "decrypt", "FernetBytes", "Fernet",
}  # fmt: skip


def problems_in(source: str, *, in_vault: bool = False) -> list[str]:
    """Name what reaches for plaintext, or reads a `Plain` outside its `with reveal(...)`."""
    found = []

    def visit(node: ast.AST, plains: frozenset[str]) -> None:
        if not in_vault:
            if isinstance(node, ast.Attribute) and node.attr in OPENS:
                found.append(f"{node.lineno}: .{node.attr}")
            if isinstance(node, ast.Name) and node.id in OPENS:
                found.append(f"{node.lineno}: {node.id}")
            if isinstance(node, ast.alias) and node.name.rpartition(".")[2] in OPENS:
                found.append(f"{node.lineno}: import {node.name}")
            if isinstance(node, ast.Constant) and node.value in OPENS - {"decrypt"}:
                found.append(f"{node.lineno}: {node.value!r}")
        if isinstance(node, ast.With):
            made = {
                item.optional_vars.id
                for item in node.items
                if isinstance(item.context_expr, ast.Call)
                and getattr(item.context_expr.func, "id", "") == "reveal"
                and isinstance(item.optional_vars, ast.Name)
            }
            for item in node.items:
                visit(item, plains)
            for child in node.body:
                visit(child, plains | made)
            return
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("text", "joined")
            and getattr(node.func.value, "id", "plain") == "plain"
            and not (isinstance(node.func.value, ast.Name) and node.func.value.id in plains)
        ):
            found.append(f"{node.lineno}: .{node.func.attr}() outside its reveal block")
        for child in ast.iter_child_nodes(node):
            visit(child, plains)

    visit(ast.parse(source), frozenset())
    return found


def test_nothing_in_the_code_reaches_for_plaintext_but_reveal():
    found, seen = [], 0
    for app in APPS:
        for file in sorted((PROJECT_DIR / app).rglob("*.py")):
            path = file.relative_to(PROJECT_DIR)
            if path.match("bench/vault.py"):
                continue  # measures the primitives themselves, on bytes of its own
            in_vault = str(path).startswith("audit/vault/")
            found += [f"{path}:{p}" for p in problems_in(file.read_text(), in_vault=in_vault)]
            seen += 1
    assert seen > 150
    assert found == []


def test_inside_the_vault_only_reveal_opens():
    users = [
        str(file.relative_to(PROJECT_DIR))
        for file in sorted((PROJECT_DIR / "audit/vault").rglob("*.py"))
        if any(
            isinstance(node, ast.Attribute) and node.attr == "open_sealed"
            for node in ast.walk(ast.parse(file.read_text()))
        )
    ]
    assert users == ["audit/vault/reveal.py"]


@pytest.mark.parametrize(
    "planted",
    [
        "from audit.vault.sealing import open_sealed",
        "from audit.vault import sealing\nsealing.open_sealed(key, row, 'phone')",
        "from audit.vault import keys\nkeys.data_keys([row.pk])",
        "row.phone.ciphertext",
        "getattr(row.phone, '_ciphertext')",
        "from cryptography.hazmat.primitives.ciphers.aead import AESGCM",
        "def f(plain, row):\n    return plain.text(row, 'phone')",
        "with reveal(w, actor=a, purpose=p) as plain:\n    pass\nplain.text(row, 'phone')",
        "with reveal(w, actor=a, purpose=p) as other:\n    plain.text(row, 'phone')",
        "def f(plain, row):\n    return plain.joined(row, ['phone'])",
    ],
)
def test_the_search_finds_what_is_planted(planted):
    assert problems_in(planted) != []


def test_the_search_lets_the_one_way_pass():
    fine = "with reveal(w, actor=a, purpose=p) as plain:\n    x = [plain.text(r, 'phone') for r in rows]"
    assert problems_in(fine) == []


@pytest.fixture
def patient(db):
    make_patient(
        first_name="Zénobie", last_name=NAME, phone="+33612345678", email="z@quatrefages.fr"
    )
    return Patient.unscoped.get()


class PatientSerializer(rest.ModelSerializer):
    class Meta:
        model = Patient
        fields = "__all__"


def as_rest(row):
    serializer = PatientSerializer(row)
    return repr(row) + refused(lambda: serializer.data) + repr(serializer.fields)


WAYS = {
    "str": str,
    "repr": repr,
    "vars": lambda row: repr(vars(row)),
    "pickle": lambda row: pickle.dumps(row).decode("latin-1"),
    "values": lambda row: repr(list(Patient.unscoped.values())),
    "values_list": lambda row: repr(list(Patient.unscoped.values_list())),
    "only": lambda row: repr(vars(Patient.unscoped.only("last_name").get())),
    "annotation": lambda row: repr(list(Patient.unscoped.extra(select={"x": "last_name"}).values("x"))),
    "raw": lambda row: repr([vars(r) for r in Patient.unscoped.raw("SELECT * FROM booking_patient")]),
    "template": lambda row: engines["django"].from_string("{{ p }}{{ p.last_name }}{{ p.last_name.text }}{{ p.last_name|safe }}").render({"p": row}),
    "python fixture": lambda row: refused(lambda: serializers.serialize("python", [row])),
    "json fixture": lambda row: refused(lambda: serializers.serialize("json", [row])),
    "rest serializer": as_rest,
}  # fmt: skip


def refused(call):
    with pytest.raises(Exception, match="sealed") as error:
        call()
    return repr(error.value)


@pytest.mark.parametrize("way", sorted(WAYS))
def test_no_way_out_of_a_row_holds_the_name(patient, way):
    said = WAYS[way](patient)
    for secret in (NAME, "Zénobie", "612345678", "quatrefages"):
        assert secret not in said


def test_an_error_report_holds_no_name_that_was_just_revealed(patient, settings):
    request = HttpRequest()
    request.method = "POST"
    request.META = {"SERVER_NAME": "localhost", "SERVER_PORT": "80"}
    request.POST = request.POST.copy()
    request.POST["last_name"] = NAME
    try:
        wanted = [(patient, ("last_name",))]
        with reveal(wanted, actor=practice_actor(), purpose=Purpose.CARE) as plain:
            a_local_name = plain.text(patient, "last_name")
            assert a_local_name == NAME
            raise ZeroDivisionError
    except ZeroDivisionError:
        for told in (True, False):
            settings.DEBUG = told
            reporter = ExceptionReporter(request, *sys.exc_info())
            for report in (reporter.get_traceback_html(), reporter.get_traceback_text()):
                assert "ZeroDivisionError" in report
                lines = [line for line in report.splitlines() if NAME in line]
                assert lines == []


def test_logs_and_queue_hold_no_name(patient, caplog):
    from booking.tasks import send_owed_messages

    caplog.set_level(logging.DEBUG)
    wanted = [(patient, ("last_name", "phone"))]
    with reveal(wanted, actor=practice_actor(), purpose=Purpose.CARE) as plain:
        logging.getLogger("booking").warning("a patient: %s %s", patient, patient.last_name)
        logging.getLogger("booking").warning("what opened it: %s %r", plain, vars(plain))
        current_app.send_task("booking.send_owed_messages", queue="doctolib")
        send_owed_messages.delay()
    queued = b"".join(
        item for key in redis_client().scan_iter() if redis_client().type(key) == b"list"
        for item in redis_client().lrange(key, 0, -1)
    )  # fmt: skip
    assert b"booking.send_owed_messages" in queued
    for secret in (NAME, "612345678"):
        assert secret not in caplog.text
        assert secret.encode() not in queued


@pytest.mark.django_db(transaction=True)
def test_the_shell_shows_none_either():
    make_patient(last_name=NAME)
    code = (
        "from booking.models import Patient; p = Patient.unscoped.get(); "
        "print(p, repr(p), p.last_name, vars(p), list(Patient.unscoped.values()))"
    )
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", code],
        cwd=PROJECT_DIR, env=worker_environment(9), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "<sealed>" in done.stdout
    assert NAME not in done.stdout + done.stderr
    assert connection.vendor == "postgresql"
