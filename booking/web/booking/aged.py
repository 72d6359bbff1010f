"""The last page of a booking, sent from before its reader signed in, out or confirmed who they are.

Its token counts no more (booking/web/csrf.py), and something may have happened in another tab:
where the appointment is booked already the form leads there, and else to the page as it is now,
with what was filled in.
"""

import uuid
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django_scopes import scope

from booking.web.booking import kept_choice, together
from booking.web.booking.choice import choice_in, done_already
from booking.web.booking.chosen import answers_in
from practitioners.domain.scheduling.wall_clock import read_instant
from practitioners.views.public import people_wanted


def lead_on(request: HttpRequest) -> HttpResponse | None:
    """Answer such a form, which a page of this site has sent; None for every other form."""
    match = request.resolver_match
    name = match.view_name if match else ""
    if match is None or name not in ("booking:confirm", "booking:confirm-together"):
        return None
    starts_at = read_instant(request.POST.get("debut", ""))
    hold_id: uuid.UUID = match.kwargs["hold_id"]
    if starts_at is None:
        return None
    try:
        choice = choice_in(request, request.POST, hold_id=hold_id, starts_at=starts_at)
    except Http404:
        return None
    is_together = name == "booking:confirm-together"
    if request.user.is_authenticated:
        with scope(account=request.user):
            done = (
                together.done_already(request, hold_id, choice.reason, starts_at)
                if is_together
                else done_already(request, choice)
            )
        if done is not None:
            return done
    answers = answers_in(request.POST, people=people_wanted(request.POST))
    here = choice.address(request)
    if is_together:
        people = {"personnes": str(answers.people)} if answers.people > 1 else {}
        here = f"{request.path}?{urlencode(choice.parameters() | people)}"
    answer = redirect(here)
    kept = together.said(request, answers) if is_together else kept_choice.sent(request)
    kept_choice.keep(request, answer, kept, reason=choice.reason)
    kept_choice.say_kept(request)
    # Sent again as it is, it leads away again (doctolib/once.py).
    answer.leads_away = True  # type: ignore[attr-defined]
    return answer
