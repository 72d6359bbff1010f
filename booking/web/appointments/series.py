"""Taking more appointments like one that is booked, as a patient and as a practice."""

import uuid
from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.record.entries import Actor
from booking.appointments.queries import appointments as queries
from booking.appointments.several import series
from booking.appointments.several.conflicts import AlsoBooked, Conflict
from booking.dashboard.agenda.said import Done, address_that_says
from booking.dashboard.agenda.visits import name_of
from booking.models import Appointment
from booking.models.appointment import Channel
from booking.pages.access import (
    account_of,
    account_required,
    agendas_of,
    membership_of,
    practice_actor,
    practice_member,
    web_actor,
)
from booking.pages.both import heeding, sentences
from booking.pages.forms.series import SeriesForm
from practitioners.domain.wall_clock import read_instant


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def repeat(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(queries.with_related(), pk=appointment_id)
    back = reverse("booking:appointment", args=[row.pk])
    return _repeat(request, row, actor=web_actor(request), channel=Channel.PATIENT, back=back)


@never_cache
@practice_member("booking.change_appointments")
@require_http_methods(["GET", "HEAD", "POST"])
def repeat_visit(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponse:
    row = get_object_or_404(queries.with_related(), pk=appointment_id)
    if row.agenda_id not in {agenda.pk for agenda in agendas_of(request)}:
        raise Http404
    return _repeat(
        request,
        row,
        actor=practice_actor(request),
        channel=Channel.PRACTICE,
        back=reverse("booking:visit", args=[practice_id, row.pk]),
        name=name_of(request, row),
        agendas=[agenda.pk for agenda in agendas_of(request)],
        membership=membership_of(request),
        current="agenda",
    )


def _repeat(
    request: HttpRequest,
    row: Appointment,
    *,
    actor: Actor,
    channel: Channel,
    back: str,
    name: str = "",
    agendas: list[uuid.UUID] | None = None,
    **more: object,
) -> HttpResponse:
    now, problem, found = timezone.now(), "", list[Conflict]()
    most = series.at_most(row, channel=channel, now=now) if row.status != "cancelled" else 0
    form = SeriesForm(request.GET if "fois" in request.GET else None, at_most=most)
    said = request.POST.getlist("creneau")
    chosen = [at for text in said if (at := read_instant(text)) is not None]
    # One of several that is dropped would be missed on its day.
    is_unread = any(map(_is_unread, said))
    if request.method == "POST":
        try:
            if is_unread:
                raise series.CannotRepeat(series.CannotRepeat.unread)
            made = series.book_series(
                appointment=row,
                starts=chosen,
                booked_by=account_of(request),
                actor=actor,
                channel=channel,
                now=now,
                heeding=heeding(request),
            )
        except series.CannotRepeat as refused:
            if not is_unread and series.is_booked(appointment=row, starts=chosen):
                # Sent from another tab before: what was asked for stands.
                messages.success(request, _("Ces rendez-vous sont déjà pris."))
                return redirect(back)
            problem = str(refused.text)
        except AlsoBooked as asked:
            problem, found = str(asked.text), list(asked.conflicts)
        else:
            if channel == Channel.PRACTICE:
                done = Done.REPEATED
                return redirect(
                    address_that_says(done, row, request=request, first=made[0], count=len(made))
                )
            text = ngettext(
                "%(n)d rendez-vous de plus est pris. Un e-mail le confirme.",
                "%(n)d rendez-vous de plus sont pris. Un e-mail les confirme.",
                len(made),
            )
            messages.success(request, text % {"n": len(made)})
            return redirect(back)
    proposals = []
    if most and form.is_valid():
        proposals = series.propose(
            appointment=row,
            every_weeks=form.cleaned_data["semaines"],
            count=form.cleaned_data["fois"],
            channel=channel,
            now=now,
        )
    found += series.conflicts_of(
        appointment=row, proposals=proposals, seen=Appointment.objects.all()
    )
    context = {
        "conflicts": sentences(found, {row.patient_id: name}, agendas=agendas),
        "name": name,
        "left_out": _left_out(proposals, said),
        "chosen": chosen,
        "appointment": row,
        "practice": row.practice,
        "form": form,
        "proposals": proposals,
        "any_choice": any(each.choices for each in proposals),
        "most": most,
        "problem": problem,
        "back_url": back,
        "base": "dashboard/base.html" if channel == Channel.PRACTICE else "base.html",
        **more,
    }
    return render(request, "booking/series.html", context, status=409 if problem else 200)


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
