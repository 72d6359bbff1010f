"""The reason why a patient cannot have a time, as a sentence that states facts, not guesses."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from practitioners.domain.scheduling.reservations import take
from practitioners.domain.scheduling.rules import notice
from practitioners.domain.scheduling.rules.notice import Outside
from practitioners.domain.scheduling.standing import Standing, Why, standing_at
from practitioners.models import VisitReason

HOUR, DAY = 60, 24 * 60


def why_not(
    *,
    visit_reason: VisitReason,
    starts_at: datetime,
    now: datetime,
    count: int = 1,
    holder: str = "",
    standing: Standing | None = None,
) -> str:
    """Say why a patient cannot book a time, or `count` in a row from it, in the reader's language.

    The holds of the key `holder` count as free. `standing` is the state of the time, if the caller
    already has it. The reason for a practitioner's absence is not stated, because it is private.
    """
    outside = notice.outside(visit_reason, starts_at=starts_at, now=now)
    if outside == Outside.OVER or starts_at == now:
        return _("Cette heure est passée.")
    if outside == Outside.TOO_SOON:
        text = _("Cette heure est trop proche : ce motif se réserve au moins %(time)s à l’avance.")
        return text % {"time": _length(visit_reason.minimum_notice_minutes)}
    if outside == Outside.TOO_FAR:
        days = visit_reason.horizon_days
        return ngettext(
            "Trop loin : ce motif ne se réserve pas plus de %(n)d jour à l’avance.",
            "Trop loin : ce motif ne se réserve pas plus de %(n)d jours à l’avance.",
            days,
        ) % {"n": days}
    if standing is None:
        standing = standing_at(
            visit_reason=visit_reason, starts_at=starts_at, now=now, holder=holder
        )
    if text := in_the_way(standing):
        return text
    if count > 1:
        return _("Il n’y a pas %(n)d créneaux libres à la suite à partir de cette heure.") % {
            "n": count
        }
    if visit_reason.then_id is not None:
        return str(take.NothingFollows.text)
    return _("Ce créneau n’est pas libre.")


def in_the_way(standing: Standing) -> str:
    """Say what prevents booking at a future time; empty if nothing does."""
    if standing.why in (Why.TAKEN, Why.FULL):
        return str(take.SlotTaken.text)
    if standing.why == Why.RESOURCE:
        return str(take.ResourceTaken.text)
    if standing.why == Why.HOLIDAY:
        return _("C’est un jour férié : ce praticien ne reçoit pas.")
    if standing.why == Why.OUT_OF_SERVICE:
        return str(take.OutOfService.text)
    if standing.why in (Why.ABSENT, Why.OUTSIDE):
        return _("Ce praticien ne reçoit pas à cette heure pour ce motif.")
    if not standing.is_offered:
        return _("Aucun créneau de ce motif ne commence à cette heure.")
    return ""


def _length(minutes: int) -> str:
    """A length of time in words, without unnecessary detail."""
    if minutes % DAY == 0:
        return ngettext("%(n)d jour", "%(n)d jours", minutes // DAY) % {"n": minutes // DAY}
    hours, rest = divmod(minutes, HOUR)
    parts = [_("%(n)d h") % {"n": hours}] if hours else []
    parts += [_("%(n)d min") % {"n": rest}] if rest else []
    return " ".join(parts)
