"""What each session of an account did on the dashboard, as the record has it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from audit.actions import REVEAL
from audit.models import Entry
from audit.record.actions import ReadBy, hidden_from, label_of
from audit.record.entries import Channel
from booking.accounts.sessions.sign_ins import token_of
from booking.models import Account, SignIn

# Of the entries of a session's two weeks, the latest so many are looked at.
MOST = 5000
SHOWN = 8


@dataclass
class Acts:
    """How often a session opened identities, how much else it did, and the latest of that."""

    reads: int = 0
    changes: int = 0
    latest: list[tuple[object, datetime]] = field(default_factory=list)


def acts_of(account: Account, rows: Sequence[SignIn]) -> dict[str, Acts]:
    """Return what the sessions did, by their digests; those that did nothing are not in it."""
    digests = {
        token: row.session_digest
        for row in rows
        for token in (token_of(row.session_digest), *row.formerly)
    }
    since = min((row.began_at for row in rows), default=None)
    if since is None:
        return {}
    entries = (
        Entry.objects.exclude(action__in=hidden_from(ReadBy.PRACTICE))
        .filter(channel=Channel.DASHBOARD, actor_id=account.pk, at__gte=since)
        .order_by("-at")
    )
    found: defaultdict[str, Acts] = defaultdict(Acts)
    for action, at, token in entries.values_list("action", "at", "details__token")[:MOST]:
        if token not in digests:
            continue
        acts = found[digests[token]]
        if action == REVEAL.code:
            acts.reads += 1
            continue
        acts.changes += 1
        if len(acts.latest) < SHOWN:
            acts.latest.append((label_of(action), at))
    return dict(found)
