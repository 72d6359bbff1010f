"""Two files of one person: seen side by side, made one, parted again."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from audit.ids import read_id
from audit.vault.reveal import Purpose, reveal
from booking.models import Appointment, Patient, PatientMerge
from booking.pages.access import (
    account_of,
    desk_context,
    membership_of,
    practice_actor,
    practice_member,
    require_whole_practice,
)
from booking.pages.refusals import shown_as_message
from booking.patients import merging
from booking.patients.patients import IDENTITY_FIELDS, NAME_FIELDS

LISTED = 50


@never_cache
@practice_member("booking.merge_patients")
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """Show two files side by side, and make them one; without two, list what can be separated."""
    require_whole_practice(request)
    asked = [pk for text in request.GET.getlist("fiche")[:2] if (pk := read_id(text))]
    found = {row.pk: row for row in Patient.objects.filter(pk__in=asked)}
    pair = [found[pk] for pk in asked if pk in found]
    problem = ""
    if request.method == "POST":
        try:
            _merge_pair(request, pair, asked=asked)
        except merging.CannotMerge as refused:
            problem = str(refused.text)
        else:
            messages.success(request, _("Les deux fiches n’en font plus qu’une."))
            return redirect("booking:merge-patients", practice_id)
    rows = list(
        PatientMerge.objects.filter(separated_at__isnull=True)
        .select_related("kept")
        .order_by("-merged_at", "pk")[:LISTED]
    )
    wanted: list[tuple[object, tuple[str, ...]]] = [(row, IDENTITY_FIELDS) for row in pair]
    if len(pair) != 2:
        wanted += [(row.kept, NAME_FIELDS) for row in rows]
    with reveal(wanted, actor=practice_actor(request), purpose=Purpose.CARE) as plain:
        people = [
            {
                "patient": row,
                "visits": Appointment.objects.filter(patient=row).count(),
                **{name: plain.text(row, name) for name in IDENTITY_FIELDS},
            }
            for row in pair
        ]
        listed = rows if len(pair) != 2 else []
        merged = [(row, plain.joined(row.kept, NAME_FIELDS)) for row in listed]
    context = desk_context(request, current="patients") | {
        "people": people if len(people) == 2 else [],
        "asked": bool(asked),
        "merged": merged,
        "problem": problem,
    }
    return render(request, "dashboard/merge.html", context, status=409 if problem else 200)


def _merge_pair(request: HttpRequest, pair: list[Patient], *, asked: list[uuid.UUID]) -> None:
    """Merge the two files that a page showed into the one that is chosen; raises CannotMerge."""
    kept_id = read_id(request.POST.get("garder", ""))
    kept = next((row for row in pair if row.pk == kept_id), None)
    others = [row for row in pair if row.pk != kept_id]
    if len(pair) < len(set(asked)) and _are_merged(asked):
        raise merging.CannotMerge(merging.CannotMerge.merged)
    if len(pair) < 2:
        two = len(set(asked)) == 2
        raise merging.CannotMerge(merging.CannotMerge.unknown if two else merging.CannotMerge.same)
    if kept is None or len(others) != 1:
        raise merging.CannotMerge(merging.CannotMerge.choose)
    merging.merge(
        practice=membership_of(request).practice,
        kept=kept,
        other=others[0],
        account=account_of(request),
        actor=practice_actor(request),
        now=timezone.now(),
    )


def _are_merged(asked: list[uuid.UUID]) -> bool:
    """Whether the two that a page still shows have been made one meanwhile."""
    open_merges = PatientMerge.objects.filter(separated_at__isnull=True)
    return open_merges.filter(kept__in=asked, other__in=asked).exists()


@practice_member("booking.merge_patients")
@require_POST
def separate(request: HttpRequest, practice_id: uuid.UUID, merge_id: uuid.UUID) -> HttpResponse:
    require_whole_practice(request)
    row = get_object_or_404(PatientMerge.objects.all(), pk=merge_id)
    with shown_as_message(request, merging.CannotMerge):
        merging.separate(row=row, actor=practice_actor(request), now=timezone.now())
        messages.success(request, _("Les deux fiches sont de nouveau séparées."))
    return redirect("booking:merge-patients", practice_id)
