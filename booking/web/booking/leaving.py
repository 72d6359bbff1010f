"""Leaving a booking's last page for a while with what is filled in, and coming back to it.

Its ways out are buttons of its form, so that they send what was typed; the page's script sends it
too when its reader follows a link (static/js/site.js). Both keep it (kept_choice.py).
"""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from booking.web.booking import kept_choice
from booking.web.booking.kept_choice import Kept
from practitioners.models import VisitReason

# The field that says where to; without it, the form confirms.
WAY = "vers"
ADD_PERSON, OTHER_TIME, STAY = "personne", "heure", "garder"


def lead_away(
    request: HttpRequest, *, reason: VisitReason, kept: Kept, here: str, other_times: str
) -> HttpResponse | None:
    """Keep what the form says and lead to where it asks; None where it is meant to confirm.

    `here`: the address of the last page; `other_times`: that of the page of slots.
    """
    way = request.POST.get(WAY, "")
    if way == ADD_PERSON:
        # Whoever is added is chosen on the way back.
        answer: HttpResponse = redirect(
            f"{reverse('booking:new-person')}?{urlencode({'next': here})}"
        )
    elif way == OTHER_TIME:
        answer = redirect(other_times)
    elif way == STAY:
        answer = HttpResponse(status=204)
    else:
        return None
    kept_choice.keep(request, answer, kept, reason=reason)
    # Sent again, it leads away again (doctolib/once.py).
    answer.leads_away = True  # type: ignore[attr-defined]
    return answer
