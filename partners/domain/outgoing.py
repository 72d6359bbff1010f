"""Requests to addresses that vendors and practices gave us: only public ones, only over https.

The name is resolved once; every address that it has must be public, and the connection goes to the
checked address, so that a name which resolves differently the second time (DNS rebinding) has no
effect. Redirects are not followed. After OWASP's server-side request forgery prevention cheat
sheet.
"""

import ipaddress
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

import urllib3
from django.conf import settings
from django.utils.translation import gettext as _

from audit.refusal import Refusal

CONNECT_SECONDS, READ_SECONDS = 3, 5
# A server that sends a byte now and then is given no more than this.
ANSWER_SECONDS = 20
# Not for the public internet, whatever Python's own table says of them: translation (RFC 6052),
# site-local (RFC 3879), documentation (RFC 9637), the relays of 6to4 (RFC 7526).
_NOT_PUBLIC = [
    ipaddress.ip_network(net)
    for net in ("64:ff9b::/96", "fec0::/10", "3fff::/20", "192.88.99.0/24")
]
# RFC 3986: they are written by their percent codes.
_NOT_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f]")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotCalled(Refusal):
    """The address was not called; `text` gives the reason, in the reader's language."""


class Forbidden(NotCalled):
    """The address may not be called."""


class Unreachable(NotCalled):
    """There was no useful response. The text describes the problem, without the response's
    content.
    """


@dataclass(frozen=True, kw_only=True)
class Target:
    """A checked address: the IP address to connect to, and the name its certificate must have."""

    address: str
    host: str
    port: int
    path: str


def check(url: str) -> Target:
    """Resolve and check an https address. Raises Forbidden and Unreachable."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError as error:
        raise Forbidden(_("Ce n’est pas une adresse.")) from error
    if _NOT_IN_ADDRESSES.search(f"{host}{parts.path}{parts.query}"):
        raise Forbidden(_("Ce n’est pas une adresse."))
    if parts.scheme != "https" or not host:
        raise Forbidden(_("L’adresse doit commencer par https:// et nommer un hôte."))
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Forbidden(_("L’adresse ne doit porter ni nom d’utilisateur ni fragment."))
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreachable(_("Le nom de l’hôte est inconnu.")) from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if not addresses or not all(_is_public(ipaddress.ip_address(each)) for each in addresses):
        raise Forbidden(_("L’hôte n’est pas sur l’internet public."))
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Target(address=addresses[0], host=host, port=port, path=path)


def _is_public(address: Address) -> bool:
    if any(address in ipaddress.ip_network(net) for net in settings.OUTGOING_MAY_REACH):
        return True
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address.teredo or (inner is not None and not _is_public(inner)):
            return False
    if any(address in net for net in _NOT_PUBLIC):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> int:
    """POST to a checked address and return the status. Raises Forbidden and Unreachable."""
    status, _content = _request("POST", url, body=body, headers=headers, most_bytes=0)
    return status


def fetch(url: str, *, most_bytes: int) -> bytes:
    """GET a checked address. Raises Forbidden and Unreachable, also if the status is not 200."""
    status, body = _request("GET", url, body=None, headers={}, most_bytes=most_bytes)
    if status != 200:
        raise Unreachable(_("L’adresse a répondu %(status)s.") % {"status": status})
    return body


def _request(
    method: str, url: str, *, body: bytes | None, headers: Mapping[str, str], most_bytes: int
) -> tuple[int, bytes]:
    target = check(url)
    named = target.host if target.port == 443 else f"{target.host}:{target.port}"
    with urllib3.HTTPSConnectionPool(
        target.address,
        target.port,
        server_hostname=target.host,
        assert_hostname=target.host,
        ca_certs=settings.OUTGOING_CA_FILE,
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        retries=False,
    ) as pool:
        try:
            answer = pool.urlopen(
                method,
                target.path,
                body=body,
                headers={"Host": named, "User-Agent": "Doctolib/1", **headers},
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
            )
            content = _content_of(answer, most_bytes) if most_bytes else b""
            answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(
                _("L’adresse ne répond pas (%(kind)s).") % {"kind": type(error).__name__}
            ) from error
    if len(content) > most_bytes:
        raise Unreachable(_("La réponse dépasse %(most)s octets.") % {"most": most_bytes})
    return answer.status, content


def _content_of(answer: urllib3.BaseHTTPResponse, most_bytes: int) -> bytes:
    ends_at = monotonic() + ANSWER_SECONDS
    content = bytearray()
    while len(content) <= most_bytes and (part := answer.read1(65536)):
        content += part
        if monotonic() > ends_at:
            raise Unreachable(_("La réponse n’est pas arrivée à temps."))
    return bytes(content)
