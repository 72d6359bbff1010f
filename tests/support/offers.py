"""A slot that the waiting list offers."""

from booking.models import Appointment, Offer
from booking.waiting import offering
from tests.support.waiting_list import MONDAY, at, give_back


def offered(wait, now):
    give_back(Appointment.unscoped.get(starts_at=at(MONDAY, 9)), now)
    offering.offer_everywhere(now=now)
    return Offer.unscoped.get(wait=wait)
