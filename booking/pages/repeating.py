"""Taking more appointments like one that is booked: the form of both sides."""

import uuid
from collections.abc import Callable
from datetime import date, datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from booking.appointments.several import series
from booking.appointments.several.conflicts import AlsoBooked, Conflict
from booking.appointments.values import By
from booking.models import Appointment
from booking.models.appointment import Channel
from booking.pages.both import heeding, sentences
from booking.pages.forms.series import SeriesForm
from practitioners.domain.scheduling.wall_clock import read_instant


def repeat(
    request: HttpRequest,
    row: Appointment,
    *,
    by: By,
    back: str,
    said: Callable[[Appointment, int], HttpResponse],
    name: str = "",
    agendas: list[uuid.UUID] | None = None,
    **more: object,
) -> HttpResponse:
    """Show a form for more appointments like this one, and take them.

    Once they are taken, `said` answers: it is given the first of them and how many there are.
    """
    now, problem, found = timezone.now(), "", list[Conflict]()
    most = series.at_most(row, channel=by.channel, now=now) if row.status != "cancelled" else 0
    form = SeriesForm(request.GET if "fois" in request.GET else None, at_most=most)
    asked = request.POST.getlist("creneau")
    chosen = [at for text in asked if (at := read_instant(text)) is not None]
    # One of several that is dropped would be missed on its day.
    is_unread = any(map(_is_unread, asked))
    if request.method == "POST":
        try:
            if is_unread:
                raise series.CannotRepeat(series.CannotRepeat.unread)
            made = series.book_series(
                appointment=row, starts=chosen, by=by, now=now, heeding=heeding(request)
            )
        except series.CannotRepeat as refused:
            if not is_unread and series.is_booked(appointment=row, starts=chosen):
                # Sent from another tab before: what was asked for stands.
                messages.success(request, _("Ces rendez-vous sont déjà pris."))
                return redirect(back)
            problem = str(refused.text)
        except AlsoBooked as also:
            problem, found = str(also.text), list(also.conflicts)
        else:
            return said(made[0], len(made))
    proposals = _proposals(row, form, channel=by.channel, now=now) if most else []
    found += series.conflicts_of(
        appointment=row, proposals=proposals, seen=Appointment.objects.all()
    )
    context = {
        "conflicts": sentences(found, {row.patient_id: name}, agendas=agendas),
        "name": name,
        "left_out": _left_out(proposals, asked),
        "chosen": chosen,
        "appointment": row,
        "practice": row.practice,
        "form": form,
        "proposals": proposals,
        "any_choice": any(each.choices for each in proposals),
        "most": most,
        "problem": problem,
        "back_url": back,
        "base": "base.html" if by.is_patient else "dashboard/base.html",
        **more,
    }
    return render(request, "booking/series.html", context, status=409 if problem else 200)


def _proposals(
    row: Appointment, form: SeriesForm, *, channel: Channel, now: datetime
) -> list[series.Proposal]:
    """The days that the form asks for, each with its times; none while it says nothing valid."""
    if not form.is_valid():
        return []
    return series.propose(
        appointment=row,
        every_weeks=form.cleaned_data["semaines"],
        count=form.cleaned_data["fois"],
        channel=channel,
        now=now,
    )


def _left_out(proposals: list[series.Proposal], said: list[str]) -> set[date]:
    """The days on which nothing is wanted, where the form is shown again.

    It has a field for each day with a choice, in their order: what cannot be read there wants
    something all the same.
    """
    asked = [each.day for each in proposals if each.choices]
    unread = {day for day, text in zip(asked, said, strict=False) if _is_unread(text)}
    wanted = {read_instant(text) for text in said}
    return {
        each.day
        for each in proposals
        if said and each.day not in unread and not wanted.intersection(each.choices)
    }


def _is_unread(text: str) -> bool:
    """Whether a field names a time, and none that can be read."""
    return bool(text) and read_instant(text) is None
