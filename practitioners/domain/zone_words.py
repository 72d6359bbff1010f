"""Whose clock a time is by, in words: "heure de La Réunion"."""

from django.utils.translation import gettext_lazy as _

MAINLAND = "Europe/Paris"
_NAMES = {
    MAINLAND: _("heure de Paris"),
    "America/Guadeloupe": _("heure de la Guadeloupe"),
    "America/St_Barthelemy": _("heure de Saint-Barthélemy"),
    "America/Marigot": _("heure de Saint-Martin"),
    "America/Martinique": _("heure de la Martinique"),
    "America/Cayenne": _("heure de la Guyane"),
    "America/Miquelon": _("heure de Saint-Pierre-et-Miquelon"),
    "Indian/Reunion": _("heure de La Réunion"),
    "Indian/Mayotte": _("heure de Mayotte"),
    "Pacific/Noumea": _("heure de la Nouvelle-Calédonie"),
    "Pacific/Wallis": _("heure de Wallis-et-Futuna"),
    "Pacific/Tahiti": _("heure de Tahiti"),
    "Pacific/Marquesas": _("heure des Marquises"),
    "Pacific/Gambier": _("heure des Gambier"),
}


def zone_words(zone: str) -> str:
    """Name the clock of an IANA zone, in the language that is active; any other by its city."""
    if zone in _NAMES:
        return str(_NAMES[zone])
    place = zone.rpartition("/")[2].replace("_", " ")
    return str(_("heure de %(place)s")) % {"place": place}
