"""Looking a practice's patients up."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.vault.reveal import Purpose, reveal
from booking.domain import sought
from booking.models import Patient
from booking.views.access import desk_context, membership_of, practice_actor, practice_member


def found_patients(
    request: HttpRequest, text: str, *, chosen: uuid.UUID | None = None
) -> list[dict[str, Any]]:
    """Look patients up in the practice's scope, and reveal what tells namesakes apart.

    `chosen` is shown besides, whatever was looked for. What is looked for names people: it comes
    by POST, since addresses end up in logs.
    """
    rows = list(sought.find_patients(text=text)) if text.strip() else []
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
    return [
        {"patient": row, **texts}
        for row, texts in shown
        if row.pk == chosen or sought.is_sought(text=text, texts=texts)
    ]


@never_cache
@practice_member("booking.view_patients")
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """Look patients up: the page of the menu."""
    text = request.POST.get("q", "")
    may_merge = request.user.has_perm("booking.merge_patients", membership_of(request))
    context = desk_context(
        request, current="patients", q=text, found=found_patients(request, text),
        may_merge=may_merge,
    )  # fmt: skip
    return render(request, "dashboard/patients.html", context)
