"""A practice's statistics, as a page and as CSV."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit.spreadsheet import table_of
from audit.views.factor import fresh_factor
from booking.dashboard.forms.statistics import StatisticsForm
from booking.dashboard.practice import plotted
from booking.dashboard.queries.statistics import Statistics, Week, statistics_of
from booking.models.appointment import Channel
from booking.pages.access import agendas_of, desk_context, membership_of, practice_member
from practitioners.domain.rounded import to_tenth
from practitioners.templatetags.doctolib import per_cent


def _asked(request: HttpRequest) -> tuple[StatisticsForm, Statistics | None]:
    """The form and what it asks for; None where it cannot be read."""
    agendas = agendas_of(request)
    form = StatisticsForm(request.GET or None, agendas=agendas)
    if not form.is_readable():
        return form, None
    chosen = form.chosen()
    found = statistics_of(
        membership_of(request).practice,
        [chosen] if chosen is not None else agendas,
        weeks=form.weeks(),
        now=timezone.now(),
    )
    return form, found


@never_cache
@practice_member("booking.view_agenda")
@require_safe
def statistics(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    form, found = _asked(request)
    return _show(request, form, found)


def _show(request: HttpRequest, form: StatisticsForm, found: Statistics | None) -> HttpResponse:
    context = desk_context(request, current="statistics", form=form, found=found)
    if found is None:
        return render(request, "dashboard/statistics.html", context, status=400)
    context |= {
        "bars": plotted.bars([(week.monday, week.height, _fill(week)) for week in found.weeks]),
        "channels": [(label, found.channels.get(value, 0)) for value, label in Channel.choices],
        "query": request.GET.urlencode(),
    }
    return render(request, "dashboard/statistics.html", context)


def _fill(week: Week) -> str:
    return "—" if week.fill is None else per_cent(week.fill)


@never_cache
@practice_member("booking.view_agenda")
@fresh_factor("GET", "HEAD", is_file=True)
@require_safe
def statistics_csv(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """A line a week, for a spreadsheet."""
    form, found = _asked(request)
    if found is None:
        return _show(request, form, found)
    head = [
        _("Semaine du"), _("Heures ouvertes"), _("Heures prises"), _("Remplissage (%)"),
        pgettext("plusieurs", "Rendez-vous"), _("Absents"), _("Annulés"), _("Annulés tardivement"),
    ]  # fmt: skip
    weeks = (
        [
            week.monday.isoformat(), to_tenth(week.open_minutes / 60),
            to_tenth(week.booked_minutes / 60),
            "" if week.fill is None else to_tenth(week.fill), week.visits, week.no_shows,
            week.cancelled, week.cancelled_late,
        ]
        for week in found.weeks
    )  # fmt: skip
    answer = HttpResponse(table_of([head, *weeks]), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="statistiques.csv"'
    return answer
