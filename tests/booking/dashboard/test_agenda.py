"""The agenda's views: days, weeks, months and lists, at any date."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    verified_client,
)
from tests.support.booked import NINE, booked
from tests.support.dashboard import absence, agenda, call, client, opening, reason, url  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.mark.parametrize("view", ["semaine", "mois", "liste"])
def test_an_agenda_says_whose_it_is(agenda, reason, client, view):
    text = client.get(url("agenda", agenda), {"vue": view}).content.decode()
    # The first ones wait in templates, for when the session has ended.
    heading = text[text.rindex("<h1") : text.rindex("</h1>")]
    assert str(agenda.practitioner) in heading


def test_several_agendas_stand_side_by_side_with_one_reveal(agenda, reason, client, now):
    other = make_agenda(practice=agenda.practice)
    other_reason = make_reason(other)
    make_opening(other, other_reason)
    booked(reason, now)
    booked(other_reason, now, patient=make_patient(make_account(), first_name="Noé"))
    before = Entry.objects.filter(action="reveal").count()
    page = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert "Zoé Lefèvre" in page
    assert "Noé Lefèvre" in page
    assert Entry.objects.filter(action="reveal").count() == before + 1


def test_a_day_costs_the_same_for_one_visit_and_for_many(
    agenda, reason, client, now, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    booked(reason, now)
    address = url("agenda", agenda), {"jour": "2026-11-30"}
    client.get(*address)
    # Names that are opened for the first time today cost some more, for one as for many.
    booked(reason, now, starts_at=NINE + timedelta(minutes=30))
    with CaptureQueriesContext(connection) as few:
        client.get(*address)
    for n in range(2, 6):
        booked(reason, now, starts_at=NINE + timedelta(minutes=30 * n))
    with django_assert_num_queries(len(few)):
        client.get(*address)


def test_times_are_the_practices_own(now):
    practice = make_practice(time_zone="America/Guadeloupe", postcode="97100", town="Basse-Terre")
    agenda = make_agenda(practice=practice)
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    booked(reason, now, starts_at=datetime(2026, 11, 30, 13, tzinfo=UTC))
    client = verified_client(make_member(practice, role="owner").account)
    page = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert "09:00 <strong data-name>Zoé Lefèvre</strong>" in page
    assert "Heure de la Guadeloupe" in page


FAR = ["0001-01-01", "9999-12-31", "2026-02-31", "x", "", "10000-01-01", "-1"]


@pytest.mark.parametrize("day", FAR)
@pytest.mark.parametrize("view", ["jour", "semaine"])
def test_no_date_breaks_the_agenda(agenda, reason, client, day, view):
    answer = client.get(url("agenda", agenda), {"jour": day, "vue": view})
    assert answer.status_code == 200


@pytest.mark.parametrize("day", FAR)
def test_no_date_breaks_a_form(agenda, reason, client, now, day):
    patient = make_patient(practice=agenda.practice)
    appointment = booked(reason, now)
    data = call(reason, patient=patient.pk, jour=day)
    assert client.post(url("new-visit", agenda), data).status_code in (200, 409)
    page = url("move-visit", agenda, appointment.pk)
    assert client.post(page, data).status_code in (200, 409)
    assert client.post(page, {"debut": f"{day}T00:00:00Z"}).status_code in (200, 409)
    given = absence(agenda, until_day=day, from_day=day, booked="keep")
    assert client.post(url("new-absence", agenda), given).status_code in (200, 302)
    given = opening(reason, starts_on=day, last_day=day)
    assert client.post(url("new-opening", agenda, agenda.pk), given).status_code in (200, 302)
    assert client.get(url("new-absence", agenda), {"jour": day}).status_code == 200
    assert client.get(url("new-visit", agenda), {"debut": f"{day}T00:00:00Z"}).status_code == 200


@pytest.mark.parametrize("day", FAR)
def test_no_date_breaks_the_public_pages(agenda, reason, day):
    page = reverse("practitioners:practitioner", args=[agenda.practitioner_id])
    assert Client().get(page, {"semaine": day}).status_code == 200
    data = {"motif": reason.pk, "debut": f"{day}T00:00:00Z", "suivi": "non"}
    assert Client().post(reverse("booking:hold"), data).status_code in (200, 302, 400, 404, 409)


def test_a_month_of_counts_opens_nobody(agenda, reason, client, now):
    booked(reason, now)
    booked(reason, now, starts_at=NINE + timedelta(hours=1))
    before = Entry.objects.filter(action="reveal").count()
    page = client.get(url("agenda", agenda), {"vue": "mois", "jour": "2026-11-24"})
    text = page.content.decode()
    assert "Novembre 2026" in text
    assert "lundi 30 novembre, 2 rendez-vous" in text
    assert "dimanche 6 décembre, 0 rendez-vous" in text
    assert "Lefèvre" not in text
    assert Entry.objects.filter(action="reveal").count() == before
    weeks = page.context["weeks"]
    assert (weeks[0][0].day, weeks[-1][-1].day) == (date(2026, 10, 26), date(2026, 12, 6))
    assert page.context["earlier"] == date(2026, 10, 1)
    assert page.context["later"] == date(2026, 12, 1)


def test_a_day_as_a_list(agenda, reason, client, now):
    booked(reason, now, starts_at=NINE + timedelta(hours=1))
    first = booked(reason, now, patient=make_patient(make_account(), last_name="Quatrefages"))
    before = Entry.objects.filter(action="reveal").count()
    page = client.get(url("agenda", agenda), {"vue": "liste", "jour": "2026-11-30"})
    assert page.context["visits"][0].appointment == first
    assert "Quatrefages" in page.content.decode()
    assert Entry.objects.filter(action="reveal").count() == before + 1
    empty = client.get(url("agenda", agenda), {"vue": "liste", "jour": "2026-12-01"})
    assert "Aucun rendez-vous ce jour-là" in empty.content.decode()


@pytest.mark.parametrize("view", ["mois", "liste", "annee"])
def test_each_view_takes_any_day(agenda, reason, client, view):
    for day in ("2026-12-31", "2027-01-31", "2028-02-29", "1999-01-01", "demain", ""):
        answer = client.get(url("agenda", agenda), {"vue": view, "jour": day})
        assert answer.status_code == 200
