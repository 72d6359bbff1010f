"""What every page needs."""

from django.conf import settings
from django.http import HttpRequest


def page(request: HttpRequest) -> dict[str, object]:
    """The mode, for the development banner."""
    return {"development": settings.MODE == "development"}
