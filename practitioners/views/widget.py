"""The booking widget that a practice puts on its own site: a script, and the page in its frame.

No cookie is set or read in the frame, so nobody is followed around and no banner is needed: it
shows what is free, and a slot leads to our own site, where it is booked.
"""

import uuid

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from practitioners.models import Practice
from practitioners.views.public import slots_context


@cache_control(public=True, max_age=3600)
@require_safe
def script(request: HttpRequest) -> HttpResponse:
    """The one script tag's file, under an address that never changes."""
    found = finders.find("js/widget.js")
    if found is None:
        raise Http404
    with open(str(found), encoding="utf-8") as file:
        return HttpResponse(file.read(), content_type="text/javascript; charset=utf-8")


@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"]})  # type: ignore[arg-type]
@cache_control(private=True, max_age=30)
@require_safe
def widget(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """What is free at a practice, for one of its practitioners and visit reasons at a time."""
    practice = get_object_or_404(Practice, pk=practice_id)
    agendas = list(
        practice.agenda_set.filter(listed=True, active=True)
        .select_related("practitioner", "practice__commune")
        .prefetch_related("practitioner__specialties")
        .order_by("practitioner__last_name", "pk")
    )
    if not agendas:
        raise Http404
    wanted = request.GET.get("agenda", "")
    agenda = next((each for each in agendas if str(each.pk) == wanted), agendas[0])
    language = request.GET.get("lang", "")
    if language not in dict(settings.LANGUAGES):
        language = settings.LANGUAGE_CODE
    with translation.override(language):
        slots = slots_context(request, agenda, is_anonymous=True)
        says_followed = request.GET.get("suivi") == "oui"
        context = {
            "practice": practice,
            "agendas": agendas,
            "agenda": agenda,
            "language": language,
            **slots,
            # Where only patients who have been there book: before they say so, and after.
            "asks_followed": slots["only_known"] and not says_followed,
            "says_followed": slots["only_known"] and says_followed,
        }
        return render(request, "practitioners/widget.html", context)
