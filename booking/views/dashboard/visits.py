"""A visit, and changing what is booked."""

import uuid
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.vault.reveal import Purpose, reveal
from booking.domain import (
    book,
    change,
    deadline,
    drag,
    patients,
    questionnaire,
    series,
    undo,
    video,
    waiting,
)
from booking.domain.messages import is_heard_too_late
from booking.domain.unusual import UnusualTime, mark_of
from booking.forms.dashboard import DragForm, PracticeNoteForm, WhenForm
from booking.models import Appointment, Document, Questionnaire
from booking.models.appointment import Channel, Status
from booking.queries import appointments as queries
from booking.views.access import (
    agendas_of,
    desk_context,
    membership_of,
    practice_actor,
    practice_member,
)
from booking.views.both import MEANT, asks_about_time, heeding, sentences
from booking.views.dashboard.said import Done, address_that_says, agenda_address
from practitioners.domain import availability
from practitioners.domain.resources import names_of
from practitioners.domain.substitutes import name_at
from practitioners.domain.wall_clock import read_instant

DAYS_OFFERED = 21
# What a form says of where to move a visit.
WHEN = ("debut", "motif", "jour", "heure", MEANT)
MARKS = {"arrived", "seen", "no_show", "booked"}


def _own(request: HttpRequest, appointment_id: uuid.UUID) -> Appointment:
    row = get_object_or_404(queries.with_related(), pk=appointment_id)
    if row.agenda_id not in {agenda.pk for agenda in agendas_of(request)}:
        raise Http404
    return row


@never_cache
@practice_member("booking.view_agenda")
@require_safe
def visit(request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID) -> HttpResponse:
    row, now = _own(request, appointment_id), timezone.now()
    given = Questionnaire.objects.filter(appointment=row).first()
    wanted = [
        (row.patient, patients.IDENTITY_FIELDS),
        (row, ("note", "practice_note")),
        (given, ("answers",)),
    ]
    with reveal(
        wanted, actor=practice_actor(request), purpose=Purpose.CARE, object_id=row.pk
    ) as plain:
        person = {name: plain.text(row.patient, name) for name in patients.IDENTITY_FIELDS}
        note, practice_note = plain.text(row, "note"), plain.text(row, "practice_note")
        answers = questionnaire.read(plain.text(given, "answers") if given else "")
    is_video = (
        row.visit_reason.teleconsultation
        and row.status != "cancelled"
        and now <= video.closes_at(row)
    )
    context = {
        "practice": row.practice,
        "membership": membership_of(request),
        "appointment": row,
        "person": person,
        "note": note,
        "answers": answers,
        "is_asked": questionnaire.is_asked(row),
        "is_video": is_video,
        "then": change.follower(row),
        "substitute": name_at(agenda=row.agenda, at=row.starts_at),
        "resources": names_of(row.taken_id) if row.taken_id else [],
        "documents_count": Document.objects.filter(patient=row.patient_id).count(),
        "missed": book.no_shows(row.practice, row.patient, now=now),
        "late": deadline.late_cancellations(row.practice, row.patient, now=now),
        "waits_since": video.waits_since(row) if is_video else None,
        "practice_note": PracticeNoteForm(initial={"text": practice_note}),
        "agenda_url": agenda_address(row),
        "is_waiting": waiting.is_waiting(row),
        "may_wait": waiting.may_wait(row, now=now),
        "can_change": row.is_active,
        "current": "agenda",
    }
    return render(request, "dashboard/visit.html", context)


@practice_member("booking.change_appointments")
@require_POST
def note_down(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponse:
    row = _own(request, appointment_id)
    form = PracticeNoteForm(request.POST)
    if form.is_valid():
        change.note_down(
            appointment=row, text=form.cleaned_data["text"], actor=practice_actor(request)
        )
        messages.success(request, _("La note est enregistrée."))
    else:
        messages.error(request, " ".join(map(str, form.errors["text"])))
    return redirect("booking:visit", practice_id, row.pk)


@practice_member("booking.change_appointments")
@require_POST
def mark(request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID) -> HttpResponse:
    row = _own(request, appointment_id)
    status = request.POST.get("status", "")
    if status not in MARKS:
        raise Http404
    try:
        change.mark(appointment=row, status=Status(status), actor=practice_actor(request))
    except change.NotActive as refused:
        messages.error(request, str(refused.text))
    return redirect("booking:visit", practice_id, row.pk)


@never_cache
@practice_member("booking.change_appointments")
@require_http_methods(["GET", "HEAD", "POST"])
def move_visit(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponse:
    row = _own(request, appointment_id)
    if not row.is_active:
        return _not_any_more(request, row)
    now = timezone.now()
    local = row.starts_at.astimezone(row.practice.zone)
    initial = {"motif": row.visit_reason, "jour": local.date(), "heure": local.time()}
    when = WhenForm(
        request.POST if "jour" in request.POST else None,
        agendas=agendas_of(request),
        initial=initial,
    )
    problem, in_the_way, time_mark = "", list[str](), ""
    starts_at = read_instant(request.POST.get("debut", ""))
    reason = row.visit_reason
    if request.method == "POST" and starts_at is None and when.is_valid():
        starts_at, reason = when.starts_at(), when.cleaned_data["motif"]
    if request.method == "POST" and starts_at is not None:
        former = row.starts_at
        try:
            moved = change.move(
                appointment=row,
                starts_at=starts_at,
                visit_reason=reason,
                actor=practice_actor(request),
                channel=Channel.PRACTICE,
                now=now,
                anywhere=True,
                heeding=heeding(request),
                asks_about_time=asks_about_time(request, reason, starts_at),
            )
        except UnusualTime as asked:
            problem, time_mark = str(asked.text), mark_of(reason, starts_at)
        except book.AlsoBooked as asked:
            problem = str(asked.text)
            agendas = [agenda.pk for agenda in agendas_of(request)]
            in_the_way = sentences(asked.conflicts, {}, agendas=agendas)
        except (book.SlotTaken, change.NotActive) as refused:
            problem = str(refused.text)
        else:
            _say_whom_to_call(request, moved, starts_at=former, now=now)
            return redirect(address_that_says(Done.MOVED, moved, request=request))
    slots = availability.free_slots(
        visit_reason=row.visit_reason,
        since=now,
        until=now + timedelta(days=DAYS_OFFERED),
        now=now,
        online=False,
        ignoring=row.taken_id,
    )
    context = {
        "practice": row.practice,
        "membership": membership_of(request),
        "appointment": row,
        "when": when,
        "slots": [slot for slot in slots if slot.starts_at != row.starts_at][:24],
        "problem": problem,
        "conflicts": in_the_way,
        "time_mark": time_mark,
        "asked": {name: request.POST[name] for name in WHEN if name in request.POST},
        "current": "agenda",
    }
    return render(request, "dashboard/move_visit.html", context, status=409 if problem else 200)


def _not_any_more(request: HttpRequest, row: Appointment) -> HttpResponse:
    """Back to a visit that is over or cancelled: its page offers what is still possible."""
    messages.error(request, str(change.NotActive.text))
    return redirect("booking:visit", row.practice_id, row.pk)


def _say_whom_to_call(
    request: HttpRequest, row: Appointment, *, starts_at: datetime, now: datetime
) -> None:
    """Where the news of a change would come too late, a person has to bring it."""
    if is_heard_too_late(row, starts_at=starts_at, now=now):
        text = _("Aucun SMS ne part la nuit : le patient ne saurait rien à temps. Appelez-le.")
        messages.warning(request, text)


@practice_member("booking.change_appointments")
@require_POST
def drag_visit(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponse:
    """What a hand or a key did on the agenda: moved, made longer or shorter, or took it back.

    The answer says where the appointment was, so that the page can offer the way back.
    """
    row, now, actor = _own(request, appointment_id), timezone.now(), practice_actor(request)
    agendas = {str(agenda.pk): agenda for agenda in agendas_of(request)}
    form = DragForm(request.POST, agendas=agendas)
    if not form.is_valid():
        return JsonResponse({"problem": _("Cet endroit n’existe pas dans l’agenda.")}, status=400)
    agenda, starts_at = agendas[form.cleaned_data["agenda"]], form.starts_at()
    former = DragForm.place_of(row)
    minutes = form.cleaned_data["duree"]
    try:
        if starts_at != row.starts_at or agenda.pk != row.agenda_id:
            row = drag.drag(
                appointment=row,
                agenda=agenda,
                starts_at=starts_at,
                actor=actor,
                now=now,
                takes_back=form.cleaned_data["retour"],
                asks_about_time=not form.cleaned_data["voulu"],
            )
        if minutes and minutes != (row.ends_at - row.starts_at) // timedelta(minutes=1):
            row = drag.resize(appointment=row, minutes=minutes, actor=actor, now=now)
    except UnusualTime as asked:
        return JsonResponse({"problem": str(asked.text), "asks": True}, status=409)
    except (
        book.SlotTaken,
        book.OutsideOpening,
        change.NotActive,
        drag.NoSuchReason,
        drag.CannotResize,
    ) as refused:
        return JsonResponse({"problem": str(refused.text)}, status=409)
    begins, ends = (at.astimezone(row.practice.zone) for at in (row.starts_at, row.ends_at))
    text = _("%(begins)s – %(ends)s") % {"begins": f"{begins:%H:%M}", "ends": f"{ends:%H:%M}"}
    return JsonResponse({"text": text, "former": former})


@never_cache
@practice_member("booking.change_appointments")
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_visit(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponse:
    row = _own(request, appointment_id)
    if not row.is_active:
        return _not_any_more(request, row)
    if request.method == "POST":
        cancels = series.cancel_with_following if "suivants" in request.POST else change.cancel
        address, now = agenda_address(row), timezone.now()
        try:
            cancels(
                appointment=row,
                actor=practice_actor(request),
                channel=Channel.PRACTICE,
                now=now,
                undo_within=change.UNDO,
            )
        except change.NotActive as refused:
            messages.error(request, str(refused.text))
            return redirect(address)
        _say_whom_to_call(request, row, starts_at=row.starts_at, now=now)
        return redirect(f"{address}&annule={row.pk}")
    context = desk_context(
        request, current="agenda", appointment=row, following=series.following(row)
    )
    return render(request, "dashboard/cancel_visit.html", context)


@practice_member("booking.change_appointments")
@require_POST
def restore_visit(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponse:
    """Take back a cancellation that was a slip of the hand."""
    row = _own(request, appointment_id)
    try:
        series.restore(appointment=row, actor=practice_actor(request), now=timezone.now())
    except undo.TooLateToUndo as refused:
        messages.error(request, str(refused.text))
    else:
        messages.success(request, _("Rien n’est annulé. Le patient n’en a rien su."))
    return redirect(agenda_address(row))
