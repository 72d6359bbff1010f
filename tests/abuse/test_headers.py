"""What every answer says to a browser, whatever it is: pages, files, the API, errors."""

import os
import subprocess
import sys

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_agenda

pytestmark = pytest.mark.django_db
ANYWHERE = [
    "/", "/recherche/?quoi=dentiste", "/static/icons.svg", "/static/js/site.js", "/nowhere/",
    "/api/v1/agendas", "/fhir/r4/Nothing", "/registre/checkpoint", "/robots.txt", "/connexion/",
]  # fmt: skip


def asked(path, **headers):
    """An answer to a browser, of which the headers count."""
    answer = Client().get(path, headers=headers)
    let_go(answer)
    return answer


def let_go(answer):
    """Close a file; the answer's own `close` would end the test's connection with its request."""
    for close in answer._resource_closers:
        close()


@pytest.mark.parametrize("path", ANYWHERE)
def test_no_answer_is_guessed_framed_or_told_of(path):
    answer = asked(path)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"


def test_pages_run_our_own_scripts_alone():
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in Client().get("/")["Content-Security-Policy"].split(";")
    )
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == "'none'"
    assert not [value for value in policy.values() if "unsafe" in value]


def test_only_the_booking_of_a_practices_own_site_may_be_framed():
    agenda = make_agenda()
    page = reverse("practitioners:widget", args=[agenda.practice_id])
    assert "frame-ancestors *" in Client().get(page)["Content-Security-Policy"]


def test_no_other_site_reads_an_answer():
    """Files alone carry the header of CORS: what everybody may have."""
    for path in ANYWHERE:
        answer = asked(path, Origin="https://elsewhere.example")
        allowed = answer.get("Access-Control-Allow-Origin")
        assert allowed == ("*" if path.startswith("/static/") else None)


@pytest.mark.parametrize("path", [*ANYWHERE, "/api/v1/oauth/token", "/registre/", "/admin/"])
def test_nothing_is_sent_back_by_trace(path):
    answer = Client().generic("TRACE", path, headers={"Cookie": "sessionid=abc", "X-Odd": "odd-1"})
    assert answer.status_code in (302, 401, 403, 404, 405)
    said = b"" if answer.streaming else answer.content
    let_go(answer)
    assert b"odd-1" not in said and b"sessionid" not in said


# In production, as a proxy hands a request on that came without TLS.
PLAIN = """
import django
django.setup()
from django.test import Client
for path in ("/", "/api/v1/agendas", "/api/v1/oauth/token", "/fhir/r4/metadata"):
    answer = Client().get(path, headers={"Host": "doctolib.example"})
    print(path, answer.status_code, answer.get("Location", "-"), answer.get("Content-Type", "-"))
"""


def test_without_tls_pages_are_led_and_programs_are_refused():
    """A program that is led sends its token in the clear each time, and nobody notices."""
    from doctolib.checks import DEPLOYED

    environment = {**os.environ, **DEPLOYED, "DJANGO_SETTINGS_MODULE": "doctolib.settings"}
    environment |= {"DATABASE_URL": os.environ["DATABASE_URL"]}
    done = subprocess.run(
        [sys.executable, "-c", PLAIN], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    page, *programs = [line.split(" ") for line in done.stdout.splitlines()]
    assert page[:3] == ["/", "301", "https://doctolib.example/"]
    assert [line[1:] for line in programs] == [["403", "-", "application/problem+json"]] * 3
