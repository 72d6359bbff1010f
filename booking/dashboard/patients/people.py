"""Looking a practice's patients up."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.vault.reveal import Purpose, reveal
from booking.appointments.queries.appointments import coming_of, of_other_agendas
from booking.models import Appointment, Patient
from booking.pages.access import (
    agendas_of,
    desk_context,
    membership_of,
    practice_actor,
    practice_member,
    works_on_whole_practice,
)
from booking.patients import sought


def found_patients(
    request: HttpRequest, text: str, *, chosen: uuid.UUID | None = None
) -> list[dict[str, Any]]:
    """Look patients up in the practice's scope, and reveal what tells namesakes apart.

    `chosen` is shown besides, whatever was looked for. Beside each stand the visits to come on the
    member's agendas, where the member may see visits. What is looked for names people: it comes
    by POST, since addresses end up in logs. Of somebody who comes to other agendas alone, a member
    with agendas of their own reads the name, and else only what was typed.
    """
    asked = sought.read_sought(text)
    rows = list(sought.find_patients(asked))
    if chosen is not None and all(row.pk != chosen for row in rows):
        rows += Patient.objects.filter(pk=chosen)
    fields = ["first_name", "last_name", "birth_date", "phone"]
    if "@" in text:
        fields.append("email")
    of_others = _of_other_agendas(request, rows)
    known = ("first_name", "last_name", *_typed(asked))
    opened = [(row, known if row.pk in of_others else tuple(fields)) for row in rows]
    wanted = [(row, names) for row, names in opened]
    with reveal(
        wanted,
        actor=practice_actor(request),
        purpose=Purpose.BOOKING,
        details={"search": bool(text.strip())},
    ) as plain:
        shown = [
            (row, dict.fromkeys(fields, "") | {name: plain.text(row, name) for name in names})
            for row, names in opened
        ]
    found: list[dict[str, Any]] = [
        {
            "patient": row,
            "name": f"{texts['first_name']} {texts['last_name']}".strip(),
            "is_of_others": row.pk in of_others,
            **texts,
        }
        for row, texts in shown
        if row.pk == chosen or sought.is_sought(asked, texts=texts)
    ]
    for each in found:
        if each["is_of_others"] and not asked.days:
            # A year was compared with it; it says less than the day.
            each["birth_date"] = ""
    coming: dict[uuid.UUID, list[Appointment]] = {}
    if found and may_see_visits(request):
        coming = coming_of(
            [each["patient"] for each in found], agendas=agendas_of(request), now=timezone.now()
        )
    return [{**each, "coming": coming.get(each["patient"].pk, [])} for each in found]


def _of_other_agendas(request: HttpRequest, rows: list[Patient]) -> set[uuid.UUID]:
    """Which of these come, or came, to none of the member's agendas, though to others."""
    if not rows or works_on_whole_practice(request):
        return set()
    return of_other_agendas(rows, agendas=agendas_of(request))


def _typed(asked: sought.Sought) -> tuple[str, ...]:
    """What of an identity was typed, and has to be compared."""
    typed = {
        "birth_date": asked.days or asked.year is not None,
        "phone": asked.phones,
        "email": asked.email,
    }
    return tuple(name for name, is_there in typed.items() if is_there)


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
