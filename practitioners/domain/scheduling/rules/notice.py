"""Notice and horizon: how soon, and how far ahead, a visit reason is booked online."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol


class Booked(Protocol):
    """What the rule reads of a visit reason."""

    minimum_notice_minutes: int
    horizon_days: int


class Outside(Enum):
    """Why a start is not bookable online, whatever the agenda has."""

    OVER = "over"
    TOO_SOON = "too-soon"
    TOO_FAR = "too-far"


def notice_of(reason: Booked) -> timedelta:
    """How long before its start a visit is booked at the latest."""
    return timedelta(minutes=reason.minimum_notice_minutes)


def earliest(reason: Booked, *, now: datetime) -> datetime:
    """The first instant at which a visit that is booked now may start."""
    return now + notice_of(reason)


def end_of_horizon(reason: Booked, *, now: datetime) -> datetime:
    """The instant before which a visit that is booked now must start."""
    return now + timedelta(days=reason.horizon_days)


def bookable_until(reason: Booked, *, starts_at: datetime) -> datetime:
    """Until when a start can be booked."""
    return starts_at - notice_of(reason)


def is_possible(reason: Booked) -> bool:
    """Whether notice and horizon leave any time between them."""
    return notice_of(reason) < timedelta(days=reason.horizon_days)


def outside(reason: Booked, *, starts_at: datetime, now: datetime) -> Outside | None:
    """Say why a start is not bookable online by notice and horizon; None if they allow it."""
    if starts_at < now:
        return Outside.OVER
    if starts_at < earliest(reason, now=now):
        return Outside.TOO_SOON
    if starts_at >= end_of_horizon(reason, now=now):
        return Outside.TOO_FAR
    return None
