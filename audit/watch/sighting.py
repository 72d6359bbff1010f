"""An observation of one reveal: the reason that the agenda gives for it, never the identity."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

# What one customer of a network usually has: RFC 6177 section 2 for IPv6, a /24 for IPv4.
IPV4_PREFIX, IPV6_PREFIX = 24, 48


class Reason(StrEnum):
    """The explanation that the agenda gives for a reveal at this time."""

    FRESH = "fresh"  # booked or cancelled in the last two days
    NEAR = "near"  # the visit was yesterday, or comes within two days
    FIRST_SYNC = "first-sync"  # the practice let the holder in less than three days ago
    CLOSING = "closing"  # a past visit, while practices close their month
    AHEAD = "ahead"  # a visit of the next two weeks, which software may keep at hand
    AGAIN = "again"  # opened before by the same holder, and nothing has changed since
    SEARCHED = "searched"  # found by somebody who typed in a name, a number or an address
    LEAFED = "leafed"  # a name in a page of the agenda, for no reason that shows
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """One reveal of one subject by one holder, at an instant and from a network.

    `weekday` (Monday is 0) and `hour` are the practice's local time. `place` is the position of the
    appointment in its agenda, by which walking in order is detected; None where many are revealed
    together. `part` is the share of an identity that is revealed: 1 is everything that allows
    contact. A canary is an invented subject (canaries.py).
    """

    at: datetime
    weekday: int
    hour: int
    practice_id: uuid.UUID
    reason: Reason
    network: str
    key: str
    use: str
    place: tuple[str, float] | None = None
    part: float = 1.0
    is_canary: bool = False


def network_of(address: str) -> str:
    """The network that an address belongs to, as "203.0.113.0/24"; "" if it is not an address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    prefix = IPV6_PREFIX if isinstance(ip, IPv6Address) else IPV4_PREFIX
    return str(ip_network((ip, prefix), strict=False))
