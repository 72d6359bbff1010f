"""Pages for a practice's partner objects that do not, or no longer, exist (booking/pages/lost)."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from booking.pages.lost.practice_gone import Kind
from partners.actions import CALENDAR_FORGOTTEN

_FEEDS: dict[str, Any] = {
    "onward": "partners:feeds", "label": _("Calendriers"), "current": "feeds"
}  # fmt: skip

# By the name that addresses have for it.
KINDS = {
    "calendar_id": Kind(
        heading=_("Calendrier introuvable"),
        words=_("Ce calendrier n’est pas, ou n’est plus, de ceux que lit votre agenda."),
        action=CALENDAR_FORGOTTEN,
        done=_("Ce calendrier n’est déjà plus lu."),
        **_FEEDS,
    ),
    "feed_id": Kind(
        heading=_("Flux introuvable"),
        words=_("Ce flux n’est pas, ou n’est plus, d’un agenda où vous travaillez."),
        **_FEEDS,
    ),
    "grant_id": Kind(
        heading=_("Autorisation introuvable"),
        words=_("Cette autorisation n’est pas, ou n’est plus, de votre cabinet."),
        onward="partners:software",
        label=_("Logiciels"),
        current="software",
    ),
}
