"""Booking online: hold a slot, say for whom, confirm."""

import logging
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import redis
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_scopes import scope

from audit.client_address import client_address
from audit.ids import read_id
from booking.accounts.sessions import throttle
from booking.appointments import book
from booking.appointments.chains import Following, held_after
from booking.appointments.several.conflicts import Conflict
from booking.appointments.values import By, Conditions
from booking.models import Patient
from booking.models.appointment import Channel
from booking.pages.access import account_of, web_actor
from booking.pages.both import conflicts_at, heeding, sentences
from booking.pages.forms.patients import NoteForm, PersonForm
from booking.pages.people import chosen_first, named_people
from booking.pages.session import unfinished
from booking.patients import patients
from booking.web.booking import kept_choice, leaving
from booking.web.booking.choice import Choice, choice_in, confirmed, done_already
from booking.web.booking.chosen import (
    answers_in,
    ask_first,
    chosen_reason,
    how_many,
    in_address,
    not_offered,
    page_of,
    refusal_of_new,
    refusals,
    slot_context,
    slot_gone,
)
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.in_a_row import slots_in_a_row
from practitioners.domain.scheduling.reservations import take
from practitioners.domain.scheduling.wall_clock import read_instant
from practitioners.models import VisitReason
from practitioners.views.public import is_unread, people_wanted

logger = logging.getLogger(__name__)


@require_http_methods(["GET", "HEAD", "POST"])
def hold(request: HttpRequest) -> HttpResponse:
    """Keep the chosen slot, or lead a GET back to the page that the last one was chosen on."""
    if request.method == "POST":
        return _hold(request)
    return redirect(unfinished.slot_page(request) or "practitioners:home")


def _hold(request: HttpRequest) -> HttpResponse:
    """Keep the chosen slot for some minutes, and go on to the confirmation.

    Nothing is held that would be refused, nor as long as an answer is missing on which that
    depends.
    """
    reason, _patient = chosen_reason(request, request.POST.get("motif", ""))
    unfinished.keep_slot_page(request, page_of(reason))
    starts_at = read_instant(request.POST.get("debut", ""))
    if starts_at is None:
        return redirect(page_of(reason))
    if is_unread(request.POST):
        # Fewer slots than somebody counted on would be kept.
        return how_many(request, reason, starts_at)
    answers = answers_in(request.POST, people=people_wanted(request.POST))
    if (asked := ask_first(request, reason, starts_at, answers)) is not None:
        return asked
    if (refused := _too_many(request, reason)) is not None:
        return refused
    key = unfinished.make_hold_key(request)
    try:
        hold_id, _until = take.hold(
            visit_reason=reason,
            starts_at=starts_at,
            key=key,
            now=timezone.now(),
            count=answers.people,
        )
    except (take.SlotTaken, take.OutsideOpening):
        return slot_gone(request, reason, starts_at, answers=answers)
    given = {"motif": reason.pk, "debut": in_address(starts_at), **answers.fields()}
    name = "booking:confirm" if answers.people == 1 else "booking:confirm-together"
    target = f"{reverse(name, args=[hold_id])}?{urlencode(given)}"
    if not request.user.is_authenticated:
        unfinished.keep_target(request, target)
    return redirect(target)


def _too_many(request: HttpRequest, reason: VisitReason) -> HttpResponse | None:
    """Lead back a visitor whose network keeps too many of an agenda's slots already.

    While nobody can count, everybody books: the slots themselves are in PostgreSQL.
    """
    if request.user.is_authenticated:
        return None
    try:
        throttle.take_hold(
            agenda_id=reason.agenda_id, network=client_address(request), now=timezone.now()
        )
    except throttle.TooManyHolds as problem:
        messages.error(request, str(problem.text))
        return redirect(page_of(reason, has_news=True))
    except redis.RedisError:
        logger.warning("no Redis: slots that visitors keep are not counted")
    return None


@require_http_methods(["GET", "HEAD", "POST"])
def let_go(request: HttpRequest) -> HttpResponse:
    """Let go of what was begun in this browser, signed in or not.

    From a booking's last page (`motif`) to where its slot was chosen, else to one's appointments.
    """
    if request.method != "POST":
        return redirect(unfinished.slot_page(request) or "practitioners:home")
    is_signed_in = request.user.is_authenticated
    back = reverse("booking:my-appointments" if is_signed_in else "practitioners:home")
    if "motif" in request.POST:
        reason, _patient = chosen_reason(request, request.POST["motif"])
        back = page_of(reason, has_news=True)
    unfinished.give_up(request)
    messages.success(request, _("C’est noté : rien n’est réservé."))
    return redirect(back)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, hold_id: uuid.UUID) -> HttpResponse:
    """The last step: for whom, a word, confirm. Works while the hold lasts, and often after.

    The address names the slot, so several tabs may book at once; only the session that holds
    it can use the hold, and without one the slot must be free.
    """
    given = request.POST if request.method == "POST" else request.GET
    starts_at = read_instant(given.get("debut", ""))
    if starts_at is None:
        messages.warning(request, _("Choisissez d’abord un créneau."))
        return redirect("practitioners:home")
    choice = choice_in(request, given, hold_id=hold_id, starts_at=starts_at)
    reason = choice.reason
    if request.user.is_authenticated:
        unfinished.forget_target(request, request.get_full_path())
        with scope(account=request.user):
            return done_already(request, choice) or _confirm_for_account(request, choice)
    if (gone := _gone(request, choice)) is not None:
        return gone
    here = choice.address(request)
    unfinished.keep_target(request, here)
    if request.method == "POST":
        # The session has ended meanwhile; what was filled in waits for its owner.
        answer: HttpResponse = redirect(here)
        kept_choice.say_kept(request)
        kept_choice.keep(request, answer, kept_choice.sent(request), reason=reason)
        # Sent again, it leads away again (doctolib/once.py).
        answer.leads_away = True  # type: ignore[attr-defined]
        return answer
    return render(request, "booking/confirm_sign_in.html", _context(choice) | {"here": here})


def _gone(request: HttpRequest, choice: Choice) -> HttpResponse | None:
    """What is said where the slot cannot be had any more: better now than after the last click."""
    now, reason = timezone.now(), choice.reason
    if not (reason.active and reason.agenda.active):
        answer = not_offered(request, reason)
        if request.method == "POST":
            kept_choice.keep(request, answer, kept_choice.sent(request), reason=reason)
        return answer
    # A form that is sent books or does not, and says so then.
    if request.method == "POST" or choice.held(now=now) is not None:
        return None
    if slots_in_a_row(
        visit_reason=reason, starts_at=choice.starts_at, count=1, now=now, holder=choice.key
    ):
        return None
    return slot_gone(request, reason, choice.starts_at, answers=choice.answers)


def _context(choice: Choice) -> dict[str, Any]:
    held = choice.held(now=timezone.now())
    shown = slot_context(choice.reason, choice.starts_at, answers=choice.answers)
    return shown | {
        "hold_until": held.until if held is not None else None,
        "then": _held_after(choice),
    }


def _held_after(choice: Choice) -> Following | None:
    """The visit that follows: as the session holds it, else where it would come to stand."""
    now = timezone.now()
    if (held := held_after(choice.reason, key=choice.key, now=now)) is not None:
        return held
    then = take.follower_of(choice.reason)
    if then is None:
        return None
    ends_at = choice.starts_at + timedelta(minutes=choice.reason.duration_minutes)
    starts = availability.following_starts(
        visit_reason=choice.reason, then=then, after=ends_at, now=now
    )
    return Following(starts_at=starts[0], visit_reason=then) if starts else None


def _confirm_for_account(request: HttpRequest, choice: Choice) -> HttpResponse:
    if (away := _away(request, choice)) is not None:
        return away
    if (gone := _gone(request, choice)) is not None:
        return gone
    kept = kept_choice.find(request, reason=choice.reason)
    note_form = NoteForm(request.POST or None, initial={"note": kept.note})
    status, asked = 200, list[Conflict]()
    person_form: PersonForm | None = None
    if request.method == "POST" and note_form.is_valid():
        patient = choice.patient
        if patient is None and not Patient.objects.exists():
            person_form = PersonForm(request.POST)
            patient = _added(request, person_form)
        if patient is not None:
            answer = _book(request, choice, patient, note_form)
            if isinstance(answer, HttpResponse):
                return answer
            status, asked = 409, answer
        elif person_form is None:
            note_form.add_error(None, _("Choisissez pour qui est ce rendez-vous."))
    says_known, now = choice.answers.says_known, timezone.now()
    people, refused = named_people(request), refusals(choice.reason, says_known=says_known, now=now)
    new_refused = refusal_of_new(choice.reason, says_known=says_known)
    context = _context(choice)
    # What booking has found comes first: the box for both must be there whatever it was.
    conflicts = asked + conflicts_at(
        choice.reason,
        {row.pk: choice.starts_at for row, _name in people if row.pk not in refused},
        then=context["then"],
    )
    may = [str(patient.pk) for patient, _name in people if patient.pk not in refused]
    before = next(iter(kept.people), "") if kept.at == choice.at() else ""
    wished = request.POST.get("patient") or before or choice.answers.pour
    # Where it is for somebody else, none of these is meant until one is chosen or added.
    first = chosen_first([patient for patient, _name in people], wished=wished)
    context |= {
        "people": [(patient, name, refused.get(patient.pk, "")) for patient, name in people],
        "nobody_may": not may and bool(people or new_refused),
        "may_confirm": bool(may) or not (people or new_refused),
        "new_refused": new_refused,
        "conflicts": sentences(conflicts, {row.pk: name for row, name in people}),
        "note_form": note_form,
        "person_form": person_form or PersonForm(initial=kept.person),
        "chosen": first if first in may else "",
        "here": f"{request.path}?{urlencode(choice.parameters())}",
        "other_reasons": page_of(choice.reason, starts_at=choice.starts_at),
    }
    answer = render(request, "booking/confirm.html", context, status=status)
    if request.method == "POST" and context["nobody_may"]:
        # The page has no form any more, only a way to other visit reasons.
        kept_choice.keep(request, answer, kept_choice.sent(request), reason=choice.reason)
    return answer


def _away(request: HttpRequest, choice: Choice) -> HttpResponse | None:
    """Where the form leads that is not meant to confirm yet."""
    chosen = request.POST.get("patient", "")
    stays = request.POST.get(leaving.WAY) == leaving.STAY
    # Whoever is added on the way is chosen then, and not who was before.
    kept = kept_choice.sent(
        request, people=(chosen,) if stays and chosen else (), at=choice.at() if stays else ""
    )
    answers = replace(choice.answers, pour=chosen) if read_id(chosen) else choice.answers
    return leaving.lead_away(
        request,
        reason=choice.reason,
        kept=kept,
        here=choice.address(request),
        other_times=page_of(choice.reason, starts_at=choice.starts_at, given=answers.fields()),
    )


def _added(request: HttpRequest, form: PersonForm) -> Patient | None:
    """The account's first person, if the form says who it is: its owner or a relative."""
    if not form.is_valid():
        return None
    try:
        person, _is_added = patients.add_person(
            account=account_of(request),
            identity=form.identity(),
            relation=form.cleaned_data["relation"],
            actor=web_actor(request),
            now=timezone.now(),
            has_consented=form.cleaned_data["consent"],
        )
    except patients.CannotAdd as refused:
        form.add_error(None, str(refused.text))
        return None
    return person


def _book(
    request: HttpRequest, choice: Choice, patient: Patient, note_form: NoteForm
) -> HttpResponse | list[Conflict]:
    """The answer, or what is to be asked about; why not is said by the form."""
    held = choice.held(now=timezone.now())
    try:
        appointment = book.book(
            visit_reason=choice.reason,
            starts_at=choice.starts_at,
            patient=patient,
            by=By(account=account_of(request), actor=web_actor(request), channel=Channel.PATIENT),
            conditions=Conditions(says_known=choice.answers.says_known, heeding=heeding(request)),
            now=timezone.now(),
            held=book.HeldSlot(id=held.id if held else choice.hold_id, key=choice.key)
            if choice.key
            else None,
            note=note_form.cleaned_data["note"],
        )
    except (book.SlotTaken, book.OutsideOpening):
        # The other of two equal requests may have been faster.
        return done_already(request, choice) or _gone_when_sent(request, choice, patient)
    except book.NotForThisPatient as problem:
        note_form.add_error(None, str(problem.text))
        return []
    except book.AlsoBooked as problem:
        note_form.add_error(None, str(problem.text))
        return list(problem.conflicts)
    unfinished.forget_target(request)
    kept_choice.forget(request)
    return redirect(confirmed(appointment))


def _gone_when_sent(request: HttpRequest, choice: Choice, patient: Patient) -> HttpResponse:
    """Say that the slot is gone, and keep for whom it was and the note for the next one."""
    answers = replace(choice.answers, pour=str(patient.pk))
    answer = slot_gone(request, choice.reason, choice.starts_at, answers=answers)
    kept_choice.keep(request, answer, kept_choice.sent(request), reason=choice.reason)
    return answer
