"""The waiting list as patients see it: join, leave, answer what is offered."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from audit.ids import read_id
from booking.accounts.accounts import InvalidLink
from booking.appointments import book, chains, change, deadline
from booking.appointments.queries import appointments as queries
from booking.appointments.several.conflicts import Conflict
from booking.models import Appointment, Offer, Patient, Wait
from booking.pages.access import account_required, web_actor
from booking.pages.both import BOTH, sentences
from booking.pages.lost import afterwards
from booking.pages.people import chosen_first, named_people
from booking.pages.refusals import shown_in
from booking.pages.session import unfinished
from booking.waiting import offers, waiting
from booking.waiting.offer_links import offer_of
from booking.web.booking import leaving
from booking.web.booking.chosen import page_of, refusals
from booking.web.forms.waiting import WaitForm
from practitioners.models import VisitReason

# The days and hours of a form, of which the first has several values.
WISHES = ("weekdays", "part_of_day", "first_day", "last_day")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody would wait for: an earlier slot than a visit's, or any of a visit reason."""

    reason: VisitReason
    appointment: Appointment | None
    says_known: bool


def _asked(request: HttpRequest) -> Asked:
    visit, motif = (read_id(request.GET.get(name, "")) for name in ("rendez-vous", "motif"))
    if visit is not None:
        row = get_object_or_404(queries.with_related(), pk=visit)
        row.visit_reason.agenda = row.agenda
        return Asked(reason=row.visit_reason, appointment=row, says_known=True)
    reason = get_object_or_404(
        VisitReason.objects.select_related("agenda__practice", "agenda__practitioner"), pk=motif
    )
    says_known = request.GET.get("suivi") == "oui"
    return Asked(reason=reason, appointment=None, says_known=says_known)


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Say which slots one would take, and join the list; what is free already is shown first."""
    asked, now = _asked(request), timezone.now()
    agenda = asked.reason.agenda
    refused = (
        refusals(asked.reason, says_known=asked.says_known, now=now)
        if asked.appointment is None
        else {}
    )
    everybody = named_people(request) if asked.appointment is None else []
    people = [each for each in everybody if each[0].pk not in refused]
    if asked.appointment is None and not everybody:
        # Nobody to wait for yet: say who one is, and come back.
        unfinished.keep_target(request, request.get_full_path())
        return redirect("booking:new-person")
    if request.POST.get(leaving.WAY) == leaving.ADD_PERSON:
        return _to_new_person(request)
    form = WaitForm(
        request.POST or None,
        initial={name: request.GET.getlist(name) for name in WISHES if name in request.GET}
        | {name: request.GET[name] for name in WISHES[1:] if name in request.GET},
        people=people,
        chosen=chosen_first([row for row, _name in everybody], wished=request.GET.get("pour", "")),
        is_for_visit=asked.appointment is not None,
        today=now.astimezone(agenda.practice.zone).date(),
    )
    if request.method == "POST" and form.is_valid():
        with shown_in(form, {waiting.CannotWait: None}):
            wait = _join(request, asked, form.cleaned_data, now=now)
            unfinished.forget_target(request, request.get_full_path())
            return redirect(f"{reverse('booking:my-appointments')}#attente-{wait.pk}")
    context = {
        "form": form,
        "refused": [(name, refused[each.pk]) for each, name in everybody if each.pk in refused],
        "nobody_may": bool(everybody) and not people,
        "is_open": waiting.is_open(asked.reason),
        "may_join": waiting.is_open(asked.reason) and not (everybody and not people),
        "other_reasons": page_of(asked.reason),
        "here": request.get_full_path(),
        "asked": asked,
        "agenda": agenda,
        "practice": agenda.practice,
        "free": waiting.free_before(
            visit_reason=asked.reason, appointment=asked.appointment, now=now
        ),
    }
    return render(request, "booking/join_waiting_list.html", context)


def _join(request: HttpRequest, asked: Asked, given: dict[str, Any], *, now: datetime) -> Wait:
    """Join the list as a valid form says; raises waiting.CannotWait."""
    patient = (
        asked.appointment.patient
        if asked.appointment is not None
        else get_object_or_404(Patient.objects.all(), pk=given["patient"])
    )
    return waiting.join(
        visit_reason=asked.reason,
        patient=patient,
        actor=web_actor(request),
        now=now,
        appointment=asked.appointment,
        weekdays=given["weekdays"],
        part_of_day=given["part_of_day"],
        first_day=given["first_day"],
        last_day=given.get("last_day"),
        says_known=asked.says_known,
    )


def _to_new_person(request: HttpRequest) -> HttpResponse:
    """Lead to adding somebody, and from there back to the days and hours that were chosen."""
    given = request.GET.copy()
    for name in WISHES:
        given.setlist(name, request.POST.getlist(name))
    back = f"{request.path}?{given.urlencode()}"
    answer = redirect(f"{reverse('booking:new-person')}?{urlencode({'next': back})}")
    # Sent again, it leads away again (doctolib/once.py).
    answer.leads_away = True  # type: ignore[attr-defined]
    return answer


@account_required
@require_POST
def leave(request: HttpRequest, wait_id: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(Wait.objects.all(), pk=wait_id)
    if waiting.leave(wait=row, actor=web_actor(request), now=timezone.now()):
        messages.success(request, _("Vous n’êtes plus sur cette liste d’attente."))
    else:
        messages.info(request, _("Vous n’étiez déjà plus sur cette liste d’attente."))
    return redirect("booking:my-appointments")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest, token: str) -> HttpResponse:
    """What a link of the waiting list opens: one button books, without signing in.

    It shows no name: whoever has the link knows of the slot alone.
    """
    try:
        found = offer_of(token)
    except InvalidLink:
        # As well for one whose patient was erased: whoever has no good link learns of nothing.
        problem = _(
            "Ce lien n’est pas valable, ou ne l’est plus. Ce qui vous est proposé est aussi dans"
            " vos rendez-vous."
        )
        return render(request, "booking/broken_link.html", {"problem": problem}, status=404)
    now, problem, in_the_way = timezone.now(), "", list[Conflict]()
    says_no = request.method == "POST" and request.POST.get("reponse") == "non"
    taken = offers.taken_by(found)
    if taken is not None:
        if request.method == "POST":
            return afterwards.lead(request, is_again=True, says_no=says_no)
        context = _context(found) | {"appointment": taken, "then": chains.follower(taken)}
        context |= afterwards.said(request) or {"is_again": True}
        return render(request, "booking/offer_accepted.html", context)
    if "declined" in (afterwards.said(request) or {}):
        return render(request, "booking/offer_declined.html", _context(found))
    if request.method == "POST":
        actor = offers.patient_actor(found)
        if says_no and offers.is_declined(offer=found, actor=actor, now=now):
            return afterwards.lead(request, declined=True)
        try:
            if says_no:
                raise offers.OfferGone
            is_sure = BOTH in request.POST
            offers.accept(offer=found, actor=actor, now=now, is_sure=is_sure)
        except book.AlsoBooked as asked:
            # The page says it, and its button then means both.
            in_the_way = list(asked.conflicts)
        except (
            offers.OfferGone,
            book.NotForThisPatient,
            change.TooLateToChange,
            change.NotActive,
        ) as refused:
            problem = str(refused.text)
        else:
            return afterwards.lead(request, is_again=False)
    wait = found.wait
    in_the_way = in_the_way or offers.conflicts_of(found, now=now)
    is_theirs = request.user.is_authenticated and wait.patient.account_id == request.user.pk
    context = _context(found) | {
        "conflicts": sentences(in_the_way, {}) if is_theirs else [],
        "n_conflicts": len({each.other.pk for each in in_the_way}),
        "problem": problem,
        "is_live": found.is_live(now=now),
        "is_over": wait.ended_at is not None,
        "instead_of": wait.appointment,
    }
    asks = request.method == "POST"
    return render(request, "booking/offer.html", context, status=409 if asks else 200)


def _context(found: Offer) -> dict[str, object]:
    reason = found.wait.visit_reason
    return {
        "offer": found,
        "wait": found.wait,
        "reason": reason,
        "agenda": reason.agenda,
        "practice": reason.agenda.practice,
        "starts_at": found.starts_at,
        "terms": _terms(found, now=timezone.now()),
        "then": chains.held_after(reason, key=found.hold_key, now=timezone.now()),
    }


def _terms(found: Offer, *, now: datetime) -> deadline.Terms:
    """Until when the visit could be changed if the offer were accepted now."""
    kept = found.wait.appointment
    if kept is not None:
        return deadline.terms(kept, now=now, starts_at=found.starts_at)
    return deadline.if_booked(
        visit_reason=found.wait.visit_reason, starts_at=found.starts_at, now=now
    )
