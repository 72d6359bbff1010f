"""Addresses: of other sites, of our own pages, of networks; and what a machine's settings say."""

import socket
from ipaddress import ip_address, ip_network
from unittest.mock import patch

from django.core.exceptions import DisallowedHost
from django.test import RequestFactory
from django.urls import Resolver404

from audit.client_address import client_address
from audit.watch import sighting
from booking.accounts.sessions import throttle
from booking.pages import live, ways
from booking.pages.lost import unsent
from booking.pages.session import entering
from booking.web import csrf
from booking.web.booking.chosen import with_person
from booking.web.signing_in import invited
from doctolib import environment
from partners.domain import dpop, outgoing
from tests.fuzz.registry import refuses, target

_LOOK_UP = socket.getaddrinfo
URLS = (
    "https://exemple.fr/calendrier.ics?a=1", "https://127.0.0.1/", "https://[::1]:8443/", "https://é.fr/",
    "https://8.8.8.8/", "https://[64:ff9b::808:808]/", "https://u:p@exemple.fr/#x", "http://exemple.fr/",
    "https://8.8.8.8\x00b.fr/", "https://exemple.fr/a b",
)  # fmt: skip
URL_WORDS = (
    "https://", "http://", "//", "@", ":", "#", "?", "[", "]", "::", "%25eth0", "..", ".", "%00", "\x00", "\t",
    "127.1", "0x7f.1", "2130706433", "8.8.8.8", "::ffff:10.0.0.1", "fec0::1", ":99999", "xn--", "\\", "/", "é",
)  # fmt: skip


def _numbers_alone(host, port, *args, **kwargs):
    """Addresses in digits as the system reads them; nothing is asked of any name server."""
    return _LOOK_UP(host, port, type=kwargs.get("type", 0), flags=socket.AI_NUMERICHOST)


@target(
    "partners.domain.outgoing.check",
    "partners.domain.outgoing._is_public",
    samples=URLS,
    words=URL_WORDS,
)
def outgoing_address(url):
    """An address that is called: public, over https."""
    with (
        patch("socket.getaddrinfo", _numbers_alone),
        refuses(outgoing.Forbidden, outgoing.Unreachable),
    ):
        found = outgoing.check(url)
        address = ip_address(found.address)
        assert address.is_global and not address.is_multicast and 0 < found.port < 65536
        assert found.host and not any(c in found.host for c in " /@#?\\\r\n\x00")
        assert found.path.startswith("/") and not any(c in found.path for c in "\r\n\x00")


@target(
    "audit.watch.sighting.network_of", "booking.accounts.sessions.throttle.line_of",
    samples=("203.0.113.7", "2001:db8::1", "::ffff:10.0.0.1", "fe80::1%eth0", "unix:"),
    words=(":", "::", ".", "%", "/", "ffff", "255", "0", "\u0661"),
)  # fmt: skip
def network(address):
    found = sighting.network_of(address)
    assert found == "" or ip_network(found).prefixlen in (24, 48)
    line = throttle.line_of(address)
    assert (line == "") == (found == "")
    assert line == "" or ip_network(line).version == ip_network(found).version


TARGETS = (
    "/mes-rendez-vous/",
    "/connexion/?next=/",
    "//exemple.fr/",
    "https://exemple.fr",
    "/\\exemple.fr",
    "\\",
    "/recherche/?quoi=a",
)
TARGET_WORDS = (
    "/",
    "//",
    "\\",
    "http:",
    "javascript:",
    "?next=",
    "@",
    "#",
    "\t",
    "\r\n",
    "[",
    "]",
    "%0d",
    "..",
    ";",
    "\x00",
)


@target(
    "booking.pages.session.entering.asked_target", "booking.web.signing_in.invited.invited_at", "booking.pages.lost.unsent._path",
    samples=TARGETS, words=TARGET_WORDS,
)  # fmt: skip
def page_to_go_on_to(written):
    """Where a sign-in leads is a page of this site."""
    request = RequestFactory().get("/connexion/", {"next": written})
    found = entering.asked_target(request)
    assert len(found) <= entering.LONGEST_TARGET
    assert found == "" or ways.local_target(request, found) == found
    local = ways.local_target(request, written)
    assert not local.startswith(("//", "javascript:")) and "\\" not in local.partition("?")[0]
    assert local == local.strip()
    if not found.startswith("/invitation/"):
        assert invited.invited_at(request, found) is None
    if local:
        assert isinstance(unsent._path(local), str)


@target(samples=TARGETS, words=TARGET_WORDS)
def page_that_chooses_a_person(written):
    with refuses(Resolver404):
        assert with_person(written, _Person()).startswith(written.partition("?")[0])


class _Person:
    pk = 7


@target(
    "booking.pages.ways.page_before", takes="header",
    samples=("http://testserver/recherche/?quoi=a#b", "http://exemple.fr/", "/compte/"),
    words=(*TARGET_WORDS, "http://testserver"),
)  # fmt: skip
def page_before(header):
    """Referer and HX-Current-URL lead back to pages of this site alone."""
    for name in ("HTTP_REFERER", "HTTP_HX_CURRENT_URL"):
        request = RequestFactory().post("/compte/", **{name: header})
        found = ways.page_before(request)
        assert found == "" or (not found.startswith("//") and not found.startswith("http"))


@target(
    "booking.web.csrf._comes_from_here", "booking.pages.live.name_of_origin", takes="header",
    samples=("http://testserver", "null", "http://[::1", "http://testserver:80"),
    words=("http://", "[", "]", ":", "testserver", "@", "null", "\\"),
)  # fmt: skip
def origin(header):
    request = RequestFactory().post("/compte/", HTTP_ORIGIN=header)
    ours = csrf._comes_from_here(request)
    assert not ours or header.lower().startswith(("http://testserver", "https://testserver"))
    assert isinstance(live.name_of_origin(header), str)


@target(
    "booking.pages.live._name", takes="header", samples=("testserver", "localhost:8000", "[::1]:8000", "127.0.0.1"),
    words=("[", "]", ":", "::", "@", "/", "%", "..", "."),
)  # fmt: skip
def host(header):
    request = RequestFactory().get("/", HTTP_HOST=header)
    with refuses(DisallowedHost):
        request.get_host()
        assert live.live_url(request, "/direct/x").endswith("/direct/x")


@target(
    samples=("203.0.113.7, 10.0.0.1", "unknown", "[2001:db8::1]:443"),
    words=(",", " ", "::", "[", "]"),
    takes="header",
)
def forwarded_for(header):
    request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR=header)
    assert client_address(request) == "127.0.0.1"
    assert sighting.network_of(client_address(request)) == "127.0.0.0/24"


@target(
    "partners.domain.dpop._without_query",
    samples=("https://exemple.fr:443/api?a#b", "http://["),
    words=URL_WORDS,
)
def address_in_a_proof(url):
    with refuses(ValueError):
        scheme, _netloc, path = dpop._without_query(url)
        assert scheme == scheme.lower() and path and "?" not in path


SETTINGS = (
    "DOCTOLIB_PORT=8000\nDOCTOLIB_BASE_URL=https://doctolib.example\nDOCTOLIB_PROXIES=1",
    "DOCTOLIB_MODE=production\nDOCTOLIB_BASE_URL=http://[\nDOCTOLIB_ALLOWED_HOSTS=*",
    "DOCTOLIB_TURN_URLS=turn:exemple.fr\nDOCTOLIB_TURN_SECRET=x\nDOCTOLIB_WITNESSES=a b",
)  # fmt: skip


@target(
    "doctolib.environment.read_environment", "doctolib.environment._Reader.number",
    "doctolib.environment._check_deployed", "doctolib.environment._clamd", samples=SETTINGS,
    words=("\n", "=", "DOCTOLIB_MODE=production", "DOCTOLIB_PORT=", "DOCTOLIB_BASE_URL=", "DOCTOLIB_SECRET_KEY=",
           "DOCTOLIB_VAULT=", "DOCTOLIB_ROOT_KEYS=", "DOCTOLIB_ALLOWED_HOSTS=", "SMTP_PORT=", "https://", "["),
    longest=20_000,
)  # fmt: skip
def machine_settings(written):
    """Environment variables: one clear line, or settings that hold."""
    from doctolib.checks import DEPLOYED

    pairs = (line.partition("=") for line in written.splitlines())
    given = {name: value for name, _equals, value in pairs if name.isidentifier()}
    given.pop("DOCTOLIB_ROOT_KEYS_FILE", None)
    for variables in (given, DEPLOYED | given):
        with refuses(environment.InvalidEnvironment):
            found = environment.read_environment(variables)
            assert 0 <= found.port <= 65535
            assert not found.is_production or found.base_url.startswith("https://")
