"""Whether entries are being sealed and witnessed, for the log, the public page and readiness.

Each check reads an index or one row, so that a probe may run every second.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Max
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from psycopg.errors import LockNotAvailable

from audit.models import Checkpoint, Cosignature, Sealer
from audit.record import witness
from audit.record.seal import WAITS_AT_MOST, cluster_id, is_genuine

# A witness is asked every minute; one that is away for this long is told of.
UNWITNESSED_AT_MOST = timedelta(minutes=15)


class Problem(StrEnum):
    """A reason why the record is not being sealed, as readiness names it."""

    LOCKED = "record-locked"
    HELD_UP = "sealing-held-up"
    AHEAD = "entry-ahead"
    CHECKPOINT_CHANGED = "checkpoint-changed"
    CONTRADICTED = "witness-contradicts"
    UNWITNESSED = "no-witness-answers"


SENTENCES = {
    Problem.LOCKED: _("Le registre est verrouillé : il ne peut être ni lu ni scellé."),
    Problem.HELD_UP: _(
        "Des inscriptions attendent d’être scellées depuis plus d’une minute : le scellement est "
        "empêché."
    ),
    Problem.AHEAD: _("Une inscription a été modifiée de sorte qu’elle ne soit jamais scellée."),
    Problem.CHECKPOINT_CHANGED: _("La ligne du dernier état signé a été modifiée."),
    Problem.CONTRADICTED: _(
        "Un témoin a signé un registre plus long ou différent : celui-ci a été ramené en arrière "
        "ou réécrit."
    ),
    Problem.UNWITNESSED: _("Aucun témoin n’a signé le registre depuis plus de quinze minutes."),
}

# A row that is visible while its transaction is not says the id of another transaction.
AHEAD = """
    SELECT EXISTS (
        SELECT 1 FROM audit_entry e
        WHERE e.xid >= pg_snapshot_xmin(pg_current_snapshot())
          AND NOT pg_visible_in_snapshot(e.xid, pg_current_snapshot())
          AND e.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()
    )
"""
_WAITING = """
    SELECT EXISTS (
        SELECT 1 FROM audit_entry e
        WHERE e.xid >= pg_snapshot_xmin(%(before)s::pg_snapshot)
          AND pg_visible_in_snapshot(e.xid, pg_current_snapshot())
          AND NOT pg_visible_in_snapshot(e.xid, %(before)s::pg_snapshot)
          AND NOT e.at BETWEEN %(since)s AND %(now)s
          AND NOT EXISTS (SELECT 1 FROM audit_leaf l WHERE l.entry_id = e.id)
    )
"""


def problems(*, now: datetime) -> list[Problem]:
    """The current problems with sealing the record; empty if there are none."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
            return list(_problems(now=now))
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        return [Problem.LOCKED]


def _problems(*, now: datetime) -> list[Problem]:
    last = Checkpoint.objects.order_by("-size").first()
    sealer = Sealer.objects.filter(pk=1).first()
    found = []
    if _is_held_up(last, sealer, now=now):
        found.append(Problem.HELD_UP)
    if _answer(AHEAD):
        found.append(Problem.AHEAD)
    if last is not None and not is_genuine(last):
        found.append(Problem.CHECKPOINT_CHANGED)
    if sealer is not None and sealer.contradicted_by:
        found.append(Problem.CONTRADICTED)
    if settings.RECORD_WITNESSES and _is_unwitnessed(now=now):
        found.append(Problem.UNWITNESSED)
    return found


def _is_held_up(last: Checkpoint | None, sealer: Sealer | None, *, now: datetime) -> bool:
    """Whether sealing has stopped: a run seals everything visible, so waiting entries came after
    it.
    """
    since = now - WAITS_AT_MOST
    if sealer is not None and sealer.run_at is not None and sealer.run_at >= since:
        return False
    if last is not None and last.cluster != cluster_id():
        return True
    before = last.snapshot if last is not None else "1:1:"
    return _answer(_WAITING, {"before": before, "since": since, "now": now})


def _is_unwitnessed(*, now: datetime) -> bool:
    names = [each.key.name for each in witness.witnesses()]
    cosigned = Cosignature.objects.filter(witness__in=names).aggregate(
        most=Coalesce(Max("checkpoint_id"), 0)
    )["most"]
    waits = Checkpoint.objects.filter(size__gt=cosigned).order_by("size").first()
    return waits is not None and waits.created_at + UNWITNESSED_AT_MOST < now


def _answer(statement: str, parameters: dict[str, str | datetime] | None = None) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row = cursor.fetchone()
    return bool(row and row[0])
