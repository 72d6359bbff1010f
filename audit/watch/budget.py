"""The identity budget: the number of people whose data may be revealed in a minute, an hour and a
day.

For each window of W milliseconds and its limit L: at every instant t, at most L subjects were
revealed in (t - W, t]. Revealing a subject again within the window is free. Redis decides
atomically for all processes, before the reveal; time never goes back behind its own latest time, so
that a process with a slow clock opens no gap. A subject that was counted and then not revealed
stays counted, which is on the safe side.
"""

import math
import uuid
from dataclasses import dataclass
from datetime import datetime

from audit.redis_client import redis_client
from audit.vault.guard import Answer, Decision

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True, kw_only=True)
class Spent:
    """No further subject may be opened for now; `seconds` says when one may.

    `limit` subjects were opened within `window`, in milliseconds.
    """

    window: int
    limit: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.limit} in {self.window // 1000} s"

    @property
    def decision(self) -> Decision:
        """What a guard answers."""
        return Decision(answer=Answer.WAIT, limit=self.limit, seconds=self.seconds)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The maximum number of distinct subjects in each sliding window."""

    minute: int
    hour: int
    day: int

    @property
    def windows(self) -> tuple[tuple[int, int], ...]:
        return ((MINUTE, self.minute), (HOUR, self.hour), (DAY, self.day))


# One sorted set a holder: each subject with the latest time it was opened.
_SPEND = """
local at = math.max(tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[2]) or '0'))
local subject = ARGV[2]
local longest = tonumber(ARGV[#ARGV - 1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', at - longest))
local latest = tonumber(redis.call('ZSCORE', KEYS[1], subject) or '-1')
for i = 3, #ARGV, 2 do
    local window, limit = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
    local since = '(' .. string.format('%.0f', at - window)
    if latest <= at - window and redis.call('ZCOUNT', KEYS[1], since, '+inf') >= limit then
        local first = redis.call('ZRANGEBYSCORE', KEYS[1], since, '+inf', 'WITHSCORES',
                                 'LIMIT', 0, 1)
        local wait = first[2] and tonumber(first[2]) + window - at or window
        return {0, window, limit, wait}
    end
end
redis.call('ZADD', KEYS[1], string.format('%.0f', at), subject)
redis.call('PEXPIRE', KEYS[1], longest)
redis.call('SET', KEYS[2], string.format('%.0f', at), 'PX', longest)
return {1}
"""


def spend(*, holder: uuid.UUID, subject: uuid.UUID, limits: Limits, now: datetime) -> Spent | None:
    """Count one subject against a holder's budget, before it is opened.

    Returns what refuses it, if anything does. Raises redis.RedisError when the store is away: then
    nothing may open.
    """
    windows = [value for pair in limits.windows for value in pair]
    answer = redis_client().eval(
        _SPEND, 2, *_keys(holder), str(_milliseconds(now)), subject.hex, *map(str, windows)
    )
    if answer[0]:
        return None
    _no, window, limit, wait = answer
    return Spent(window=window, limit=limit, seconds=max(1, math.ceil(wait / 1000)))


def spent(holder: uuid.UUID, *, now: datetime) -> int:
    """How many subjects a holder has revealed in the last day. Raises redis.RedisError."""
    since = f"({_milliseconds(now) - DAY}"
    return int(redis_client().zcount(_keys(holder)[0], since, "+inf"))


def _keys(holder: uuid.UUID) -> tuple[str, str]:
    # The braces keep both on one node of a cluster.
    return f"doctolib:budget:{{{holder.hex}}}", f"doctolib:budget:{{{holder.hex}}}:at"


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
