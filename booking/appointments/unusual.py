"""Asking a practice before it books or moves to a time that is over, or outside its openings, or
without a room or a device that is out of service.

A practice may use any time that is not taken. It is asked once, so that a slip of the pen books
nothing; the new visit form, the move page and the agenda's drag ask alike.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from audit.refusal import Refusal
from practitioners.domain.scheduling.standing import Why, unusual_at
from practitioners.models import VisitReason

SENTENCES = {
    Why.PAST: _(
        "Rien n’est encore changé : cette heure est passée, et aucun message ne partira."
        " Confirmez que c’est bien elle."
    ),
    Why.ABSENT: _(
        "Rien n’est encore changé : le praticien est absent à cette heure."
        " Confirmez que c’est bien elle."
    ),
    Why.HOLIDAY: _(
        "Rien n’est encore changé : c’est un jour férié, où cet agenda est fermé."
        " Confirmez que c’est bien lui."
    ),
    Why.OUTSIDE: _(
        "Rien n’est encore changé : cette heure est hors des plages de ce motif."
        " Confirmez que c’est bien elle."
    ),
    Why.OUT_OF_SERVICE: _(
        "Rien n’est encore changé : une salle ou un appareil nécessaire est hors service."
        " Confirmez que le rendez-vous se prend sans."
    ),
}
ALSO_OUT_OF_SERVICE = _("Une salle ou un appareil nécessaire est aussi hors service.")


class UnusualTime(Refusal):
    """The time is over, or its agenda or what it needs is not there, and nobody has said yet that
    it is meant.
    """

    def __init__(self, whys: Sequence[Why]) -> None:
        first = SENTENCES[whys[0]]
        super().__init__(f"{first} {ALSO_OUT_OF_SERVICE}" if len(whys) > 1 else first)
        self.whys = whys


def check(*, visit_reason: VisitReason, starts_at: datetime, now: datetime) -> None:
    """Ask about a time that a practice is about to use; raises UnusualTime."""
    whys = unusual_at(visit_reason=visit_reason, starts_at=starts_at, now=now)
    if whys:
        raise UnusualTime(whys)


def mark_of(visit_reason: VisitReason, starts_at: datetime) -> str:
    """What a form says back to mean this very time: another one is asked about anew."""
    return f"{visit_reason.pk} {starts_at.timestamp():.0f}"
