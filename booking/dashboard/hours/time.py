"""Openings, absences and visit reasons of a practice's agendas."""

import uuid
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.forms.shown import in_turn, is_newer, state_of
from audit.vault.reveal import Purpose
from booking.appointments.absences.absences import Booked, Changed, booked_in, close_time, ways_out
from booking.appointments.news.owed import Reach, news_of
from booking.appointments.queries.appointments import Shown, show, with_related
from booking.dashboard.forms.hours import AbsenceForm, AgendaForm, OpeningForm, ReasonForm
from booking.dashboard.hours.absence_letters import letters_of
from booking.dashboard.hours.left_outside import change_hours
from booking.dashboard.hours.to_call import address_that_lists, those_to_call
from booking.dashboard.hours.ways_out import moves_of, same_time, unread_choice, unused_choice
from booking.models import Appointment
from booking.pages.access import (
    agendas_of,
    desk_context,
    membership_of,
    own_agenda,
    practice_actor,
    practice_member,
    works_on_whole_practice,
)
from booking.pages.forms.questionnaire import QuestionFormSet, questions_shown, specs_of
from booking.pages.refusals import shown_as_message
from practitioners.domain.questions import save_questions
from practitioners.domain.scheduling.hours import openings as domain
from practitioners.domain.scheduling.hours.never_free import why_never, why_opening_never
from practitioners.domain.scheduling.hours.plan import plan_of
from practitioners.domain.scheduling.reservations.pieces import out_of_service
from practitioners.domain.scheduling.reservations.resources import (
    choosable_for,
    save_reason_and_settle,
)
from practitioners.domain.scheduling.reservations.take import OutsideOpening, SlotTaken
from practitioners.domain.scheduling.wall_clock import read_instant
from practitioners.domain.settings import save_agenda
from practitioners.models import Absence, Agenda, Opening, Taken, VisitReason
from practitioners.templatetags.doctolib import iso

# As long as a message's words may be.
WORDS = 500


def _booked_in(request: HttpRequest, taken: list[Taken]) -> list[Shown]:
    found = with_related().select_related("taken").filter(taken__in=taken)
    rows = list(found.order_by("starts_at", "pk"))
    return show(rows, actor=practice_actor(request), purpose=Purpose.BOOKING)


@never_cache
@practice_member("booking.view_agenda")
@require_safe
def week_plan(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """Openings, visit reasons and absences of each agenda, in one list."""
    rows: list[dict[str, Any]] = [
        {
            "agenda": agenda,
            "plan": plan_of(
                agenda.openings.prefetch_related("visit_reasons"),
                today=timezone.now().astimezone(agenda.practice.zone).date(),
            ),
            "reasons": list(agenda.visit_reasons.order_by("name", "pk")),
            "absences": agenda.absences.filter(
                until__gt=timezone.now(), imported_from__isnull=True
            ).order_by("starts_at", "pk"),
            "imported": agenda.absences.filter(
                until__gt=timezone.now(), imported_from__isnull=False
            ).count(),
        }
        for agenda in agendas_of(request)
    ]
    missing = out_of_service(reason for row in rows for reason in row["reasons"])
    for row in rows:
        row["reasons"] = [(reason, missing.get(reason.pk, [])) for reason in row["reasons"]]
    may_change = request.user.has_perm("booking.change_openings", membership_of(request))
    context = desk_context(
        request,
        current="plan",
        rows=rows,
        sees_resources=may_change and works_on_whole_practice(request),
        to_call=those_to_call(request),
    )
    return render(request, "dashboard/week_plan.html", context)


@never_cache
@practice_member("booking.change_openings")
@require_http_methods(["GET", "HEAD", "POST"])
def opening(
    request: HttpRequest,
    practice_id: uuid.UUID,
    agenda_id: uuid.UUID,
    opening_id: uuid.UUID | None = None,
) -> HttpResponse:
    agenda = own_agenda(request, agenda_id)
    with in_turn(request):
        row = get_object_or_404(Opening, pk=opening_id, agenda=agenda) if opening_id else None
        initial = OpeningForm.initial_of(row) if row else {}
        form = OpeningForm(request.POST or None, agenda=agenda, initial=initial)
        touched = domain.touched_by_opening(opening=row, now=timezone.now()) if row else []
        asked = bool(touched) and "confirmed" not in request.POST
        may_save = form.is_valid() and not (row and form.is_overtaken()) and not asked
        if request.method == "POST" and may_save and _save_opening(request, agenda, row, form):
            return redirect("booking:week-plan", practice_id)
    context = desk_context(
        request,
        current="plan",
        agenda=agenda,
        opening=row,
        form=form,
        touched=_booked_in(request, touched) if request.method == "POST" and asked else [],
        touched_count=len(touched),
    )
    status = 409 if form.newer else 200
    return render(request, "dashboard/opening.html", context, status=status)


def _save_opening(
    request: HttpRequest, agenda: Agenda, row: Opening | None, form: OpeningForm
) -> bool:
    """Save what was entered, and say so; False, with the problem, where that is refused."""
    try:
        saved = domain.save_opening(
            agenda=agenda, spec=form.spec(), actor=practice_actor(request), opening=row
        )
    except domain.OverlapsOpening as problem:
        form.add_error(None, str(problem.text))
        return False
    messages.success(request, _("La plage est enregistrée."))
    if why := why_opening_never(saved, saved.visit_reasons.all()):
        messages.warning(request, why)
    return True


@never_cache
@practice_member("booking.change_openings")
@require_http_methods(["GET", "HEAD", "POST"])
def delete_opening(
    request: HttpRequest, practice_id: uuid.UUID, agenda_id: uuid.UUID, opening_id: uuid.UUID
) -> HttpResponse:
    agenda = own_agenda(request, agenda_id)
    row = get_object_or_404(Opening, pk=opening_id, agenda=agenda)
    if request.method == "POST":
        domain.delete_opening(opening=row, actor=practice_actor(request))
        messages.success(request, _("La plage est supprimée. Les rendez-vous pris restent."))
        return redirect("booking:week-plan", practice_id)
    touched = domain.touched_by_opening(opening=row, now=timezone.now())
    context = desk_context(
        request,
        current="plan",
        agenda=agenda,
        opening=row,
        touched=_booked_in(request, touched),
    )
    return render(request, "dashboard/delete_opening.html", context)


@never_cache
@practice_member("booking.change_absences")
@require_http_methods(["GET", "HEAD", "POST"])
def new_absence(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """Close time. What is booked in it is shown, and the person says what becomes of it."""
    initial = {"agendas": request.GET.getlist("agenda"), "from_day": request.GET.get("jour")}
    form = AbsenceForm(request.POST or None, agendas=agendas_of(request), initial=initial)
    touched: list[Shown] = []
    words, problem, choice = request.POST.get("words", "")[:WORDS], "", ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        taken = booked_in(
            agenda_ids=[a.pk for a in given["agendas"]],
            starts_at=given["starts_at"],
            until=given["until"],
            now=timezone.now(),
        )
        choice = request.POST.get("booked", "")
        asks = choice not in ("", *Booked) or (taken and not choice) or "preview" in request.POST
        problem = unread_choice(request) or unused_choice(request, taken, choice)
        if not asks and not problem:
            try:
                changed = close_time(
                    agendas=given["agendas"],
                    starts_at=given["starts_at"],
                    until=given["until"],
                    label=given["label"],
                    booked=Booked(choice or Booked.KEEP),
                    moves=moves_of(request),
                    words=words,
                    actor=practice_actor(request),
                    now=timezone.now(),
                )
            except (SlotTaken, OutsideOpening) as refused:
                problem = f"{refused.text} {_('Rien n’est changé : choisissez de nouveau.')}"
            else:
                return redirect(_say_what_became(request, changed))
        touched = _booked_in(request, taken)
        if choice == Booked.MOVE and (asks or problem):
            problem = same_time(request, touched) or problem
    context = desk_context(request, current="plan", form=form, touched=touched, problem=problem)
    if touched:
        ways = _ways_out(request, touched, form.cleaned_data, words)
        context |= ways
        if "preview" in request.POST and not problem:
            context |= letters_of(request, form.cleaned_data, ways["lines"], words)
    return render(request, "dashboard/absence.html", context, status=409 if problem else 200)


def _say_what_became(request: HttpRequest, changed: list[Changed]) -> str:
    """Say how many patients hear of an absence; return where those to call are listed."""
    now = timezone.now()
    news = [(each, news_of(each.appointment, now=now, expected_at=each.former)) for each in changed]
    heard = len({each.appointment.patient_id for each, told in news if told.reach == Reach.HEARS})
    said = _("L’absence est enregistrée.")
    if heard:
        told = ngettext(
            "%(n)d patient reçoit un message.", "%(n)d patients reçoivent un message.", heard
        )
        said = f"{said} {told % {'n': heard}}"
    messages.success(request, said)
    to_call = [each.appointment for each, reach in news if reach.needs_call]
    return address_that_lists(to_call, request=request)


def _ways_out(
    request: HttpRequest, touched: list[Shown], given: dict[str, Any], words: str
) -> dict[str, Any]:
    """For each appointment where it could go, and what was chosen before."""
    now = timezone.now()
    rows = [shown.appointment for shown in touched]
    ways = ways_out(appointments=rows, starts_at=given["starts_at"], until=given["until"], now=now)
    lines: list[dict[str, Any]] = []
    for shown in touched:
        chosen = request.POST.get(f"vers-{shown.appointment.pk}", "")
        choices = ways[shown.appointment.pk]
        row = shown.appointment
        needs_call = news_of(row, now=now, expected_at=row.starts_at).needs_call
        lines.append(
            {
                "shown": shown,
                "choices": choices,
                "proposed": _proposed(request, row, choices, chosen),
                "chosen": read_instant(chosen) or chosen,
                "needs_call": needs_call,
            }
        )
    return {
        "lines": lines,
        "to_call": sum(line["needs_call"] for line in lines),
        "words": words,
        "booked": request.POST.get("booked") or Booked.KEEP,
    }


def _proposed(request: HttpRequest, row: Appointment, choices: list[datetime], chosen: str) -> str:
    """What the list of a visit stands on by itself, or stood on when what is chosen was chosen."""
    first = request.POST.get(f"propose-{row.pk}", "")
    is_offered = read_instant(chosen) in choices or chosen in ("cancel", "keep")
    if first and is_offered:
        return first
    return iso(choices[0]) if choices else "cancel"


@practice_member("booking.change_absences")
@require_POST
def delete_absence(
    request: HttpRequest, practice_id: uuid.UUID, absence_id: uuid.UUID
) -> HttpResponse:
    row = get_object_or_404(Absence, pk=absence_id, agenda__in=agendas_of(request))
    with shown_as_message(request, domain.ImportedAbsence):
        domain.remove_absence(absence=row, actor=practice_actor(request))
        messages.success(request, _("L’absence est supprimée."))
    return redirect("booking:week-plan", practice_id)


@never_cache
@practice_member("booking.change_reasons")
@require_http_methods(["GET", "HEAD", "POST"])
def reason(
    request: HttpRequest,
    practice_id: uuid.UUID,
    agenda_id: uuid.UUID,
    reason_id: uuid.UUID | None = None,
) -> HttpResponse:
    agenda = own_agenda(request, agenda_id)
    with in_turn(request):
        row = get_object_or_404(VisitReason, pk=reason_id, agenda=agenda) if reason_id else None
        found = row or VisitReason(agenda=agenda)
        form = ReasonForm(request.POST or None, instance=found, resources=choosable_for(found))
        if request.method == "POST" and form.is_valid() and not (row and form.is_overtaken()):
            _save_reason(request, form.instance)
            return redirect("booking:week-plan", practice_id)
    context = desk_context(request, current="plan", agenda=agenda, reason=row, form=form)
    status = 409 if form.newer else 200
    return render(request, "dashboard/reason.html", context, status=status)


def _save_reason(request: HttpRequest, row: VisitReason) -> None:
    """Save a visit reason and say so, with what booked visits lost by it."""
    without = save_reason_and_settle(reason=row, actor=practice_actor(request), now=timezone.now())
    messages.success(request, _("Le motif est enregistré."))
    if why := why_never(row, Opening.objects.filter(visit_reasons=row)):
        messages.warning(request, why)
    if missing := out_of_service([row]).get(row.pk):
        text = _("Aucun créneau n’est proposé tant que ceci est hors service : %(names)s.")
        messages.warning(request, text % {"names": ", ".join(missing)})
    if without:
        text = ngettext(
            "%(n)d rendez-vous déjà pris n’a plus trouvé ce qu’il lui faut.",
            "%(n)d rendez-vous déjà pris n’ont plus trouvé ce qu’il leur faut.",
            without,
        )
        messages.warning(request, text % {"n": without})


@never_cache
@practice_member("booking.change_reasons")
@require_http_methods(["GET", "HEAD", "POST"])
def questions(
    request: HttpRequest, practice_id: uuid.UUID, agenda_id: uuid.UUID, reason_id: uuid.UUID
) -> HttpResponse:
    """What patients are asked before a visit for this reason."""
    agenda = own_agenda(request, agenda_id)
    with in_turn(request):
        row = get_object_or_404(VisitReason, pk=reason_id, agenda=agenda)
        row.agenda = agenda
        asked = list(row.questions.all())
        formset = QuestionFormSet(request.POST or None, initial=questions_shown(asked))
        seen = state_of([(q.text, q.kind, q.options, q.required) for q in asked])
        newer = request.method == "POST" and is_newer(request.POST, seen)
        if request.method == "POST" and formset.is_valid() and not newer:
            save_questions(visit_reason=row, specs=specs_of(formset), actor=practice_actor(request))
            messages.success(request, _("Le questionnaire est enregistré."))
            return redirect("booking:questions", practice_id, agenda_id, reason_id)
    context = desk_context(
        request, current="plan", agenda=agenda, reason=row, formset=formset, seen=seen,
        newer=asked if newer else None,
    )  # fmt: skip
    return render(request, "dashboard/questions.html", context, status=409 if newer else 200)


@never_cache
@practice_member("booking.change_openings")
@require_http_methods(["GET", "HEAD", "POST"])
def agenda_settings(
    request: HttpRequest, practice_id: uuid.UUID, agenda_id: uuid.UUID
) -> HttpResponse:
    with in_turn(request):
        agenda = own_agenda(request, agenda_id)
        form = AgendaForm(request.POST or None, instance=agenda)
        asks: dict[str, Any] = {}
        if request.method == "POST" and form.is_valid() and not form.is_overtaken():
            save = partial(_save_agenda, request, form.instance)
            asks = change_hours(request, form.instance, save)
            if not asks:
                return redirect("booking:week-plan", practice_id)
    context = desk_context(request, current="plan", agenda=agenda, form=form) | asks
    status = 409 if form.newer else 200
    return render(request, "dashboard/agenda_settings.html", context, status=status)


def _save_agenda(request: HttpRequest, agenda: Agenda) -> str:
    save_agenda(agenda=agenda, actor=practice_actor(request))
    return _("C’est noté.")
