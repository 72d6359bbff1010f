"""Practitioners whom an account wants to find again."""

from datetime import datetime

from booking.models import Account, Favourite
from practitioners.models import Practitioner

MOST = 100


def keep(
    *, account: Account, practitioner: Practitioner, now: datetime, wanted: bool | None = None
) -> bool:
    """Make a practitioner a favourite, or no longer one, as is wanted; twice is once.

    Without a word of what is wanted, the other of the two. Returns whether they are one now.
    """
    mine = Favourite.objects.filter(account=account, practitioner=practitioner)
    if wanted is None:
        wanted = not mine.exists()
    if not wanted:
        mine.delete()
        return False
    others = Favourite.objects.filter(account=account).exclude(practitioner=practitioner)
    if others.count() >= MOST:
        return False
    Favourite.objects.get_or_create(
        account=account, practitioner=practitioner, defaults={"created_at": now}
    )
    return True


def practitioners_of(account: Account) -> list[Practitioner]:
    """The account's favourites who are in the directory, by name."""
    rows = Practitioner.objects.filter(
        pk__in=Favourite.objects.filter(account=account).values("practitioner"),
        agenda__listed=True,
    )
    return list(
        rows.distinct().prefetch_related("specialties").order_by("last_name", "first_name", "pk")
    )
