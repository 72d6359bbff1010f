"""What the demo practice has arranged for itself: a room, a usual week, a substitute."""

from contextlib import suppress
from datetime import datetime, timedelta

from audit.record.entries import Channel, system_actor
from practitioners.domain.scheduling.hours import week_templates
from practitioners.domain.scheduling.reservations.resources import (
    save_reason_and_settle,
    save_resource,
)
from practitioners.domain.staff import substitutes
from practitioners.models import Agenda, Practice, Practitioner, Resource


def furnish(practice: Practice, agendas: list[Agenda], *, now: datetime) -> None:
    """Arrange the practice; what is booked already gets the room where it is free."""
    actor = system_actor(Channel.SHELL)
    room = Resource(practice=practice, name="Salle d’échographie")
    save_resource(resource=room, actor=actor, now=now)
    for agenda in agendas:
        reason = agenda.visit_reasons.filter(teleconsultation=False).order_by("name", "pk").last()
        if reason is not None:
            reason.needs = [room.pk]
            save_reason_and_settle(reason=reason, actor=actor, now=now)
    today = now.astimezone(practice.zone).date()
    for agenda in agendas:
        with suppress(week_templates.NothingOpen):
            week_templates.save_template(
                agenda=agenda, name="Semaine de vacances", day=today, actor=actor
            )
    stranger = Practitioner.objects.exclude(agenda__practice=practice).order_by("pk")[0]
    since = today + timedelta(days=21)
    substitutes.appoint(
        agenda=agendas[-1],
        name=str(stranger),
        since=since,
        until=since + timedelta(days=4),
        member=None,
        actor=actor,
    )
