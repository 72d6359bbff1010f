"""Why the watch stopped somebody, in words and numbers."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

# found and usual are networks, counts, ratios or hours; never an identity.
_TEXTS = {
    "reason-none": lambda s: _(
        "Des identités ouvertes sans que l’agenda en donne la raison : rien de récent,"
        " pas de rendez-vous proche."
    ),
    "reason-ahead": lambda s: _(
        "Des rendez-vous à venir, plus que cet accès n’en a jamais lu d’avance en un jour."
    ),
    "reason-again": lambda s: _(
        "Des identités que cet accès avait déjà lues, lues de nouveau sans que rien ait changé."
    ),
    "reason-searched": lambda s: _(
        "Des patients cherchés par leur nom, plus qu’il n’en a jamais été cherché en un jour."
    ),
    "reason-leafed": lambda s: _(
        "Des pages d’agenda feuilletées sans que rien n’y appelle, plus que d’habitude en un jour."
    ),
    "reason-closing": lambda s: _(
        "Des rendez-vous passés, comme pour une clôture de mois, mais pas depuis les lieux"
        " habituels."
    ),
    "reason-first-sync": lambda s: _(
        "Une première synchronisation, mais pas depuis les lieux habituels."
    ),
    "reason-fresh": lambda s: _("Des rendez-vous récents, mais pas depuis les lieux habituels."),
    "reason-near": lambda s: _("Des rendez-vous proches, mais pas depuis les lieux habituels."),
    "network": lambda s: (
        _("Depuis un réseau jamais utilisé : %(found)s (d’habitude : %(usual)s).") % s
    ),
    "key": lambda s: _("Avec une clé jamais utilisée : %(found)s…") % s,
    "hour": lambda s: (
        _("À une heure inhabituelle : %(found)s, où tombent d’habitude %(usual)s de ses lectures.")
        % s
    ),
    "use": lambda s: _("Pour un motif ou des champs inhabituels : %(found)s.") % s,
    "volume": lambda s: (
        _("%(found)s identités ouvertes dans la journée ; %(usual)s au plus d’habitude.") % s
    ),
    "spread": lambda s: (
        _("Dans %(found)s cabinets le même jour ; %(usual)s au plus d’habitude.") % s
    ),
    "ratio": lambda s: _("%(found)s lectures pour une écriture ; %(usual)s d’habitude.") % s,
    "canary": lambda s: _(
        "Un leurre a été ouvert : un patient inventé, que rien dans le travail ne fait rencontrer."
    ),
    "token": lambda s: (
        _("Un jeton présenté avec une autre clé que la sienne, depuis %(found)s.") % s
    ),
    "bearer": lambda s: _("Un jeton lié à une clé présenté sans elle, depuis %(found)s.") % s,
    "hammering": lambda s: _("Des demandes répétées alors que le plafond de lectures est atteint."),
    "unanswered": lambda s: (
        _("Second facteur redemandé et jamais donné ; %(found)s pages demandées malgré cela.") % s
    ),
    "walking": lambda s: _("Dans l’ordre de l’agenda, l’une aussitôt après l’autre."),
}


def in_words(signs: Iterable[Mapping[str, object]]) -> list[str]:
    """Each sign as a sentence in the reader's language, the heaviest first."""
    said = []
    for sign in signs:
        text = _TEXTS.get(str(sign.get("code")))
        if text is not None:
            shown = {name: sign.get(name) or "—" for name in ("found", "usual")}
            said.append(text(shown))
    return said
