"""When a text message may reach somebody: never between 21:00 and 8:00 where they are.

Where they are: an overseas or foreign telephone number whose country has one time, or whose own
digits tell it, says so (`zone_of_number`); any other number, and every French one (+33), is taken
to be where the practice is. E-mail waits for nobody: it wakes nobody.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone as number_zones

from practitioners.domain.zone_words import MAINLAND

QUIET_FROM, QUIET_UNTIL = time(21), time(8)
# What the night would have brought comes at this hour before it: a late sender has an hour left.
EVENING = time(20)
FRANCE = 33
# Most of French Polynesia lives in Tahiti's time; its other two zones are told by no number.
_MOST = {"PF": "Pacific/Tahiti"}
# Two zones with one time at all of these instants have one time all year.
_SEASONS = tuple(datetime(2026, month, 15, 12, tzinfo=UTC) for month in range(1, 13))


def is_quiet(at: datetime, zone: ZoneInfo) -> bool:
    """Whether it is night in `zone`: from 21:00, until just before 8:00, by its wall clock."""
    clock = at.astimezone(zone).time()
    return clock >= QUIET_FROM or clock < QUIET_UNTIL


def morning_after(at: datetime, zone: ZoneInfo) -> datetime:
    """The first 8:00 of `zone` that is not before `at`, in UTC."""
    local = at.astimezone(zone)
    day = local.date() if local.time() <= QUIET_UNTIL else local.date() + timedelta(days=1)
    return datetime.combine(day, QUIET_UNTIL, zone).astimezone(UTC)


def evening_before(at: datetime, zone: ZoneInfo) -> datetime:
    """20:00 of `zone` before the night in which `at` lies, in UTC."""
    local = at.astimezone(zone)
    day = local.date() - timedelta(days=1) if local.time() < QUIET_UNTIL else local.date()
    return datetime.combine(day, EVENING, zone).astimezone(UTC)


def when_to_text(
    *,
    wished_at: datetime,
    zone: ZoneInfo,
    now: datetime,
    useful_until: datetime,
    may_be_earlier: bool = False,
) -> datetime | None:
    """Say when a text that is wished for `wished_at` may leave; None when it has become useless.

    By day at once. At night a text that may come earlier (a reminder) comes the evening before,
    if that is still to come; any other waits for 8:00. What is of no use at that instant any more
    (`useful_until`: the visit has begun, the offer is over) is not sent at all. Asked when a text
    becomes owed, and again when it leaves: a sender may be late.
    """
    at = max(wished_at, now)
    if is_quiet(at, zone):
        evening = evening_before(at, zone)
        at = evening if may_be_earlier and evening >= now else morning_after(at, zone)
    return at if at < useful_until else None


def zone_of_number(number: str) -> str:
    """The IANA zone that a number in E.164 tells of its holder; empty where it tells none.

    A French number (+33) tells none: people keep it overseas. A country with one time tells its
    own (tzdata's zone.tab; phonenumbers has Algeria in the time of Paris). Where a country has
    several, the number has to tell which: a landline does, a mobile one seldom.
    """
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ""
    if parsed.country_code == FRANCE:
        return ""
    region = phonenumbers.region_code_for_number(parsed) or ""
    if region in _MOST:
        return _MOST[region]
    return (
        _shared(_zones_of_regions().get(region, ()))
        or _shared(number_zones.time_zones_for_number(parsed))
        # Ranges younger than the library's table: where the digits lie.
        or ("" if region else _shared(number_zones.time_zones_for_geographical_number(parsed)))
    )


def zone_where(*, told: str, practice_zone: ZoneInfo) -> ZoneInfo:
    """The zone of somebody's wall clock: what their number told, or the practice's."""
    return ZoneInfo(told) if told else practice_zone


def names_clock(*, told: str, practice_zone: ZoneInfo, at: datetime) -> bool:
    """Whether a message has to say whose clock its times are by.

    Overseas always; on the mainland where the reader's number tells of another time at `at`.
    """
    if practice_zone.key != MAINLAND:
        return True
    reader = zone_where(told=told, practice_zone=practice_zone)
    return at.astimezone(reader).utcoffset() != at.astimezone(practice_zone).utcoffset()


def _shared(zones: tuple[str, ...]) -> str:
    """The first of zones that have one time all year; empty for none, or for several times."""
    try:
        times = {tuple(at.astimezone(ZoneInfo(z)).utcoffset() for at in _SEASONS) for z in zones}
    except (ZoneInfoNotFoundError, ValueError):
        return ""
    return zones[0] if len(times) == 1 else ""


@lru_cache(maxsize=1)
def _zones_of_regions() -> dict[str, tuple[str, ...]]:
    """The zones of each country, by its ISO code."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text()
    lines: Iterable[str] = (line for line in table.splitlines() if not line.startswith("#"))
    found: dict[str, tuple[str, ...]] = {}
    for region, _position, zone, *_comment in (line.split("\t") for line in lines):
        found[region] = (*found.get(region, ()), zone)
    return found
