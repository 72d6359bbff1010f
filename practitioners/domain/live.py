"""What happens while somebody looks, told to all processes by Redis: events by topic, and hints
that an agenda has changed.

An event is a hint or a message between two browsers; nothing is read from it later, and it is
gone after KEPT_S. Whoever comes back after a short interruption names the last event that they
saw and gets those since. A hint says nothing but that there is something to look at; it is not
kept at all, and losing one costs freshness only.
"""

import hmac
import json
import logging
import re
import uuid
from collections.abc import AsyncIterator, Iterable
from functools import lru_cache
from typing import Any

import redis
import redis.asyncio
from django.conf import settings

from audit.derived_key import derived_key
from audit.redis_client import redis_client, redis_url

logger = logging.getLogger(__name__)
KEPT_S = 120
KEPT_EVENTS = 500
BEAT_S = 10
_EVENT_ID = re.compile(r"([0-9]{1,20})(?:-([0-9]{1,20}))?")


def _key(topic: str) -> str:
    return f"live:{topic}"


def _seal(topic: str, text: bytes) -> str:
    """What shows that an event was told by us, on this topic.

    Browsers find each other for a visit by video through these events: somebody who writes to Redis
    would put their own browser between the two.
    """
    key = _sealing_key(settings.SECRET_KEY)
    return hmac.digest(key, topic.encode() + b"|" + text, "sha256").hex()


@lru_cache(maxsize=2)
def _sealing_key(secret: str) -> bytes:
    return derived_key(secret, b"events")


def publish(topic: str, event: dict[str, Any]) -> None:
    """Tell everybody who follows a topic. Raises redis.RedisError when the store is away."""
    pipeline = redis_client().pipeline(transaction=False)
    text = json.dumps(event, separators=(",", ":"))
    told: Any = {"event": text, "seal": _seal(topic, text.encode())}
    pipeline.xadd(_key(topic), told, maxlen=KEPT_EVENTS, approximate=True)
    pipeline.expire(_key(topic), KEPT_S)
    pipeline.execute()


def read_event_id(text: str) -> str:
    """The id of an event that a reader has seen, as Redis numbers them; "" for anything else."""
    found = _EVENT_ID.fullmatch(text)
    return text if found and all(int(part) < 2**64 for part in found.groups("0")) else ""


def last_id(topic: str) -> str:
    """The id of a topic's newest event: what is published after now follows it."""
    newest: Any = redis_client().xrevrange(_key(topic), count=1)
    return newest[0][0].decode() if newest else "0-0"


async def follow(topic: str, *, after: str) -> AsyncIterator[tuple[str, dict[str, Any]] | None]:
    """Yield a topic's events after an id, with their ids; None every BEAT_S without one.

    Raises redis.RedisError when the store goes away.
    """
    # Silence is not a lost store before the beat is over.
    client = redis.asyncio.from_url(redis_url(), socket_timeout=BEAT_S + 5)
    try:
        while True:
            found: Any = await client.xread({_key(topic): after}, block=BEAT_S * 1000)
            if not found:
                yield None
                continue
            for event_id, fields in found[0][1]:
                after, text = event_id.decode(), fields.get(b"event", b"")
                if hmac.compare_digest(_seal(topic, text).encode(), fields.get(b"seal", b"")):
                    yield after, json.loads(text)
                else:
                    logger.warning("an event that was not told by us")
    finally:
        await client.aclose()


def hint_channel(agenda_id: uuid.UUID) -> str:
    """Where the hints about an agenda are told."""
    return f"live:agenda:{agenda_id}"


def account_channel(account_id: uuid.UUID) -> str:
    """Where an account's open pages are told to look whether they may go on."""
    return f"live:account:{account_id}"


def wake(account_id: uuid.UUID) -> None:
    """Let an account's open pages look at once whether their session may go on.

    Losing it costs a beat: they look every BEAT_S by themselves.
    """
    try:
        redis_client().publish(account_channel(account_id), b"")
    except redis.RedisError:
        logger.warning("could not wake an account's pages")


async def follow_hints(
    agenda_ids: Iterable[uuid.UUID], *, account_id: uuid.UUID
) -> AsyncIterator[tuple[str, dict[str, Any]] | None]:
    """Yield one event for each hint about some agendas; None every BEAT_S without one, and when
    the account that follows is woken.

    The first event says that nothing is missed from now on: what happened before may have been.

    Raises redis.RedisError when the store goes away.
    """
    client = redis.asyncio.from_url(redis_url(), socket_timeout=BEAT_S + 5)
    try:
        hints = client.pubsub(ignore_subscribe_messages=True)
        woken = account_channel(account_id)
        await hints.subscribe(woken, *(hint_channel(pk) for pk in agenda_ids))
        yield "1", {"kind": "listening"}
        while True:
            found = await hints.get_message(timeout=BEAT_S)
            is_hint = found is not None and found["channel"] != woken.encode()
            yield ("1", {"kind": "changed"}) if is_hint else None
    finally:
        await client.aclose()
