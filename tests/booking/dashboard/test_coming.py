"""A patient calls: "when is my appointment? please move it". The search answers, and leads there."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from booking.appointments import change, marking
from booking.appointments.queries.appointments import COMING_SHOWN
from booking.appointments.values import By
from booking.models.appointment import Channel, Status
from tests.factories import (
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.booked import NINE, booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
HALF = timedelta(minutes=30)


def open_reason(practice=None, **values):
    reason = make_reason(make_agenda(practice=practice), **values)
    make_opening(reason.agenda, reason)
    return reason


@pytest.fixture
def reason():
    return open_reason()


@pytest.fixture
def practice(reason):
    return reason.agenda.practice


@pytest.fixture
def zoe(practice):
    return make_patient(practice=practice)


@pytest.fixture
def desk(practice):
    return verified_client(make_member(practice).account)


def visits_in(answer):
    return re.findall(r"/rendez-vous/([0-9a-f-]{36})/\">", answer.content.decode())


def found(desk, practice, name="Lefèvre"):
    return desk.post(reverse("booking:find-patients", args=[practice.pk]), {"q": name})


def test_the_search_lists_what_each_patient_has_to_come(reason, practice, zoe, desk, now):
    ada = make_patient(practice=practice, first_name="Ada")
    first = booked(reason, now, patient=zoe)
    other = booked(reason, now, patient=ada, starts_at=NINE + HALF)
    gone = booked(reason, now, patient=zoe, starts_at=NINE + 2 * HALF)
    change.cancel(
        appointment=gone, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now
    )
    booked(
        reason, now, patient=zoe, starts_at=now - timedelta(days=3), channel=Channel.PRACTICE,
        anywhere=True,
    )  # fmt: skip
    answer = found(desk, practice)
    assert sorted(visits_in(answer)) == sorted([str(first.pk), str(other.pk)])
    page = answer.content.decode()
    address = reverse("booking:visit", args=[practice.pk, first.pk])
    assert f'<a href="{address}">lun. 30 nov. 09:00</a>' in page
    assert f"{reason.agenda.practitioner} · {reason.name}" in page
    visit = desk.get(address).content.decode()
    for name in ("move-visit", "cancel-visit"):
        assert reverse(f"booking:{name}", args=[practice.pk, first.pk]) in visit


def test_at_most_five_the_soonest_and_one_query_for_all(reason, practice, zoe, desk, now):
    rows = [
        booked(
            reason,
            now,
            patient=zoe,
            starts_at=NINE + timedelta(weeks=n),
            channel=Channel.PRACTICE,
            anywhere=True,
        )
        for n in reversed(range(COMING_SHOWN + 1))
    ]
    assert visits_in(found(desk, practice)) == [str(row.pk) for row in reversed(rows)][:-1]

    def asked():
        with CaptureQueriesContext(connection) as queries:
            found(desk, practice)
        return sum('"booking_appointment"."starts_at" ASC' in q["sql"] for q in queries)

    assert asked() == 1
    for n, name in enumerate(("Ada", "Anne"), 1):
        patient = make_patient(practice=practice, first_name=name)
        booked(reason, now, patient=patient, starts_at=NINE + n * HALF)
    assert asked() == 1


def test_only_the_members_agendas_are_shown(reason, practice, zoe, now):
    own, elsewhere = open_reason(practice), open_reason()
    mine = booked(own, now, patient=zoe)
    booked(reason, now, patient=zoe, starts_at=NINE + timedelta(weeks=1))
    booked(elsewhere, now, patient=zoe, starts_at=NINE + timedelta(weeks=2))
    member = make_member(practice)
    member.agendas.add(own.agenda)
    desk = verified_client(member.account)
    assert visits_in(found(desk, practice)) == [str(mine.pk)]


def test_a_visit_that_was_missed_is_none_to_come(reason, practice, zoe, desk, now, time_machine):
    row = booked(reason, now, patient=zoe)
    time_machine.move_to(row.starts_at)
    desk = verified_client(make_member(practice).account)
    assert visits_in(found(desk, practice)) == [str(row.pk)]
    marking.mark(appointment=row, status=Status.NO_SHOW, actor=practice_actor(), now=row.starts_at)
    assert visits_in(found(desk, practice)) == []


def test_the_new_visit_form_says_them_beside_the_patient(reason, practice, zoe, desk, now):
    row = booked(reason, now, patient=zoe)
    page = reverse("booking:new-visit", args=[practice.pk])
    assert visits_in(desk.get(f"{page}?patient={zoe.pk}")) == [str(row.pk)]
    part = desk.post(page, {"q": "Lefèvre"}, headers={"HX-Request": "true"})
    assert visits_in(part) == [str(row.pk)]
