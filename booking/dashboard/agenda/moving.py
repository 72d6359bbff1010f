"""Moving a visit: by its page, and by hand or key on the agenda."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from booking.appointments import book, change
from booking.appointments.desk import drag
from booking.appointments.desk.unusual import UnusualTime, mark_of
from booking.appointments.values import By, Conditions
from booking.dashboard.agenda.held import why_taken
from booking.dashboard.agenda.said import Done, address_that_says
from booking.dashboard.agenda.told import When, told
from booking.dashboard.agenda.visits import FROM, name_of, not_any_more, own_visit
from booking.models import Appointment
from booking.models.appointment import Channel
from booking.pages.access import agendas_of, desk_context, practice_actor, practice_member
from booking.pages.both import BOTH, MEANT, asks_about_time, heeding, sentences
from booking.pages.forms.dashboard import DragForm, WhenForm
from booking.pages.refusals import as_json
from practitioners.domain.date_words import in_words
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.wall_clock import read_instant
from practitioners.models import VisitReason

DAYS_OFFERED = 21
SLOTS_SHOWN = 24
# What a form says of where to move a visit.
WHEN = ("debut", "motif", "jour", "heure", FROM, MEANT)


@dataclass
class Refused:
    """What stands in the way of a move, and what the form may confirm."""

    problem: str = ""
    conflicts: list[str] = field(default_factory=list)
    time_mark: str = ""


@never_cache
@practice_member("booking.change_appointments")
@require_http_methods(["GET", "HEAD", "POST"])
def move_visit(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponse:
    """Offer the next free times, and any other; then move the visit, or say what is in the way."""
    row, now = own_visit(request, appointment_id), timezone.now()
    if not row.is_active:
        return not_any_more(request, row)
    when = _when_form(request, row)
    refused = Refused()
    if request.method == "POST" and (wanted := _wanted(request, row, when)) is not None:
        answer = _move(request, row, *wanted, now=now)
        if isinstance(answer, str):
            return redirect(answer)
        refused = answer
        row = own_visit(request, appointment_id)
    slots = availability.free_slots(
        visit_reason=row.visit_reason,
        since=now,
        until=now + timedelta(days=DAYS_OFFERED),
        now=now,
        online=False,
        ignoring=row.taken_id,
    )
    context = desk_context(
        request,
        current="agenda",
        appointment=row,
        name=name_of(request, row),
        told=told(row, now=now, when=When.BEFORE, expected_at=row.starts_at),
        when=when,
        slots=[slot for slot in slots if slot.starts_at != row.starts_at][:SLOTS_SHOWN],
        problem=refused.problem,
        conflicts=refused.conflicts,
        time_mark=refused.time_mark,
        asked={name: request.POST[name] for name in WHEN if name in request.POST},
    )
    status = 409 if refused.problem else 200
    return render(request, "dashboard/move_visit.html", context, status=status)


def _when_form(request: HttpRequest, row: Appointment) -> WhenForm:
    local = row.starts_at.astimezone(row.practice.zone)
    return WhenForm(
        request.POST if "jour" in request.POST else None,
        agendas=agendas_of(request),
        initial={"motif": row.visit_reason, "jour": local.date(), "heure": local.time()},
    )


def _wanted(
    request: HttpRequest, row: Appointment, when: WhenForm
) -> tuple[datetime, VisitReason] | None:
    """When and for what the form says; None where it does not say so."""
    starts_at = read_instant(request.POST.get("debut", ""))
    if starts_at is not None:
        return starts_at, row.visit_reason
    return (when.starts_at(), when.cleaned_data["motif"]) if when.is_valid() else None


def _move(
    request: HttpRequest,
    row: Appointment,
    starts_at: datetime,
    reason: VisitReason,
    *,
    now: datetime,
) -> str | Refused:
    """Move the visit, and return where that is said; or what is in the way."""
    if (starts_at, reason) == (row.starts_at, row.visit_reason):
        return Refused(problem=_("Rien n’est changé : ce rendez-vous est déjà à cette heure."))
    former = row.starts_at
    try:
        moved = change.move(
            appointment=row,
            starts_at=starts_at,
            visit_reason=reason,
            by=By(actor=practice_actor(request), channel=Channel.PRACTICE),
            conditions=Conditions(
                anywhere=True,
                heeding=heeding(request),
                asks_about_time=asks_about_time(request, reason, starts_at),
            ),
            now=now,
            moves_from=read_instant(request.POST.get(FROM, "")),
        )
    except UnusualTime as asked:
        return Refused(problem=str(asked.text), time_mark=mark_of(reason, starts_at))
    except book.AlsoBooked as asked:
        return Refused(problem=str(asked.text), conflicts=_conflicts(request, row, asked))
    except change.MovedMeanwhile as refused:
        text = _("Rien n’est changé : voici où il est maintenant.")
        return Refused(problem=f"{refused.text} {text}")
    except book.SlotTaken as refused:
        return Refused(problem=why_taken(refused, reason, starts_at, now=now))
    except change.NotActive as refused:
        return Refused(problem=str(refused.text))
    return address_that_says(Done.MOVED, moved, request=request, former=former)


def _conflicts(request: HttpRequest, row: Appointment, asked: book.AlsoBooked) -> list[str]:
    names = {row.patient_id: name_of(request, row)}
    return sentences(asked.conflicts, names, agendas=[a.pk for a in agendas_of(request)])


@practice_member("booking.change_appointments")
@require_POST
def drag_visit(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponse:
    """What a hand or a key did on the agenda: moved, made longer or shorter, or took it back.

    The answer says from where to where, so that the page can offer the way back, and how the
    patient hears of it. What has to be confirmed is answered with the field that confirms it.
    """
    row, now = own_visit(request, appointment_id), timezone.now()
    form = DragForm(request.POST, agendas={str(a.pk): a for a in agendas_of(request)})
    if not form.is_valid():
        return JsonResponse({"problem": _("Cet endroit n’existe pas dans l’agenda.")}, status=400)
    place, former_start, former_agenda = DragForm.place_of(row), row.starts_at, row.agenda
    try:
        moved = _drag(request, row, form, now=now)
    except UnusualTime as asked:
        text = f"{_place_in_words(form)}. {asked.text}"
        return JsonResponse({"problem": text, "asks": "voulu"}, status=409)
    except book.AlsoBooked as asked:
        text = " ".join([str(asked.text), *_conflicts(request, row, asked)])
        return JsonResponse({"problem": text, "asks": BOTH}, status=409)
    except book.SlotTaken as refused:
        text = why_taken(
            refused, row.visit_reason, form.starts_at(), now=now, agenda=form.chosen_agenda()
        )
        return JsonResponse({"problem": text}, status=409)
    except (
        book.OutsideOpening,
        change.NotActive,
        drag.NoSuchReason,
        drag.CannotResize,
    ) as refused:
        return as_json(refused)
    is_moved = (moved.starts_at, moved.agenda_id) != (former_start, former_agenda.pk)
    texts = [_from_to(former_start, moved) if is_moved else _span(moved)]
    if moved.agenda_id != former_agenda.pk:
        texts[0] = f"{texts[0]}, {moved.agenda.practitioner}"
    if is_moved and not form.cleaned_data["retour"]:
        hears = told(moved, now=now, when=When.UNDOABLE, expected_at=former_start)
        texts.append(hears.text)
    return JsonResponse({"text": ". ".join(texts), "former": place})


@transaction.atomic
def _drag(request: HttpRequest, row: Appointment, form: DragForm, *, now: datetime) -> Appointment:
    """Do what the form says, as far as it changes something: all of it or nothing."""
    agenda, starts_at, actor = form.chosen_agenda(), form.starts_at(), practice_actor(request)
    minutes, takes_back = form.cleaned_data["duree"], form.cleaned_data["retour"]
    if starts_at != row.starts_at or agenda.pk != row.agenda_id:
        row = drag.drag(
            appointment=row,
            agenda=agenda,
            starts_at=starts_at,
            actor=actor,
            now=now,
            takes_back=takes_back,
            asks_about_time=not form.cleaned_data["voulu"],
            heeding=None if takes_back else heeding(request),
        )
    if minutes and minutes != (row.ends_at - row.starts_at) // timedelta(minutes=1):
        row = drag.resize(appointment=row, minutes=minutes, actor=actor, now=now)
    return row


def _place_in_words(form: DragForm) -> str:
    """Where a visit was let go: the day, the hour and the practitioner."""
    agenda = form.chosen_agenda()
    at = form.starts_at().astimezone(agenda.practice.zone).replace(tzinfo=None)
    return f"{in_words(at, 'D j b, H:i')}, {agenda.practitioner}"


def _from_to(former: datetime, moved: Appointment) -> str:
    zone = moved.practice.zone
    begins, before = moved.starts_at.astimezone(zone), former.astimezone(zone)
    pattern = "H:i" if begins.date() == before.date() else "D j b, H:i"
    given = {
        "former": in_words(before.replace(tzinfo=None), pattern),
        "begins": in_words(begins.replace(tzinfo=None), pattern),
        "ends": f"{moved.ends_at.astimezone(zone):%H:%M}",
    }
    return _("%(former)s → %(begins)s – %(ends)s") % given


def _span(row: Appointment) -> str:
    begins, ends = (at.astimezone(row.practice.zone) for at in (row.starts_at, row.ends_at))
    return _("%(begins)s – %(ends)s") % {"begins": f"{begins:%H:%M}", "ends": f"{ends:%H:%M}"}
