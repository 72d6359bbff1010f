"""Booking online: hold a slot, say for whom, confirm."""

import secrets
import uuid
from contextlib import suppress
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_scopes import scope

from audit.vault.reveal import Purpose, reveal
from booking.domain import book, patients
from booking.forms.patients import IdentityForm, NoteForm
from booking.models import Patient
from booking.models.appointment import Channel
from booking.models.patient import Relation
from booking.views.access import account_of, web_actor
from practitioners.domain import availability, take
from practitioners.models import Taken, VisitReason

NEAREST = 6
NEAREST_DAYS = 30


def read_instant(text: str) -> datetime | None:
    """Read an RFC 3339 instant; None for anything else."""
    with suppress(ValueError):
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return at if at.tzinfo else None
    return None


def _reason(text: str) -> VisitReason:
    try:
        reason_id = uuid.UUID(text)
    except ValueError:
        reason_id = uuid.UUID(int=0)
    return get_object_or_404(
        VisitReason.objects.select_related("agenda__practice", "agenda__practitioner").filter(
            active=True, agenda__active=True
        ),
        pk=reason_id,
    )


@require_POST
def hold(request: HttpRequest) -> HttpResponse:
    """Keep the chosen slot for some minutes, and go on to the confirmation."""
    reason = _reason(request.POST.get("motif", ""))
    starts_at = read_instant(request.POST.get("debut", ""))
    if starts_at is None:
        return redirect("practitioners:practitioner", reason.agenda.practitioner_id)
    key = request.session.setdefault("hold_key", secrets.token_hex(16))
    now = timezone.now()
    try:
        hold_id, _until = take.hold(visit_reason=reason, starts_at=starts_at, key=key, now=now)
    except (take.SlotTaken, take.OutsideOpening) as problem:
        return slot_gone(request, reason, starts_at, str(problem.text))
    request.session["hold_reason"] = str(reason.pk)
    request.session["hold_start"] = starts_at.isoformat()
    request.session["says_known"] = request.POST.get("suivi") == "oui"
    request.session["after_sign_in"] = reverse("booking:confirm", args=[hold_id])
    return redirect("booking:confirm", hold_id)


def slot_gone(
    request: HttpRequest, reason: VisitReason, starts_at: datetime, problem: str
) -> HttpResponse:
    """Tell that the slot is gone, and offer the nearest ones."""
    now = timezone.now()
    slots = availability.free_slots(
        visit_reason=reason,
        since=max(now, starts_at - timedelta(days=NEAREST_DAYS)),
        until=starts_at + timedelta(days=NEAREST_DAYS),
        now=now,
    )
    nearest = sorted(slots, key=lambda slot: abs(slot.starts_at - starts_at))[:NEAREST]
    context = {
        "reason": reason,
        "agenda": reason.agenda,
        "practice": reason.agenda.practice,
        "starts_at": starts_at,
        "problem": problem,
        "slots": sorted(nearest, key=lambda slot: slot.starts_at),
    }
    return render(request, "booking/slot_gone.html", context, status=409)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, hold_id: uuid.UUID) -> HttpResponse:
    """The last step: for whom, a word, confirm. Works while the hold lasts, and often after."""
    key = request.session.get("hold_key")
    reason_id, start = request.session.get("hold_reason"), request.session.get("hold_start")
    if not (key and reason_id and start):
        messages.warning(request, _("Choisissez d’abord un créneau."))
        return redirect("practitioners:home")
    reason, starts_at = _reason(reason_id), datetime.fromisoformat(start)
    held = Taken.objects.filter(pk=hold_id, hold_key=key).first()
    context: dict[str, object] = {
        "reason": reason,
        "agenda": reason.agenda,
        "practice": reason.agenda.practice,
        "starts_at": starts_at,
        "hold_id": hold_id,
        "hold_until": held.hold_until if held else None,
    }
    if not request.user.is_authenticated:
        return render(request, "booking/confirm_sign_in.html", context)
    with scope(account=request.user):
        return _confirm_for_account(request, reason, starts_at, hold_id, key, context)


def _confirm_for_account(
    request: HttpRequest,
    reason: VisitReason,
    starts_at: datetime,
    hold_id: uuid.UUID,
    key: str,
    context: dict[str, object],
) -> HttpResponse:
    people = list(Patient.objects.order_by("created_at", "pk"))
    note_form = NoteForm(request.POST or None)
    identity_form = IdentityForm(request.POST if request.POST and not people else None)
    chosen = request.POST.get("patient") or (str(people[0].pk) if people else "")
    if request.method == "POST" and note_form.is_valid():
        patient = next((p for p in people if str(p.pk) == chosen), None)
        if patient is None and not people and identity_form.is_valid():
            patient = patients.create_patient(
                identity=identity_form.identity(),
                actor=web_actor(request),
                now=timezone.now(),
                account=account_of(request),
                relation=Relation.SELF,
            )
        if patient is not None:
            answer = _book(request, reason, starts_at, hold_id, key, patient, note_form)
            if answer is not None:
                return answer
            people = list(Patient.objects.order_by("created_at", "pk"))
    names = [(patient, ("first_name", "last_name")) for patient in people]
    with reveal(names, actor=web_actor(request), purpose=Purpose.OWN_DATA) as plain:
        context["people"] = [
            (p, f"{plain.text(p, 'first_name')} {plain.text(p, 'last_name')}") for p in people
        ]
    context |= {"note_form": note_form, "identity_form": identity_form, "chosen": chosen}
    return render(request, "booking/confirm.html", context)


def _book(
    request: HttpRequest,
    reason: VisitReason,
    starts_at: datetime,
    hold_id: uuid.UUID,
    key: str,
    patient: Patient,
    note_form: NoteForm,
) -> HttpResponse | None:
    try:
        appointment = book.book(
            visit_reason=reason,
            starts_at=starts_at,
            patient=patient,
            booked_by=account_of(request),
            actor=web_actor(request),
            channel=Channel.PATIENT,
            now=timezone.now(),
            held=book.HeldSlot(id=hold_id, key=key),
            note=note_form.cleaned_data["note"],
            says_known=bool(request.session.get("says_known")),
        )
    except (book.SlotTaken, book.OutsideOpening) as problem:
        return slot_gone(request, reason, starts_at, str(problem.text))
    except book.NotForThisPatient as problem:
        note_form.add_error(None, str(problem.text))
        return None
    for name in ("hold_reason", "hold_start", "says_known", "after_sign_in"):
        request.session.pop(name, None)
    messages.success(request, _("Votre rendez-vous est confirmé. Un e-mail vous attend."))
    return redirect("booking:appointment", appointment.pk)
