"""Who is in the room of a visit right now, and what their browsers tell each other.

All of it lives in Redis for minutes. A seat is one open page: whoever opens the room again, on
another device or after a lost connection, gets a new seat and leaves the former one.
"""

import json
import secrets
import uuid
from typing import Any

from audit.redis_client import redis_client
from booking.domain.video import Part
from practitioners.domain import live

SEATS_S = 6 * 3600
# What a browser says of one connection; an offer of audio, video and data takes about 6 kB.
ITEM_BYTES, ITEMS_AT_ONCE = 64 * 1024, 60
KINDS = {"description", "candidate"}


class NoSuchSeat(Exception):
    """The seat is not, or no longer, this person's."""


class BadSignal(Exception):
    """What the browser wants to tell another one has not the form that it should have."""


def topic_of(appointment_id: uuid.UUID) -> str:
    """The topic under which a room's events are told."""
    return f"video:{appointment_id}"


def _key(appointment_id: uuid.UUID) -> str:
    return f"video:{appointment_id}:seats"


def take_seat(*, appointment_id: uuid.UUID, account_id: uuid.UUID, part: Part, name: str) -> str:
    """Give somebody a seat; their former one is told that it is replaced.

    `name` is a practitioner's, which is public, or empty.
    """
    for seat, holder in _seats(appointment_id).items():
        if holder["account"] == str(account_id):
            leave(appointment_id=appointment_id, seat=seat, is_replaced=True)
    seat = secrets.token_hex(8)
    holder = {"account": str(account_id), "part": part.value, "name": name, "here": False}
    client = redis_client()
    client.hset(_key(appointment_id), seat, json.dumps(holder))
    client.expire(_key(appointment_id), SEATS_S)
    return seat


def arrive(*, appointment_id: uuid.UUID, account_id: uuid.UUID, seat: str) -> list[dict[str, Any]]:
    """Note that a seat's page listens now, tell the others, and return who else is here.

    Raises NoSuchSeat.
    """
    holder = _holder(appointment_id, account_id, seat)
    holder["here"] = True
    redis_client().hset(_key(appointment_id), seat, json.dumps(holder))
    others = _shown(_seats(appointment_id), but=seat)
    live.publish(topic_of(appointment_id), {"kind": "came", **_person(seat, holder)})
    return others


def is_seat_of(*, appointment_id: uuid.UUID, account_id: uuid.UUID, seat: str) -> bool:
    """Whether a seat is taken, and by this account."""
    try:
        _holder(appointment_id, account_id, seat)
    except NoSuchSeat:
        return False
    return True


def leave_own(*, appointment_id: uuid.UUID, account_id: uuid.UUID, seat: str) -> None:
    """Give one's own seat back. Raises NoSuchSeat."""
    _holder(appointment_id, account_id, seat)
    leave(appointment_id=appointment_id, seat=seat)


def leave(*, appointment_id: uuid.UUID, seat: str, is_replaced: bool = False) -> None:
    """Give a seat back, and tell the others and the page itself."""
    if redis_client().hdel(_key(appointment_id), seat):
        live.publish(topic_of(appointment_id), {"kind": "left", "seat": seat})
        if is_replaced:
            live.publish(topic_of(appointment_id), {"kind": "replaced", "to": seat})


def pause(*, appointment_id: uuid.UUID, seat: str) -> None:
    """Note that a seat's page does not listen at the moment: its network may come back."""
    found = redis_client().hget(_key(appointment_id), seat)
    if found:
        holder = json.loads(found) | {"here": False}
        redis_client().hset(_key(appointment_id), seat, json.dumps(holder))
        live.publish(topic_of(appointment_id), {"kind": "lost", "seat": seat})


def tell(
    *,
    appointment_id: uuid.UUID,
    account_id: uuid.UUID,
    seat: str,
    items: object,
    has_started: bool,
) -> None:
    """Hand what a browser tells others about their connection to them. Raises NoSuchSeat,
    BadSignal; before the visit has started nothing passes between the patient and the others.
    """
    sender = _holder(appointment_id, account_id, seat)
    if not isinstance(items, list) or not 0 < len(items) <= ITEMS_AT_ONCE:
        raise BadSignal
    seats = _seats(appointment_id)
    for item in items:
        if not isinstance(item, dict) or set(item) - KINDS - {"to"} or len(set(item) & KINDS) != 1:
            raise BadSignal
        if len(json.dumps(item)) > ITEM_BYTES:
            raise BadSignal
        receiver = seats.get(str(item.get("to")))
        if receiver is None:
            # They left a moment ago: the sender hears of it by the same way.
            continue
        if Part.PATIENT in (sender["part"], receiver["part"]) and not has_started:
            raise BadSignal
        live.publish(topic_of(appointment_id), {"kind": "signal", "from": seat, **item})


def say(appointment_id: uuid.UUID, kind: str) -> None:
    """Tell everybody in a room that the visit started or ended."""
    live.publish(topic_of(appointment_id), {"kind": kind})
    if kind == "ended":
        redis_client().delete(_key(appointment_id))


def is_for(event: dict[str, Any], seat: str) -> bool:
    """Whether a page in this seat is told of an event."""
    if "to" in event:
        return bool(event["to"] == seat)
    return bool(event.get("seat") != seat)


def _seats(appointment_id: uuid.UUID) -> dict[str, dict[str, Any]]:
    found: Any = redis_client().hgetall(_key(appointment_id))
    return {seat.decode(): json.loads(holder) for seat, holder in found.items()}


def _holder(appointment_id: uuid.UUID, account_id: uuid.UUID, seat: str) -> dict[str, Any]:
    found = redis_client().hget(_key(appointment_id), seat)
    holder: dict[str, Any] = json.loads(found) if found else {}
    if holder.get("account") != str(account_id):
        raise NoSuchSeat
    return holder


def _person(seat: str, holder: dict[str, Any]) -> dict[str, Any]:
    return {"seat": seat, "part": holder["part"], "name": holder["name"]}


def _shown(seats: dict[str, dict[str, Any]], *, but: str) -> list[dict[str, Any]]:
    return [_person(seat, h) for seat, h in seats.items() if h["here"] and seat != but]
