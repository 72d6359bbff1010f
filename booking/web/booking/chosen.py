"""What a visitor has chosen: the visit reason and its slot, for whom, and whether they may.

Whatever can be known of it is asked and said before anything is held.
"""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.fixed_query import FixedQuery
from audit.ids import read_id
from booking.appointments import deadline
from booking.appointments.queries.standing import standing
from booking.models import Patient
from booking.pages.access import account_of
from booking.pages.session import unfinished
from practitioners.domain.scheduling.nearest import nearest_slots
from practitioners.domain.scheduling.rules.audience import ANSWERS, Offer, audience_of
from practitioners.domain.scheduling.rules.eligibility import (
    NEW,
    SAYS_KNOWN,
    is_restricted,
    restriction,
)
from practitioners.domain.scheduling.why_not import why_not
from practitioners.domain.staff.substitutes import name_at
from practitioners.models import Agenda, Practice, VisitReason
from practitioners.readers import reader_of

# The pages that `pour` tells which person is chosen.
CHOOSES_A_PERSON = {"booking:confirm", "booking:join-waiting-list"}

_CHOSEN = FixedQuery(
    [VisitReason, Agenda, Practice, Patient],
    "FROM {0} JOIN {1} ON {1}.id = {0}.agenda_id JOIN {2} ON {2}.id = {1}.practice_id"
    " LEFT JOIN {3} ON {3}.id = %s AND {3}.account_id = %s"
    " WHERE {0}.id = %s",
)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What was answered on the way here, and goes along in addresses and forms."""

    suivi: str
    pour: str
    people: int

    @property
    def says_known(self) -> bool:
        return self.suivi == "oui"

    def fields(self) -> dict[str, str]:
        """The answers given, as parameters."""
        given = {"suivi": self.suivi, "pour": self.pour}
        if self.people > 1:
            given["personnes"] = str(self.people)
        return {name: value for name, value in given.items() if value}


def answers_in(given: QueryDict, *, people: int = 1) -> Answers:
    """Read what a form or an address says was answered; nonsense is no answer."""
    suivi = given.get("suivi", "")
    pour = given.get("pour", "")
    is_somebody = pour == "autre" or read_id(pour) is not None
    return Answers(
        suivi=suivi if suivi in ANSWERS else "", pour=pour if is_somebody else "", people=people
    )


def chosen_reason(request: HttpRequest, motif: str) -> tuple[VisitReason, Patient | None]:
    """The visit reason, and the patient that the form names if it is one of the account's own.

    Raises Http404 where there is no such visit reason; whether it is offered is another question.
    """
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


def in_address(at: datetime) -> str:
    """An instant as addresses carry it: without a plus sign, which they would lose."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def with_person(address: str, patient: Patient) -> str:
    """The address of a page that chooses a person, with one added on the way; others as is."""
    path, _mark, query = address.partition("?")
    with suppress(Resolver404):
        if resolve(path).view_name in CHOOSES_A_PERSON:
            given = QueryDict(query, mutable=True)
            given["pour"] = str(patient.pk)
            return f"{path}?{given.urlencode()}"
    return address


def page_of(
    reason: VisitReason,
    *,
    starts_at: datetime | None = None,
    given: Mapping[str, str] | None = None,
    has_news: bool = False,
) -> str:
    """The address of the practitioner's page that shows this visit reason, around a slot's day.

    At its slots, or at its top where the page has news to tell (`django.contrib.messages`).
    """
    address = reverse("practitioners:practitioner", args=[reason.agenda.practitioner_id])
    shown = {"cabinet": str(reason.agenda.practice_id), "motif": str(reason.pk), **(given or {})}
    if starts_at is not None:
        shown["semaine"] = starts_at.astimezone(reason.agenda.practice.zone).date().isoformat()
    return f"{address}?{urlencode(shown)}{'' if has_news else '#creneaux'}"


def how_many(request: HttpRequest, reason: VisitReason, starts_at: datetime) -> HttpResponse:
    """Lead back to the slots from a form whose number of people cannot be read."""
    text = _(
        "Ce nombre de personnes n’est pas possible : choisissez de nouveau. Rien n’est réservé."
    )
    messages.error(request, text)
    return redirect(page_of(reason, starts_at=starts_at, has_news=True))


def ask_first(
    request: HttpRequest, reason: VisitReason, starts_at: datetime, answers: Answers
) -> HttpResponse | None:
    """What is said or asked before a slot is held; None where nothing stands in the way."""
    if not (reason.active and reason.agenda.active):
        return not_offered(request, reason)
    now = timezone.now()
    audience = audience_of(
        reader_of(request, [reason], now=now),
        known_text=answers.suivi,
        whom_text=answers.pour,
        count=answers.people,
    )
    offer, why = audience.offer(reason)
    if offer == Offer.OPEN:
        return None
    given = answers.fields()
    if offer == Offer.CLOSED and why is not None:
        messages.warning(request, why.text)
        return redirect(page_of(reason, starts_at=starts_at, given=given, has_news=True))
    given["debut"] = in_address(starts_at)
    return redirect(page_of(reason, starts_at=starts_at, given=given))


def not_offered(request: HttpRequest, reason: VisitReason) -> HttpResponse:
    """Lead from a visit reason that is no longer offered online to what its practitioner offers."""
    messages.warning(request, _("Ce motif n’est plus proposé en ligne."))
    return redirect(page_of(reason, has_news=True))


def refusals(reason: VisitReason, *, says_known: bool, now: datetime) -> dict[uuid.UUID, str]:
    """Which people of the account in scope may not book the reason, and why, as a sentence.

    No query where it does not matter who books.
    """
    if not is_restricted([reason]):
        return {}
    people = standing(Patient.objects.all(), agenda=reason.agenda, now=now)
    found = {
        person.id: restriction(reason, person.as_booker(says_known=says_known)) for person in people
    }
    return {pk: why.text for pk, why in found.items() if why is not None}


def refusal_of_new(reason: VisitReason, *, says_known: bool) -> str:
    """Why somebody who has yet to be added to the account may not book; empty if they may."""
    why = restriction(reason, SAYS_KNOWN if says_known else NEW)
    return why.text if why is not None else ""


def slot_gone(
    request: HttpRequest, reason: VisitReason, starts_at: datetime, *, answers: Answers
) -> HttpResponse:
    """Say of the time that was asked for why it cannot be had, and lead to those that can."""
    now, holder = timezone.now(), unfinished.hold_key(request)
    slots = nearest_slots(
        visit_reason=reason, starts_at=starts_at, now=now, count=answers.people, holder=holder
    )
    context = slot_context(reason, starts_at, answers=answers) | {
        "problem": why_not(
            visit_reason=reason, starts_at=starts_at, now=now, count=answers.people, holder=holder
        ),
        "people": answers.people,
        "all_slots": page_of(
            reason, starts_at=slots[0].starts_at if slots else None, given=answers.fields()
        ),
        "slots": slots,
    }
    return render(request, "booking/slot_gone.html", context, status=409)


def slot_context(
    reason: VisitReason, starts_at: datetime, *, answers: Answers
) -> dict[str, object]:
    """What the last page before a booking shows of the slot."""
    return {
        "reason": reason,
        "agenda": reason.agenda,
        "practice": reason.agenda.practice,
        "starts_at": starts_at,
        "answers": answers.fields(),
        "other_times": page_of(reason, starts_at=starts_at, given=answers.fields()),
        "substitute": name_at(agenda=reason.agenda, at=starts_at),
        "terms": deadline.if_booked(visit_reason=reason, starts_at=starts_at, now=timezone.now()),
    }
