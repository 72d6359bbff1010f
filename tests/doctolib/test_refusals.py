"""Every refusal that people or software are told of has one base: text, code and status."""

import ast
import importlib
import pkgutil

import pytest
from django.utils.functional import Promise
from django.utils.translation import override

import audit
import booking
import partners
import practitioners
from audit.refusal import Refusal
from booking.appointments.change import NotActive
from doctolib.environment import PROJECT_DIR
from partners.api.problems import DETAILS, TITLES, problem_handler

APPS = (audit, booking, partners, practitioners)
# What it says is for programs, and no code of ours reads it (WebAuthn's neighbour, DBSC).
FOR_PROGRAMS = {"NotProved"}


def load_everything():
    for app in APPS:
        for found in pkgutil.walk_packages(app.__path__, f"{app.__name__}."):
            if "migrations" not in found.name:
                importlib.import_module(found.name)


def every_refusal(kind=Refusal):
    for each in kind.__subclasses__():
        yield each
        yield from every_refusal(each)


def texts_of_no_refusal(source):
    """Classes of errors that say a text to somebody without being refusals."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ClassDef):
            continue
        bases = {ast.unparse(base) for base in node.bases}
        says = any(
            isinstance(part, ast.Assign | ast.AnnAssign | ast.FunctionDef)
            and "text" in ast.unparse(part).split("=")[0].split("(")[0]
            for part in node.body
        ) or "self.text = " in ast.unparse(node)
        if bases & {"Exception", "ValueError", "RuntimeError"} and says:
            found.append(node.name)
    return found


def test_an_error_with_a_text_is_a_refusal():
    found = set()
    for app in APPS:
        for file in (PROJECT_DIR / app.__name__).rglob("*.py"):
            if file.name != "refusal.py":
                found |= set(texts_of_no_refusal(file.read_text()))
    assert found == FOR_PROGRAMS


@pytest.mark.parametrize(
    "body",
    ["    text = _('x')", "    def __init__(self, text):\n        self.text = text",
     "    @property\n    def text(self):\n        return 'x'"],
)  # fmt: skip
def test_that_would_be_found(body):
    assert texts_of_no_refusal(f"class New(Exception):\n{body}") == ["New"]
    assert texts_of_no_refusal(f"class New(Refusal):\n{body}") == []


def test_each_says_why_and_has_a_code_that_the_api_knows():
    load_everything()
    kinds = list(every_refusal())
    assert len(kinds) > 60
    for kind in kinds:
        if not kind.__module__.startswith(tuple(app.__name__ for app in APPS)):
            continue
        # Translated when it is shown, or given by the function that raises it.
        assert isinstance(kind.text, Promise) or kind.text == "", kind
        assert kind.code in TITLES, kind
        assert 400 <= kind.status < 500, kind


def test_what_software_is_told_stands_once_for_each_family():
    assert all(kind.code != Refusal.code for kind in DETAILS)


UNHEARD = type("Unheard", (Refusal,), {"text": "said to people"})
FAMILY = type("Kin", (NotActive,), {})


def test_the_api_knows_every_refusal_by_its_kind():
    """One that a route did not expect is an answer, and no defect of ours."""
    answer = problem_handler(UNHEARD(), {})
    assert (answer.status_code, answer.data) == (
        409,
        {
            "type": "urn:doctolib:problem:refused", "title": TITLES["refused"], "status": 409,
            "detail": "said to people",
        },
    )  # fmt: skip
    gone = problem_handler(FAMILY(), {})
    assert gone.data["type"] == "urn:doctolib:problem:not-active"
    assert gone.data["detail"] == "The appointment is over or cancelled. Book a new one."


def test_a_reason_that_is_given_takes_the_place_of_the_kinds_own():
    with override("fr"):
        assert str(UNHEARD("autre chose").text) == "autre chose"
        assert str(UNHEARD("autre chose")) == "autre chose"
        assert str(UNHEARD()) == UNHEARD.text
