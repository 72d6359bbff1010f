"""The registry of the record's actions: complete, in both languages, and the only place of codes."""

import ast
import re
import textwrap

import pytest
from django.utils.translation import override
from django_scopes import scope

from audit.actions import INCIDENT, REVEAL
from audit.incidents.overview import action_name
from audit.models import ApprovalOf, Entry
from audit.record import actions, entries
from audit.record.actions import Action, NotRegistered, ReadBy
from audit.record.entries import Actor, ActorKind, Channel, Origin, system_actor
from booking.accounts.sessions.sign_ins import token_of
from booking.actions import CANARY_PLANTED, EMAIL_CORRECTED, PASSWORD_CHANGED, VISITS_READ
from booking.models import SignIn
from booking.oversight.queries import practice_record
from booking.oversight.queries.practice_record import Wanted
from booking.oversight.queries.reads import reads_of_account
from booking.oversight.queries.session_acts import acts_of
from doctolib.environment import PROJECT_DIR
from practitioners.actions import PRACTICE_SAVED
from tests.factories.directory import make_practice
from tests.factories.people import make_account

APPS = ("audit", "practitioners", "booking", "partners", "doctolib")
REGISTRIES = {PROJECT_DIR / app / "actions.py" for app in APPS}
CODES = {action.code for action in actions.every()}
# The name of an address, and a mark in a session, which are no actions.
NOT_ACTIONS = {
    ("partners/api/urls.py", "reveal"),
    ("booking/pages/session/work_session.py", "session-ended"),
}


def named_in_python(text):
    """Codes that are a string of their own, or stand in quotes within one, as in SQL."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from CODES & {node.value, *re.findall(r"'([a-z-]+)'", node.value)}


def named_elsewhere(text):
    """Codes in quotes, in a template or a script."""
    yield from CODES & set(re.findall(r"""["'`]([a-z-]+)["'`]""", text))


def files():
    for folder in (*APPS, "bench", "templates", "static"):
        for file in sorted((PROJECT_DIR / folder).rglob("*")):
            is_text = file.suffix in (".py", ".html", ".txt", ".js")
            if is_text and file not in REGISTRIES and "migrations" not in file.parts:
                yield file


def test_no_code_of_an_action_stands_outside_of_the_registry():
    found = set()
    for file in files():
        named = named_in_python if file.suffix == ".py" else named_elsewhere
        name = str(file.relative_to(PROJECT_DIR))
        found |= {(name, code) for code in named(file.read_text())}
    assert found == NOT_ACTIONS


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('entries.write("reveal", actor=actor)', ["reveal"]),
        ("sql = \"SELECT 1 FROM audit_entry WHERE action = 'visits-read'\"", ["visits-read"]),
        ('"""To reveal a name."""', []),
    ],
)
def test_codes_are_found_in_python(text, codes):
    assert list(named_in_python(text)) == codes


def test_codes_are_found_in_templates_and_scripts():
    assert list(named_elsewhere("{% if line.action == 'reveal' %}")) == ["reveal"]
    assert list(named_elsewhere("if (action === `visits-read`) {}")) == ["visits-read"]
    assert list(named_elsewhere("reveal the field")) == []


def test_every_app_has_its_actions():
    assert len(CODES) > 130
    for app in APPS:
        calls = re.findall(r"\bregister\(", (PROJECT_DIR / app / "actions.py").read_text())
        assert calls, app


@pytest.mark.parametrize("action", actions.every(), ids=lambda action: action.code)
def test_each_action_is_said_in_both_languages_and_has_its_readers(action):
    with override("fr"):
        french = str(action.label)
    with override("en"):
        english = str(action.label)
    assert french.strip() and english.strip() and french != english
    assert action.read_by or len(action.why_unread) > 20


def test_what_reads_data_is_shown_to_the_patient():
    assert set(actions.readings()) == {REVEAL.code, VISITS_READ.code}
    assert not set(actions.readings()) & set(actions.hidden_from(ReadBy.PATIENT))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "action",
    [
        "reveal", Action(code="reveal", label="Lecture"), Action(code="other", label="Autre"),
        EMAIL_CORRECTED, None,
    ],
    ids=["a string", "a copy", "unknown", "retired", "nothing"],
)  # fmt: skip
def test_what_is_not_registered_is_not_written(action):
    before = Entry.objects.count()
    with pytest.raises(NotRegistered):
        entries.write(action, actor=system_actor())
    assert Entry.objects.count() == before


@pytest.mark.parametrize("code", ["reveal", "", "x" * 41])
def test_a_code_is_registered_once_and_fits_its_column(code):
    with pytest.raises(NotRegistered):
        actions.register(code, "Lecture", ReadBy.PATIENT)
    assert {action.code for action in actions.every()} == CODES


def test_an_action_that_no_page_shows_says_why():
    with pytest.raises(NotRegistered):
        actions.register("neither-read-nor-explained", "Rien")
    with pytest.raises(NotRegistered):
        actions.register("read-and-excused", "Tout", ReadBy.TEAM, why_unread="and yet it is")
    assert {action.code for action in actions.every()} == CODES


def test_what_is_no_longer_written_is_still_read():
    with override("en"):
        assert (
            str(actions.label_of("email-corrected")) == "Address corrected before its verification"
        )
    assert actions.label_of("of-long-ago") == "of-long-ago"


def test_steps_of_an_incident_have_the_words_of_the_record():
    with override("fr"):
        for of in ApprovalOf:
            assert action_name(f"asked-{of}") == f"Demandé\u00a0: {of.label}"
        assert action_name("seen") == "Vu par l’équipe"
        assert action_name("of-long-ago") == "of-long-ago"
    assert all(f"{INCIDENT}{verb}-{of}" in CODES for verb in ("asked", "approved", "refused")
               for of in ApprovalOf)  # fmt: skip


def read_by(account):
    """The lines of "who saw my data"."""
    with scope(account=account, practice=None):
        return reads_of_account(account)


@pytest.mark.django_db
def test_pages_show_what_the_registry_says_is_theirs(now):
    practice, account = make_practice(), make_account()
    member = make_account()
    row = SignIn.objects.create(account=member, session_digest="d" * 40, began_at=now, seen_at=now)
    actor = Actor(
        kind=ActorKind.ACCOUNT, channel=Channel.DASHBOARD, id=member.pk, practice_id=practice.pk,
        origin=Origin(token=token_of(row.session_digest)),
    )  # fmt: skip
    for action in (VISITS_READ, CANARY_PLANTED, PASSWORD_CHANGED, PRACTICE_SAVED):
        entries.write(action, actor=actor, subjects=[account.pk], at=now)

    day = now.astimezone(practice.zone).date()
    wanted = Wanted(since=day, until=day)
    lines = practice_record.lines(practice_record.entries_of(practice, wanted))
    with override("fr"):
        assert {str(line.action) for line in lines} == {
            "Lecture de la liste des rendez-vous", "Cabinet réglé",
        }  # fmt: skip
        assert {str(line.action) for line in read_by(account)} == {
            "Lecture de la liste des rendez-vous", "Mot de passe changé",
        }  # fmt: skip
        acts = acts_of(member, [row])[row.session_digest]
        assert {str(label) for label, _at in acts.latest} == {
            "Lecture de la liste des rendez-vous", "Cabinet réglé",
        }  # fmt: skip
    assert acts.changes == 2


@pytest.mark.django_db
def test_a_line_of_an_action_that_nobody_knows_is_shown_by_its_code(now, monkeypatch):
    account = make_account()
    entry_id = entries.write(REVEAL, actor=system_actor(), subjects=[account.pk], at=now)
    monkeypatch.delitem(actions._registered, REVEAL.code)
    assert [(line.id, line.action) for line in read_by(account)] == [(entry_id, "reveal")]


@pytest.mark.django_db
def test_the_worked_example_of_contributing_works(monkeypatch):
    text = (PROJECT_DIR / "docs/contributing.md").read_text()
    section = text.split("## An action of the record\n")[1].split("\n## ")[0]
    monkeypatch.setattr(actions, "_registered", dict(actions._registered))
    names = {"register": actions.register, "_": str, "ReadBy": ReadBy}
    exec(textwrap.dedent(section.split("```python\n")[1].split("```")[0]), names)
    entry_id = entries.write(names["RESOURCE_RENAMED"], actor=system_actor())
    assert Entry.objects.get(pk=entry_id).action == "resource-renamed"
    assert set(re.findall(r"`(?:read_by|why_unread|is_reading|is_retired)\b", section)) >= {
        "`why_unread", "`is_reading", "`is_retired",
    }  # fmt: skip
