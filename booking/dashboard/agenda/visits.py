"""A visit, and changing what is booked."""

import uuid
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.forms.shown import SEEN, in_turn, is_newer, state_of
from audit.vault.reveal import Purpose, reveal
from audit.views.typed import refuse
from booking.appointments import chains, change, deadline, former_time, marking, questionnaire, undo
from booking.appointments.queries import appointments as queries
from booking.appointments.queries.standing import no_shows
from booking.appointments.several import series
from booking.appointments.values import By
from booking.dashboard.agenda.said import agenda_address, what_was_done
from booking.dashboard.agenda.told import When, told
from booking.models import Appointment, Document, Questionnaire
from booking.models.appointment import Channel, Status
from booking.pages.access import (
    agendas_of,
    desk_context,
    membership_of,
    practice_actor,
    practice_member,
)
from booking.pages.forms.dashboard import PracticeNoteForm
from booking.pages.refusals import shown_as_message
from booking.patients import patients
from booking.video import video, video_room
from booking.waiting import waiting
from practitioners.domain.scheduling.reservations.resources import names_of
from practitioners.domain.scheduling.wall_clock import read_instant
from practitioners.domain.staff.substitutes import name_at

# Where a form says that its page showed the visit.
FROM = "de"
MARKS = {"arrived", "seen", "no_show", "booked"}


def own_visit(request: HttpRequest, appointment_id: uuid.UUID) -> Appointment:
    """Find a visit of the agendas that the member works on; raises Http404."""
    row = get_object_or_404(queries.with_related(), pk=appointment_id)
    if row.agenda_id not in {agenda.pk for agenda in agendas_of(request)}:
        raise Http404
    return row


def name_of(request: HttpRequest, row: Appointment) -> str:
    """Open the name of a visit's patient, for the page on which the visit is changed."""
    return queries.show([row], actor=practice_actor(request), purpose=Purpose.BOOKING)[0].name


@never_cache
@practice_member("booking.view_agenda")
@require_safe
def visit(request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID) -> HttpResponse:
    return _visit_page(request, own_visit(request, appointment_id))


def _visit_page(
    request: HttpRequest, row: Appointment, *, unsaved: str | None = None
) -> HttpResponse:
    """Show a visit; `unsaved`: a note that was refused, since somebody has changed it meanwhile."""
    now = timezone.now()
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
    context = desk_context(request, current="agenda") | {
        "appointment": row,
        "person": person,
        "note": note,
        "answers": answers,
        "is_asked": questionnaire.is_asked(row),
        "is_video": is_video,
        "then": chains.follower(row),
        "substitute": name_at(agenda=row.agenda, at=row.starts_at),
        "resources": names_of(row.taken_id) if row.taken_id else [],
        "documents_count": Document.objects.filter(patient=row.patient_id).count(),
        "marks": marking.marks(row, now=now),
        "missed": no_shows(row.practice, row.patient, now=now),
        "late": deadline.late_cancellations(row.practice, row.patient, now=now),
        "video": video.progress(row, is_patient_here=video_room.has_patient(row.pk))
        if is_video
        else None,
        "may_reopen": is_video and _may_reopen(request, row, now=now),
        "practice_note": PracticeNoteForm(
            initial={"text": practice_note if unsaved is None else unsaved}
        ),
        "seen_note": state_of(row.practice_note),
        "newer_note": practice_note if unsaved is not None else None,
        "agenda_url": agenda_address(row),
        "is_waiting": waiting.is_waiting(row),
        "may_wait": waiting.may_wait(row, now=now),
        "can_change": row.is_active,
        "done": what_was_done(request, now=now),
    }
    status = 200 if unsaved is None else 409
    return render(request, "dashboard/visit.html", context, status=status)


def _may_reopen(request: HttpRequest, row: Appointment, *, now: datetime) -> bool:
    """Whether the member holds the video visit, and has ended it before its time was over."""
    part = video.part_of_member(appointment=row, membership=membership_of(request))
    return part == video.Part.PRACTITIONER and video.may_reopen(row, now=now)


@practice_member("booking.change_appointments")
@require_POST
def note_down(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponse:
    form = PracticeNoteForm(request.POST)
    with in_turn(request):
        row = own_visit(request, appointment_id)
        is_overtaken = is_newer(request.POST, state_of(row.practice_note))
        if form.is_valid() and not is_overtaken:
            marking.note_down(
                appointment=row, text=form.cleaned_data["text"], actor=practice_actor(request)
            )
            messages.success(request, _("La note est enregistrée."))
    if not form.is_valid():
        return refuse(
            request,
            " ".join(map(str, form.errors["text"])),
            onward=reverse("booking:visit", args=[practice_id, row.pk]),
            context=desk_context(request, current="agenda"),
        )
    if is_overtaken:
        return _visit_page(request, row, unsaved=form.cleaned_data["text"])
    return redirect("booking:visit", practice_id, row.pk)


@practice_member("booking.change_appointments")
@require_POST
def mark(request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID) -> HttpResponse:
    status = request.POST.get("status", "")
    if status not in MARKS:
        raise Http404
    with in_turn(request):
        row = own_visit(request, appointment_id)
        if request.POST.get(SEEN, row.status) != row.status != status:
            said = _("Entre-temps, ce rendez-vous est passé à : %(status)s. Rien n’est changé.")
            messages.error(request, said % {"status": row.shown_status})
            return redirect("booking:visit", practice_id, row.pk)
        with shown_as_message(request, change.NotActive):
            marking.mark(
                appointment=row,
                status=Status(status),
                actor=practice_actor(request),
                now=timezone.now(),
            )
    return redirect("booking:visit", practice_id, row.pk)


def not_any_more(request: HttpRequest, row: Appointment) -> HttpResponse:
    """Back to a visit that is over or cancelled: its page offers what is still possible."""
    messages.error(request, str(change.NotActive.text))
    return redirect("booking:visit", row.practice_id, row.pk)


@never_cache
@practice_member("booking.change_appointments")
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_visit(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponse:
    row = own_visit(request, appointment_id)
    if not row.is_active:
        return not_any_more(request, row)
    was_moved = False
    if request.method == "POST":
        cancels = series.cancel_with_following if "suivants" in request.POST else change.cancel
        address, now = agenda_address(row), timezone.now()
        try:
            cancels(
                appointment=row,
                by=By(actor=practice_actor(request), channel=Channel.PRACTICE),
                now=now,
                undo_within=former_time.UNDO,
                stands_at=read_instant(request.POST.get(FROM, "")),
            )
        except change.MovedMeanwhile as moved:
            was_moved, row = True, own_visit(request, appointment_id)
            messages.error(request, f"{moved.text} {_('Voici où il est maintenant.')}")
        except change.NotActive as refused:
            messages.error(request, str(refused.text))
            return redirect(address)
        else:
            return redirect(f"{address}&annule={row.pk}")
    now = timezone.now()
    context = desk_context(
        request,
        current="agenda",
        appointment=row,
        name=name_of(request, row),
        following=series.following(row),
        stays=chains.stays_before(row, now=now),
        waits=waiting.is_waiting(row),
        told=told(row, now=now, when=When.BEFORE, expected_at=row.starts_at),
    )
    status = 409 if was_moved else 200
    return render(request, "dashboard/cancel_visit.html", context, status=status)


@practice_member("booking.change_appointments")
@require_POST
def restore_visit(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponse:
    """Take back a cancellation that was a slip of the hand."""
    row = own_visit(request, appointment_id)
    with shown_as_message(request, undo.TooLateToUndo):
        series.restore(appointment=row, actor=practice_actor(request), now=timezone.now())
        messages.success(request, _("Rien n’est annulé. Le patient n’en a rien su."))
    return redirect(agenda_address(row))
