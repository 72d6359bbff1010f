"""For whom a reader may be booking, and what is open to them: the rules as tables."""

import uuid

import pytest

from practitioners.domain.scheduling.rules.audience import (
    SOMEBODY_ELSE,
    Audience,
    Offer,
    Reader,
    audience_of,
)
from practitioners.domain.scheduling.rules.eligibility import (
    Booker,
    Person,
    Restriction,
    restriction,
)
from practitioners.models import Agenda, VisitReason
from practitioners.models.agenda import PatientKind

ANY, NEW, KNOWN = PatientKind.ANY, PatientKind.NEW, PatientKind.KNOWN
FOR_KNOWN, FOR_NEW, NO_NEW, NO_SHOWS = Restriction
OPEN, DEPENDS, CLOSED = Offer


def reason(kind=ANY, *, accepts_new=True):
    return VisitReason(patient_kind=kind, agenda=Agenda(accepts_new_patients=accepts_new))


def person(*, known=False, barred=False, owner=True):
    return Person(id=uuid.uuid4(), is_known=known, is_barred=barred, is_owner=owner)


ZOE, LEO = person(), person(known=True, owner=False)
BARRED = person(known=True, barred=True)


@pytest.mark.parametrize(
    ("kind", "accepts_new", "new", "known"),
    [
        (ANY, True, None, None),
        (ANY, False, NO_NEW, None),
        (NEW, True, None, FOR_NEW),
        (NEW, False, NO_NEW, NO_NEW),
        (KNOWN, True, FOR_KNOWN, None),
        (KNOWN, False, FOR_KNOWN, None),
    ],
)
def test_what_keeps_somebody_from_booking(kind, accepts_new, new, known):
    row = reason(kind, accepts_new=accepts_new)
    assert restriction(row, Booker()) == new
    for booker in (Booker(is_known=True), Booker(says_known=True)):
        assert restriction(row, booker) == known
    for booker in (Booker(is_barred=True), Booker(is_barred=True, is_known=True)):
        assert restriction(row, booker) == NO_SHOWS


def audience(*candidates, says=None, **values):
    return Audience(candidates=candidates, says_known=says, **values)


@pytest.mark.parametrize(
    ("found", "row", "offer"),
    [
        # Nobody has said anything yet: it depends.
        (audience(None), reason(), (OPEN, None)),
        (audience(None), reason(NEW), (DEPENDS, FOR_NEW)),
        (audience(None), reason(KNOWN), (DEPENDS, FOR_KNOWN)),
        (audience(None), reason(NEW, accepts_new=False), (CLOSED, NO_NEW)),
        (audience(None, says=True), reason(KNOWN), (OPEN, None)),
        (audience(None, says=False), reason(KNOWN), (CLOSED, FOR_KNOWN)),
        (audience(ZOE, says=True), reason(KNOWN), (OPEN, None)),
        (audience(LEO, says=False), reason(KNOWN), (OPEN, None)),
        # Of several who may come, all must be allowed.
        (audience(ZOE, LEO, says=False), reason(), (OPEN, None)),
        (audience(ZOE, LEO, says=False), reason(KNOWN), (DEPENDS, FOR_KNOWN)),
        (audience(ZOE, BARRED, says=False), reason(), (DEPENDS, NO_SHOWS)),
        (audience(BARRED), reason(), (CLOSED, NO_SHOWS)),
        # Of people in a row, as many as come; whoever can be added counts as often as needed.
        (audience(ZOE, LEO, says=False, count=2), reason(), (OPEN, None)),
        (audience(ZOE, LEO, says=False, count=2), reason(KNOWN), (CLOSED, FOR_KNOWN)),
        (audience(ZOE, LEO, count=2), reason(KNOWN), (DEPENDS, FOR_KNOWN)),
        (audience(ZOE, LEO, BARRED, says=True, count=2), reason(), (OPEN, None)),
        (audience(ZOE, BARRED, says=True, count=2), reason(), (CLOSED, NO_SHOWS)),
        (audience(BARRED, None, says=True, count=3), reason(), (OPEN, None)),
        (audience(BARRED, None, says=False, count=3), reason(KNOWN), (CLOSED, NO_SHOWS)),
    ],
)
def test_a_reason_is_offered_to_whom_it_is_for(found, row, offer):
    assert found.offer(row) == offer


@pytest.mark.parametrize(
    ("found", "asks_known", "is_reader"),
    [
        (audience(None), True, True),
        (audience(ZOE), True, True),
        (audience(LEO), False, False),
        (audience(ZOE, LEO), True, False),
        (audience(BARRED), False, True),
        (audience(None, is_somebody_else=True), True, False),
    ],
)
def test_what_is_asked_and_of_whom(found, asks_known, is_reader):
    assert (found.asks_known, found.is_reader) == (asks_known, is_reader)


@pytest.mark.parametrize(
    ("found", "rows", "expected"),
    [
        (audience(None), [reason(KNOWN)], True),
        (audience(None, says=True), [reason(KNOWN), reason(accepts_new=False)], True),
        (audience(None), [reason(KNOWN), reason()], False),
        (audience(None), [reason(NEW, accepts_new=False)], False),
        (audience(None), [], False),
        # Known already, or not asked before it is said who comes.
        (audience(LEO), [reason(KNOWN)], False),
        (audience(ZOE, ZOE, asks_whom=True), [reason(KNOWN)], False),
        (audience(ZOE, ZOE), [reason(KNOWN)], True),
        (audience(ZOE, asks_whom=True, person=ZOE), [reason(KNOWN)], True),
        (audience(None, asks_whom=True, is_somebody_else=True), [reason(KNOWN)], True),
    ],
)
def test_it_is_for_those_who_are_known_alone(found, rows, expected):
    assert found.is_for_known_only(rows) is expected


def test_nobody_who_is_signed_in_may_be_anybody():
    assert audience_of(Reader()) == audience(None)
    assert audience_of(Reader(), known_text="oui") == audience(None, says=True)
    assert audience_of(Reader(), known_text="non") == audience(None, says=False)
    for nonsense in ("peut-être", "OUI", ""):
        assert audience_of(Reader(), known_text=nonsense, whom_text="x") == audience(None)
    assert audience_of(Reader(), whom_text=SOMEBODY_ELSE) == audience(None)


def test_of_one_person_it_is_for_that_one_unless_it_is_said_otherwise():
    reader = Reader(people=(ZOE,))
    assert audience_of(reader) == audience(ZOE, person=ZOE)
    assert audience_of(reader, whom_text=str(uuid.uuid4())) == audience(ZOE, person=ZOE)
    other = audience_of(reader, whom_text=SOMEBODY_ELSE)
    assert other == audience(None, is_somebody_else=True)


def test_of_several_it_is_asked_for_whom_where_that_matters():
    both = Reader(people=(ZOE, LEO))
    assert audience_of(both) == audience(ZOE, LEO, asks_whom=True)
    assert audience_of(both, whom_text=str(LEO.id)) == audience(LEO, person=LEO, asks_whom=True)
    other = audience_of(both, whom_text=SOMEBODY_ELSE)
    assert other == audience(None, is_somebody_else=True, asks_whom=True)
    for one, another, asks in (
        (ZOE, person(owner=False), False),
        (LEO, BARRED, True),
        (ZOE, person(barred=True), True),
    ):
        assert audience_of(Reader(people=(one, another))).asks_whom is asks


def test_people_in_a_row_are_any_and_whoever_is_added():
    reader = Reader(people=(ZOE, LEO))
    found = audience_of(reader, known_text="oui", whom_text=str(ZOE.id), count=2)
    assert found == audience(ZOE, LEO, None, says=True, count=2)
    assert audience_of(Reader(), count=3) == audience(None, count=3)


@pytest.mark.parametrize(
    ("reader", "count", "says_known", "lacking"),
    [
        (Reader(people=(ZOE, LEO)), 1, False, 0),
        (Reader(people=(ZOE, LEO)), 2, True, 0),
        (Reader(people=(ZOE, LEO)), 2, False, 1),
        (Reader(people=(ZOE, LEO)), 4, True, 2),
        (Reader(people=(LEO, LEO, LEO)), 2, False, 0),
        (Reader(people=(BARRED,)), 2, True, 2),
        (Reader(), 3, True, 0),
        (Reader(persons=lambda: 1), 3, True, 2),
        (Reader(persons=lambda: 0), 2, True, 2),
        (Reader(persons=lambda: 4), 3, True, 0),
        (Reader(persons=lambda: 0), 1, True, 0),
    ],
)
def test_how_many_people_an_account_lacks(reader, count, says_known, lacking):
    assert reader.lacking(reason(KNOWN), count=count, says_known=says_known) == lacking
