"""Whether this installation does what it promises, for its monitoring."""

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit.record import health


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 and nothing to say, or 503 with the reasons, by the names of health.Problem.

    It is for alarms. A balancer that stops sending requests for it would close a site whose record
    waits to be sealed, though nothing that is read meanwhile goes unrecorded.
    """
    try:
        problems = [problem.value for problem in health.problems(now=timezone.now())]
    except DatabaseError:
        problems = ["database"]
    return JsonResponse(
        {"ready": not problems, "problems": problems}, status=503 if problems else 200
    )
