"""Opening weeks as another one is open, or as a usual week that was kept."""

import uuid
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from booking.dashboard.forms.hours import CopyWeekForm, OpenWeeksForm, WeekTemplateForm
from booking.dashboard.hours.left_outside import change_hours
from booking.pages.access import desk_context, own_agenda, practice_actor, practice_member
from booking.pages.refusals import shown_in
from practitioners.domain.scheduling.hours import week_templates as domain
from practitioners.domain.scheduling.wall_clock import monday_of
from practitioners.models import Agenda, OpeningTemplate, VisitReason


@never_cache
@practice_member("booking.change_openings")
@require_http_methods(["GET", "HEAD", "POST"])
def copy_week(request: HttpRequest, practice_id: uuid.UUID, agenda_id: uuid.UUID) -> HttpResponse:
    """Open one week, or some in a row, as another one is."""
    agenda = own_agenda(request, agenda_id)
    form = CopyWeekForm(request.POST or None)
    asks: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        lines = domain.lines_of_week(agenda=agenda, day=form.cleaned_data["source"])
        asks = change_hours(request, agenda, partial(_open_weeks, request, agenda, lines, form))
        if not asks:
            return redirect("booking:week-plan", practice_id)
    context = desk_context(request, current="plan", agenda=agenda, form=form) | asks
    return render(request, "dashboard/copy_week.html", context)


@never_cache
@practice_member("booking.change_openings")
@require_http_methods(["GET", "HEAD", "POST"])
def week_templates(
    request: HttpRequest, practice_id: uuid.UUID, agenda_id: uuid.UUID
) -> HttpResponse:
    """The templates of an agenda, and a form that keeps a week as one more."""
    agenda = own_agenda(request, agenda_id)
    today = timezone.now().astimezone(agenda.practice.zone).date()
    form = WeekTemplateForm(request.POST or None, initial={"day": today})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with shown_in(form, {domain.NothingOpen: "day"}):
            template = domain.save_template(
                agenda=agenda, name=given["name"], day=given["day"], actor=practice_actor(request)
            )
            messages.success(request, _("La semaine type est enregistrée."))
            return redirect("booking:week-template", practice_id, agenda_id, template.pk)
    context = desk_context(
        request, current="plan", agenda=agenda, form=form, rows=agenda.opening_templates.all()
    )
    return render(request, "dashboard/week_templates.html", context)


@never_cache
@practice_member("booking.change_openings")
@require_http_methods(["GET", "HEAD", "POST"])
def week_template(
    request: HttpRequest, practice_id: uuid.UUID, agenda_id: uuid.UUID, template_id: uuid.UUID
) -> HttpResponse:
    """What a template's week looks like, and the weeks that are to look so."""
    agenda = own_agenda(request, agenda_id)
    template = get_object_or_404(OpeningTemplate, pk=template_id, agenda=agenda)
    lines = domain.lines_of(template)
    today = timezone.now().astimezone(agenda.practice.zone).date()
    initial = {"target": monday_of(today) + timedelta(days=7)}
    form = OpenWeeksForm(request.POST or None, initial=initial)
    asks: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        asks = change_hours(request, agenda, partial(_open_weeks, request, agenda, lines, form))
        if not asks:
            return redirect("booking:week-plan", practice_id)
    names = dict(VisitReason.objects.filter(agenda=agenda).values_list("pk", "name"))
    shown = [
        {
            # Any Monday will do: the page says the day of the week alone.
            "day": monday_of(today) + timedelta(days=line.weekday),
            "line": line,
            "reasons": [names[pk] for pk in line.reason_ids if pk in names],
        }
        for line in lines
    ]
    context = desk_context(
        request, current="plan", agenda=agenda, template=template, lines=shown, form=form
    )
    context |= asks
    return render(request, "dashboard/week_template.html", context)


@practice_member("booking.change_openings")
@require_POST
def delete_week_template(
    request: HttpRequest, practice_id: uuid.UUID, agenda_id: uuid.UUID, template_id: uuid.UUID
) -> HttpResponse:
    agenda = own_agenda(request, agenda_id)
    template = get_object_or_404(OpeningTemplate, pk=template_id, agenda=agenda)
    domain.delete_template(template=template, actor=practice_actor(request))
    messages.success(request, _("La semaine type est supprimée. Ce qu’elle a ouvert reste ouvert."))
    return redirect("booking:week-templates", practice_id, agenda_id)


def _open_weeks(
    request: HttpRequest, agenda: Agenda, lines: list[domain.Line], form: OpenWeeksForm
) -> str:
    """Open them, and return what is said of it."""
    first: date = form.cleaned_data["target"]
    opened = domain.open_weeks(
        agenda=agenda,
        lines=lines,
        first=first,
        weeks=form.cleaned_data["weeks"],
        replaces=form.cleaned_data["replaces"],
        actor=practice_actor(request),
    )
    made = len(opened.made)
    said = ngettext("%(n)d plage ajoutée.", "%(n)d plages ajoutées.", made) % {"n": made}
    if opened.left_out:
        left = ngettext(
            "%(n)d y était déjà, ou n’avait pas la place.",
            "%(n)d y étaient déjà, ou n’avaient pas la place.",
            opened.left_out,
        )
        said = f"{said} {left % {'n': opened.left_out}}"
    return said
