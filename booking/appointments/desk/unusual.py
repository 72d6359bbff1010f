"""Asking a practice before it books or moves to a time that is past, or outside its opening hours,
or without a room or a device that is out of service.

A practice may use any time that is not reserved. It is asked once, so that a mistake books nothing;
the form of a new visit, the move page and dragging on the agenda ask alike.
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
    """The time is past, or its agenda or a resource is not available, and the practice has not
    confirmed it yet.
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
    """The value that a form sends to confirm this time; another time is asked about again."""
    return f"{visit_reason.pk} {starts_at.timestamp():.0f}"
