"""Looking a practice's patients up."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.vault.reveal import Purpose, reveal
from booking.domain import sought
from booking.models import Appointment, Patient
from booking.queries.appointments import coming_of
from booking.views.access import (
    agendas_of,
    desk_context,
    membership_of,
    practice_actor,
    practice_member,
)


def found_patients(
    request: HttpRequest, text: str, *, chosen: uuid.UUID | None = None
) -> list[dict[str, Any]]:
    """Look patients up in the practice's scope, and reveal what tells namesakes apart.

    `chosen` is shown besides, whatever was looked for. Beside each stand the visits to come on the
    member's agendas, where the member may see visits. What is looked for names people: it comes
    by POST, since addresses end up in logs.
    """
    asked = sought.read_sought(text)
    rows = list(sought.find_patients(asked))
    if chosen is not None and all(row.pk != chosen for row in rows):
        rows += Patient.objects.filter(pk=chosen)
    fields = ["first_name", "last_name", "birth_date", "phone"]
    if "@" in text:
        fields.append("email")
    wanted = [(row, fields) for row in rows]
    with reveal(
        wanted,
        actor=practice_actor(request),
        purpose=Purpose.BOOKING,
        details={"search": bool(text.strip())},
    ) as plain:
        shown = [(row, {name: plain.text(row, name) for name in fields}) for row in rows]
    found: list[dict[str, Any]] = [
        {"patient": row, "name": f"{texts['first_name']} {texts['last_name']}".strip(), **texts}
        for row, texts in shown
        if row.pk == chosen or sought.is_sought(asked, texts=texts)
    ]
    coming: dict[uuid.UUID, list[Appointment]] = {}
    if found and may_see_visits(request):
        coming = coming_of(
            [each["patient"] for each in found], agendas=agendas_of(request), now=timezone.now()
        )
    return [{**each, "coming": coming.get(each["patient"].pk, [])} for each in found]


def may_see_visits(request: HttpRequest) -> bool:
    """Whether the member may open visits, and so see which ones a patient has to come."""
    return bool(request.user.has_perm("booking.view_agenda", membership_of(request)))


@never_cache
@practice_member("booking.view_patients")
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """Look patients up: the page of the menu."""
    text = request.POST.get("q", "")
    may_merge = request.user.has_perm("booking.merge_patients", membership_of(request))
    context = desk_context(
        request, current="patients", q=text, found=found_patients(request, text),
        may_merge=may_merge, shows_coming=may_see_visits(request),
    )  # fmt: skip
    return render(request, "dashboard/patients.html", context)
