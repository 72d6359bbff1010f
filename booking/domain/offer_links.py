"""The links by which patients of the waiting list answer, without signing in."""

import uuid

from django.db.models import QuerySet
from django_cryptography.core import signing

from booking.domain.accounts import InvalidLink
from booking.models import Offer

SALT = "offer"


def offer_token(offer: Offer) -> str:
    """What a link carries: whoever has it may answer this one offer."""
    return signing.dumps(uuid.UUID(str(offer.pk)).hex, salt=SALT)


def offer_of(token: str) -> Offer:
    """The offer that a link is about. Raises InvalidLink."""
    try:
        pk = uuid.UUID(signing.loads(token, salt=SALT))
        return offers().get(pk=pk)
    except (signing.BadSignature, ValueError, TypeError, Offer.DoesNotExist) as error:
        raise InvalidLink from error


def offers() -> QuerySet[Offer]:
    """Offers with everything that answering them needs."""
    return Offer.unscoped.select_related(
        "wait__visit_reason__agenda__practice", "wait__visit_reason__agenda__practitioner",
        "wait__patient__account", "wait__practice", "wait__appointment", "agenda",
    )  # fmt: skip
