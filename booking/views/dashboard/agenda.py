"""The agenda in a day or a week, and what is done from it."""

import uuid
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from booking.queries.agenda_grid import build_grid, week_of
from booking.views.access import agendas_of, membership_of, practice_actor, practice_member
from practitioners.domain.wall_clock import read_day

SIDE_BY_SIDE = 6


@never_cache
@practice_member("booking.view_agenda")
@require_safe
def agenda(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    membership = membership_of(request)
    practice = membership.practice
    now = timezone.now()
    today = now.astimezone(practice.zone).date()
    day = read_day(request.GET.get("jour", "")) or today
    week = request.GET.get("vue") == "semaine"
    agendas = agendas_of(request)
    wanted = set(request.GET.getlist("agenda"))
    chosen = [a for a in agendas if str(a.pk) in wanted] or _own_first(request, agendas)
    chosen = chosen[:1] if week else chosen[:SIDE_BY_SIDE]
    days = week_of(day) if week else [day]
    grid = (
        build_grid(agendas=chosen, days=days, actor=practice_actor(request), now=now)
        if chosen
        else None
    )
    step = timedelta(days=7 if week else 1)
    context = {
        "practice": practice,
        "membership": membership,
        "agendas": agendas,
        "chosen": chosen,
        "grid": grid,
        "day": day,
        "days": days,
        "today": today,
        "week": week,
        "earlier": day - step,
        "later": day + step,
        "current": "agenda",
    }
    return render(request, "dashboard/agenda.html", context)


def _own_first(request: HttpRequest, agendas: list) -> list:  # type: ignore[type-arg]
    own = membership_of(request).practitioner_id
    return sorted(agendas, key=lambda a: a.practitioner_id != own)
