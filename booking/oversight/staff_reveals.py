"""What our own team opens: bounded and watched, as what software opens is.

Somebody who writes to support is looked up by name, once; whoever goes through the patients in
Django admin is not at support. What is refused is on the record, under who asked. The watch judges
the team as it judges a practice's people: it asks for the second factor, and then stops.
"""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.incidents import containment
from audit.models import Canary, Entry
from audit.record import entries
from audit.record.actions import readings
from audit.record.entries import Actor, Channel, Origin
from audit.vault.guard import Decision, Reading, opens
from audit.vault.reveal import Purpose
from audit.watch import budget
from audit.watch.budget import Limits
from audit.watch.holders import Holders, Kind
from audit.watch.sighting import Reason, Sighting
from booking import actions
from booking.models import Account, Concern
from booking.oversight import dashboard_access
from booking.oversight.watching import midnight_of, writes_today

LIMITS = Limits(minute=6, hour=25, day=80)
# The team is one group, as the people of a practice are.
TEAM = uuid.UUID("019abf00-0000-7000-8000-000000000001")


def guard_admin(reading: Reading) -> Decision:
    """Count and judge whom a page of the team is about to read of.

    Raises redis.RedisError when nobody can count: then nothing opens.
    """
    opened: dict[uuid.UUID, set[str]] = {}
    for row, name in reading.pairs:
        opened.setdefault(row.subject_id, set()).add(name)
    if not opened:
        return opens()
    actor, now = reading.actor, reading.at or timezone.now()
    spent = count(actor=actor, subjects=opened, purpose=Purpose(reading.purpose), now=now)
    if spent is not None:
        return spent
    sightings = _sightings(
        actor,
        opened,
        is_search=bool(reading.details.get("search")),
        # Who wrote to be read.
        asked={row.subject_id for row, _name in reading.pairs if isinstance(row, Concern)},
        now=now,
    )
    if not sightings:
        return opens(again=True)
    holder_id = _holder(actor)
    return containment.guard(
        holder_id=holder_id, kind=Kind.STAFF, group_id=TEAM, sightings=sightings,
        origin=actor.origin or Origin(),
        writes=lambda: writes_today(now=now, actor_id=holder_id, channel=Channel.ADMIN),
    )  # fmt: skip


def count(
    *, actor: Actor, subjects: Iterable[uuid.UUID], purpose: Purpose, now: datetime
) -> Decision | None:
    """Count subjects against the bound of a member of the team.

    Returns the refusal, once it is on the record. Raises redis.RedisError when nobody can count.
    """
    for subject in sorted(subjects):
        spent = budget.spend(holder=_holder(actor), subject=subject, limits=LIMITS, now=now)
        if spent is not None:
            entries.write(
                actions.STAFF_REFUSED,
                actor=actor,
                purpose=purpose.value,
                at=now,
                details={"limit": spent.limit, "seconds": spent.window // 1000},
                outlives_rollback=True,
            )
            return spent.decision
    return None


def _holder(actor: Actor) -> uuid.UUID:
    assert actor.id is not None  # noqa: S101 - staff are accounts
    return actor.id


def _sightings(
    actor: Actor,
    opened: Mapping[uuid.UUID, set[str]],
    *,
    is_search: bool,
    asked: set[uuid.UUID],
    now: datetime,
) -> list[Sighting]:
    """One for each person whom this member of the team reads first today, from this place."""
    local, origin = now.astimezone(ZoneInfo(settings.TIME_ZONE)), actor.origin or Origin()
    new = set(opened) - _read_before(actor, opened, origin=origin, now=now)
    canaries = set(Canary.objects.filter(pk__in=new).values_list("pk", flat=True))
    return [
        Sighting(
            at=now, weekday=local.weekday(), hour=local.hour, practice_id=TEAM,
            reason=(
                Reason.FRESH if subject in asked
                else Reason.SEARCHED if is_search
                else Reason.NONE
            ),
            network=origin.network, key=origin.key, use=f"{len(opened[subject])}",
            is_canary=subject in canaries,
        )
        for subject in sorted(new)
    ]  # fmt: skip


def _read_before(
    actor: Actor, subjects: Iterable[uuid.UUID], *, origin: Origin, now: datetime
) -> set[uuid.UUID]:
    """Whom of these the same member has read today, from the same network and browser."""
    rows = Entry.objects.filter(
        actor_id=_holder(actor), channel=Channel.ADMIN, action__in=readings(),
        at__gte=midnight_of(now), at__lte=now, subjects__overlap=list(subjects),
    ).values_list("subjects", "details")  # fmt: skip
    return {
        subject
        for read, details in rows
        if (details.get("network"), details.get("key")) == (origin.network, origin.key)
        for subject in read
    }


def _names(account_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What a page calls them: an address is sealed."""
    rows = Account.objects.filter(pk__in=list(account_ids), is_staff=True)
    return {pk: _("Équipe de Doctolib") + f" ({pk})" for pk in rows.values_list("pk", flat=True)}


def _no_practices(account_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """None is theirs: whose patients they read says an incident's exposure."""
    return set()


TEAM_MEMBERS = Holders(
    stop=dashboard_access.stop,
    let_in=dashboard_access.let_in,
    is_stopped=dashboard_access.is_stopped,
    names=_names,
    practices=_no_practices,
    ask=dashboard_access.ask,
)
