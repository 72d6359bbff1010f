"""How fast an incident was seen, contained, assessed and told of: what an exercise is scored by."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.actions import INCIDENT_SEEN
from audit.incidents.exposure import Exposure
from audit.incidents.incidents import HOURS_TO_NOTIFY, step_of
from audit.models import Incident, NoticeKind, NoticeState

LABELS = {
    "contain": gettext_lazy("Contenir"),
    "see": gettext_lazy("Voir"),
    "assess": gettext_lazy("Évaluer"),
    "practices": gettext_lazy("Notifier les cabinets"),
    "authority": gettext_lazy("Notifier l’autorité"),
    "patients": gettext_lazy("Informer les patients"),
}
# Ours, but for the authority's form: GDPR article 33(1).
GOALS = {
    "contain": timedelta(minutes=1),
    "see": timedelta(minutes=15),
    "assess": timedelta(hours=2),
    "practices": timedelta(hours=24),
    "authority": HOURS_TO_NOTIFY,
    "patients": timedelta(hours=72),
}
FROM_READING = gettext_lazy("depuis la première lecture")
FROM_DETECTION = gettext_lazy("depuis la détection")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One step: what it is, how long it took since `since`, and how long it may take.

    `taken` is None while it has not been done.
    """

    code: str
    label: object
    since: object
    taken: timedelta | None
    goal: timedelta

    @property
    def text(self) -> str:
        """How long it took, as people say it."""
        return in_short(self.taken) if self.taken is not None else "—"

    @property
    def goal_text(self) -> str:
        """How long it may take."""
        return in_short(self.goal)

    @property
    def is_met(self) -> bool:
        return self.taken is not None and self.taken <= self.goal


def in_short(period: timedelta) -> str:
    """A period in the units that matter: "4 s", "12 min", "2 h 05 min", "24 h", "3 j 4 h"."""
    seconds = int(period.total_seconds())
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if not minutes:
        return _("%(n)s s") % {"n": seconds}
    if not hours:
        return _("%(n)s min") % {"n": minutes}
    if days < 2:
        if not minutes % 60:
            return _("%(n)s h") % {"n": hours}
        return _("%(h)s h %(m)02d min") % {"h": hours, "m": minutes % 60}
    if not hours % 24:
        return _("%(n)s j") % {"n": days}
    return _("%(d)s j %(h)s h") % {"d": days, "h": hours % 24}


def marks(incident: Incident, *, exposure: Exposure) -> list[Mark]:
    """Each step of an incident with its time; the platform contains, people do the rest."""
    seen = (
        incident.steps.filter(action=step_of(INCIDENT_SEEN))
        .order_by("at")
        .values_list("at", flat=True)
        .first()
    )
    done: dict[str, datetime | None] = {
        "contain": incident.contained_at,
        "see": seen,
        "assess": incident.assessed_at,
        "practices": _told(incident, NoticeKind.CONTROLLER),
        "authority": incident.filed_at,
        "patients": _told(incident, NoticeKind.PATIENT),
    }
    began = exposure.first_at or incident.detected_at
    found = []
    for code, at in done.items():
        # How fast a thief was stopped counts from their first reading, what people do from then on.
        start = began if code == "contain" else incident.detected_at
        found.append(
            Mark(
                code=code,
                label=LABELS[code],
                since=FROM_READING if code == "contain" else FROM_DETECTION,
                taken=at - start if at is not None else None,
                goal=GOALS[code],
            )
        )
    return found


def _told(incident: Incident, kind: NoticeKind) -> datetime | None:
    """When the last of a kind had left; None while some are owed, or none there are."""
    rows = incident.notices.filter(kind=kind)
    waiting = (NoticeState.DRAFT, NoticeState.OWED, NoticeState.HANDED, NoticeState.UNSURE)
    if rows.filter(state__in=waiting).exists():
        return None
    sent: datetime | None = (
        rows.filter(state=NoticeState.SENT)
        .order_by("-sent_at")
        .values_list("sent_at", flat=True)
        .first()
    )
    return sent
