"""The hook by which files are looked at before they are taken: ClamAV's daemon, or another."""

from collections.abc import Callable
from typing import IO

from clamav_client.clamd import ClamdError, ClamdNetworkSocket, ClamdUnixSocket
from django.conf import settings
from django.utils.module_loading import import_string

TIMEOUT_S = 30.0

Scanner = Callable[[IO[bytes]], str]


class ScannerAway(Exception):
    """The scanner does not answer: nothing can be taken now."""


def scan(file: IO[bytes]) -> str | None:
    """Return what the scanner found, "" for nothing; None if no scanner is set.

    settings.DOCUMENT_SCANNER names a function that takes an open file and returns the same.
    Raises ScannerAway.
    """
    if not settings.DOCUMENT_SCANNER:
        return None
    scanner: Scanner = import_string(settings.DOCUMENT_SCANNER)
    return scanner(file)


def with_clamd(file: IO[bytes]) -> str:
    """Ask the clamd at settings.CLAMD ("host:port", or the path of its socket)."""
    host, colon, port = settings.CLAMD.rpartition(":")
    client = (
        ClamdNetworkSocket(host=host, port=int(port), timeout=TIMEOUT_S)
        if colon
        else ClamdUnixSocket(path=settings.CLAMD, timeout=int(TIMEOUT_S))
    )
    try:
        report = client.instream(file)  # type: ignore[arg-type]
    except (ClamdError, OSError) as error:
        raise ScannerAway from error
    state, found = report.get("stream", ("ERROR", None))
    if state not in ("OK", "FOUND"):
        raise ScannerAway
    return (found or "?") if state == "FOUND" else ""
