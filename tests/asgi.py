"""Asking the ASGI application, from tests that are not async: in a thread of its own, since a
browser's loop may run in this one.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.db import connections


def run_async(work):
    """Run a coroutine to its end and return what it returns."""

    async def tidily():
        try:
            return await work
        finally:
            await sync_to_async(connections.close_all)()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, tidily()).result()


def scope_of(client, path, query):
    cookie = "; ".join(f"{name}={c.value}" for name, c in client.cookies.items())
    return {
        "type": "http", "method": "GET", "path": path, "query_string": query.encode(),
        "headers": [(b"host", b"localhost"), (b"cookie", cookie.encode()),
                    (b"origin", b"http://localhost:8000")],
        "http_version": "1.1", "scheme": "http", "server": ("localhost", 80),
    }  # fmt: skip


class Stream:
    """One reader of server-sent events."""

    def __init__(self, client, path, query):
        from doctolib.asgi import application

        self.page = ApplicationCommunicator(application, scope_of(client, path, query))
        self.text = ""

    async def begin(self):
        """Ask; return the status and the headers."""
        await self.page.send_input({"type": "http.request", "body": b""})
        start = await self.page.receive_output(10)
        return start["status"], {name.lower(): value for name, value in start["headers"]}

    async def until(self, words):
        """Read on until these words were said."""
        while words not in self.text:
            self.text += (await self.page.receive_output(10))["body"].decode()

    async def end(self):
        await self.page.wait(10)
