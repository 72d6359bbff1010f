"""A patient moves or cancels a visit of their own, and takes it back."""

import uuid
from datetime import date, datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.vault.reveal import Purpose
from booking.appointments import chains, change, deadline, former_time, undo
from booking.appointments.queries import appointments as queries
from booking.appointments.several import series
from booking.appointments.several.conflicts import AlsoBooked, conflicts_of_move
from booking.appointments.values import By, Conditions
from booking.models import Appointment
from booking.models.appointment import Channel, Status
from booking.pages.access import account_required, web_actor
from booking.pages.both import heeding, sentences
from booking.waiting import waiting
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.nearest import nearest_slots
from practitioners.domain.scheduling.reservations import take
from practitioners.domain.scheduling.rules.notice import end_of_horizon
from practitioners.domain.scheduling.wall_clock import day_bounds, read_day, read_instant
from practitioners.domain.scheduling.why_not import why_not
from practitioners.templatetags.doctolib import clock, day

DAYS_SHOWN = 7
# The first page begins so many days before the visit, which then stands in its middle.
DAYS_BEFORE = 3


def _own(appointment_id: uuid.UUID) -> Appointment:
    return get_object_or_404(queries.with_related(), pk=appointment_id)


def _context(request: HttpRequest, row: Appointment, *, now: datetime) -> dict[str, object]:
    """What every page of a change shows: the visit, for whom it is, and what may be done."""
    (shown,) = queries.show(
        [row], actor=web_actor(request), purpose=Purpose.OWN_DATA, object_id=row.pk
    )
    return {
        "appointment": row,
        "practice": row.practice,
        "shown": shown,
        "then": chains.follower(row),
        "terms": deadline.terms(row, now=now),
        "is_cancelled": row.status == Status.CANCELLED,
    }


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    """Choose a time, then confirm the move from one time to the other.

    A time comes by GET and moves nothing; confirming it is the POST.
    """
    row, now = _own(appointment_id), timezone.now()
    text = (request.POST or request.GET).get("debut", "")
    starts_at, problem = read_instant(text), ""
    if request.method == "POST" and starts_at is not None:
        problem = _try_to_move(request, row, starts_at, now=now)
        if not problem:
            return redirect("booking:appointment", row.pk)
        row = _own(appointment_id)
    elif starts_at is None and (text or request.method == "POST"):
        problem = _("Choisissez une heure dans la liste.")
    context = _context(request, row, now=now)
    if not deadline.terms(row, now=now).can_move:
        # The page itself says why, and what can be done instead.
        status = 409 if request.method == "POST" else 200
        return render(request, "booking/move.html", context, status=status)
    if starts_at is not None:
        chosen = _chosen(row, starts_at, now=now)
        found = conflicts_of_move(
            appointment=row, starts_at=starts_at, seen=Appointment.objects.all()
        )
        then, to_then = chains.follower(row), chosen.get("to_then")
        if then is not None and isinstance(to_then, datetime) and to_then != then.starts_at:
            found += conflicts_of_move(
                appointment=then, starts_at=to_then, seen=Appointment.objects.all()
            )
        chosen["conflicts"] = sentences(
            found, {row.patient_id: getattr(context["shown"], "name", "")}
        )
        problem = problem or str(chosen.get("problem", ""))
        context |= chosen
    around = starts_at or row.starts_at
    context |= _week(request, row, around=around, now=now) | {"problem": problem}
    return render(request, "booking/move.html", context, status=409 if problem else 200)


def _try_to_move(
    request: HttpRequest, row: Appointment, starts_at: datetime, *, now: datetime
) -> str:
    """Move a visit, and return why it could not be; nothing where it stands there already."""
    try:
        if row.starts_at == starts_at:
            raise change.MovedMeanwhile
        change.move(
            appointment=row,
            starts_at=starts_at,
            by=By(actor=web_actor(request), channel=Channel.PATIENT),
            conditions=Conditions(heeding=heeding(request)),
            now=now,
            undo_within=former_time.UNDO,
            moves_from=read_instant(request.POST.get("de", "")),
        )
    except AlsoBooked as refused:
        return str(refused.text)
    except (
        take.SlotTaken,
        take.OutsideOpening,
        change.TooLateToChange,
        change.NotActive,
    ) as refused:
        row.refresh_from_db(fields=["starts_at", "status"])
        # Sent twice: the first one has moved it.
        if not (row.starts_at == starts_at and row.is_active):
            is_time = isinstance(refused, take.SlotTaken | take.OutsideOpening)
            return _why_not(row, starts_at, now=now) if is_time else str(refused.text)
        messages.info(request, _("Votre rendez-vous est prévu à cette heure."))
    else:
        messages.success(request, _("Votre rendez-vous est déplacé. Un e-mail le confirmera."))
    return ""


def _chosen(row: Appointment, starts_at: datetime, *, now: datetime) -> dict[str, object]:
    """The time that a patient chose, with what follows from it; or the nearest ones instead."""
    if starts_at == row.starts_at:
        return {"problem": _("C’est l’heure actuelle du rendez-vous : choisissez-en une autre.")}
    until = starts_at + timedelta(microseconds=1)
    free = _free(row, since=starts_at, until=until, now=now)
    if not free:
        return {
            "asked_at": starts_at,
            "problem": _why_not(row, starts_at, now=now),
            "nearest": nearest_slots(
                visit_reason=row.visit_reason,
                starts_at=starts_at,
                now=now,
                holder=former_time.move_key(row),
            ),
        }
    return {
        "to": starts_at,
        "to_then": change.following_start(row, ends_at=free[0].ends_at, now=now),
        "to_terms": deadline.terms(row, now=now, starts_at=starts_at),
        "to_week": starts_at.astimezone(row.practice.zone).date() - timedelta(days=DAYS_BEFORE),
    }


def _why_not(row: Appointment, starts_at: datetime, *, now: datetime) -> str:
    """Why a visit cannot be moved to a time: the way back needs its own one too."""
    ends_at = starts_at + timedelta(minutes=row.visit_reason.duration_minutes)
    if starts_at < row.ends_at and row.starts_at < ends_at:
        return _("Cette heure chevauche l’horaire actuel du rendez-vous : choisissez-en une autre.")
    return why_not(
        visit_reason=row.visit_reason,
        starts_at=starts_at,
        now=now,
        holder=former_time.move_key(row),
    )


def _free(
    row: Appointment, *, since: datetime, until: datetime, now: datetime
) -> list[availability.Slot]:
    """Where a patient could move a visit to: not onto its own time, which the way back needs.

    The time that its last move keeps is in nobody's way but others'.
    """
    return availability.free_slots(
        visit_reason=row.visit_reason,
        since=since,
        until=until,
        now=now,
        holder=former_time.move_key(row),
    )


def _week(
    request: HttpRequest, row: Appointment, *, around: datetime, now: datetime
) -> dict[str, object]:
    """The free times of the days around an instant, unless others are asked for."""
    zone, reason = row.practice.zone, row.visit_reason
    today = now.astimezone(zone).date()
    last = end_of_horizon(reason, now=now).astimezone(zone).date()
    middle = around.astimezone(zone).date()
    asked = read_day(request.GET.get("semaine", "")) or middle - timedelta(days=DAYS_BEFORE)
    first = max(min(asked, last), today)
    end = first + timedelta(days=DAYS_SHOWN)
    since, until = day_bounds(first, zone)[0], day_bounds(end, zone)[0]
    slots = _free(row, since=since, until=until, now=now)
    by_day: dict[date, list[datetime]] = {first + timedelta(days=n): [] for n in range(DAYS_SHOWN)}
    # The visit's own time stands among the others, in their order.
    shown = {slot.starts_at for slot in slots}
    if since <= row.starts_at < until:
        shown.add(row.starts_at)
    for at in sorted(shown):
        by_day[at.astimezone(zone).date()].append(at)
    others = [] if slots else _free(row, since=now, until=end_of_horizon(reason, now=now), now=now)
    return {
        "days": list(by_day.items()),
        "any_slot": bool(slots),
        "any_fixed": any(
            not deadline.terms(row, now=now, starts_at=slot.starts_at).can_move for slot in slots
        ),
        "sooner_at": max((s.starts_at for s in others if s.starts_at < since), default=None),
        "next_at": min((s.starts_at for s in others if s.starts_at >= until), default=None),
        "earlier": max(today, first - timedelta(days=DAYS_SHOWN)) if first > today else None,
        "later": end if end <= last else None,
    }


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    """Say the rule, then cancel; what has become late since the page was read is asked again."""
    row, now = _own(appointment_id), timezone.now()
    problem = ""
    if request.method == "POST" and row.status != Status.CANCELLED:
        if "libre" in request.POST and deadline.is_late(row, now=now):
            problem = _("Le délai du cabinet vient de passer. Rien n’est encore annulé.")
        else:
            problem = _try_to_cancel(request, row, now=now)
    row = _own(appointment_id)
    if request.method == "POST" and row.status == Status.CANCELLED:
        return redirect("booking:appointment", row.pk)
    context = _context(request, row, now=now) | {
        "problem": problem,
        "following": series.following(row),
        "waits": waiting.is_waiting(row),
    }
    return render(request, "booking/cancel.html", context, status=409 if problem else 200)


def _try_to_cancel(request: HttpRequest, row: Appointment, *, now: datetime) -> str:
    """Cancel a visit, or it and the rest of its series; return why it could not be."""
    with_following = "suivants" in request.POST
    cancels = series.cancel_with_following if with_following else change.cancel
    try:
        cancels(
            appointment=row,
            by=By(actor=web_actor(request), channel=Channel.PATIENT),
            now=now,
            undo_within=former_time.UNDO,
            stands_at=read_instant(request.POST.get("de", "")),
        )
    except change.NotActive as refused:
        return str(refused.text)
    if with_following:
        messages.success(request, _("Ce rendez-vous et les suivants sont annulés."))
    else:
        messages.success(request, _("Votre rendez-vous est annulé."))
    return ""


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    """Undo the last move or cancellation, while its time is kept."""
    row, now = _own(appointment_id), timezone.now()
    if request.method == "POST":
        try:
            if row.status == Status.CANCELLED:
                series.restore(
                    appointment=row, actor=web_actor(request), now=now, channel=Channel.PATIENT
                )
            else:
                undo.undo_move(appointment=row, actor=web_actor(request), now=now)
        except undo.TooLateToUndo as refused:
            row.refresh_from_db(fields=["starts_at", "status"])
            # Sent twice: the first one has taken it back.
            is_back = row.is_active and row.starts_at == read_instant(request.POST.get("vers", ""))
            if not is_back:
                messages.error(request, str(refused.text))
                return redirect("booking:appointment", row.pk)
        row.refresh_from_db(fields=["starts_at", "status"])
        text = _("Rien n’a changé. Votre rendez-vous reste le %(day)s à %(at)s.")
        places = {"day": day(row.starts_at, row.practice), "at": clock(row.starts_at, row.practice)}
        messages.success(request, text % places)
    return redirect("booking:appointment", row.pk)
