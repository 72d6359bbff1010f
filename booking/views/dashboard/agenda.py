"""The agenda by day, week or month or as a list, and what is done from it."""

import uuid
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from booking.queries.agenda_grid import build_grid, week_of
from booking.queries.agenda_list import month_of, visits_of_day
from booking.views.access import agendas_of, membership_of, practice_actor, practice_member
from practitioners.domain.wall_clock import read_day

SIDE_BY_SIDE = 6
DAY, WEEK, MONTH, LIST = "jour", "semaine", "mois", "liste"
VIEWS = {DAY: _("Jour"), WEEK: _("Semaine"), MONTH: _("Mois"), LIST: _("Liste")}


@never_cache
@practice_member("booking.view_agenda")
@require_safe
def agenda(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    membership = membership_of(request)
    practice = membership.practice
    now = timezone.now()
    today = now.astimezone(practice.zone).date()
    day = read_day(request.GET.get("jour", "")) or today
    view = request.GET.get("vue", "")
    view = view if view in VIEWS else DAY
    week = view == WEEK
    agendas = agendas_of(request)
    wanted = set(request.GET.getlist("agenda"))
    chosen = [a for a in agendas if str(a.pk) in wanted] or _own_first(request, agendas)
    chosen = chosen[:1] if week else chosen[:SIDE_BY_SIDE]
    days = week_of(day) if week else [day]
    context: dict[str, object] = {
        "practice": practice,
        "membership": membership,
        "agendas": agendas,
        "chosen": chosen,
        "day": day,
        "days": days,
        "today": today,
        "week": week,
        "view": view,
        "views": VIEWS.items(),
        "earlier": _step(day, view, -1),
        "later": _step(day, view, 1),
        "current": "agenda",
    }
    actor = practice_actor(request)
    if not chosen:
        return render(request, "dashboard/agenda.html", context)
    if view == MONTH:
        context["weeks"] = month_of(agendas=chosen, day=day)
    elif view == LIST:
        context["visits"] = visits_of_day(agendas=chosen, day=day, actor=actor)
    else:
        context["grid"] = build_grid(agendas=chosen, days=days, actor=actor, now=now)
    return render(request, "dashboard/agenda.html", context)


def _step(day: date, view: str, sign: int) -> date:
    if view != MONTH:
        return day + sign * timedelta(days=7 if view == WEEK else 1)
    first = day.replace(day=1)
    return (
        (first + timedelta(days=31)).replace(day=1)
        if sign > 0
        else (first - timedelta(days=1)).replace(day=1)
    )


def _own_first(request: HttpRequest, agendas: list) -> list:  # type: ignore[type-arg]
    own = membership_of(request).practitioner_id
    return sorted(agendas, key=lambda a: a.practitioner_id != own)
