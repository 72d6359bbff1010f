"""Asking for a page as a browser does, and hearing what happens meanwhile."""

import logging
import traceback
from urllib.parse import urlencode, urlsplit

from django.core.signals import got_request_exception
from django.db import connection
from django.test import Client

from tests.walks.pages import Page, read_page

# What browsers say of the links and forms of a site's own pages.
FROM_HERE = {"Sec-Fetch-Site": "same-origin"}


class Heard:
    """What happened while a request was answered: statements, logged problems, exceptions."""

    def __init__(self) -> None:
        self.statements = 0
        self.problems: list[str] = []
        self._handler = logging.Handler(logging.WARNING)
        self._handler.emit = self._hear  # type: ignore[method-assign]

    def __enter__(self) -> None:
        self._counting = connection.execute_wrapper(self._count)
        self._counting.__enter__()
        got_request_exception.connect(self._raised)
        logging.getLogger().addHandler(self._handler)

    def __exit__(self, *_error: object) -> None:
        logging.getLogger().removeHandler(self._handler)
        got_request_exception.disconnect(self._raised)
        self._counting.__exit__(None, None, None)

    def _count(self, execute, sql, parameters, many, context):
        self.statements += 1
        return execute(sql, parameters, many, context)

    def _raised(self, **_given: object) -> None:
        self.problems.append(traceback.format_exc())

    def _hear(self, record: logging.LogRecord) -> None:
        # Django tells of each refused request with the refusal's traceback, as a warning.
        if record.levelno >= logging.ERROR or (record.exc_info and record.name != "django.request"):
            formatted = logging.Formatter().format(record)
            self.problems.append(f"logged: {formatted}")


def browse(client: Client, method: str, address: str, given: dict, encoding: str) -> Page:
    client.raise_request_exception = False
    if method == "get":
        answer = client.get(_with_query(address, given), follow=True, headers=FROM_HERE)
    elif encoding.startswith("multipart"):
        answer = client.post(address, given, follow=True, headers=FROM_HERE)
    else:
        answer = client.post(
            address, _urlencoded(given), content_type="application/x-www-form-urlencoded",
            follow=True, headers=FROM_HERE,
        )  # fmt: skip
    last = answer.redirect_chain[-1][0] if answer.redirect_chain else None
    where = urlsplit(last) if last else None
    ended = f"{where.path}?{where.query}".rstrip("?") if where else _with_query(
        address, given if method == "get" else {}
    )  # fmt: skip
    content = b"" if answer.streaming else answer.content
    kind = answer.headers.get("Content-Type", "")
    return read_page(
        address=ended, status=answer.status_code,
        text=content.decode(errors="replace") if kind.startswith("text/") else "",
        content_type=kind, redirects=len(answer.redirect_chain),
    )  # fmt: skip


def _with_query(address: str, given: dict[str, object]) -> str:
    if not given:
        return address
    return f"{address.partition('?')[0]}?{_urlencoded(given)}"


def _urlencoded(given: dict[str, object]) -> str:
    return urlencode({k: v for k, v in given.items() if isinstance(v, str | list)}, doseq=True)
