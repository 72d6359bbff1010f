"""The drill from outside, as an operator runs it, and that its traffic knows no detector."""

import ast
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.incidents import notices
from audit.incidents.exposure import exposure_of
from audit.models import Entry, Incident
from audit.watch.budget import Limits
from doctolib.drill import scenario as scenarios
from doctolib.drill.scenario import BadScenario
from doctolib.environment import PROJECT_DIR
from practitioners.models import Agenda
from tests.browser.conftest import worker_environment
from tests.factories import make_account, verified_client

SMALL = """
title = "Petit"
starts = 2020-06-01
days = 12
{month}
[world]
practices = 2
agendas = 1
visits_a_day = 10
credentials = 2
software = ["follower", "morning"]
{thief}
"""
THIEF = """
[[thief]]
starts = 2020-06-11T02:00:00
appointments = 200
an_hour = 1800
network = "new"
key = "new"
"""


def drill(tmp_path, text, *arguments):
    file = tmp_path / "petit.toml"
    file.write_text(text)
    return subprocess.run(
        [sys.executable, "manage.py", "drill", "--scenario", str(file), *arguments],
        cwd=PROJECT_DIR, env=worker_environment(smtp_port=1), capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.django_db
def test_a_thief_is_stopped_and_the_record_names_exactly_whom_they_read(tmp_path):
    done = drill(tmp_path, SMALL.format(month="", thief=THIEF), "--seed", "7", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["attempted"] == 200
    assert 0 < figures["exposed"] <= 20
    assert figures["contained_after_requests"] == figures["exposed"] + 1
    assert (figures["scope_precision"], figures["scope_recall"]) == (1.0, 1.0)
    assert figures["false_containments"] == 0
    assert figures["benign"] > 100
    assert figures["budget_bound"] >= 60
    assert figures["practices_told"] >= 1
    assert 0 < figures["patients_told"] <= figures["exposed"]
    assert figures["duplicates_sent"] == 0
    assert figures["form_drafted_in_s"] < 10


@pytest.mark.django_db
def test_copied_tokens_open_nothing_and_stop_their_credential(tmp_path):
    thief = THIEF.replace("an_hour = 1800", 'an_hour = 120\nwho = "token"\npatience = 200')
    done = drill(tmp_path, SMALL.format(month="", thief=thief), "--seed", "2", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["exposed"] == 0
    assert 4 <= figures["contained_after_requests"] <= 100
    assert figures["false_containments"] == 0


def command(*arguments):
    said = StringIO()
    call_command("drill", *map(str, arguments), stdout=said)
    return said.getvalue()


@pytest.mark.django_db
def test_a_team_trains_on_a_theft_that_happens_now(tmp_path, time_machine, monkeypatch):
    """In the database in use: an exercise from its first moment, scored, and nobody outside told."""
    now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    time_machine.move_to(now, tick=False)
    staff = make_account(is_staff=True)
    file = tmp_path / "petit.toml"
    file.write_text(SMALL.format(month="", thief=THIEF))
    number, address = command("--scenario", file, "--train").split()
    incident = Incident.objects.get()
    assert (incident.number, incident.is_training) == (int(number), True)
    assert address.endswith(f"/equipe/incidents/{number}/")
    assert timedelta(0) <= incident.contained_at - now < timedelta(minutes=10)
    assert 0 < len(exposure_of(incident, now=now).subjects) <= 20
    time_machine.move_to(now + timedelta(minutes=12))
    while notices.send_due(now=now + timedelta(minutes=12)):
        pass
    assert [each.subject[:8] for each in mail.outbox] == ["EXERCICE"]
    verified_client(staff).get(f"/equipe/incidents/{number}/")
    marks = json.loads(command("--score", number, "--json"))
    assert marks["contain"]["met"]
    assert marks["see"]["met"]
    assert marks["assess"]["seconds"] is None
    assert "see" in command("--score", number)
    # Nobody who looks for a doctor finds an invented one.
    assert not Agenda.objects.filter(listed=True).exists()


@pytest.mark.django_db
def test_no_incident_of_an_exercise_lies_in_the_future(tmp_path, monkeypatch):
    """A thief whom the budget tells to come back tomorrow is refused now."""
    limits = Limits(minute=2, hour=2, day=2)
    monkeypatch.setattr("partners.domain.reveal_budget.limits_of", lambda *_args, **_now: limits)
    file = tmp_path / "petit.toml"
    thief = THIEF.replace('network = "new"', 'network = "own"').replace('"new"', '"own"')
    file.write_text(SMALL.format(month="", thief=thief))
    with pytest.raises(CommandError, match="Nothing was stopped"):
        command("--scenario", file, "--train")
    assert not Incident.objects.exists()
    assert not Entry.objects.filter(at__gt=timezone.now() + timedelta(hours=1)).exists()


@pytest.mark.django_db
def test_training_is_refused_where_it_cannot_be(tmp_path, settings):
    file = tmp_path / "petit.toml"
    file.write_text(SMALL.format(month="", thief=""))
    with pytest.raises(CommandError, match="Nobody steals"):
        command("--scenario", file, "--train")
    settings.MODE = "production"
    with pytest.raises(CommandError, match="production"):
        command("july-2020", "--train")
    with pytest.raises(CommandError, match="no incident 999"):
        command("--score", 999)
    assert not Incident.objects.exists()


INSIDER = """
[[thief]]
who = "secretary"
starts = 2020-06-11T19:00:00
appointments = 60
an_hour = 200
network = "own"
key = "own"
session = "new"
visits = "past"
second_factor = {second_factor}
"""


@pytest.mark.django_db
@pytest.mark.parametrize(("second_factor", "exposed"), [("true", 40), ("false", 12)])
def test_a_secretarys_session_is_asked_and_stopped(tmp_path, second_factor, exposed):
    text = SMALL.format(month="", thief=INSIDER.format(second_factor=second_factor))
    text = text.replace("[world]", "[world]\nsecretaries = 2").replace("agendas = 1", "agendas = 2")
    done = drill(tmp_path, text, "--seed", "5", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert 0 < figures["exposed"] <= exposed
    assert figures["contained_after_requests"] is not None
    assert (figures["scope_precision"], figures["scope_recall"]) == (1.0, 1.0)
    assert (figures["false_containments"], figures["asked"]) == (0, 0)
    assert figures["practices_told"] == 1


@pytest.mark.django_db
def test_a_month_without_a_thief_stops_nobody_and_reads_as_text(tmp_path):
    done = drill(tmp_path, SMALL.format(month='month = "month-end"', thief=""), "--seed", "3")
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert "attempted 0" in words
    assert "false containments 0 " in words


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("days = 12", "days = 'twelve'"),
        ("days = 12", "days = 0"),
        ("credentials = 2", "credentials = 3"),
        ('"follower"', '"unheard-of"'),
        ('network = "new"', 'network = "moon"'),
        ("an_hour = 1800", "an_hour = 0"),
        # The world has no secretaries.
        ("an_hour = 1800", 'who = "secretary"'),
        ("an_hour = 1800", 'who = "doctor"'),
        ("2020-06-11", "2021-06-11"),
        ("[world]", "[wolrd]"),
        ("title =", "title = ["),
    ],
)
def test_a_scenario_that_cannot_be_is_refused_in_words(tmp_path, change, problem):
    text = SMALL.format(month="", thief=THIEF)
    assert change in text
    file = tmp_path / "petit.toml"
    file.write_text(text.replace(change, problem, 1))
    with pytest.raises(BadScenario) as refused:
        scenarios.read(file)
    assert len(str(refused.value)) > 20


@pytest.mark.django_db
def test_the_command_says_what_is_wrong_with_a_scenario(tmp_path):
    text = SMALL.format(month="", thief=THIEF)
    done = drill(tmp_path, text.replace("appointments = 200", "appointments = 20000"))
    assert done.returncode == 1
    assert "thief 1 wants 20000 visits and reaches" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_scenario_that_comes_with_it_can_be_read():
    assert {"july-2020", "slow-drip", "spread", "first-day", "month-end", "insider"} <= set(
        scenarios.names()
    )
    for name in scenarios.names():
        assert scenarios.load(name).title
    with pytest.raises(BadScenario, match="july-2020"):
        scenarios.load("august")


def test_what_makes_traffic_knows_nothing_of_what_detects():
    detector = ("audit.watch", "audit.incidents", "partners.domain.watching", "reveal_budget")
    for name in ("scenario", "world", "traffic", "theft"):
        file = Path(PROJECT_DIR) / f"doctolib/drill/{name}.py"
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{each.name}" for each in node.names]
            elif isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            for imported in names:
                assert not any(part in imported for part in detector), (name, imported)
