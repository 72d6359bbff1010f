"""The .ics file of an appointment (RFC 5545). It names the practitioner, never the patient."""

from datetime import datetime

from django.conf import settings
from icalendar import Calendar, Event, vDatetime, vText

from booking.models import Appointment
from booking.models.appointment import Status


def appointment_ics(appointment: Appointment, *, now: datetime) -> bytes:
    """Return the calendar file of one appointment, in UTC; a cancelled one cancels its event."""
    cancelled = appointment.status == Status.CANCELLED
    calendar = Calendar()
    calendar.add("prodid", "-//Doctolib//FR")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancelled else "PUBLISH")
    event = Event()
    event.add("uid", f"{appointment.pk}@doctolib.example")
    event.add("sequence", appointment.moves + int(cancelled))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("summary", f"{appointment.agenda.practitioner} · {appointment.visit_reason}")
    event["dtstart"] = vDatetime(appointment.starts_at)
    event["dtend"] = vDatetime(appointment.ends_at)
    event["dtstamp"] = vDatetime(now)
    practice = appointment.practice
    place = ", ".join(
        p for p in (practice.name, practice.address, practice.postcode, practice.town) if p
    )
    is_video = appointment.visit_reason.teleconsultation
    link = f"{settings.BASE_URL}/rendez-vous/{appointment.pk}/video/"
    event["location"] = vText(link if is_video else place)
    calendar.add_component(event)
    return bytes(calendar.to_ical())
