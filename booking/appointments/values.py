"""How a booking, a move or a cancellation is asked for: by what, on which conditions, told how."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from audit.record.entries import Actor
from booking.models import Account, Appointment
from booking.models.appointment import Channel


@dataclass(frozen=True, kw_only=True)
class By:
    """What books or changes an appointment: the record's actor, and the side that it acts for.

    A patient is bound by notice, horizon, deadlines and the rules of visit reasons; a practice and
    its software are not. `account`: the account that an appointment is booked from.
    """

    actor: Actor
    channel: Channel
    account: Account | None = None

    @property
    def is_patient(self) -> bool:
        return self.channel == Channel.PATIENT


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """On which conditions time is taken.

    `anywhere`: openings do not bind it; `overbooks`: a practice takes time that is taken, as often
    as its agenda allows; `minutes`: how long the visit is, where its reason does not say; `alone`:
    without the visit that follows.

    `says_known`: the patient has been there before, though not through this platform; `is_new`: the
    answer of booking/appointments/queries/known.py, where software may not read what it asks.

    `heeding`: the appointments of which whoever asks may know; where one of them is the patient's
    and gets in the way (booking/appointments/several/conflicts.py), AlsoBooked asks whether both
    are meant. `asks_about_time`: UnusualTime asks about a time that is over or outside the
    openings.
    """

    anywhere: bool = False
    overbooks: bool = False
    minutes: int | None = None
    alone: bool = False
    says_known: bool = False
    is_new: bool | None = None
    heeding: QuerySet[Appointment] | None = None
    asks_about_time: bool = False


@dataclass(frozen=True, kw_only=True)
class Telling:
    """Whether, when and with which words the patient hears of it.

    `is_told`: they know of it, or another message tells them; `after`: how long the news waits;
    `words`: what the practice adds; `takes_back`: this undoes the last move, so that nobody hears
    of either if nobody has yet.
    """

    is_told: bool = False
    after: timedelta = timedelta()
    words: str = ""
    takes_back: bool = False


USUAL, AT_ONCE = Conditions(), Telling()
