"""A web server as `make run` starts it, and clients that keep it busy."""

import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from setting import ROOT

CLIENTS = 8


def start_web(
    port: int, application: str = "doctolib.wsgi:application"
) -> "subprocess.Popen[bytes]":
    """Start the web server, and wait until it answers."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "2"]
    command += ["--blocking-threads", "2", "--log-level", "warning", application]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.1)
    raise RuntimeError("the web server did not start")


def status_of(answer: bytes) -> str:
    return answer[9:12].decode()


def drive(
    port: int,
    requests: Iterator[bytes],
    seconds: float,
    *,
    name_of: Callable[[bytes], str] = status_of,
) -> dict[str, int]:
    """Send requests over CLIENTS kept-alive connections; return how many answers of each name."""
    poller = select.epoll()
    connections = {}
    for _ in range(CLIENTS):
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connections[client.fileno()] = client
        poller.register(client, select.EPOLLIN)
        client.sendall(next(requests))
    counts: dict[str, int] = {}
    deadline = time.monotonic() + seconds
    partial: dict[int, bytes] = {}
    while time.monotonic() < deadline:
        for number, _event in poller.poll(1):
            answer = partial.pop(number, b"") + connections[number].recv(65536)
            if not _is_complete(answer):
                partial[number] = answer
                continue
            name = name_of(answer)
            counts[name] = counts.get(name, 0) + 1
            connections[number].sendall(next(requests))
    for client in connections.values():
        client.close()
    return counts


def _is_complete(answer: bytes) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    lowered = head.lower()
    if b"content-length:" in lowered:
        return len(body) >= int(lowered.split(b"content-length:")[1].split(b"\r\n")[0])
    return body.endswith(b"0\r\n\r\n") or b"transfer-encoding" not in lowered
