"""Calendars of another program, as its server answers with them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from partners.domain.busy import busy_periods

PARIS = ZoneInfo("Europe/Paris")


def at(text):
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def read(text, since="2019-01-01 00:00", until="2026-01-01 00:00", zone=PARIS):
    return busy_periods(text, since=at(since), until=at(until), zone=zone)


def calendar(*lines, event=True):
    body = ["BEGIN:VEVENT", "UID:1", *lines, "END:VEVENT"] if event else list(lines)
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *body, "END:VCALENDAR", ""]).encode()
