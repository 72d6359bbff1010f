"""Events that pages follow: what others write to Redis is not told."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from audit.redis_client import redis_client
from practitioners.domain import live

MINE, OTHER = "video:mine", "video:other"


def told(topic: str, *, count: int) -> list[dict]:
    """The first events of a topic, as a page that follows it is told."""

    async def following() -> list[dict]:
        found = []
        async for event in live.follow(topic, after="0-0"):
            if event is not None:
                found.append(event[1])
            if len(found) == count:
                break
        return found

    # A browser of the same worker has a loop of its own in this thread.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asyncio.wait_for(following(), 20)).result()


def test_what_is_told_is_followed_in_order():
    for number in range(3):
        live.publish(MINE, {"kind": "signal", "text": f"é{number}"})
    assert [each["text"] for each in told(MINE, count=3)] == ["é0", "é1", "é2"]


@pytest.mark.parametrize("seal", [{}, {"seal": b""}, {"seal": b"0" * 64}, {"seal": b"\xff\xfe"}])
def test_an_event_that_somebody_else_writes_is_not_told(seal):
    """It would put another browser between the two of a visit by video."""
    redis_client().xadd(f"live:{MINE}", {"event": b'{"kind":"signal"}', **seal})
    redis_client().xadd(f"live:{MINE}", {"other": b"x"})
    live.publish(MINE, {"kind": "true"})
    assert told(MINE, count=1) == [{"kind": "true"}]


def test_an_event_is_not_told_on_another_topic_nor_changed():
    live.publish(OTHER, {"kind": "signal", "text": "of another visit"})
    ((_id, fields),) = redis_client().xrange(f"live:{OTHER}")
    redis_client().xadd(f"live:{MINE}", fields)
    redis_client().xadd(f"live:{OTHER}", fields | {b"event": b'{"kind":"signal","text":"x"}'})
    for topic in (MINE, OTHER):
        live.publish(topic, {"kind": "true"})
    assert told(MINE, count=1) == [{"kind": "true"}]
    assert [each["kind"] for each in told(OTHER, count=2)] == ["signal", "true"]
