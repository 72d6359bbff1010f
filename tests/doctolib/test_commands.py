"""The commands as a newcomer runs them: servers on demand, and one clear line when they cannot."""

import os
import signal
import socket
import subprocess
import sys
import time
from itertools import combinations

import pytest

from doctolib.checks import DEPLOYED
from doctolib.environment import PROJECT_DIR, InvalidEnvironment, read_environment
from doctolib.management.commands import serve
from doctolib.servers import free_port, postgresql_pid

PORTS = ("DOCTOLIB_PORT", "DOCTOLIB_LIVE_PORT", "SMTP_PORT")
PRODUCTION = {"DOCTOLIB_MODE": "production", "DOCTOLIB_ALLOWED_HOSTS": "x.example"}


def run(*arguments, data_dir, **variables):
    outside = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DOCTOLIB_", "DATABASE_", "REDIS_", "PYTEST_", "DJANGO_"))
    }
    environment = {**outside, "DOCTOLIB_DATA_DIR": str(data_dir), **variables}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_a_command_starts_the_servers_and_stops_what_it_started(tmp_path):
    count = "from practitioners.models import Practice; print(Practice.objects.count())"
    first = run("shell", "-v0", "-c", count, data_dir=tmp_path)
    assert (first.stdout, first.returncode) == ("0\n", 0), first.stderr
    deadline = time.monotonic() + 20
    while postgresql_pid(tmp_path / "postgresql") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert postgresql_pid(tmp_path / "postgresql") is None
    assert not [line for line in processes() if str(tmp_path) in line]
    second = run("shell", "-v0", "-c", count, data_dir=tmp_path)
    assert (second.stdout, second.returncode) == ("0\n", 0), second.stderr


def processes():
    import psutil

    for process in psutil.process_iter():
        try:
            yield " ".join(process.cmdline())
        except psutil.Error:
            continue


def test_a_broken_data_directory_is_one_clear_line(tmp_path):
    (tmp_path / "postgresql").mkdir()
    (tmp_path / "postgresql" / "something").write_text("else")
    result = run("migrate", data_dir=tmp_path)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "make reset" in result.stderr


@pytest.mark.parametrize("variable", PORTS)
def test_a_taken_port_is_one_clear_line(tmp_path, variable):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = {name: str(free_port()) for name in PORTS}
        servers = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
        result = run("serve", data_dir=tmp_path, **{**ports, **servers, variable: str(port)})
    assert result.returncode == 1
    assert f"Port {port} is taken" in result.stderr
    assert variable in result.stderr
    assert "Traceback" not in result.stderr


def test_a_database_that_does_not_answer_is_one_clear_line(tmp_path):
    ports = {name: str(free_port()) for name in PORTS}
    result = run(
        "serve",
        data_dir=tmp_path,
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        REDIS_URL=os.environ["REDIS_URL"],
        **ports,
    )
    assert result.returncode == 1
    assert "The database does not answer" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"DOCTOLIB_MODE": "prod"}, "it must be development, test or production"),
        ({"DOCTOLIB_PORT": "http"}, "DOCTOLIB_PORT is 'http': it must be a whole number"),
        ({"DOCTOLIB_MODE": "production"}, "DOCTOLIB_ALLOWED_HOSTS is not set"),
        (
            PRODUCTION,
            "DOCTOLIB_ROOT_KEYS is not set: production needs a secret of its own",
        ),
        (
            {**PRODUCTION, "DOCTOLIB_ROOT_KEYS": "mine,development-only-root-key"},
            "A root key is the development key: production needs its own",
        ),
        (
            {**PRODUCTION, "DOCTOLIB_ROOT_KEYS": "mine"},
            "DOCTOLIB_SECRET_KEY is not set: production needs a secret of its own",
        ),
        ({"DOCTOLIB_TURN_URLS": "https://relay.example"}, "must begin with turn: or turns:"),
        (
            {"DOCTOLIB_TURN_URLS": "turn:relay.example"},
            "DOCTOLIB_TURN_SECRET is not set: DOCTOLIB_TURN_URLS needs it",
        ),
        (
            {"DOCTOLIB_TURN_ONLY": "1"},
            "DOCTOLIB_TURN_URLS is not set: DOCTOLIB_TURN_ONLY needs it",
        ),
        ({"DOCTOLIB_VAULT": "paper"}, "it must be local, transit, google"),
        (
            {"DOCTOLIB_VAULT": "transit", "DOCTOLIB_VAULT_URL": "https://vault.example"},
            "DOCTOLIB_VAULT_TOKEN is not set: DOCTOLIB_VAULT=transit needs it",
        ),
        (
            {
                **PRODUCTION,
                "DOCTOLIB_VAULT": "transit",
                "DOCTOLIB_VAULT_URL": "http://vault.example",
                "DOCTOLIB_VAULT_TOKEN": "t",
                "DOCTOLIB_VAULT_KEY": "k",
            },
            "DOCTOLIB_VAULT_URL must begin with https:// in production",
        ),
    ],
)
def test_settings_that_cannot_be_used_say_so(tmp_path, variables, words):
    with pytest.raises(InvalidEnvironment, match=words):
        read_environment(variables)
    result = run("check", data_dir=tmp_path, **variables)
    assert result.returncode == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr


NAMES = ("DOCTOLIB_SECRET_KEY", "DOCTOLIB_INDEX_KEY", "DOCTOLIB_RECORD_KEY", "DOCTOLIB_ROOT_KEYS")
DEVELOPMENT = read_environment({}).secret_key


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        *(({name: "x"}, f"{name} is too easy to guess: take at least 32") for name in NAMES),
        *(({name: "ab" * 20}, f"{name} is too easy to guess") for name in NAMES),
        *(({name: DEVELOPMENT}, "is the development key: production needs") for name in NAMES),
        *(
            ({name: DEPLOYED[other]}, "are the same: each needs its own secret")
            for name, other in combinations(NAMES, 2)
        ),
        (
            {"DOCTOLIB_ROOT_KEYS": f"{DEPLOYED['DOCTOLIB_ROOT_KEYS']},{DEPLOYED[NAMES[0]]}"},
            "are the same",
        ),
        ({"DOCTOLIB_ALLOWED_HOSTS": "*"}, "name the hosts, separated by commas"),
        ({"DOCTOLIB_ALLOWED_HOSTS": "doctolib.example, *"}, "name the hosts"),
        ({"DOCTOLIB_BASE_URL": "http://doctolib.example"}, "it begins with https://"),
        ({"DOCTOLIB_BASE_URL": "https://"}, "it begins with https://"),
        ({"DOCTOLIB_BASE_URL": ""}, "it begins with https://"),
    ],
)
def test_production_refuses_what_would_leave_it_open(changed, words):
    read_environment(DEPLOYED)
    with pytest.raises(InvalidEnvironment, match=words) as refused:
        read_environment({**DEPLOYED, **changed})
    # A secret does not stand in the log of a process that did not start.
    assert not any(
        len(changed.get(name, "")) > 2 and changed[name] in str(refused.value) for name in NAMES
    )


def test_an_old_root_key_that_is_rotated_away_may_be_short():
    keys = f"{DEPLOYED['DOCTOLIB_ROOT_KEYS']},old"
    assert read_environment({**DEPLOYED, "DOCTOLIB_ROOT_KEYS": keys}).root_keys[1] == "old"


def test_the_demo_does_not_run_in_production(tmp_path):
    result = run("serve", data_dir=tmp_path, **DEPLOYED)
    assert result.returncode == 1
    assert "'serve' is for development" in result.stderr
    result = run("load_demo", data_dir=tmp_path, **DEPLOYED)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr


def test_the_development_key_in_a_file_is_refused_in_production_too(tmp_path):
    """As a rotation on a developer's machine would have left it."""
    file = tmp_path / "root-keys"
    file.write_text("a new one\ndevelopment-only-root-key\n")
    with pytest.raises(InvalidEnvironment, match="A root key is the development key"):
        read_environment({**PRODUCTION, "DOCTOLIB_ROOT_KEYS_FILE": str(file)})


def test_a_second_signal_does_not_cut_the_stopping_short():
    before = {number: signal.getsignal(number) for number in serve.STOP_SIGNALS}
    try:
        with pytest.raises(KeyboardInterrupt):
            serve._interrupt(signal.SIGINT, None)
        for number in serve.STOP_SIGNALS:
            os.kill(os.getpid(), number)
        time.sleep(0.1)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
