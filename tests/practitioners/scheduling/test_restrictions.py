"""Whom an agenda's rules leave out, as the database asks it for many agendas at once."""

from datetime import timedelta
from itertools import combinations

import pytest
from django.db.models import F

from practitioners.domain.scheduling.rules import restrictions
from practitioners.domain.scheduling.rules.eligibility import Booker, is_restricted, restriction
from practitioners.models import Agenda, NextSlot, VisitReason
from practitioners.models.agenda import PatientKind
from tests.factories import make_agenda, make_reason

pytestmark = pytest.mark.django_db
ANY, NEW, KNOWN = PatientKind.ANY, PatientKind.NEW, PatientKind.KNOWN


def agenda_for(*kinds, accepts_new=True, active=True):
    agenda = make_agenda(accepts_new_patients=accepts_new, active=active)
    for kind in kinds:
        make_reason(agenda, patient_kind=kind)
    return agenda


@pytest.mark.parametrize(
    ("accepts_new", "kinds", "unanswered", "known", "new"),
    [
        (True, [], False, False, False),
        (True, [ANY], False, False, False),
        (True, [NEW], False, True, False),
        (True, [KNOWN], False, False, True),
        (True, [NEW, KNOWN], False, False, False),
        (True, [NEW, ANY], False, False, False),
        (False, [], False, False, True),
        (False, [ANY], False, False, True),
        (False, [NEW], True, True, True),
        (False, [KNOWN], False, False, True),
        (False, [NEW, KNOWN], False, False, True),
    ],
)
def test_an_agenda_is_closed_by_what_was_answered(accepts_new, kinds, unanswered, known, new):
    agenda = agenda_for(*kinds, accepts_new=accepts_new)
    # Others beside it, and a reason that is no more, change nothing.
    agenda_for(ANY)
    agenda_for(NEW, accepts_new=False)
    make_reason(agenda, active=False)
    found = [
        restrictions.annotate(Agenda.objects.all(), known=answer).get(pk=agenda.pk).restricted
        for answer in (None, True, False)
    ]
    assert found == [unanswered, known, new]


def test_an_agenda_that_is_closed_altogether_is_not_closed_to_some():
    agenda = agenda_for(NEW, accepts_new=False, active=False)
    for answer in (None, True):
        found = restrictions.annotate(Agenda.objects.all(), known=answer).get(pk=agenda.pk)
        assert not found.restricted


@pytest.mark.parametrize(
    ("known", "kinds"), [(None, {ANY, NEW, KNOWN}), (True, {ANY, KNOWN}), (False, {ANY, NEW})]
)
def test_a_reason_is_open_by_what_was_answered(known, kinds, now):
    agenda = agenda_for(ANY, NEW, KNOWN)
    for row in agenda.visit_reasons.all():
        NextSlot.objects.update_or_create(
            visit_reason=row, defaults={"agenda": agenda, "computed_at": now}
        )
    rows = VisitReason.objects.filter(restrictions.open_to(known, prefix=""))
    assert {row.patient_kind for row in rows} == kinds
    slots = NextSlot.objects.filter(restrictions.open_to(known, prefix="visit_reason__"))
    assert {slot.visit_reason.patient_kind for slot in slots} == kinds


def test_what_nobody_can_book_is_not_offered(now):
    for accepts_new in (True, False):
        agenda_for(ANY, NEW, KNOWN, accepts_new=accepts_new)
    agenda_for(ANY, active=False)
    make_reason(agenda_for(), active=False)
    never = make_reason(agenda_for())
    NextSlot.objects.update_or_create(
        visit_reason=never, defaults={"agenda": never.agenda, "computed_at": now, "never": True}
    )
    offered = restrictions.offered()
    kinds = offered.values_list("agenda__accepts_new_patients", "patient_kind")
    assert sorted(kinds) == sorted(
        [(True, ANY), (True, NEW), (True, KNOWN), (False, ANY), (False, KNOWN)]
    )


@pytest.mark.parametrize(("accepts_new", "hours"), [(True, 1), (False, 2)])
def test_the_first_slot_is_one_that_somebody_can_take(accepts_new, hours, now):
    agenda = agenda_for(NEW, ANY, KNOWN, accepts_new=accepts_new)
    for n, row in enumerate(agenda.visit_reasons.order_by("pk"), start=1):
        NextSlot.objects.update_or_create(
            visit_reason=row,
            defaults={
                "agenda": agenda, "computed_at": now, "starts_at": now + n * timedelta(hours=1)
            },
        )  # fmt: skip
    slots = NextSlot.objects.filter(agenda=agenda).order_by("starts_at")
    found = Agenda.objects.annotate(first=restrictions.first_of(slots, "starts_at"))
    assert found.get(pk=agenda.pk).first == now + timedelta(hours=hours)
    assert found.filter(first=F("first")).exists()


@pytest.mark.parametrize(
    ("accepts_new", "kind", "asks"),
    [
        (True, ANY, False),
        (True, NEW, True),
        (True, KNOWN, True),
        (False, ANY, True),
        (False, NEW, True),
        (False, KNOWN, True),
    ],
)
def test_a_patient_is_asked_first_where_the_answer_may_refuse(accepts_new, kind, asks):
    agenda = agenda_for(kind, accepts_new=accepts_new)
    reason = agenda.visit_reasons.get()
    assert restrictions.asks_first(agenda, reason, known=None) is asks
    assert is_restricted([reason]) is asks
    for known in (True, False):
        assert restrictions.asks_first(agenda, reason, known=known) is False
    assert restrictions.asks_first(agenda, None, known=None) is False


def test_it_matters_who_comes_where_visits_were_missed():
    reason = agenda_for(ANY).visit_reasons.get()
    assert not is_restricted([reason])
    reason.agenda.practice.no_shows_at_most = 2
    assert is_restricted([reason])
    assert is_restricted([agenda_for(ANY).visit_reasons.get(), reason])
    assert not is_restricted([])


@pytest.mark.parametrize("accepts_new", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_the_database_says_what_the_rule_says(accepts_new, known):
    """Of every set of reasons, an agenda is closed where the rule refuses each of them."""
    kinds = [ANY, NEW, KNOWN]
    some = [chosen for n in (1, 2, 3) for chosen in combinations(kinds, n)]
    agendas = {agenda_for(*chosen, accepts_new=accepts_new).pk: chosen for chosen in some}
    found = restrictions.annotate(Agenda.objects.filter(pk__in=agendas), known=known)
    booker = Booker(is_known=known)
    for agenda in found.prefetch_related("visit_reasons"):
        reasons = list(agenda.visit_reasons.all())
        refused = all(restriction(each, booker) is not None for each in reasons)
        assert agenda.restricted == refused, agendas[agenda.pk]
