"""What the watch is told of identities that are opened: which reason the agenda gives.

For software one appointment at a time (partners/domain/watching.py), for a practice's people all
that one page shows.
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import F, Model, QuerySet, UUIDField, Value
from django.db.models.lookups import Exact
from django.utils import timezone

from audit import actions
from audit.incidents import containment
from audit.models import Entry
from audit.personal_data import (
    Evidence,
    PersonalData,
    declaration_of,
    declared,
    sealed_fields,
)
from audit.record.entries import Actor, Channel, Origin
from audit.vault.guard import Decision, Reading, opens
from audit.vault.reveal import Purpose
from audit.watch.holders import Kind
from audit.watch.sighting import Reason, Sighting
from booking.models import Patient
from practitioners.models import Practice

FRESH = timedelta(days=2)
# Over a long weekend, the next working day's list is made four days ahead.
NEAR_BEFORE, NEAR_AFTER = timedelta(days=4), timedelta(hours=36)
REMEMBERED = timedelta(days=62)
# A name in a full agenda, or in a list of messages, is a part of what reaches somebody: by
# telephone, e-mail, birth date.
NAMES, PART_OF_NAMES = frozenset({"first_name", "last_name", "topic", "title"}), 0.2

_VISITS = """
    SELECT DISTINCT ON (a.patient_id) a.patient_id, a.agenda_id, a.starts_at,
           bool_or(greatest(a.created_at, a.cancelled_at) >= %(fresh)s) OVER each,
           bool_or(a.starts_at BETWEEN %(near_from)s AND %(near_until)s) OVER each,
           bool_or(a.starts_at > %(now)s AND a.status <> 'cancelled') OVER each,
           EXISTS (SELECT FROM audit_canary c WHERE c.subject_id = a.patient_id)
    FROM booking_appointment a
    WHERE a.practice_id = %(practice)s AND a.patient_id = ANY(%(patients)s)
    WINDOW each AS (PARTITION BY a.patient_id)
    ORDER BY a.patient_id, a.starts_at DESC
"""
# Of each: whether anything was opened, whether on this day from this very place, and both again of
# more than the name.
_OPENED = """
    SELECT subject, true, bool_or(is_here), bool_or(is_more), bool_or(is_more AND is_here)
    FROM (
        SELECT unnest(subjects) AS subject, fields && %(more)s::varchar[] AS is_more,
               at >= %(midnight)s AND coalesce(details->>'network', '') = %(network)s
                   AND coalesce(details->>'key', '') = %(key)s AS is_here
        FROM audit_entry
        WHERE subjects && %(patients)s AND actor_id = %(account)s AND channel = 'dashboard'
          AND action = %(reading)s AND at >= %(since)s AND at <= %(now)s
    ) AS opened
    WHERE subject = ANY(%(patients)s) GROUP BY subject
"""


@dataclass(frozen=True, kw_only=True)
class _Visits:
    """What the agenda knows of one patient: the latest visit, and what explains an opening."""

    place: tuple[str, float]
    is_fresh: bool
    is_near: bool
    is_ahead: bool
    is_canary: bool


def guard_dashboard(reading: Reading) -> Decision:
    """Judge what a page of the dashboard is about to open.

    A practice's own list of an incident (LEGAL) is no more than what was exposed already, and must
    be had at once.
    """
    opened: dict[uuid.UUID, set[str]] = {}
    for row, name in reading.pairs:
        if is_of_patient(row._meta.model):
            opened.setdefault(row.subject_id, set()).add(name)
    actor, is_duty = reading.actor, reading.purpose == Purpose.LEGAL
    if is_duty or not opened or actor.id is None or actor.practice_id is None:
        return opens()
    now = reading.at or timezone.now()
    sightings = _sightings(actor, opened, is_search=bool(reading.details.get("search")), now=now)
    if not sightings:
        return opens(again=True)
    account_id = actor.id
    return containment.guard(
        holder_id=account_id, kind=Kind.ACCOUNT, group_id=actor.practice_id, sightings=sightings,
        origin=actor.origin or Origin(), writes=lambda: writes_today(
            now=now, actor_id=account_id, channel=Channel.DASHBOARD
        ),
    )  # fmt: skip


def insist(*, account_id: uuid.UUID, practice_id: uuid.UUID, origin: Origin, now: datetime) -> bool:
    """Note that a session asks for a page though it owes the second factor.

    People give the code, or leave; a program, or somebody who has the session alone, goes on.
    Returns whether that has stopped the account.
    """
    return containment.insist(
        holder_id=account_id, kind=Kind.ACCOUNT, group_id=practice_id, origin=origin, now=now
    )


def _sightings(
    actor: Actor, opened: dict[uuid.UUID, set[str]], *, is_search: bool, now: datetime
) -> list[Sighting]:
    """One for each patient of whom this account opens something for the first time today.

    From this network and with this browser: whoever has a session elsewhere learns it anew, as in
    audit/watch/repeats.py.
    """
    assert actor.id is not None and actor.practice_id is not None  # noqa: S101 - see the caller
    local = now.astimezone(Practice.objects.only("time_zone").get(pk=actor.practice_id).zone)
    origin = actor.origin or Origin()
    known = _visits(actor.practice_id, opened, now=now)
    before = _opened_before(actor.id, opened, origin=origin, now=now)
    wrote, waits = _ask_for_it(actor.practice_id, opened, now=now)
    found = []
    for subject, names in opened.items():
        part = PART_OF_NAMES if names <= NAMES else 1.0
        name, more = before.get(subject, _NEVER)
        is_again, is_repeat = name if part < 1 else more
        if is_repeat:
            continue
        visits = known.get(subject)
        found.append(
            Sighting(
                at=now,
                weekday=local.weekday(),
                hour=local.hour,
                practice_id=actor.practice_id,
                reason=(
                    Reason.FRESH
                    if subject in wrote or (part < 1 and subject in waits)
                    else _reason(visits, is_again=is_again, is_search=is_search, is_name=part < 1)
                ),
                network=origin.network,
                key=origin.key,
                use=f"{len(names)}",
                place=visits.place if visits is not None and len(opened) == 1 else None,
                part=part,
                is_canary=visits is not None and visits.is_canary,
            )
        )
    return found


def _reason(visits: _Visits | None, *, is_again: bool, is_search: bool, is_name: bool) -> Reason:
    if visits is not None and visits.is_fresh:
        return Reason.FRESH
    if visits is not None and visits.is_near:
        return Reason.NEAR
    if is_search:
        return Reason.SEARCHED
    if visits is not None and visits.is_ahead:
        return Reason.AHEAD
    if is_again:
        return Reason.AGAIN
    return Reason.LEAFED if is_name else Reason.NONE


class _IsAny(Exact):  # type: ignore[type-arg]  # generic in the stubs alone
    """Whether a column is one of an array's values."""

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        return f"= ANY ({rhs})"


def _ask_for_it(
    practice_id: uuid.UUID, patients: Iterable[uuid.UUID], *, now: datetime
) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """Whose data a row gives a reason to open (`Evidence`), and whose name alone.

    One statement, the same one for any number of patients, so that the server has it prepared.
    """
    ids = Value(list(patients), output_field=ArrayField(UUIDField()))
    asked: list[QuerySet[Any]] = [
        model._base_manager.filter(
            evidence.where(now - FRESH),
            _IsAny(F(data.patient[0]), ids),
            **{data.practice: practice_id},
        )
        .order_by()
        .values_list(data.patient[0], Value(evidence.of_names))
        for model, data, evidence in _with_evidence()
    ]
    rows = list(asked[0].union(*asked[1:], all=True))
    return {pk for pk, of_names in rows if not of_names}, {pk for pk, of_names in rows if of_names}


@lru_cache(maxsize=256)
def is_of_patient(model: type[Model]) -> bool:
    """Whether the sealed texts of a model's rows are a patient's."""
    data = declaration_of(model)
    return isinstance(data, PersonalData) and bool(data.patient and sealed_fields(model))


def _with_evidence() -> Iterator[tuple[Any, PersonalData, Evidence]]:
    for model, data in declared():
        if isinstance(data.evidence, Evidence):
            yield model, data, data.evidence


def _visits(
    practice_id: uuid.UUID, patients: Iterable[uuid.UUID], *, now: datetime
) -> dict[uuid.UUID, _Visits]:
    with connection.cursor() as cursor:
        cursor.execute(
            _VISITS,
            {
                "practice": practice_id, "patients": list(patients), "now": now,
                "fresh": now - FRESH, "near_from": now - NEAR_AFTER,
                "near_until": now + NEAR_BEFORE,
            },
        )  # fmt: skip
        return {
            patient: _Visits(
                place=(agenda.hex, starts_at.timestamp()), is_fresh=bool(fresh), is_near=near,
                is_ahead=ahead, is_canary=canary,
            )
            for patient, agenda, starts_at, fresh, near, ahead, canary in cursor.fetchall()
        }  # fmt: skip


# Opened within memory, and on this day from this place.
_Before = tuple[bool, bool]
_NEVER: tuple[_Before, _Before] = ((False, False), (False, False))


def _opened_before(
    account_id: uuid.UUID, patients: Iterable[uuid.UUID], *, origin: Origin, now: datetime
) -> dict[uuid.UUID, tuple[_Before, _Before]]:
    """Whether an account has opened a patient's name, and more than that, by the record."""
    more = [f"{Patient._meta.db_table}.{name}" for name in ("phone", "email", "birth_date")]
    with connection.cursor() as cursor:
        cursor.execute(
            _OPENED,
            {
                "patients": list(patients), "account": account_id, "more": more,
                "since": now - REMEMBERED, "midnight": midnight_of(now), "now": now,
                "network": origin.network, "key": origin.key, "reading": actions.REVEAL.code,
            },
        )  # fmt: skip
        return {
            subject: ((any_, any_here), (more_, more_here))
            for subject, any_, any_here, more_, more_here in cursor.fetchall()
        }


def midnight_of(at: datetime) -> datetime:
    """When an instant's day (UTC) began."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def writes_today(*, now: datetime, **by: object) -> int:
    """How much somebody has changed since midnight (UTC), by the record; `by` says who."""
    done = Entry.objects.filter(at__gte=midnight_of(now), at__lte=now, **by)
    return done.exclude(action=actions.REVEAL.code).count()
