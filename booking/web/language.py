"""Choosing the language of the pages, in the footer of every one."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.i18n import set_language

from booking.accounts import accounts
from booking.pages.access import account_of
from booking.web.booking import kept_choice
from booking.web.booking.chosen import chosen_reason


def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the language in this browser and, signed in, with the account; back to the page."""
    language = request.POST.get("language", "")
    is_chosen = language in dict(settings.LANGUAGES)
    if request.method == "POST" and is_chosen and request.user.is_authenticated:
        accounts.choose_language(account=account_of(request), language=language)
    answer = set_language(request)
    if "motif" in request.POST and request.user.is_authenticated:
        # The buttons of a booking's last page send its form along (templates/_footer.html).
        reason, _patient = chosen_reason(request, request.POST["motif"])
        people = tuple(
            str(value)
            for name, value in request.POST.items()
            if name == "patient" or name.startswith("personne-")
        )
        at = request.POST.get("next", "").partition("?")[2]
        kept = kept_choice.sent(request, people=people, at=at)
        kept_choice.keep(request, answer, kept, reason=reason)
    return answer
