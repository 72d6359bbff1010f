"""Private calendar feeds (RFC 5545): an agenda's busy times, without identities."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from icalendar import Calendar, Event, vDatetime, vDuration

from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor
from booking.accounts.access_changes import tell
from booking.models import Appointment
from booking.models.accounts.access_change import ChangeKind
from booking.models.appointment import Status
from partners import actions
from partners.domain.tokens import digest_of
from partners.models import CalendarFeed
from practitioners.models import Absence, Agenda

DAYS_BEHIND = 30
DAYS_AHEAD = 180
# How often a calendar program should come back (RFC 7986 section 5.7).
REFRESH = timedelta(minutes=15)


@transaction.atomic
def open_feed(
    *, agenda: Agenda, label: str, actor: Actor, now: datetime
) -> tuple[CalendarFeed, str]:
    """Create a feed, and return it with the secret of its address, which is not shown again.

    The practice's owners are notified.
    """
    secret = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(
        agenda=agenda, label=label, digest=digest_of(secret), created_at=now
    )
    _note(actions.FEED_OPENED, feed, actor)
    tell(
        kind=ChangeKind.FEED, holder_id=agenda.practice_id, object_id=feed.pk, actor=actor, now=now
    )
    return feed, secret


@transaction.atomic
def close_feed(*, feed: CalendarFeed, actor: Actor, now: datetime) -> bool:
    """Close a feed: its address no longer works. Returns False if it was already closed."""
    ended = CalendarFeed.objects.filter(pk=feed.pk, revoked_at__isnull=True).update(revoked_at=now)
    if ended:
        _note(actions.FEED_CLOSED, feed, actor)
    return bool(ended)


def _note(action: Action, feed: CalendarFeed, actor: Actor) -> None:
    entries.write(
        action,
        actor=actor,
        practice_id=feed.agenda.practice_id,
        object_id=feed.pk,
        details={"agenda": feed.agenda_id},
    )


def find_feed(secret: str) -> CalendarFeed | None:
    """The feed of an address, unless it is closed."""
    return (
        CalendarFeed.objects.select_related("agenda__practitioner", "agenda__practice")
        .filter(digest=digest_of(secret), revoked_at__isnull=True)
        .first()
    )


def feed_text(feed: CalendarFeed, *, now: datetime) -> bytes:
    """The agenda's appointments and absences around `now`, in UTC, by visit reason only."""
    since, until = now - timedelta(days=DAYS_BEHIND), now + timedelta(days=DAYS_AHEAD)
    calendar = Calendar()
    calendar.add("prodid", "-//Doctolib//FR")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"{feed.agenda.practitioner} · {feed.agenda.practice.name}")
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"value": "DURATION"})
    appointments = (
        Appointment.unscoped.filter(agenda_id=feed.agenda_id, ends_at__gt=since)
        .filter(starts_at__lt=until)
        .exclude(status=Status.CANCELLED)
        .select_related("visit_reason")
        .order_by("starts_at", "pk")
    )
    for row in appointments:
        event = _event(str(row.pk), row.starts_at, row.ends_at, now=now)
        event.add("sequence", row.sequence)
        event.add("summary", str(row.visit_reason))
        calendar.add_component(event)
    # Not those of imported calendars: who reads this one has them there.
    absences = Absence.objects.filter(
        agenda_id=feed.agenda_id, until__gt=since, starts_at__lt=until, imported_from__isnull=True
    )
    for absence in absences.order_by("starts_at", "pk"):
        event = _event(str(absence.pk), absence.starts_at, absence.until, now=now)
        # Not its label: somebody may have written a name into it.
        event.add("summary", "Absence")
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _event(uid: str, starts_at: datetime, ends_at: datetime, *, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{uid}@doctolib.example")
    event["dtstart"], event["dtend"] = vDatetime(starts_at), vDatetime(ends_at)
    event["dtstamp"] = vDatetime(now)
    return event
