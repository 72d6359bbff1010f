"""For whom a reader may be booking, and which visit reasons are open to all of these.

A page offers what nobody of the audience is refused; what depends on an answer that is missing is
asked before anything is held; what is closed to everyone is said, and not offered.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from practitioners.domain.scheduling.rules.eligibility import (
    Booker,
    Person,
    Restriction,
    restriction,
)
from practitioners.models import VisitReason

SOMEBODY_ELSE = "autre"
ANSWERS = {"oui": True, "non": False}


def _nobody() -> Mapping[uuid.UUID, str]:
    return {}


def _not_known() -> int | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Reader:
    """The reader of a page of the directory, as far as booking needs it.

    `people` are those of the reader's account, if it matters who books; `names` reveals theirs, so
    it is called only where names are shown. `hold_key`: the key of this browser's holds, which
    count as free for it. `persons` is the number of people in the account; None if nobody is signed
    in.
    """

    people: tuple[Person, ...] = ()
    hold_key: str = ""
    names: Callable[[], Mapping[uuid.UUID, str]] = _nobody
    persons: Callable[[], int | None] = _not_known

    def lacking(self, reason: VisitReason, *, count: int, says_known: bool) -> int:
        """How many people the reader's account lacks to take `count` slots in a row.

        0 where one slot is enough, and where nobody is signed in: it is not known yet.
        """
        if count == 1:
            return 0
        if not self.people:
            there = self.persons()
            return 0 if there is None else max(count - there, 0)
        able = [
            each
            for each in self.people
            if restriction(reason, each.as_booker(says_known=says_known)) is None
        ]
        return max(count - len(able), 0)


class Offer(Enum):
    """Whether a visit reason is offered to an audience."""

    OPEN = "open"
    DEPENDS = "depends"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Everybody for whom the reader may be booking, after what has been answered so far.

    `says_known`: the answer to "have you been there before", None without one; `person`: for whom,
    if that is settled; `asks_whom`, `asks_known`: which answers the rules depend on.
    """

    candidates: tuple[Person | None, ...]
    says_known: bool | None
    person: Person | None = None
    is_somebody_else: bool = False
    asks_whom: bool = False
    count: int = 1

    @property
    def asks_known(self) -> bool:
        """Whether the platform does not know it, so that the reader is asked."""
        return any(each is None or not each.is_known for each in self.candidates)

    @property
    def is_reader(self) -> bool:
        """Whether the reader of the page is also the patient, so that questions say "you"."""
        return not self.is_somebody_else and all(
            each is None or each.is_owner for each in self.candidates
        )

    def offer(self, reason: VisitReason) -> tuple[Offer, Restriction | None]:
        """Return whether a visit reason is offered to this audience, and what closes or restricts
        it.

        For people in a row, as many must be allowed as come; people who can still be added count.
        """
        answers = (True, False) if self.says_known is None else (self.says_known,)
        found = [
            [restriction(reason, _booker(each, says_known=answer)) for each in self.candidates]
            for answer in answers
        ]
        first = next((each for row in found for each in row if each is not None), None)
        if all(self._is_enough(row) for row in found):
            return Offer.OPEN, None
        if any(self._is_enough(row) for row in found) or (
            self.count == 1 and any(each is None for row in found for each in row)
        ):
            return Offer.DEPENDS, first
        return Offer.CLOSED, first

    def is_for_known_only(self, reasons: Sequence[VisitReason]) -> bool:
        """Whether patients whom the practitioner knows may book some of these, and others none.

        Only where that is still to be asked, and whatever has been answered.
        """
        if not self.asks_known or (self.asks_whom and not self._is_settled):
            return False
        new, known = (replace(self, says_known=each) for each in (False, True))
        return all(new.offer(each)[0] == Offer.CLOSED for each in reasons) and any(
            known.offer(each)[0] == Offer.OPEN for each in reasons
        )

    @property
    def _is_settled(self) -> bool:
        """Whether it is said for whom."""
        return self.person is not None or self.is_somebody_else

    def _is_enough(self, row: Sequence[Restriction | None]) -> bool:
        """Whether a visit reason is open to enough of the candidates, given what restricts each."""
        if self.count == 1:
            return all(each is None for each in row)
        allowed = [
            self.count if person is None else 1
            for person, why in zip(self.candidates, row, strict=True)
            if why is None
        ]
        return sum(allowed) >= self.count


def _booker(person: Person | None, *, says_known: bool) -> Booker:
    return (
        Booker(says_known=says_known) if person is None else person.as_booker(says_known=says_known)
    )


def audience_of(
    reader: Reader, *, known_text: str = "", whom_text: str = "", count: int = 1
) -> Audience:
    """Return for whom a reader may be booking.

    `known_text` is the answer to whether they have been there before (`suivi`), `whom_text` the
    id of one of the reader's people, or SOMEBODY_ELSE (`pour`); anything else is no answer.
    `count`: how many people come in a row.
    """
    says_known, people = ANSWERS.get(known_text), reader.people
    if count > 1:
        return Audience(candidates=(*people, None), says_known=says_known, count=count)
    person = next((each for each in people if str(each.id) == whom_text), None)
    is_somebody_else = whom_text == SOMEBODY_ELSE and bool(people)
    if person is None and not is_somebody_else and len(people) == 1:
        person = people[0]
    candidates: tuple[Person | None, ...] = people or (None,)
    if is_somebody_else:
        candidates = (None,)
    elif person is not None:
        candidates = (person,)
    return Audience(
        candidates=candidates,
        says_known=says_known,
        person=person,
        is_somebody_else=is_somebody_else,
        asks_whom=len({(each.is_known, each.is_barred) for each in people}) > 1,
    )
