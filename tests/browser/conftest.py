"""A real Chromium, a real SMTP sink, a real Celery worker."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from playwright.sync_api import Error, Page, expect, sync_playwright

from doctolib.development.mail_sink import kept_mails, start_sink
from doctolib.process_secrets import throw_away
from doctolib.servers import free_port
from tests.browser.install import find_chromium
from tests.clock import OFFSET, offset_s

QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
FAKE_MEDIA = [
    # Few pictures a second: three people's cameras are on two cores here, beside other tests.
    "--use-fake-device-for-media-stream=fps=10", "--use-fake-ui-for-media-stream",
    "--auto-accept-this-tab-capture", "--allow-loopback-in-peer-connection",
    # Both ends of a call are on this machine: nothing of it leaves the loopback.
    "--disable-features=WebRtcHideLocalIpsWithMdns", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
ZOOMED = {"width": 320, "height": 256}
# How long a test waits for what a page does by itself: the other worker may hold both cores.
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def browser():
    # Playwright's loop makes Django believe that it runs in an async context.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser, live_process):
    """Opens pages in fresh contexts; any script error or CSP complaint fails the test."""
    contexts, problems = [], []

    def make(**options) -> Page:
        context = browser.new_context(locale="fr-FR", viewport=DESKTOP, **options)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(SHIFTED_DATE % {"ms": offset_s() * 1000})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda message: (
                problems.append(message.text)
                if message.type == "error" and "status of 4" not in message.text
                else None
            ),
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert problems == []


# The browser's clock is the machine's; its pages' scripts read the suite's.
SHIFTED_DATE = """
    const RealDate = Date;
    globalThis.Date = class extends RealDate {
        constructor(...given) {
            if (given.length) super(...given); else super(RealDate.now() + %(ms)f);
        }
        static now() { return RealDate.now() + %(ms)f; }
    };
"""


def check_page(page: Page) -> None:
    """No axe violation, and nothing wider than the screen, at desktop and phone width.

    Nor at 320 pixels, which is a desktop at 400 % (WCAG 2.2, success criterion 1.4.10).
    """
    # A click returns before the page that it leads to is there, with its styles and scripts.
    page.locator("main").wait_for()
    page.wait_for_load_state("load")
    check_width(page, ZOOMED)
    for size in (PHONE, DESKTOP):
        check_width(page, size)
        found = looked_at(page, lambda: Axe().run(page).response["violations"])
        assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found] == [], page.url


def until(page, promise):
    """Wait until a promise of the page comes out true; wait_for_function takes any for true."""
    for _attempt in range(150):
        if page.evaluate(promise):
            return
        page.wait_for_timeout(100)
    raise AssertionError(promise)


def looked_at(page: Page, look):
    """Look at a page; where it was just leaving for another one, look at that one."""
    try:
        return look()
    except Error:
        page.wait_for_load_state("load")
        return look()


WIDER_THAN = """
    (width) => document.documentElement.scrollWidth <= width ? [] : [
        document.documentElement.scrollWidth,
        ...[...document.querySelectorAll("body *")]
            .filter((each) => each.getBoundingClientRect().right > width)
            .map((each) => `${each.tagName}.${each.className}: ${each.textContent.slice(0, 60)}`),
    ]
"""


def check_width(page: Page, size: dict[str, int]) -> None:
    """Nothing is wider than a screen of this size, once it has come to rest."""
    page.set_viewport_size(size)
    for _attempt in range(20):
        wide = looked_at(page, lambda: page.evaluate(WIDER_THAN, size["width"]))
        if not wide:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{page.url} is wider than {size['width']} px: {wide[:20]}")


@pytest.fixture
def mails(tmp_path, settings):
    """A real SMTP server; call to wait for a mail whose subject has some words."""
    port = free_port()
    directory = tmp_path / "mail"
    sink = start_sink(directory, port=port)
    settings.EMAIL_PORT = port

    def wait_for(words: str, seconds: float = 30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for _name, mail in kept_mails(directory):
                if words in str(mail["Subject"]):
                    return mail
            time.sleep(0.1)
        subjects = [str(mail["Subject"]) for _name, mail in kept_mails(directory)]
        raise AssertionError(f"no mail with {words!r}: {subjects}")

    wait_for.port, wait_for.directory = port, directory
    yield wait_for
    sink.stop()


def worker_environment(smtp_port: int) -> dict[str, str]:
    """The environment of a process that works on this test's own database and queue."""
    from django.conf import settings

    name = connection.settings_dict["NAME"]
    return {
        **os.environ,
        "DATABASE_URL": re.sub(r"/doctolib(?=\?|$)", f"/{name}", os.environ["DATABASE_URL"]),
        "REDIS_URL": settings.CACHES["default"]["LOCATION"],
        "SMTP_PORT": str(smtp_port),
        "DOCTOLIB_MODE": "test",
    }


def start_worker(smtp_port: int, log: Path, *, at: datetime | None = None) -> subprocess.Popen:
    """A worker with its scheduler; with `at`, its clock starts there instead of at the suite's."""
    command = [sys.executable, "-m", "celery", "--app", "doctolib", "--quiet", "worker"]
    command += ["--concurrency", "1", "--loglevel", "warning"]
    command += ["--beat", "--schedule", str(log.with_suffix(".schedule"))]
    environment = worker_environment(smtp_port)
    if at is not None:
        environment[OFFSET] = str(at.timestamp() - time_machine.escape_hatch.time.time())
    with log.open("ab") as out:
        return subprocess.Popen(command, env=environment, stdout=out, stderr=out)


@pytest.fixture
def worker(transactional_db, mails, tmp_path):
    process = start_worker(mails.port, tmp_path / "worker.log")
    yield process
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="session")
def live_process(django_db_setup, django_db_blocker, tmp_path_factory):
    """The ASGI process that serves what stays open, on the port that the settings name."""
    port = int(os.environ["DOCTOLIB_LIVE_PORT"])
    file = tmp_path_factory.mktemp("live") / "log"
    with django_db_blocker.unblock():
        environment = worker_environment(0) | throw_away("events")
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "asginl",
        "--no-ws",
        "--workers",
        "1",
    ]
    command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    command += ["--workers-kill-timeout", "2", "doctolib.asgi:application"]
    with file.open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    wait_for_port(port)
    # The first request of the site loads what the others find loaded; it serves events alone.
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/direct/none/", timeout=60)
    yield process
    process.terminate()
    process.wait(30)
    # A test's end empties the tables, and a page's last request may stand in its way: nothing else
    # takes that lock.
    problems = [
        each
        for each in re.split(r'(?m)^(?=\{"at": )', file.read_text())
        if "Traceback" in each and "for AccessExclusiveLock" not in each
    ]
    assert problems == []


def wait_for_port(port: int, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens on {port}")
