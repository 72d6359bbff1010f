import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.utils import timezone

from audit.record import privileges
from doctolib.demo import accounts, load
from doctolib.development import witness
from doctolib.development.mail_sink import start_sink
from doctolib.environment import PROJECT_DIR, read_environment
from doctolib.process_secrets import throw_away
from doctolib.servers import url_of_role
from doctolib.supervisor import GaveUp, Supervisor

PARTNER_CLIENT = ".venv/bin/python docs/partners/client.py"
SEALER, EVENTS, SCHEDULER = "The sealer", "The server of events", "The scheduler"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _interrupt(signal_number: int, frame: object) -> None:
    """Stop, once: make passes on what the terminal sent too, and stopping must not be cut short."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def commands_of(port: int, live_port: int) -> dict[str, list[str]]:
    """Return the demo's processes by name: web, events, worker, scheduler and sealer."""
    schedule = str(settings.DATA_DIR / "celerybeat-schedule")
    # Celery warns of root at length; the demo may well run as root in a container.
    calm = ["-W", "ignore:You're running the worker with superuser"]
    celery = [sys.executable, *calm, "-m", "celery", "--app", "doctolib", "--quiet"]
    granian = [sys.executable, "-m", "granian", "--no-ws", "--host", "127.0.0.1"]
    # A worker that is told to stop while it starts may hang, and would keep the port.
    granian += ["--log-level", "warning", "--workers-kill-timeout", "5", "--respawn-failed-workers"]
    return {
        "The web server": [
            *[*granian, "--interface", "wsgi", "--port", str(port), "--workers", "2"],
            *["--blocking-threads", "2", "doctolib.wsgi:application"],
        ],
        EVENTS: [
            *[*granian, "--interface", "asginl", "--port", str(live_port), "--workers", "1"],
            "doctolib.asgi:application",
        ],
        "The worker": [*celery, "worker", "--concurrency", "1", "--loglevel", "warning"],
        SCHEDULER: [*celery, "beat", "--loglevel", "warning", "--schedule", schedule],
        SEALER: [sys.executable, str(PROJECT_DIR / "manage.py"), "record", "keep-sealing"],
    }


class Command(BaseCommand):
    help = "Start the demo: web, worker, scheduler and a mail sink. `make run` calls this."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, _interrupt)
        environment = read_environment()
        if environment.is_production:
            raise CommandError("'serve' is for development: see docs/operations.md.")
        self._require_free(environment.port, "DOCTOLIB_PORT")
        self._require_free(environment.live_port, "DOCTOLIB_LIVE_PORT")
        self._require_free(environment.smtp_port, "SMTP_PORT")
        if not environment.witnesses:
            self._require_free(environment.witness_port, "DOCTOLIB_WITNESS_PORT")
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {error}") from None
        if not load.is_loaded():
            self.stdout.write("Loading the demo (once, about a minute) ...")
            load.load(now=timezone.now(), say=self.stdout.write)
        commands = commands_of(environment.port, environment.live_port)
        if not environment.witnesses:
            commands["The witness"] = witness.command_of(environment.witness_port)
            os.environ["DOCTOLIB_WITNESSES"] = witness.setting_of(environment.witness_port)
        variables = self._environment_of(privileges.APPLICATION_ROLE)
        own = {
            SEALER: self._environment_of(privileges.SEALER_ROLE) | throw_away("sealer"),
            EVENTS: variables | throw_away("events"),
            SCHEDULER: variables | throw_away("scheduler"),
        }
        connection.close()
        sink = start_sink(settings.MAIL_SINK_DIR, port=environment.smtp_port)
        supervisor = Supervisor(
            commands,
            variables=variables,
            own_variables=own,
            say=self.stderr.write,
        )
        try:
            supervisor.start()
            self._wait_for_port(environment.port)
            self._print_accounts(environment.port)
            while True:
                supervisor.watch_once()
                time.sleep(0.5)
        except GaveUp as problem:
            raise CommandError(str(problem)) from None
        except KeyboardInterrupt:
            self.stdout.write("\nStopping ...")
        finally:
            supervisor.stop()
            sink.stop()

    def _environment_of(self, role: str) -> dict[str, str]:
        """What a process needs to log in as a role that has no more rights than in production.

        With a server of one's own, it is the role that DATABASE_URL names.
        """
        variables = dict(os.environ)
        embedded = url_of_role(variables["DATABASE_URL"], role)
        if embedded is not None:
            privileges.make_development_roles()
            variables["DATABASE_URL"] = embedded
        return variables

    def _require_free(self, port: int, variable: str) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise CommandError(
                    f"Port {port} is taken: stop what uses it, or set {variable} to another one."
                ) from None

    def _wait_for_port(self, port: int) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)

    def _print_accounts(self, port: int) -> None:
        base = f"http://localhost:{port}"
        self.stdout.write(f"\nDoctolib runs on {base}   (Ctrl-C stops everything)\n")
        for account in accounts.ACCOUNTS:
            second = "   + second factor" if account.second_factor else ""
            self.stdout.write(f"  {account.role:<13}{account.email}{second}")
        self.stdout.write(f"  password     {accounts.PASSWORD}")
        self.stdout.write(f"  codes of the second factor: {base}/developpement/comptes/")
        self.stdout.write(f"  mails that left:            {base}/developpement/courrier/")
        self.stdout.write(f"  admin:                      {base}/admin/")
        key = self._write_partner_key()
        self.stdout.write(f"  partner      {accounts.PARTNER_ID}   key {key}")
        self.stdout.write(f"               try it: {PARTNER_CLIENT} {base}/api/v1 {key}\n")

    def _write_partner_key(self) -> Path:
        file = Path(settings.DATA_DIR) / "partner-key.json"
        key = {
            "client_id": str(accounts.PARTNER_ID),
            **accounts.partner_key().as_dict(private=True),
        }
        file.write_text(json.dumps(key))
        return Path(os.path.relpath(file))
