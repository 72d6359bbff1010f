"""What a link did for another account than the one that this browser is signed in to.

Neither is the signed-in account led on as if it were its own, nor is it left without a word: the
page says what was done, and offers to change accounts.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from booking.models import Account
from booking.pages.lost import afterwards

OPENED, PROVED, CHOSEN = "opened", "proved", "chosen"
NEW_ADDRESS, PASSWORD = "new-address", "password"
WORDS = {
    OPENED: gettext_lazy("Votre adresse est vérifiée, et votre compte est ouvert."),
    PROVED: gettext_lazy("Cette adresse est déjà vérifiée."),
    CHOSEN: gettext_lazy(
        "Cette adresse est déjà vérifiée : son compte s’ouvre avec le mot de passe choisi d’abord."
    ),
    NEW_ADDRESS: gettext_lazy("La nouvelle adresse de cet autre compte est vérifiée."),
    PASSWORD: gettext_lazy(
        "Le mot de passe de cet autre compte est changé, et toutes ses sessions sont fermées."
    ),
}


def is_other(request: HttpRequest, account_id: object) -> bool:
    """Whether this browser is signed in, and to another account than this one."""
    return isinstance(request.user, Account) and request.user.pk != account_id


def lead(request: HttpRequest, *, done: str, target: str = "") -> HttpResponse:
    """Lead from the form of a link that was carried out to the page that says so."""
    return afterwards.lead(request, done=done, target=target)


def page(request: HttpRequest) -> HttpResponse | None:
    """The page to which `lead` led; None on any other."""
    said = afterwards.said(request)
    if said is None:
        return None
    context = {"word": WORDS[said["done"]], "target": said["target"]}
    return render(request, "booking/done_for_other.html", context)
