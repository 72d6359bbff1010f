"""What a telephone needs to keep the site at hand: a manifest, a service worker, an offline page.

A device keeps of an account its next appointments, without a patient's name or a visit reason, and
drops them when the session ends.
"""

import hashlib
import json
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from booking.appointments.queries.appointments import upcoming
from booking.pages.access import account_required
from practitioners.domain import telephone
from practitioners.domain.date_words import in_words
from practitioners.page_scripts import imported_by

KEPT = 10
LANGUAGE = "langue"
SHOWN_WITH = ("css/tokens.css", "css/site.css", "favicon.svg", "js/offline.js")
SPOKEN = [code for code, _name in settings.LANGUAGES]


@cache_control(public=True, max_age=86400)
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What installing the site makes of it."""
    answer = JsonResponse(
        {
            "name": "Doctolib",
            "short_name": "Doctolib",
            "description": _("Vos rendez-vous, et qui a lu vos données."),
            "start_url": reverse("booking:my-appointments"),
            "scope": "/",
            "display": "standalone",
            "background_color": "#f4f7f8",
            "theme_color": "#0b5e6b",
            "icons": [
                {
                    "src": static("favicon.svg"),
                    "sizes": "any",
                    "type": "image/svg+xml",
                    "purpose": "any",
                }
            ],
        }
    )
    answer["Content-Type"] = "application/manifest+json"
    return answer


@never_cache
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker; another version of what it keeps has another name.

    It is the same for every reader: each difference would be a new version, which the browser
    installs anew.
    """
    pages = {language: f"{reverse('booking:offline')}?{LANGUAGE}={language}" for language in SPOKEN}
    shown = "".join(_page_in(language) for language in SPOKEN)
    version = hashlib.sha256(shown.encode()).hexdigest()[:12]
    parts = [static(name) for name in (*SHOWN_WITH, *imported_by("js/offline.js"))]
    context = {"version": version, "pages": json.dumps(pages), "parts": json.dumps(parts)}
    script = render_to_string("booking/sw.js", context)
    return HttpResponse(script, content_type="text/javascript; charset=utf-8")


@cache_control(public=True, max_age=300)
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page that a device shows without network, in one language; it names nobody."""
    asked = request.GET.get(LANGUAGE, "")
    language = asked if asked in SPOKEN else translation.get_language()
    return HttpResponse(_page_in(language), headers={"Content-Language": language})


@lru_cache
def _page_in(language: str) -> str:
    with translation.override(language):
        return render_to_string("booking/offline.html")


@never_cache
@account_required
@require_safe
def offline_visits(request: HttpRequest) -> HttpResponse:
    """One's next appointments: when, with whom and where; no patient, no visit reason."""
    visits = []
    for row in upcoming(now=timezone.now())[:KEPT]:
        local = row.starts_at.astimezone(row.practice.zone)
        place, is_video = row.practice, row.visit_reason.teleconsultation
        visits.append(
            {
                "until": row.ends_at.isoformat(),
                "day": in_words(local.replace(tzinfo=None), "l j F"),
                "clock": f"{local:%H:%M}",
                "who": str(row.agenda.practitioner),
                "where": _("En téléconsultation")
                if is_video
                else f"{place.name}, {place.full_address}",
                "phone": telephone.for_reading(place.phone),
                "call": telephone.for_calling(place.phone),
            }
        )
    return JsonResponse({"visits": visits})
