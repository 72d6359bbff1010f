"""Booking online: hold a slot, say for whom, confirm."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_scopes import scope

from audit.fixed_query import FixedQuery
from audit.ids import read_id
from booking.domain import book, patients
from booking.forms.patients import IdentityForm, NoteForm
from booking.models import Patient
from booking.models.appointment import Channel
from booking.models.patient import Relation
from booking.views import unfinished
from booking.views.access import account_of, web_actor
from booking.views.people import named_people
from practitioners.domain import availability, take
from practitioners.domain.substitutes import name_at
from practitioners.domain.wall_clock import read_instant
from practitioners.models import Agenda, Practice, Taken, VisitReason
from practitioners.views.public import people_wanted

NEAREST = 6
NEAREST_DAYS = 30


_CHOSEN = FixedQuery(
    [VisitReason, Agenda, Practice, Patient],
    "FROM {0} JOIN {1} ON {1}.id = {0}.agenda_id JOIN {2} ON {2}.id = {1}.practice_id"
    " LEFT JOIN {3} ON {3}.id = %s AND {3}.account_id = %s"
    " WHERE {0}.id = %s AND {0}.active AND {1}.active",
)


def chosen_reason(request: HttpRequest, motif: str) -> tuple[VisitReason, Patient | None]:
    """The visit reason, and the patient that the form names if it is one of the account's own."""
    reason_id, patient_id = read_id(motif), read_id(request.POST.get("patient", ""))
    found = _CHOSEN.first(patient_id, request.user.pk, reason_id) if reason_id else None
    if found is None:
        raise Http404
    reason, agenda, practice, patient = found
    agenda.practice = practice
    reason.agenda = agenda
    if patient is not None:
        patient.account = account_of(request)
    return cast(VisitReason, reason), cast("Patient | None", patient)


@require_POST
def hold(request: HttpRequest) -> HttpResponse:
    """Keep the chosen slot for some minutes, and go on to the confirmation."""
    reason, _patient = chosen_reason(request, request.POST.get("motif", ""))
    starts_at = read_instant(request.POST.get("debut", ""))
    if starts_at is None:
        return redirect("practitioners:practitioner", reason.agenda.practitioner_id)
    key = unfinished.make_hold_key(request)
    now, people = timezone.now(), people_wanted(request.POST)
    try:
        hold_id, _until = take.hold(
            visit_reason=reason, starts_at=starts_at, key=key, now=now, count=people
        )
    except (take.SlotTaken, take.OutsideOpening) as problem:
        return slot_gone(request, reason, starts_at, str(problem.text), people=people)
    given = {
        "motif": reason.pk,
        "debut": request.POST["debut"],
        "suivi": "oui" if request.POST.get("suivi") == "oui" else "non",
    }
    name = "booking:confirm"
    if people > 1:
        name, given["personnes"] = "booking:confirm-together", people
    target = f"{reverse(name, args=[hold_id])}?{urlencode(given)}"
    unfinished.keep_target(request, target)
    return redirect(target)


def slot_gone(
    request: HttpRequest,
    reason: VisitReason,
    starts_at: datetime,
    problem: str,
    *,
    people: int = 1,
) -> HttpResponse:
    """Tell that the slot is gone, and offer the nearest ones (for so many people in a row)."""
    now = timezone.now()
    slots = availability.free_slots(
        visit_reason=reason,
        since=max(now, starts_at - timedelta(days=NEAREST_DAYS)),
        until=starts_at + timedelta(days=NEAREST_DAYS),
        now=now,
        consecutive=people,
    )
    free = [slot for slot in slots if slot.places]
    nearest = sorted(free, key=lambda slot: abs(slot.starts_at - starts_at))[:NEAREST]
    context = {
        "reason": reason,
        "agenda": reason.agenda,
        "practice": reason.agenda.practice,
        "starts_at": starts_at,
        "problem": problem,
        "people": people,
        "says_known": request.POST.get("suivi") == "oui",
        "slots": sorted(nearest, key=lambda slot: slot.starts_at),
    }
    return render(request, "booking/slot_gone.html", context, status=409)


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
    reason, patient = chosen_reason(request, given.get("motif", ""))
    choice = Choice(
        reason=reason,
        patient=patient,
        starts_at=starts_at,
        held=book.HeldSlot(id=hold_id, key=unfinished.hold_key(request)),
        says_known=given.get("suivi") == "oui",
    )
    if not request.user.is_authenticated:
        return render(request, "booking/confirm_sign_in.html", _context(choice))
    with scope(account=request.user):
        return _confirm_for_account(request, choice)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is being booked, and for whom if the form says so."""

    reason: VisitReason
    patient: Patient | None
    starts_at: datetime
    held: book.HeldSlot
    says_known: bool


def slot_context(
    reason: VisitReason, starts_at: datetime, *, says_known: bool
) -> dict[str, object]:
    """What the last page before a booking shows of the slot."""
    return {
        "reason": reason,
        "agenda": reason.agenda,
        "practice": reason.agenda.practice,
        "starts_at": starts_at,
        "says_known": says_known,
        "substitute": name_at(agenda=reason.agenda, at=starts_at),
    }


def _context(choice: Choice) -> dict[str, object]:
    held = Taken.objects.filter(pk=choice.held.id, hold_key=choice.held.key).first()
    shown = slot_context(choice.reason, choice.starts_at, says_known=choice.says_known)
    return shown | {
        "hold_until": held.hold_until if held and choice.held.key else None,
        "then": _held_after(choice),
    }


def _held_after(choice: Choice) -> dict[str, object] | None:
    """The visit that follows, as the session holds it."""
    then = take.follower_of(choice.reason)
    if then is None:
        return None
    held = take.held_by(key=choice.held.key, visit_reason=then, now=timezone.now())
    if not held:
        return None
    return {"starts_at": held[0].starts_at, "agenda": then.agenda, "visit_reason": then}


def _confirm_for_account(request: HttpRequest, choice: Choice) -> HttpResponse:
    note_form = NoteForm(request.POST or None)
    identity_form: IdentityForm | None = None
    if request.method == "POST" and note_form.is_valid():
        patient = choice.patient
        if patient is None and not Patient.objects.exists():
            identity_form = IdentityForm(request.POST)
        if identity_form is not None and identity_form.is_valid():
            patient = patients.create_patient(
                identity=identity_form.identity(),
                actor=web_actor(request),
                now=timezone.now(),
                account=account_of(request),
                relation=Relation.SELF,
            )
        if patient is not None:
            answer = _book(request, choice, patient, note_form)
            if answer is not None:
                return answer
    people = named_people(request)
    chosen = request.POST.get("patient") or (str(people[0][0].pk) if people else "")
    context = _context(choice) | {
        "people": people,
        "note_form": note_form,
        "identity_form": identity_form or IdentityForm(),
        "chosen": chosen,
    }
    return render(request, "booking/confirm.html", context)


def _book(
    request: HttpRequest, choice: Choice, patient: Patient, note_form: NoteForm
) -> HttpResponse | None:
    try:
        appointment = book.book(
            visit_reason=choice.reason,
            starts_at=choice.starts_at,
            patient=patient,
            booked_by=account_of(request),
            actor=web_actor(request),
            channel=Channel.PATIENT,
            now=timezone.now(),
            held=choice.held if choice.held.key else None,
            note=note_form.cleaned_data["note"],
            says_known=choice.says_known,
        )
    except (book.SlotTaken, book.OutsideOpening) as problem:
        return slot_gone(request, choice.reason, choice.starts_at, str(problem.text))
    except book.NotForThisPatient as problem:
        note_form.add_error(None, str(problem.text))
        return None
    unfinished.forget_target(request)
    return redirect(f"{reverse('booking:appointment', args=[appointment.pk])}?confirme")
