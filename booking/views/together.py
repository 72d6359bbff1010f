"""Confirming appointments in a row: who comes first, who next."""

import uuid
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_scopes import scope

from booking.domain import together
from booking.forms.patients import NoteForm
from booking.models import Patient
from booking.views import unfinished
from booking.views.access import account_of, web_actor
from booking.views.booking import chosen_reason, slot_context, slot_gone
from booking.views.people import named_people
from practitioners.domain.take import Held, held_by
from practitioners.domain.wall_clock import read_instant
from practitioners.models import VisitReason
from practitioners.views.public import people_wanted


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, hold_id: uuid.UUID) -> HttpResponse:
    """The last step for several people. Unlike for one, the holds must last until then."""
    given = request.POST if request.method == "POST" else request.GET
    starts_at = read_instant(given.get("debut", ""))
    if starts_at is None:
        messages.warning(request, _("Choisissez d’abord un créneau."))
        return redirect("practitioners:home")
    reason, _patient = chosen_reason(request, given.get("motif", ""))
    held = held_by(key=unfinished.hold_key(request), visit_reason=reason, now=timezone.now())
    people = people_wanted(given)
    if [slot.id for slot in held][:1] != [hold_id] or len(held) != people:
        problem = _("Ces créneaux ne sont plus gardés : choisissez de nouveau.")
        return slot_gone(request, reason, starts_at, problem, people=people)
    context = slot_context(reason, starts_at, says_known=given.get("suivi") == "oui") | {
        "hold_until": held[0].until,
        "people": people,
    }
    if not request.user.is_authenticated:
        return render(request, "booking/confirm_sign_in.html", context)
    with scope(account=request.user):
        return _confirm(request, reason, held, context)


def _confirm(
    request: HttpRequest, reason: VisitReason, held: list[Held], context: dict[str, object]
) -> HttpResponse:
    named = named_people(request)
    own = {str(patient.pk): patient for patient, _name in named}
    chosen = [request.POST.get(f"personne-{n}", "") for n in range(len(held))]
    form, problem = NoteForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        patients = [own[each] for each in chosen if each in own]
        if len(patients) < len(held):
            problem = _("Dites qui vient à chaque heure.")
        else:
            answer = _book(
                request,
                reason,
                patients,
                form,
                starts_at=held[0].starts_at,
                says_known=bool(context["says_known"]),
            )
            if isinstance(answer, HttpResponse):
                return answer
            problem = answer
    # Unless somebody says otherwise, people come in the order in which the account has them.
    chosen = [each or _nth(named, n) for n, each in enumerate(chosen)]
    context |= {
        "named": named,
        "rows": list(zip(held, chosen, strict=True)),
        "missing": len(held) - len(named),
        "note_form": form,
        "problem": problem,
    }
    return render(request, "booking/confirm_together.html", context, status=409 if problem else 200)


def _nth(named: list[tuple[Patient, str]], n: int) -> str:
    return str(named[n][0].pk) if n < len(named) else ""


def _book(
    request: HttpRequest,
    reason: VisitReason,
    patients: list[Patient],
    form: NoteForm,
    *,
    starts_at: datetime,
    says_known: bool,
) -> HttpResponse | str:
    """The answer, or why not."""
    try:
        made = together.book_together(
            visit_reason=reason,
            patients=patients,
            key=unfinished.hold_key(request),
            booked_by=account_of(request),
            actor=web_actor(request),
            now=timezone.now(),
            note=form.cleaned_data["note"],
            says_known=says_known,
        )
    except (together.CannotTogether, together.NotForThisPatient) as refused:
        return str(refused.text)
    except together.SlotTaken as refused:
        return slot_gone(request, reason, starts_at, str(refused.text), people=len(patients))
    unfinished.forget_target(request)
    text = ngettext(
        "%(n)d rendez-vous est pris.", "%(n)d rendez-vous sont pris, l’un après l’autre.", len(made)
    )
    messages.success(request, text % {"n": len(made)})
    return redirect("booking:my-appointments")
