"""Confirming appointments in a row: who comes first, who next."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_scopes import scope

from audit.ids import read_id
from booking.appointments.several import together
from booking.appointments.several.conflicts import AlsoBooked, Conflict
from booking.appointments.values import By
from booking.models import Patient
from booking.models.appointment import Channel
from booking.pages.access import account_of, web_actor
from booking.pages.both import conflicts_at, heeding, sentences
from booking.pages.forms.patients import NoteForm
from booking.pages.people import named_people
from booking.pages.session import unfinished
from booking.web.booking import kept_choice, leaving
from booking.web.booking.choice import booked_already
from booking.web.booking.chosen import (
    Answers,
    answers_in,
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
from practitioners.domain.scheduling.in_a_row import slots_in_a_row
from practitioners.domain.scheduling.reservations.holds import held_by
from practitioners.domain.scheduling.wall_clock import read_instant
from practitioners.models import VisitReason
from practitioners.views.public import is_unread, people_wanted


@dataclass(frozen=True, kw_only=True)
class Row:
    """The slots in a row that are being booked, held by this browser or still free."""

    reason: VisitReason
    starts: list[datetime]
    hold_until: datetime | None
    key: str
    answers: Answers
    hold_id: uuid.UUID

    def parameters(self) -> dict[str, object]:
        """What the address of the last page says."""
        at = in_address(self.starts[0])
        return {"motif": self.reason.pk, "debut": at, **self.answers.fields()}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, hold_id: uuid.UUID) -> HttpResponse:
    """The last step for several people. Works while the holds last, and while all are free."""
    given = request.POST if request.method == "POST" else request.GET
    starts_at = read_instant(given.get("debut", ""))
    if starts_at is None:
        messages.warning(request, _("Choisissez d’abord un créneau."))
        return redirect("practitioners:home")
    reason, _patient = chosen_reason(request, given.get("motif", ""))
    answers = answers_in(given, people=people_wanted(given))
    if request.method == "POST" and (is_unread(given) or _names_more(given, answers.people)):
        back = how_many(request, reason, starts_at)
        return _with_what_was_said(request, back, reason, answers)
    if not (reason.active and reason.agenda.active):
        return _with_what_was_said(request, not_offered(request, reason), reason, answers)
    if request.user.is_authenticated:
        done = done_already(request, hold_id, reason, starts_at)
        if done is not None:
            return done
    row = _row(request, reason, starts_at, answers, hold_id)
    if row is None:
        return _gone(request, reason, starts_at, answers)
    context = slot_context(reason, starts_at, answers=answers) | {
        "hold_until": row.hold_until,
        "people": answers.people,
        "starts": row.starts,
    }
    if not request.user.is_authenticated:
        context["here"] = f"{request.path}?{urlencode(row.parameters())}"
        unfinished.keep_target(request, str(context["here"]))
        answer: HttpResponse = render(request, "booking/confirm_sign_in.html", context)
        if request.method == "POST":
            kept_choice.say_kept(request)
            answer = redirect(str(context["here"]))
            answer.leads_away = True  # type: ignore[attr-defined]
        return _with_what_was_said(request, answer, reason, answers)
    unfinished.forget_target(request, request.get_full_path())
    with scope(account=request.user):
        return _confirm(request, row, context)


def _names_more(given: QueryDict, people: int) -> bool:
    """Whether a form says who comes at more hours than it says there are."""
    hours = {f"personne-{n}" for n in range(people)}
    return any(name.startswith("personne-") and name not in hours for name in given)


def _row(
    request: HttpRequest,
    reason: VisitReason,
    starts_at: datetime,
    answers: Answers,
    hold_id: uuid.UUID,
) -> Row | None:
    """The slots that this browser holds from a start on, else those that are free; None if gone."""
    now, key = timezone.now(), unfinished.hold_key(request)
    held = held_by(key=key, visit_reason=reason, now=now)
    starts, until = [slot.starts_at for slot in held], held[0].until if held else None
    if len(held) != answers.people or starts[0] != starts_at:
        slots = slots_in_a_row(
            visit_reason=reason, starts_at=starts_at, count=answers.people, now=now, holder=key
        )
        starts, until = [slot.starts_at for slot in slots], None
    if not starts:
        return None
    return Row(
        reason=reason, starts=starts, hold_until=until, key=key, answers=answers, hold_id=hold_id
    )


def done_already(
    request: HttpRequest, hold_id: uuid.UUID, reason: VisitReason, starts_at: datetime
) -> HttpResponse | None:
    """Where a form sent twice leads, and the way back to one that was sent."""
    first = read_id(request.POST.get("personne-0", ""))
    with scope(account=request.user):
        row = booked_already(request, hold_id, reason, starts_at, patient_id=first)
    return None if row is None else redirect("booking:my-appointments")


def _confirm(request: HttpRequest, row: Row, context: dict[str, object]) -> HttpResponse:
    here = f"{request.path}?{urlencode(row.parameters())}"
    away = leaving.lead_away(
        request,
        reason=row.reason,
        kept=said(request, row.answers),
        here=here,
        other_times=str(context["other_times"]),
    )
    if away is not None:
        return away
    says_known = row.answers.says_known
    refused = refusals(row.reason, says_known=says_known, now=timezone.now())
    named = [each for each in named_people(request) if each[0].pk not in refused]
    own = {str(patient.pk): patient for patient, _name in named}
    chosen = _chosen(request, row, own)
    form = NoteForm(
        request.POST or None, initial={"note": kept_choice.find(request, reason=row.reason).note}
    )
    problem, asked = "", list[Conflict]()
    if request.method == "POST" and form.is_valid():
        patients = [own[each] for each in chosen if each in own]
        if len(patients) < len(row.starts):
            problem = _("Dites qui vient à chaque heure.")
        else:
            answer = _book(request, row, patients, form)
            if isinstance(answer, HttpResponse):
                return answer
            problem, asked = answer
    coming = {own[each].pk: at for at, each in zip(row.starts, chosen, strict=True) if each in own}
    context |= {
        "conflicts": sentences(
            asked + conflicts_at(row.reason, coming), {each.pk: name for each, name in named}
        ),
        "beside": _beside(row, named) if request.method != "POST" else [],
        "named": named,
        "refused": [
            (name, refused[patient.pk])
            for patient, name in named_people(request)
            if patient.pk in refused
        ]
        if refused
        else [],
        "rows": list(zip(row.starts, chosen, strict=True)),
        "missing": len(row.starts) - len(named),
        "may_confirm": len(named) >= len(row.starts),
        "new_refused": refusal_of_new(row.reason, says_known=says_known),
        "note_form": form,
        "problem": problem,
        "here": here,
        "other_reasons": page_of(row.reason, starts_at=row.starts[0]),
    }
    status = 409 if problem else 200
    answer = render(request, "booking/confirm_together.html", context, status=status)
    if len(named) < len(row.starts):
        # The page has no form, only a way to add somebody.
        return _with_what_was_said(request, answer, row.reason, row.answers)
    return answer


def _beside(row: Row, named: Sequence[tuple[Patient, str]]) -> list[str]:
    """What each of the people has already at these hours or with this practitioner, said at once:
    before they are put in an order, and where it may decide who comes when.
    """
    names = {patient.pk: name for patient, name in named}
    found = [
        each for at in row.starts for each in conflicts_at(row.reason, dict.fromkeys(names, at))
    ]
    return sentences(found, names)


def _chosen(request: HttpRequest, row: Row, own: Mapping[str, Patient]) -> list[str]:
    """Who comes at each hour, as the form says it, or as it did for a slot that was gone."""
    n_slots = len(row.starts)
    if request.method == "POST":
        return [request.POST.get(f"personne-{n}", "") for n in range(n_slots)]
    kept = kept_choice.find(request, reason=row.reason).people
    return list(kept) if len(kept) == n_slots and set(kept) <= set(own) else [""] * n_slots


def _book(
    request: HttpRequest, row: Row, patients: list[Patient], form: NoteForm
) -> HttpResponse | tuple[str, list[Conflict]]:
    """The answer, or why not and what is to be asked about."""
    try:
        made = together.book_together(
            visit_reason=row.reason,
            starts_at=row.starts[0],
            patients=patients,
            key=row.key,
            by=By(actor=web_actor(request), channel=Channel.PATIENT, account=account_of(request)),
            now=timezone.now(),
            note=form.cleaned_data["note"],
            says_known=row.answers.says_known,
            heeding=heeding(request),
        )
    except (together.CannotTogether, together.NotForThisPatient) as refused:
        return str(refused.text), []
    except AlsoBooked as refused:
        return str(refused.text), list(refused.conflicts)
    except (together.SlotTaken, together.OutsideOpening):
        # The other of two equal requests may have been faster.
        return done_already(request, row.hold_id, row.reason, row.starts[0]) or _gone(
            request, row.reason, row.starts[0], row.answers
        )
    unfinished.forget_target(request)
    kept_choice.forget(request)
    text = ngettext(
        "%(n)d rendez-vous est pris.", "%(n)d rendez-vous sont pris, l’un après l’autre.", len(made)
    )
    messages.success(request, text % {"n": len(made)})
    return redirect("booking:my-appointments")


def _gone(
    request: HttpRequest, reason: VisitReason, starts_at: datetime, answers: Answers
) -> HttpResponse:
    """Say that the slots are gone, and keep who was to come and the note for others."""
    gone = slot_gone(request, reason, starts_at, answers=answers)
    return _with_what_was_said(request, gone, reason, answers)


def _with_what_was_said(
    request: HttpRequest, answer: HttpResponse, reason: VisitReason, answers: Answers
) -> HttpResponse:
    """Keep what a form said that is answered so, for when its reader comes back."""
    if request.method == "POST":
        kept_choice.keep(request, answer, said(request, answers), reason=reason)
    return answer


def said(request: HttpRequest, answers: Answers) -> kept_choice.Kept:
    """Who comes when and the note, as the form of the last page says it."""
    people = tuple(request.POST.get(f"personne-{n}", "") for n in range(answers.people))
    return kept_choice.sent(request, people=people)
