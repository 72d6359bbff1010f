"""What the watch is told of one opening: never who it was about, always why it might be needed."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

# What one customer of a network usually has: RFC 6177 section 2 for IPv6, a /24 for IPv4.
IPV4_PREFIX, IPV6_PREFIX = 24, 48


class Reason(StrEnum):
    """What in the agenda explains that somebody's identity is opened now."""

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
    """One opening of one subject by one holder, at an instant and from somewhere.

    `weekday` (Monday is 0) and `hour` are the practice's wall clock. `place` is where in which
    agenda the opened appointment stands, by which walking in order shows; None where many are
    opened together. `part` is how much of a person is opened: 1 is all that reaches them. A canary
    is nobody (canaries.py).
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
    """The network that an address belongs to, as "203.0.113.0/24"; "" for what is none."""
    try:
        ip = ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    prefix = IPV6_PREFIX if isinstance(ip, IPv6Address) else IPV4_PREFIX
    return str(ip_network((ip, prefix), strict=False))
