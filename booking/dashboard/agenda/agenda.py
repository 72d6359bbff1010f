"""The agenda by day, week or month or as a list, and what is done from it."""

import uuid
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit.ids import read_id
from audit.vault.reveal import Purpose
from booking.appointments.former_time import can_restore
from booking.appointments.queries.appointments import show, with_related
from booking.appointments.queries.series import cancelled_with
from booking.dashboard.agenda.said import what_was_done
from booking.dashboard.agenda.told import When, told
from booking.dashboard.queries.agenda_grid import build_grid, week_of
from booking.dashboard.queries.agenda_list import cancelled_late, month_of, visits_of_day
from booking.oversight.dashboard_access import may_still_work
from booking.pages.access import (
    account_of,
    agendas_of,
    desk_context,
    membership_of,
    owes_answer,
    practice_actor,
    practice_member,
)
from booking.pages.live import event_stream, live_url, session_anew
from booking.pages.session import work_session
from practitioners.domain.live import follow_hints
from practitioners.domain.scheduling.wall_clock import read_day

SIDE_BY_SIDE = 6
NAMES_AT_ONCE = 50
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
    agendas = agendas_of(request)
    wanted = {text for text in request.GET.getlist("agenda") if text}
    chosen = [a for a in agendas if str(a.pk) in wanted or not wanted]
    problem = _not_understood(request, is_nobodys=bool(wanted and agendas and not chosen))
    day = read_day(request.GET.get("jour", "")) or today
    view = request.GET.get("vue", "")
    view = view if view in VIEWS else DAY
    week = view == WEEK
    chosen = [] if problem else chosen if wanted else _own_first(request, chosen)
    chosen = chosen[:1] if week else chosen[:SIDE_BY_SIDE]
    days = week_of(day) if week else [day]
    context: dict[str, object] = desk_context(request, current="agenda") | {
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
        "problem": problem,
    }
    actor = practice_actor(request)
    if "sans-noms" not in request.GET:
        context["cancelled"] = _just_cancelled(request, now=now)
        context["done"] = what_was_done(request, now=now)
    if not chosen:
        return render(request, "dashboard/agenda.html", context)
    if view == MONTH:
        context["weeks"] = month_of(agendas=chosen, day=day)
    elif view == LIST:
        context["visits"] = visits_of_day(agendas=chosen, day=day, actor=actor)
    else:
        is_partial = "sans-noms" in request.GET
        context["grid"] = build_grid(
            agendas=chosen, days=days, actor=None if is_partial else actor, now=now
        )
        query = urlencode({"agenda": [a.pk for a in chosen]}, doseq=True)
        path = reverse("booking:agenda-events", args=[practice_id])
        context["live_url"] = live_url(request, f"{path}?{query}")
        context["may_change"] = request.user.has_perm("booking.change_appointments", membership)
        if is_partial:
            return render(request, "dashboard/_grid.html", context)
        context["cancelled_late"] = cancelled_late(agendas=chosen, days=days)
    return render(request, "dashboard/agenda.html", context)


@never_cache
@practice_member("booking.view_agenda")
@require_safe
def agenda_events(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponseBase:
    """Hints that one of the agendas on a page has changed; they say nothing of what."""
    membership = membership_of(request)
    wanted = set(request.GET.getlist("agenda"))
    ids = [a.pk for a in agendas_of(request) if str(a.pk) in wanted]
    if not ids:
        raise Http404

    account = account_of(request)

    def may_go_on() -> bool:
        fresh = session_anew(request)
        is_same = fresh.user.pk == account.pk and not work_session.is_idle(
            fresh.session, now=timezone.now()
        )
        return is_same and not owes_answer(fresh) and may_still_work(membership)

    return event_stream(
        request,
        begins=lambda: "1",
        follow=lambda _after: follow_hints(ids, account_id=account.pk),
        may_go_on=may_go_on,
    )


@never_cache
@practice_member("booking.view_agenda")
@require_safe
def agenda_names(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """The names of visits that came onto a page which stays open: of these alone."""
    ids = [pk for text in request.GET.getlist("rdv")[:NAMES_AT_ONCE] if (pk := read_id(text))]
    rows = list(with_related().filter(pk__in=ids, agenda__in=agendas_of(request)))
    shown = show(rows, actor=practice_actor(request), purpose=Purpose.CARE)
    return JsonResponse({str(each.appointment.pk): each.name for each in shown})


def _just_cancelled(request: HttpRequest, *, now: datetime) -> dict[str, object] | None:
    """What the page before this one cancelled, while it can be taken back."""
    pk = read_id(request.GET.get("annule", ""))
    row = with_related().filter(pk=pk, agenda__in=agendas_of(request)).first() if pk else None
    if row is None or not can_restore(row, now=now):
        return None
    return {
        "shown": show([row], actor=practice_actor(request), purpose=Purpose.BOOKING)[0],
        "others": len(cancelled_with(row)),
        "told": told(row, now=now, when=When.UNDOABLE, expected_at=row.starts_at),
    }


def _step(day: date, view: str, sign: int) -> date:
    if view != MONTH:
        return day + sign * timedelta(days=7 if view == WEEK else 1)
    first = day.replace(day=1)
    return (
        (first + timedelta(days=31)).replace(day=1)
        if sign > 0
        else (first - timedelta(days=1)).replace(day=1)
    )


def _not_understood(request: HttpRequest, *, is_nobodys: bool) -> str:
    """What of the address means no day, view or agenda here; "" where all is understood.

    Then nothing is shown: neither another day than was meant, nor somebody else's visits.
    """
    day, view = request.GET.get("jour", ""), request.GET.get("vue", "")
    if day and read_day(day) is None:
        return gettext("Ce jour n’existe pas dans l’agenda.")
    if view and view not in VIEWS:
        return gettext("Cette vue de l’agenda n’existe pas.")
    return gettext("Cet agenda n’est pas de ceux que vous voyez ici.") if is_nobodys else ""


def _own_first(request: HttpRequest, agendas: list) -> list:  # type: ignore[type-arg]
    own = membership_of(request).practitioner_id
    return sorted(agendas, key=lambda a: a.practitioner_id != own)
