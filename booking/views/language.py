"""Choosing the language of the pages, in the footer of every one."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.views.i18n import set_language

from booking.domain import accounts
from booking.views.access import account_of


def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Keep the language in this browser and, signed in, with the account; back to the page."""
    language = request.POST.get("language", "")
    is_chosen = language in dict(settings.LANGUAGES)
    if request.method == "POST" and is_chosen and request.user.is_authenticated:
        accounts.choose_language(account=account_of(request), language=language)
    return set_language(request)
