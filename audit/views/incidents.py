"""The team's pages that run an incident."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit import actions
from audit.forms.incidents import AnswersForm, ReportForm, SeverityForm, WordsForm
from audit.incidents import (
    authority,
    containment,
    incidents,
    notices,
    overview,
    score,
    workflow,
)
from audit.incidents.exposure import exposure_of
from audit.incidents.post import post
from audit.incidents.severity import Severity, proposed
from audit.incidents.words import in_words
from audit.models import Approval, ApprovalOf, Incident, NoticeKind, NoticeState, State
from audit.record.entries import Actor
from audit.views.access import staff_actor, staff_only
from audit.views.factor import fresh_factor
from audit.views.posted import form_is_at
from audit.views.typed import refuse

STATES = [state for state in State if state != State.DETECTED]


def _number(_request: HttpRequest, number: int, **_more: object) -> tuple[object, ...]:
    """Of the page on which the forms of an incident stand."""
    return (number,)


@never_cache
@staff_only
@require_safe
def register(request: HttpRequest) -> HttpResponse:
    rows = overview.register(Incident.objects.all()[:200], now=timezone.now())
    return render(request, "audit/incidents.html", {"rows": rows})


@never_cache
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        found = containment.report(
            kind=form.kind,
            actor=staff_actor(request),
            now=timezone.now(),
            **form.cleaned_data,
        )
        messages.success(request, _("L’accès est suspendu et l’incident ouvert."))
        return redirect("incidents:incident", found.number)
    return render(request, "audit/report.html", {"form": form})


@never_cache
@staff_only
@require_safe
def incident(request: HttpRequest, number: int) -> HttpResponse:
    found = incident_of(number)
    incidents.seen(found, actor=staff_actor(request), now=timezone.now())
    return _page(request, found)


def incident_of(number: int) -> Incident:
    """The incident of an address. Raises Http404 for a number without one."""
    return get_object_or_404(Incident, number=number)


def _page(request: HttpRequest, found: Incident, **forms: Any) -> HttpResponse:
    now = timezone.now()
    exposure = exposure_of(found, now=now)
    severity = Severity.read(found.assessment)
    suggested = severity or proposed(fields=exposure.fields, people=len(exposure.subjects))
    open_approvals = list(found.approvals.filter(decided_at__isnull=True))
    context = {
        "incident": found,
        "states": [(state, _reached(found, state)) for state in STATES],
        "clock": overview.clock(found, now=now),
        "why": in_words(found.signs),
        "through": authority.source_names(found),
        "sources": found.sources.all(),
        "exposure": exposure,
        "data": authority.data_names(exposure.fields),
        "practices": overview.practice_rows(found, exposure=exposure),
        "reachable": authority.reachable(found, exposure=exposure),
        "lines": overview.shown_lines(found, now=now),
        "timeline": overview.timeline(found, exposure=exposure),
        "marks": score.marks(found, exposure=exposure),
        "severity": severity,
        "severity_words": authority.severity_words(severity),
        "suggested": suggested,
        "severity_form": SeverityForm(initial=suggested.written()),
        "answers_form": AnswersForm(initial=authority.answers(found)),
        "words_form": WordsForm(),
        "form": authority.form(found, exposure=exposure, now=now),
        "counts": overview.notice_counts(found),
        "unsure": found.notices.filter(state=NoticeState.UNSURE),
        "approvals": open_approvals,
        "asked": {approval.of for approval in open_approvals},
        "can_release": found.sources.filter(let_in_at__isnull=True).exists(),
        **forms,
    }
    return render(request, "audit/incident.html", context)


def _reached(found: Incident, state: str) -> bool:
    order = list(State.values)
    return order.index(found.state) >= order.index(state)


def _step(
    request: HttpRequest, number: int, do: Callable[[Incident, Actor, datetime], object], said: str
) -> HttpResponse:
    """Do one step of the workflow, and say what is missing where it does not fit."""
    found = incident_of(number)
    try:
        do(found, staff_actor(request), timezone.now())
    except workflow.NotNow as refused:
        onward = reverse("incidents:incident", args=[number])
        return refuse(request, refused.text, onward=onward)
    messages.success(request, said)
    return redirect("incidents:incident", number)


def _words(request: HttpRequest) -> str:
    form = WordsForm(request.POST)
    return form.cleaned_data["words"] if form.is_valid() else ""


@never_cache
@staff_only
@form_is_at("incidents:incident", _number)
def assess(request: HttpRequest, number: int) -> HttpResponse:
    row = incident_of(number)
    noted = Severity.read(row.assessment)
    form = SeverityForm(request.POST, initial=noted.written() if noted else None)
    if not form.is_valid() or (noted and form.is_overtaken()):
        return _page(request, row, severity_form=form)

    def do(found: Incident, actor: Actor, now: datetime) -> None:
        people = len(exposure_of(found, now=now).subjects)
        severity = form.severity(people=people)
        workflow.assess(found, severity=severity, actor=actor, now=now)

    return _step(request, number, do, _("La gravité est notée."))


@never_cache
@staff_only
@form_is_at("incidents:incident", _number)
def answer(request: HttpRequest, number: int) -> HttpResponse:
    row = incident_of(number)
    form = AnswersForm(request.POST, initial=authority.answers(row))
    if not form.is_valid() or form.is_overtaken():
        return _page(request, row, answers_form=form)
    return _step(
        request,
        number,
        lambda found, actor, now: workflow.answer(
            found, answers=form.cleaned_data, actor=actor, now=now
        ),
        _("Le formulaire est complété."),
    )


@never_cache
@staff_only
@form_is_at("incidents:incident", _number)
def file_form(request: HttpRequest, number: int) -> HttpResponse:
    return _step(
        request,
        number,
        lambda found, actor, now: workflow.file_form(
            found, actor=actor, now=now, late=found.answers.get("late", "")
        ),
        _("La remise à l’autorité est notée."),
    )


@never_cache
@staff_only
@form_is_at("incidents:incident", _number)
def ask(request: HttpRequest, number: int, of: str) -> HttpResponse:
    if of not in ApprovalOf.values:
        raise Http404
    return _step(
        request,
        number,
        lambda found, actor, now: workflow.ask(
            found, ApprovalOf(of), actor=actor, now=now, reason=_words(request)
        ),
        _("C’est demandé : une seconde personne approuve."),
    )


@never_cache
@staff_only
@fresh_factor("POST")
@form_is_at("incidents:incident", _number)
def decide(request: HttpRequest, number: int, approval_id: uuid.UUID) -> HttpResponse:
    approval = get_object_or_404(Approval, pk=approval_id, incident__number=number)
    is_approved = "approve" in request.POST
    return _step(
        request,
        number,
        lambda _found, actor, now: workflow.decide(
            approval, is_approved=is_approved, actor=actor, now=now
        ),
        _("C’est approuvé.") if is_approved else _("C’est refusé."),
    )


@never_cache
@staff_only
@form_is_at("incidents:incident", _number)
def pause(request: HttpRequest, number: int) -> HttpResponse:
    is_paused = "pause" in request.POST
    return _step(
        request,
        number,
        lambda found, actor, now: workflow.pause(found, is_paused=is_paused, actor=actor, now=now),
        _("Les envois attendent.") if is_paused else _("Les envois reprennent."),
    )


@never_cache
@staff_only
@form_is_at("incidents:incident", _number)
def notified(request: HttpRequest, number: int) -> HttpResponse:
    return _step(
        request,
        number,
        lambda found, actor, now: workflow.notified(
            found, actor=actor, now=now, why_not=_words(request)
        ),
        _("Les notifications sont terminées."),
    )


@never_cache
@staff_only
@form_is_at("incidents:incident", _number)
def remark(request: HttpRequest, number: int) -> HttpResponse:
    words = _words(request)
    if not words:
        messages.error(request, _("Écrivez quelques mots."))
        return redirect("incidents:incident", incident_of(number).number)
    return _step(
        request,
        number,
        lambda found, actor, now: incidents.say(
            found, actions.INCIDENT_REMARK, actor=actor, now=now, text=words
        ),
        _("C’est noté."),
    )


@never_cache
@staff_only
@form_is_at("incidents:incident", _number)
def settle(request: HttpRequest, number: int, notice_id: uuid.UUID) -> HttpResponse:
    notice = get_object_or_404(incident_of(number).notices, pk=notice_id)

    def do(found: Incident, actor: Actor, now: datetime) -> None:
        if notices.decide(notice, was_sent="sent" in request.POST, now=now):
            incidents.say(
                found, actions.INCIDENT_SETTLED, actor=actor, now=now, text=notice.message_id
            )

    return _step(request, number, do, _("C’est noté."))


@never_cache
@staff_only
@require_safe
def preview(request: HttpRequest, number: int, kind: str) -> HttpResponse:
    if kind not in (NoticeKind.CONTROLLER, NoticeKind.PATIENT):
        raise Http404
    found = incident_of(number)
    context = {
        "incident": found,
        "kind": NoticeKind(kind).label,
        "text": post().preview(found, kind),
    }
    return render(request, "audit/preview.html", context)
