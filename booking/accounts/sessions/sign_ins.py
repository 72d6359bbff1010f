"""An account's sessions: which there are, and ending one, or all but this one.

A session is spoken of by its digest (booking/session_store.py): its key is known to its browser.
"""

from datetime import datetime
from functools import partial

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, F, OuterRef

from audit.record import entries
from audit.record.entries import Actor
from audit.watch.sighting import network_of
from booking import actions
from booking.models import Account, DeviceKey, SignIn
from booking.session_store import end_session
from practitioners.domain.live import wake

# In this order: each of the later names stands in the earlier ones' texts, too.
BROWSERS = {
    "Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox": "Firefox",
    "FxiOS": "Firefox", "CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari",
}  # fmt: skip
SYSTEMS = {
    "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows",
    "CrOS": "ChromeOS", "Mac OS X": "macOS", "Linux": "Linux",
}  # fmt: skip
# Of a session that proves itself again each quarter of an hour, the last two days.
FORMERLY_AT_MOST = 200


def browser_of(user_agent: str) -> str:
    """What people call a browser: "Firefox, Linux"; empty for what nobody would recognise."""
    found = [
        next((name for sign, name in names.items() if sign in user_agent), "")
        for names in (BROWSERS, SYSTEMS)
    ]
    return ", ".join(name for name in found if name)


def begin(
    *, account: Account, session_digest: str, user_agent: str, address: str, now: datetime
) -> SignIn:
    """Note a session that begins. The address is kept as its network alone."""
    row, _made = SignIn.objects.update_or_create(
        session_digest=session_digest,
        defaults={
            "account": account, "browser": browser_of(user_agent),
            "network": network_of(address), "began_at": now, "seen_at": now,
        },
    )  # fmt: skip
    return row


def seen(session_digest: str, *, now: datetime) -> None:
    """Note that a session is in use; asked at most once an hour."""
    SignIn.objects.filter(session_digest=session_digest).update(seen_at=now)


def token_of(session_digest: str) -> str:
    """What an entry of the record says of the session in which it was written."""
    return session_digest[:16]


def renamed(*, former: str, session_digest: str) -> bool:
    """Note that a session has another key now: it is still the one that its owner knows.

    False where it was not noted.
    """
    row = SignIn.objects.filter(session_digest=former).first()
    if row is None:
        return False
    if former != session_digest:
        row.formerly = [*row.formerly, token_of(former)][-FORMERLY_AT_MOST:]
        row.session_digest = session_digest
        row.save(update_fields=["formerly", "session_digest"])
    return True


def forget(session_digest: str) -> None:
    """Drop what was noted of a session that its owner ends by signing out."""
    SignIn.objects.filter(session_digest=session_digest).delete()


def forget_all(account: Account) -> None:
    """Drop what was noted of an account's sessions, which have ended with its password."""
    SignIn.objects.filter(account=account).delete()


def sign_out_everywhere(account: Account) -> None:
    """End every session of an account whose keys may be in wrong hands, those never noted too."""
    Account.objects.filter(pk=account.pk).update(sign_outs=F("sign_outs") + 1)
    forget_all(account)
    transaction.on_commit(partial(wake, account.pk), robust=True)


def live(account: Account, *, now: datetime) -> list[SignIn]:
    """The account's sessions that still open it, the one used last first."""
    rows = SignIn.objects.filter(account=account).order_by("-seen_at", "pk")
    digests = [row.session_digest for row in rows]
    there = set(
        Session.objects.filter(session_key__in=digests, expire_date__gt=now).values_list(
            "session_key", flat=True
        )
    )
    return [row for row in rows if row.session_digest in there]


def forget_ended(*, now: datetime) -> None:
    """Delete the sessions that have expired, and what was noted of any that is over."""
    Session.objects.filter(expire_date__lt=now).delete()
    stored = Session.objects.filter(session_key=OuterRef("session_digest"))
    SignIn.objects.filter(~Exists(stored)).delete()
    DeviceKey.objects.filter(~Exists(stored)).delete()


@transaction.atomic
def end(*, row: SignIn, actor: Actor, now: datetime) -> None:
    """End one session: its next request is nobody's."""
    end_session(row.session_digest)
    row.delete()
    transaction.on_commit(partial(wake, row.account_id), robust=True)
    entries.write(
        actions.SESSION_ENDED, actor=actor, subjects=[row.account_id], object_id=row.pk, at=now
    )


@transaction.atomic
def end_others(*, account: Account, actor: Actor, now: datetime) -> Account:
    """End every session of an account, those that were never noted too.

    The caller lets its own session live on (`update_session_auth_hash`), and notes it again.
    Returns the account as it is then.
    """
    sign_out_everywhere(account)
    entries.write(actions.SESSIONS_ENDED, actor=actor, subjects=[account.pk], at=now)
    return Account.objects.get(pk=account.pk)
