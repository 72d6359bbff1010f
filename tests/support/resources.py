"""A visit reason that needs a room or a device."""

from datetime import UTC, datetime, time

from tests.factories import (
    make_agenda,
    make_opening,
    make_reason,
)

NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


def needing(*needs, **values):
    """A practitioner of the same practice with a reason that needs these, open from nine."""
    agenda = make_agenda(practice=needs[0].practice)
    reason = make_reason(agenda, needs=[each.pk for each in needs], **values)
    make_opening(agenda, reason, until_time=time(11))
    return reason
