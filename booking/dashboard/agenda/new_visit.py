"""Booking for somebody on the phone: one page for whom, what for, with whom and when."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.ids import read_id
from booking.appointments import book
from booking.appointments.desk import call
from booking.appointments.desk.unusual import UnusualTime, mark_of
from booking.appointments.values import By, Conditions
from booking.dashboard.agenda import again
from booking.dashboard.agenda.held import why_taken
from booking.dashboard.agenda.said import Done, address_that_says
from booking.dashboard.forms.new_visit import (
    ANY_AGENDA,
    NEW,
    TYPED,
    Choice,
    NewVisitForm,
    aligned,
    read_choice,
    slot_value,
)
from booking.dashboard.patients.people import found_patients
from booking.models import Appointment, Patient
from booking.models.appointment import Channel
from booking.pages.access import (
    account_of,
    agendas_of,
    desk_context,
    membership_of,
    practice_actor,
    practice_member,
)
from booking.pages.both import MEANT, asks_about_time, heeding, sentences
from booking.pages.forms.patients import CallerForm
from booking.patients import duplicates
from booking.patients.duplicates import Duplicate
from booking.patients.patients import NAME_FIELDS, Identity
from practitioners.domain.scheduling import standing
from practitioners.domain.scheduling.reservations.pieces import out_of_service
from practitioners.domain.scheduling.standing import Standing, Why
from practitioners.domain.scheduling.wall_clock import read_instant
from practitioners.models import Agenda, VisitReason

SLOTS_SHOWN = 12
NEAREST_SHOWN = 6
SENT_TWICE = timedelta(minutes=2)
# Buttons and fields that only ask to be shown something.
LOOKS = ("search", "creneau", "depuis", "montrer", "fiche")


@dataclass
class Desk:
    """What a request asks of the page, and what the page answers."""

    request: HttpRequest
    agendas: list[Agenda]
    reasons: list[VisitReason]
    data: QueryDict
    when: NewVisitForm
    choice: Choice
    caller: CallerForm
    now: datetime
    is_look: bool
    is_other_reason: bool
    problem: str = ""
    may_overbook: bool = False
    doubles: list[Duplicate] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    mark: str = ""

    @cached_property
    def starts_at(self) -> datetime | None:
        """The time that was given, whether or not the rest of the form is right."""
        if self.when.is_bound:
            return self.when.starts_at() if self.when.is_valid() else None
        is_given = "jour" in self.when.initial
        return read_instant(self.request.GET.get("debut", "")) if is_given else None

    @cached_property
    def standing(self) -> Standing | None:
        """How that time stands for the visit reason."""
        reasons = self.when.reasons()
        if self.starts_at is None or len(reasons) != 1:
            return None
        return standing.standing_at(visit_reason=reasons[0], starts_at=self.starts_at, now=self.now)


@never_cache
@practice_member("booking.change_appointments")
@require_http_methods(["GET", "HEAD", "POST"])
def new_visit(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """Book a visit, or show the form as it was filled in with what stands in its way."""
    desk = _desk(request)
    if request.headers.get("HX-Request"):
        return _part(desk, request.headers.get("HX-Target", ""))
    if request.method == "POST" and not desk.is_look:
        address = _answer(desk)
        if address:
            return redirect(address)
    context = desk_context(
        request, current="agenda", **again.context(request),
        problem=desk.problem, may_overbook=desk.may_overbook,
        conflicts=desk.conflicts, time_mark=desk.mark,
        is_time_meant=desk.mark == desk.data.get(MEANT),
        **_people_context(desk, with_chosen=True), **_slots_context(desk),
    )  # fmt: skip
    if desk.is_look:
        desk.when.errors.clear()
    status = 409 if desk.problem else 200
    return render(request, "dashboard/new_visit.html", context, status=status)


def _part(desk: Desk, target: str) -> HttpResponse:
    """What a script asks for while the form is filled in: free times, or patients."""
    if target == "creneaux":
        context = _slots_context(desk)
        desk.when.errors.clear()
        return render(desk.request, "dashboard/_slots.html", {**context, "is_part": True})
    context = _people_context(desk, with_chosen=False)
    return render(desk.request, "dashboard/_found.html", context)


def _answer(desk: Desk) -> str | None:
    """Book what the form says, and return where it is seen; None where something is in the way."""
    if desk.is_other_reason:
        desk.problem = _("Ce motif est celui d’un autre praticien. Vérifiez le motif ci-dessous.")
        return None
    who = _who(desk)
    if not desk.when.is_valid():
        return None
    reason = _reason(desk)
    if reason is None:
        return None
    if who is None:
        return _sent_twice(desk, {each.patient.pk for each in desk.doubles}, reason)
    return _book(desk, who, reason)


def _desk(request: HttpRequest) -> Desk:
    agendas = agendas_of(request)
    reasons = standing.by_preference(agenda.pk for agenda in agendas)
    now = timezone.now()
    data, is_other_reason = aligned(request.POST, reasons)
    is_post = request.method == "POST"
    when = NewVisitForm(
        data if is_post else None,
        agendas=agendas,
        reasons=reasons,
        initial=_initial(request, agendas, reasons, now=now),
    )
    choice = read_choice(data)
    if not is_post:
        choice = Choice(patient_id=read_id(request.GET.get("patient", "")))
    # What was typed stays, and is judged only where it is what the form is about.
    typed = {name: data.get(name, "") for name in (*TYPED, "sex", "single_name") if data.get(name)}
    return Desk(
        request=request,
        agendas=agendas,
        reasons=reasons,
        data=data,
        when=when,
        choice=choice,
        caller=CallerForm(data) if choice.is_new else CallerForm(initial=typed),
        now=now,
        is_look=any(name in data for name in LOOKS),
        is_other_reason=is_other_reason,
    )


def _initial(
    request: HttpRequest, agendas: list[Agenda], reasons: list[VisitReason], *, now: datetime
) -> dict[str, object]:
    """What an empty form begins with: a free time of the agenda, or the member's own agenda."""
    asked, given = request.GET.get("agenda"), request.GET.get("motif")
    own = membership_of(request).practitioner_id
    agenda = next((a for a in agendas if str(a.pk) == asked), None) or next(
        (a for a in agendas if own is not None and a.practitioner_id == own), None
    )
    initial: dict[str, object] = {"agenda": str(agenda.pk) if agenda else ANY_AGENDA}
    some = [row for row in reasons if agenda is None or row.agenda_id == agenda.pk]
    chosen = next((row for row in some if str(row.pk) == given), None)
    starts_at = read_instant(request.GET.get("debut", ""))
    if starts_at is not None and agenda is not None:
        local = starts_at.astimezone(agenda.practice.zone)
        initial |= {"jour": local.date(), "heure": local.time()}
        offered = standing.offered_at(some, starts_at=starts_at, now=now)
        if chosen not in offered:
            chosen = next(iter(offered), chosen)
    initial["motif"] = chosen or next(iter(some), None)
    return initial


def _who(desk: Desk) -> Patient | Identity | None:
    """For whom the form books; None, with the problem said, where it does not say so clearly."""
    choice = desk.choice
    if choice.is_both:
        desk.problem = _(
            "Rien n’est réservé : un patient est choisi, et une nouvelle fiche est remplie."
            " Pour qui est ce rendez-vous ?"
        )
        return None
    if choice.patient_id is not None:
        patient: Patient = get_object_or_404(Patient.objects.all(), pk=choice.patient_id)
        return patient
    if not choice.is_new:
        desk.problem = _("Choisissez un patient, ou créez sa fiche.")
        return None
    if not desk.caller.is_valid():
        return None
    identity = desk.caller.identity()
    is_answered = desk.data.get("vu") == duplicates.mark_of(identity)
    if not (choice.is_decided and is_answered):
        desk.doubles = duplicates.probable_duplicates(
            identity=identity, actor=practice_actor(desk.request)
        )
        if desk.doubles:
            desk.problem = _("Rien n’est réservé : cette personne a peut-être déjà une fiche.")
            return None
    return identity


def _reason(desk: Desk) -> VisitReason | None:
    """The visit reason to book; with any agenda it says whose only where there is one."""
    reasons = desk.when.reasons()
    if len(reasons) == 1:
        return reasons[0]
    desk.problem = desk.problem or _(
        "À cette heure, avec qui ? Choisissez un praticien ou un créneau proposé."
    )
    return None


def _book(desk: Desk, who: Patient | Identity, reason: VisitReason) -> str | None:
    """Book, and return where the visit is seen; None, with the problem said, if it is refused."""
    starts_at = desk.when.starts_at()
    asks = asks_about_time(desk.request, reason, starts_at)
    # What was confirmed stays so where the page is shown again for another reason.
    desk.mark = "" if asks else mark_of(reason, starts_at)
    try:
        visit = call.book_for_caller(
            caller=who,
            visit_reason=reason,
            starts_at=starts_at,
            by=By(
                actor=practice_actor(desk.request),
                channel=Channel.PRACTICE,
                account=account_of(desk.request),
            ),
            now=desk.now,
            conditions=Conditions(
                overbooks="overbook" in desk.data,
                heeding=heeding(desk.request),
                asks_about_time=asks,
            ),
        )
    except UnusualTime as asked:
        desk.problem, desk.mark = str(asked.text), mark_of(reason, starts_at)
        return None
    except book.AlsoBooked as asked:
        desk.problem = str(asked.text)
        desk.conflicts = sentences(asked.conflicts, {}, agendas=[row.pk for row in desk.agendas])
        return None
    except book.SlotTaken as refused:
        if isinstance(who, Patient) and (sent := _sent_twice(desk, {who.pk}, reason)):
            return sent
        desk.problem = why_taken(refused, reason, starts_at, now=desk.now)
        # A room that is in use is no time that can be taken twice.
        desk.may_overbook = type(refused) is book.SlotTaken and reason.agenda.overbooks_at_most > 0
        return None
    again.note_booked(desk.request, visit)
    return address_that_says(Done.BOOKED, visit, request=desk.request)


def _sent_twice(desk: Desk, patients: set[uuid.UUID], reason: VisitReason) -> str | None:
    """Where the visit is seen that this very form has booked a moment ago: a double click."""
    visit = (
        Appointment.objects.select_related("agenda__practice")
        .filter(
            patient__in=patients, visit_reason=reason, starts_at=desk.when.starts_at(),
            booked_by=account_of(desk.request), created_at__gt=desk.now - SENT_TWICE,
        )
        .exclude(status="cancelled")
        .first()
    )  # fmt: skip
    if visit is None:
        return None
    return address_that_says(Done.BOOKED, visit, request=desk.request)


def _people_context(desk: Desk, *, with_chosen: bool) -> dict[str, object]:
    """Who was found, who is chosen, and who may be the same person."""
    text = desk.data.get("q", "")
    chosen_id = desk.choice.patient_id
    rows = found_patients(desk.request, text, chosen=chosen_id if with_chosen else None)
    chosen = next((row for row in rows if row["patient"].pk == chosen_id), None)
    identity = desk.caller.identity() if desk.doubles else None
    return {
        "caller": desk.caller,
        "choice": desk.choice,
        "is_just_known": "fiche" in desk.data,
        "q": text,
        "chosen": chosen,
        "found": [row for row in rows if row["patient"].pk != chosen_id],
        "duplicates": desk.doubles,
        "mark": duplicates.mark_of(identity) if identity else "",
        "new": NEW,
        "typed_name": " ".join(desk.data.get(name, "").strip() for name in NAME_FIELDS).strip(),
        "holds_text": any(desk.data.get(name, "").strip() for name in TYPED),
    }


def _out_of_service(reasons: list[VisitReason]) -> list[str]:
    """What none of these visit reasons has a slot for want of."""
    missing = out_of_service(reasons)
    return sorted({name for names in missing.values() for name in names})


def _held_until(desk: Desk) -> datetime | None:
    """When what is in the way at the time that was asked for ends by itself."""
    reasons, stands = desk.when.reasons(), desk.standing
    if stands is None or desk.starts_at is None or stands.why not in (Why.TAKEN, Why.FULL):
        return None
    return standing.held_until(visit_reason=reasons[0], starts_at=desk.starts_at, now=desk.now)


def _slots_context(desk: Desk) -> dict[str, object]:
    """The free times to choose from: the next ones, or the nearest where one was not free."""
    reasons, at, now = desk.when.reasons(), desk.starts_at, desk.now
    pages_on = read_instant(desk.data.get("depuis", ""))
    is_free = desk.standing is not None and desk.standing.why == Why.FREE
    are_nearest = at is not None and at >= now and not is_free and pages_on is None
    later = None
    if at is not None and are_nearest:
        slots = standing.nearest(reasons, starts_at=at, now=now, count=NEAREST_SHOWN)
    else:
        slots, later = standing.next_free(
            reasons, since=pages_on or now, now=now, count=SLOTS_SHOWN
        )
    several = desk.when.chosen_agenda is None
    return {
        "practice": membership_of(desk.request).practice,
        "when": desk.when,
        "standing": desk.standing,
        "held_until": _held_until(desk),
        "is_free": is_free,
        "slots": [
            {
                "reason": reason,
                "slot": slot,
                "value": slot_value(reason, slot.starts_at),
                "is_chosen": slot.starts_at == at and not several,
                "practitioner": reason.agenda.practitioner if several else None,
            }
            for reason, slot in slots
        ],
        "are_nearest": are_nearest,
        "out_of_service": [] if slots else _out_of_service(reasons),
        "later": later.isoformat() if later else "",
        "is_paged": pages_on is not None,
        "swaps_choices": desk.is_other_reason
        or desk.request.headers.get("HX-Trigger") == "choix"
        or desk.request.headers.get("HX-Trigger-Name") == "creneau",
    }
