"""Practitioners whom an account wants to find again."""

from datetime import datetime

from booking.models import Account, Favourite
from practitioners.models import Practitioner

MOST = 100


def toggle(*, account: Account, practitioner: Practitioner, now: datetime) -> bool:
    """Make a practitioner a favourite, or no longer one. Returns whether they are one now."""
    gone, _by_model = Favourite.objects.filter(account=account, practitioner=practitioner).delete()
    if gone or Favourite.objects.filter(account=account).count() >= MOST:
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
