"""The links by which patients of the waiting list answer, without signing in."""

from django.db.models import QuerySet

from booking.accounts.accounts import InvalidLink, id_of_link, link_token
from booking.models import Offer

SALT = "offer"


def offer_token(offer: Offer) -> str:
    """What a link carries: whoever has it may answer this one offer."""
    return link_token(offer.pk, salt=SALT)


def offer_of(token: str) -> Offer:
    """The offer that a link is about. Raises InvalidLink."""
    found = offers().filter(pk=id_of_link(token, salt=SALT)).first()
    if found is None:
        raise InvalidLink
    return found


def offers() -> QuerySet[Offer]:
    """Offers with everything that answering them needs."""
    return Offer.unscoped.select_related(
        "wait__visit_reason__agenda__practice", "wait__visit_reason__agenda__practitioner",
        "wait__patient__account", "wait__practice", "wait__appointment", "agenda",
    )  # fmt: skip
