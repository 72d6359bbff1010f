"""Whether a patient hears of what the practice does with a visit, in words for the practice.

The rule is `booking.appointments.news.owed.news_of`: no page promises news that no message brings.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.translation import gettext as _

from booking.appointments.former_time import UNDO
from booking.appointments.news.owed import News, Reach, news_of
from booking.models import Appointment
from booking.models.message import MessageChannel
from practitioners.domain.date_words import in_words


class When(StrEnum):
    """When the sentence is read: before the deed, after it, or while it can be taken back."""

    BEFORE = "before"
    AFTER = "after"
    UNDOABLE = "undoable"


@dataclass(frozen=True, kw_only=True)
class Told:
    """A sentence, and whether it asks its reader to call the patient."""

    text: str
    needs_call: bool


def told(
    appointment: Appointment, *, now: datetime, when: When, expected_at: datetime | None = None
) -> Told:
    """Say how the patient hears of a visit as it stands after the deed (`news_of`)."""
    after = timedelta() if when == When.AFTER else UNDO
    news = news_of(appointment, now=now, expected_at=expected_at, after=after)
    is_soon = news.leaves_at is None or news.leaves_at <= now + after
    text = _sentence(news, when) if is_soon else _by_day(news, appointment)
    return Told(text=text, needs_call=news.needs_call)


def _by_day(news: News, appointment: Appointment) -> str:
    """What waits for the morning."""
    assert news.leaves_at is not None  # noqa: S101 - or it would not wait
    local = news.leaves_at.astimezone(appointment.practice.zone).replace(tzinfo=None)
    given = {"day": in_words(local, "D j b"), "at": f"{local:%H:%M}"}
    return _("Le patient en sera prévenu par SMS, %(day)s à %(at)s.") % given


def _sentence(news: News, when: When) -> str:
    if news.reach == Reach.OVER:
        return _("Cette heure est passée : aucun message ne part.")
    if news.reach == Reach.UNREACHABLE:
        return _("Ni e-mail ni SMS ne joint ce patient : prévenez-le vous-même.")
    if news.reach == Reach.TOO_LATE:
        return _("Aucun SMS ne part la nuit : le patient ne saurait rien à temps. Appelez-le.")
    by_email = news.channel == MessageChannel.EMAIL
    if when == When.AFTER:
        return (
            _("Le patient en est prévenu par e-mail.")
            if by_email
            else _("Le patient en est prévenu par SMS.")
        )
    if when == When.UNDOABLE:
        return (
            _("Le patient en sera prévenu par e-mail dans 30 secondes.")
            if by_email
            else _("Le patient en sera prévenu par SMS dans 30 secondes.")
        )
    return (
        _("Le patient en sera prévenu par e-mail.")
        if by_email
        else _("Le patient en sera prévenu par SMS.")
    )
