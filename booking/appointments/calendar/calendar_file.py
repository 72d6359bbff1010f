"""The .ics files of visits (RFC 5545, 5546, 6047): one event a visit, never the patient's name.

UID stays for a visit's whole life, SEQUENCE rises with each move or new length and with the
cancellation. Times are in UTC: an instant that no client has to look up, on both sides of a change
of the clocks.

A message in a mail is what RFC 5546 calls REQUEST or CANCEL, from the platform's address (the
organizer, under the practice's name) to the one that the mail goes to. Such an object is about
one UID (sections 3.2.2 and 3.2.5): news of several visits is several objects, or, where it adds
to a calendar, one PUBLISH that holds all of them. A download is a PUBLISH.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event, vCalAddress, vDatetime, vDuration, vText

from audit.plain_text import without_links
from booking.accounts.accounts import site_url
from booking.models import Appointment, Message
from booking.models.appointment import Status
from booking.models.message import MessageKind
from booking.outbox.greeting import called, is_for_relative
from practitioners.domain import telephone

PUBLISH, REQUEST, CANCEL = "PUBLISH", "REQUEST", "CANCEL"
BEFORE, BEFORE_VIDEO = timedelta(hours=2), timedelta(minutes=15)


def calendar_file(
    visits: Sequence[Appointment], *, method: str, now: datetime, attendee: str = ""
) -> bytes:
    """Return the calendar file of visits, in the language that is active.

    `attendee` is the address that a REQUEST or CANCEL goes to; a PUBLISH has none (RFC 5546
    section 3.2.1). `visits` come with practice, agenda, practitioner, visit reason and patient.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Doctolib//FR")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    moved_at = _moved_at(visits)
    for visit in visits:
        event = _event(visit, now=now, changed_at=moved_at.get(visit.pk))
        if method != PUBLISH:
            event.add("attendee", _attendee(attendee))
        if method != CANCEL and visit.is_active:
            event.add_component(_alarm(visit))
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def visits_around(appointment: Appointment, *, with_series: bool = True) -> list[Appointment]:
    """A visit with all of its series that stand, and those that follow each, soonest first."""
    found = {appointment.pk: appointment}
    rows = Appointment.unscoped.select_related(
        "practice", "agenda__practitioner", "visit_reason", "patient"
    )
    standing = rows.exclude(status=Status.CANCELLED)
    if with_series and appointment.series is not None:
        same = standing.filter(patient=appointment.patient_id, series=appointment.series)
        found |= {row.pk: row for row in same if row.pk not in found}
    found |= {row.pk: row for row in standing.filter(follows__in=list(found))}
    if appointment.follows_id is not None:
        found |= {row.pk: row for row in standing.filter(pk=appointment.follows_id)}
    return sorted(found.values(), key=lambda row: (row.starts_at, row.pk))


def cancelled_around(appointment: Appointment, others: Iterable[Appointment]) -> list[Appointment]:
    """A cancelled visit with `others` of its series that went with it, and those that followed."""
    first = [appointment, *others]
    rows = Appointment.unscoped.filter(
        follows__in=[row.pk for row in first], cancelled_at=appointment.cancelled_at
    )
    return [
        *first,
        *rows.select_related("practice", "agenda__practitioner", "visit_reason", "patient"),
    ]


def _event(visit: Appointment, *, now: datetime, changed_at: datetime | None) -> Event:
    cancelled = visit.status == Status.CANCELLED
    page = _page(visit)
    event = Event()
    event.add("uid", f"{visit.pk}@doctolib.example")
    event.add("sequence", visit.sequence + int(cancelled))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("organizer", _organizer(visit))
    event.add("summary", _summary(visit))
    event["dtstart"] = vDatetime(visit.starts_at)
    event["dtend"] = vDatetime(visit.ends_at)
    event["dtstamp"] = vDatetime(now)
    event["created"] = vDatetime(visit.created_at)
    # A visit that came along with another one has no news of its own: now is when it is known.
    moved_at = changed_at or (now if visit.sequence else visit.created_at)
    event["last-modified"] = vDatetime(visit.cancelled_at or moved_at)
    event["location"] = vText(_place(visit))
    if visit.practice.phone:
        event["contact"] = vText(_contact(visit))
    if page:
        event["url"] = page
    event["description"] = vText(_description(visit, page))
    event.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    # Other readers of the calendar see only that the time is busy, not with which doctor.
    event.add("class", "PRIVATE")
    return event


def _summary(visit: Appointment) -> str:
    """With whom and for what; calendars make links of what looks like an address."""
    return without_links(f"{visit.agenda.practitioner} · {visit.visit_reason}")


def _moved_at(visits: Sequence[Appointment]) -> dict[object, datetime]:
    """When each visit was moved last, by the news of it."""
    moved = [visit.pk for visit in visits if visit.moves]
    if not moved:
        return {}
    rows = Message.objects.filter(appointment__in=moved, kind=MessageKind.CHANGE)
    return dict(rows.values_list("appointment").annotate(Max("created_at")))


def _organizer(visit: Appointment) -> vCalAddress:
    _name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    organizer = vCalAddress(f"mailto:{address}")
    organizer.params["CN"] = vText(without_links(visit.practice.name))
    return organizer


def _attendee(address: str) -> vCalAddress:
    """The reader, by the address of the mail alone; the practice asks for no answer."""
    attendee = vCalAddress(f"mailto:{address}")
    attendee.params["CUTYPE"] = vText("INDIVIDUAL")
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    attendee.params["PARTSTAT"] = vText("ACCEPTED")
    attendee.params["RSVP"] = vText("FALSE")
    return attendee


def _alarm(visit: Appointment) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _summary(visit))
    before = BEFORE_VIDEO if visit.visit_reason.teleconsultation else BEFORE
    alarm["trigger"] = vDuration(-before)
    return alarm


def _page(visit: Appointment) -> str:
    """Where the reader moves or cancels the visit; nothing for somebody without an account."""
    if visit.patient.account_id is None:
        return ""
    return site_url(reverse("booking:appointment", args=[visit.pk]))


def _place(visit: Appointment) -> str:
    if not visit.visit_reason.teleconsultation:
        practice = visit.practice
        parts = (practice.name, practice.full_address)
        return without_links(", ".join(part for part in parts if part))
    if visit.patient.account_id is None:
        return _("Téléconsultation")
    return site_url(reverse("booking:video", args=[visit.pk]))


def _contact(visit: Appointment) -> str:
    name = without_links(visit.practice.name)
    return f"{name}, {telephone.for_reading(visit.practice.phone)}"


def _description(visit: Appointment, page: str) -> str:
    lines = []
    if is_for_relative(visit.patient):
        lines.append(_("Pour %(whom)s") % {"whom": called(visit.patient)})
    if visit.visit_reason.teleconsultation:
        lines.append(_("En téléconsultation"))
    if visit.status != Status.CANCELLED and page:
        # The second of two in a row is changed by the first.
        is_second = visit.follows_id is not None
        words = _("Voir : %(link)s") if is_second else _("Voir ou annuler : %(link)s")
        lines.append(words % {"link": page})
    if visit.practice.phone:
        reads = telephone.for_reading(visit.practice.phone)
        lines.append(_("Téléphone du cabinet : %(phone)s") % {"phone": reads})
    return "\n".join(lines)
