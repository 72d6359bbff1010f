"""Saying, once a recovery code has served, how many are left and what else to do."""

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.accounts.factors.second_factor import Standing


def say(request: HttpRequest, factor: Standing) -> None:
    """Say on the next page that a recovery code has served, with the way to others."""
    if factor.codes_alone:
        to_do = _("Faire de nouveaux codes, ou ajouter une clé d’accès")
    else:
        to_do = _("Faire de nouveaux codes")
    link = format_html('<a href="{}">{}</a>', reverse("booking:passkeys"), to_do)
    messages.warning(request, format_html("{} {}", _left(factor), link))


def _left(factor: Standing) -> str:
    n = factor.codes_left
    if factor.is_locked:
        return _(
            "C’était votre dernier code de secours, et rien d’autre n’ouvrira votre compte avec"
            " votre mot de passe."
        )
    if not n:
        return _("C’était votre dernier code de secours.")
    if factor.codes_alone:
        return ngettext(
            "Un code de secours a servi : il vous en reste %(n)s, et chaque connexion en prend un.",
            "Un code de secours a servi : il vous en reste %(n)s, et chaque connexion en prend un.",
            n,
        ) % {"n": n}
    return ngettext(
        "Un code de secours a servi : il vous en reste %(n)s.",
        "Un code de secours a servi : il vous en reste %(n)s.",
        n,
    ) % {"n": n}
