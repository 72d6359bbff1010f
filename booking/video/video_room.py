"""Who is in the room of a visit right now, and what their browsers tell each other.

All of it lives in Redis for minutes. A place is one open page: whoever opens the room again, on
another device or after a lost connection, gets a new place and leaves the former one.
"""

import json
import secrets
import uuid
from collections.abc import Callable
from typing import Any

import redis

from audit.redis_client import redis_client
from booking.video.video import Part
from practitioners.domain import live

PLACES_S = 6 * 3600
# What a browser says of one connection; an offer of audio, video and data takes about 6 kB.
ITEM_BYTES, ITEMS_AT_ONCE = 64 * 1024, 60
# How often a place may tell others something within some seconds; beginning a call anew takes ten.
TOLD_AT_MOST, TOLD_WITHIN_S = 100, 10
KINDS = {"description", "candidate"}
# How often two browsers have begun their connection anew from nothing.
ROUNDS = range(1000)


class NoSuchPlace(Exception):
    """The place is not, or no longer, this person's."""


class TooManySignals(Exception):
    """A place tells others more than any connection takes; it may go on in a moment."""


class BadSignal(Exception):
    """What the browser wants to tell another one has not the form that it should have."""


def topic_of(appointment_id: uuid.UUID) -> str:
    """The topic under which a room's events are told."""
    return f"video:{appointment_id}"


def _key(appointment_id: uuid.UUID) -> str:
    return f"video:{appointment_id}:places"


def take_place(*, appointment_id: uuid.UUID, account_id: uuid.UUID, part: Part, name: str) -> str:
    """Give somebody a place; their former one is told that it is replaced.

    `name` is a practitioner's, which is public, or empty.
    """
    for place, holder in _places(appointment_id).items():
        if holder["account"] == str(account_id):
            leave(appointment_id=appointment_id, place=place, is_replaced=True)
    place = secrets.token_hex(8)
    holder = {"account": str(account_id), "part": part.value, "name": name, "listener": ""}
    client = redis_client()
    client.hset(_key(appointment_id), place, json.dumps(holder))
    client.expire(_key(appointment_id), PLACES_S)
    return place


def arrive(
    *, appointment_id: uuid.UUID, account_id: uuid.UUID, place: str, listener: str
) -> list[dict[str, Any]]:
    """Note that a place's page listens now, tell the others, and return who else is here.

    `listener` names this stream among those that the page opens one after the other. Raises
    NoSuchPlace.
    """

    def listening(holder: dict[str, Any]) -> dict[str, Any]:
        return _held_by(account_id, holder) | {"listener": listener}

    holder = _change(appointment_id, place, listening)
    others = _shown(_places(appointment_id), but=place)
    live.publish(topic_of(appointment_id), {"kind": "came", **_person(place, holder)})
    return others


def is_place_of(*, appointment_id: uuid.UUID, account_id: uuid.UUID, place: str) -> bool:
    """Whether a place is taken, and by this account."""
    try:
        _holder(appointment_id, account_id, place)
    except NoSuchPlace:
        return False
    return True


def leave_own(*, appointment_id: uuid.UUID, account_id: uuid.UUID, place: str) -> None:
    """Give one's own place back. Raises NoSuchPlace."""
    _holder(appointment_id, account_id, place)
    leave(appointment_id=appointment_id, place=place)


def leave(*, appointment_id: uuid.UUID, place: str, is_replaced: bool = False) -> None:
    """Give a place back, and tell the others and the page itself."""
    if redis_client().hdel(_key(appointment_id), place):
        live.publish(topic_of(appointment_id), {"kind": "left", "place": place})
        if is_replaced:
            live.publish(topic_of(appointment_id), {"kind": "replaced", "to": place})


def pause(*, appointment_id: uuid.UUID, place: str, listener: str) -> None:
    """Note that a place's page does not listen at the moment: its network may come back.

    A stream whose end is noticed only after the page has opened another one changes nothing.
    """

    def away(holder: dict[str, Any]) -> dict[str, Any]:
        return holder | {"listener": ""} if holder.get("listener") == listener else {}

    if _change(appointment_id, place, away):
        live.publish(topic_of(appointment_id), {"kind": "lost", "place": place})


def tell(
    *,
    appointment_id: uuid.UUID,
    account_id: uuid.UUID,
    place: str,
    items: object,
    has_started: bool,
) -> None:
    """Hand what a browser tells others about their connection to them. Raises NoSuchPlace,
    BadSignal, TooManySignals; before the visit has started nothing passes between the patient and
    the others.
    """
    sender = _holder(appointment_id, account_id, place)
    _count(place)
    if not isinstance(items, list) or not 0 < len(items) <= ITEMS_AT_ONCE:
        raise BadSignal
    places = _places(appointment_id)
    for item in items:
        if not isinstance(item, dict) or set(item) - KINDS - {"to", "round"}:
            raise BadSignal
        if len(set(item) & KINDS) != 1 or item.get("round", 0) not in ROUNDS:
            raise BadSignal
        if len(json.dumps(item)) > ITEM_BYTES:
            raise BadSignal
        receiver = places.get(str(item.get("to")))
        if receiver is None:
            # They left a moment ago: the sender hears of it by the same way.
            continue
        if Part.PATIENT in (sender["part"], receiver["part"]) and not has_started:
            raise BadSignal
        live.publish(topic_of(appointment_id), {"kind": "signal", "from": place, **item})


def _count(place: str) -> None:
    name, client = f"video:{place}:told", redis_client()
    client.set(name, 0, nx=True, ex=TOLD_WITHIN_S)
    if client.incr(name) > TOLD_AT_MOST:
        raise TooManySignals


def say(appointment_id: uuid.UUID, kind: str) -> None:
    """Tell everybody in a room that the visit started or ended."""
    live.publish(topic_of(appointment_id), {"kind": kind})
    if kind == "ended":
        redis_client().delete(_key(appointment_id))


def is_for(event: dict[str, Any], place: str) -> bool:
    """Whether a page in this place is told of an event."""
    if "to" in event:
        return bool(event["to"] == place)
    return bool(event.get("place") != place)


def has_patient(appointment_id: uuid.UUID) -> bool:
    """Whether the patient's page has the room open now, or has lost its network a moment ago."""
    return any(each["part"] == Part.PATIENT for each in _places(appointment_id).values())


def _places(appointment_id: uuid.UUID) -> dict[str, dict[str, Any]]:
    found: Any = redis_client().hgetall(_key(appointment_id))
    return {place.decode(): json.loads(holder) for place, holder in found.items()}


def _change(
    appointment_id: uuid.UUID, place: str, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Make of what is known of a place ({} if nobody has it) what `change` gives, and return that.

    Two streams of one page, and its goodbye, come at once: none undoes what another has written.
    """
    key = _key(appointment_id)
    changed: dict[str, Any] = {}

    def step(pipeline: "redis.client.Pipeline") -> None:
        nonlocal changed
        changed = change(_read(pipeline, key, place))
        pipeline.multi()
        if changed:
            pipeline.hset(key, place, json.dumps(changed))

    redis_client().transaction(step, key)
    return changed


def _holder(appointment_id: uuid.UUID, account_id: uuid.UUID, place: str) -> dict[str, Any]:
    return _held_by(account_id, _read(redis_client(), _key(appointment_id), place))


def _read(client: "redis.Redis", key: str, place: str) -> dict[str, Any]:
    found: Any = client.hget(key, place)
    holder: dict[str, Any] = json.loads(found) if found else {}
    return holder


def _held_by(account_id: uuid.UUID, holder: dict[str, Any]) -> dict[str, Any]:
    if holder.get("account") != str(account_id):
        raise NoSuchPlace
    return holder


def _person(place: str, holder: dict[str, Any]) -> dict[str, Any]:
    return {"place": place, "part": holder["part"], "name": holder["name"]}


def _shown(places: dict[str, dict[str, Any]], *, but: str) -> list[dict[str, Any]]:
    return [_person(place, h) for place, h in places.items() if h["listener"] and place != but]
