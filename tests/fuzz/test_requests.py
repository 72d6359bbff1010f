"""Any query, form, header or body at any address: never a 5xx, always an answer that says why.

The addresses come from the URL table, the names of parameters and fields from the source, so that
a new page and a new parameter are tried as well.
"""

import functools
import json
import os
import re
from pathlib import Path

import orjson
import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, resolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partners.domain.scopes import SCOPES
from partners.models import Grant, PartnerMember
from tests.abuse.world import build
from tests.addresses import names
from tests.factories import make_account, make_member, verified_client
from tests.fuzz.registry import HOSTILE
from tests.fuzz.strategies import reshaped
from tests.fuzz.targets import api, files
from tests.partners.software import Software
from tests.support.routes import API, KEYS, PRACTICE, PUBLIC, STAFF, VENDOR, address

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
ROOT = Path(__file__).parents[2]
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "120"))
# These keep their connection open, or say by a 503 that the record is not sealed.
LEFT_OUT = {
    "booking:agenda-events", "booking:video-events", "booking:practice-video-events", "ready",
}  # fmt: skip
_ASKED = re.compile(
    r"""(?:GET|POST|data|given|query_params|COOKIES)(?:\.get|\.getlist|\[)\(?["']([\w-]+)["']"""
)
_DECLARED = re.compile(r"^    (\w+) = (?:forms\.|\w*Field\()", re.MULTILINE)
FILE_FIELDS = ("file", "files", "uploads")
HEADERS = (
    "Accept", "Accept-Language", "Authorization", "Content-Type", "Cookie", "DPoP", "HX-Current-URL",
    "HX-Request", "Host", "Idempotency-Key", "If-Match", "If-Modified-Since", "If-None-Match",
    "If-Range", "Last-Event-ID", "Origin", "Prefer", "Range", "Referer", "Sec-Fetch-Dest",
    "Sec-Fetch-Site", "User-Agent", "X-Forwarded-For", "X-HTTP-Method-Override", "X-CSRFToken",
)  # fmt: skip
GOOD = (
    "1", "on", "oui", "tous", "new", "2026-11-30", "09:00", "2026-11-30T08:00:00Z", "Quatrefages", "Paris",
    "75015", "0612345678", "a@exemple.fr", "/mes-rendez-vous/", "48.85", "bytes=0-9", "fr", "application/json",
    "text/html", "http://testserver", "*/*", '"x"', "same-origin", "sessionid=x; csrftoken=y", "Bearer x", "DPoP x",
)  # fmt: skip
calmly = settings(
    max_examples=EXAMPLES, deadline=None, derandomize="FUZZ_EXAMPLES" not in os.environ, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@functools.cache
def parameters():
    """The names of every parameter and every field of a form that the source knows."""
    found = {"page", "cursor", "limit", "_count", "_cursor", "date", "jwk"}
    for app in ("audit", "booking", "doctolib", "partners", "practitioners"):
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" not in path.parts:
                text = path.read_text(encoding="utf-8")
                found |= set(_ASKED.findall(text))
                found |= set(_DECLARED.findall(text)) if "forms" in str(path) else set()
    return tuple(sorted(found))


def test_parameters_are_found_in_the_source():
    assert {"quoi", "motif", "personnes", "birth_date", "creneau", "jour"} <= set(parameters())
    assert isinstance(forms.DateField, type)


class Site:
    """A practice with something behind each address, and those who ask."""

    def __init__(self, now):
        self.world = build(now=now)
        ids = self.world["ids"]
        member = make_member(self.world["practice"], role="owner")
        vendor = PartnerMember.objects.get().account
        self.clients = {
            "nobody": Client(), "patient": verified_client(self.world["owner"]),
            "practice": verified_client(member.account), "vendor": verified_client(vendor),
            "staff": verified_client(make_account(is_staff=True)),
        }  # fmt: skip
        self.values = [str(value) for value in ids.values()]
        self.routes = {role: self._routes(role, ids) for role in self.clients}

    def _routes(self, role, ids):
        special = {
            "practice": set(PRACTICE), "vendor": VENDOR, "staff": STAFF, "nobody": (PUBLIC | KEYS) - LEFT_OUT,
        }  # fmt: skip
        others = set(names()) - API - LEFT_OUT - PUBLIC - set(PRACTICE) - VENDOR - STAFF
        found = []
        for name in sorted(special.get(role, others)):
            try:
                found.append(address(name, ids))
            except (AssertionError, NoReverseMatch):
                continue
        return found


@pytest.fixture
def site(now):
    return Site(now)


def texts(site):
    """Values of parameters, fields and headers."""
    hostile = [each.decode("utf-8", "replace") for each in HOSTILE]
    return st.one_of(
        st.sampled_from(hostile), st.sampled_from([*GOOD, *site.values]), st.text(max_size=20)
    )


def headers(site):
    """Headers as a server hands them on: Latin 1, in one line."""
    return st.dictionaries(
        st.sampled_from(HEADERS),
        texts(site).map(
            lambda text: re.sub(r"[\r\n\x00]", "", text.encode().decode("latin-1"))[:4000]
        ),
        max_size=3,
    )


def fields(site):
    return st.dictionaries(st.sampled_from(parameters()), texts(site), max_size=6)


def filled_forms(site):
    """Fields, some of which are files of any type and content."""
    uploads = st.builds(_upload, *(st.integers(0, 99) for _ in range(3)))
    given_files = st.dictionaries(st.sampled_from(FILE_FIELDS), uploads, max_size=1)
    return st.builds(lambda typed, sent_files: typed | sent_files, fields(site), given_files)


def _upload(name, content, media_type):
    names_of_files = ("a.pdf", "é.ics", "x" * 200 + ".csv", "a\u202e.pdf")
    contents = (*HOSTILE, *files.HEADS, files.TABLE.encode(), files.CALENDAR.encode())
    return SimpleUploadedFile(
        names_of_files[name % len(names_of_files)], contents[content % len(contents)],
        GOOD[media_type % len(GOOD)],
    )  # fmt: skip


def says_why(answer, url):
    """No 5xx; and what is refused is said, in a page or in a problem."""
    assert answer.status_code < 500, (answer.status_code, url)
    # Of a method, Allow says why; of a range, Content-Range.
    if answer.status_code >= 400 and not {"Allow", "Content-Range"} & set(answer.headers):
        assert b"".join(answer) if answer.streaming else answer.content, (answer.status_code, url)


def sent(client, method, url, *, query, form, given_headers):
    """Send a request; any exception in a view is raised here."""
    environ = {
        {"CONTENT-TYPE": "CONTENT_TYPE", "COOKIE": "HTTP_COOKIE"}.get(
            name.upper(), f"HTTP_{name.upper().replace('-', '_')}"
        ): text
        for name, text in given_headers.items()
    }
    content_type = environ.pop("CONTENT_TYPE", None)
    if method == "GET":
        return client.get(url, query, **environ)
    if content_type is None:
        return client.post(url, form, query_params=query, **environ)
    return client.post(
        url, json.dumps(form, default=str).encode(), content_type, query_params=query, **environ
    )


@pytest.mark.parametrize("role", ["nobody", "patient", "practice", "vendor", "staff"])
def test_pages_and_forms_answer_anything(site, role):
    @calmly
    @given(
        url=st.sampled_from(site.routes[role]), method=st.sampled_from(["GET", "POST"]),
        query=fields(site), form=filled_forms(site), given_headers=headers(site),
    )  # fmt: skip
    def answers(url, method, query, form, given_headers):
        client = site.clients[role]
        kept = dict(client.cookies)
        answer = sent(client, method, url, query=query, form=form, given_headers=given_headers)
        says_why(answer, url)
        # A caller who signs out, or in, is the former one again in the next example.
        client.cookies.clear()
        client.cookies.update(kept)

    answers()


@pytest.fixture
def software(site):
    """A program that may do everything at the practice, with a place for each of its addresses."""
    ids = site.world["ids"]
    grant = Grant.objects.select_related("credential").get(pk=ids["grant_id"])
    grant.scopes = SCOPES
    grant.save()
    credential = grant.credential
    credential.verified_at = credential.created_at
    credential.save()
    return {root: Software(credential, root=root) for root in ("api/v1", "fhir/r4")}


def _calls(root, ids):
    """Each address with each method that it takes and the parameters of that."""
    for name in sorted(API):
        if name.startswith("api:" if root == "api/v1" else "fhir:"):
            path = address(name, ids)
            view = resolve(path).func.cls
            for method in ("get", "post", "put", "patch", "delete"):
                if handler := getattr(view, method, None):
                    asked = tuple(sorted(getattr(handler, "query_names", ())))
                    yield path.partition(f"/{root}/")[2], method.upper(), asked


def bodies(root, site):
    """Bodies of every kind that there is, with parts of other types and of nothing at all."""
    known = [api.BODY, {"status": "seen"}, {"starts_at": api.INSTANTS[0]}, [], {}]
    if root == "fhir/r4":
        known = [api.APPOINTMENT, api.PATIENT, api.SCHEDULE, {
            "resourceType": "Parameters",
            "parameter": [{"name": "appt-resource", "resource": api.APPOINTMENT}]}]  # fmt: skip
    ids = site.world["ids"]
    ours = orjson.dumps(known).decode().replace(api.ID, str(ids["patient_id"]))
    for name in ("reason_id", "agenda_id", "practice_id"):
        ours = ours.replace(api.ID, str(ids[name]), 3)
    spoilt = reshaped([each for each in orjson.loads(ours) if each])
    return st.one_of(spoilt, spoilt, st.sampled_from(HOSTILE)).map(
        lambda body: body.decode("utf-8", "replace")
    )


@pytest.mark.parametrize("root", ["api/v1", "fhir/r4"])
def test_software_is_answered_whatever_it_sends(site, software, root):
    calls = list(_calls(root, site.world["ids"]))

    @calmly
    @given(
        call=st.sampled_from(calls), body=bodies(root, site), match=texts(site), key=texts(site),
        data=st.data(),
    )  # fmt: skip
    def answers(call, body, match, key, data):
        path, method, asked = call
        names_asked = st.sampled_from([*asked, "unknown"] if asked else ["unknown"])
        query = data.draw(st.dictionaries(names_asked, texts(site), max_size=3 if asked else 0))
        line = {
            name: re.sub(r"[\r\n\x00]", "", text).encode().decode("latin-1")[:4000]
            for name, text in (("match", match), ("key", key))
        }
        with transaction.atomic():
            answer = software[root].send(method, path, body, query=query, **line)
            transaction.set_rollback(True)
        says_why(answer, path)
        if answer.status_code >= 400:
            said = answer.json()
            assert said["issue"] if root == "fhir/r4" else said["detail"]

    answers()
