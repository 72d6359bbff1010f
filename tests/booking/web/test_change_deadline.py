"""Until when a visit can be changed, and the way back, on the patient's pages."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django_scopes import scope

from booking.dashboard.queries.agenda_list import cancelled_late, visits_of_day
from booking.models.appointment import Status
from tests.factories import make_member, make_opening, make_patient, practice_actor, verified_client
from tests.support.booked import NINE
from tests.support.changing import HOUR, SECOND, fields, fresh, iso, offered, read, url
from tests.support.own_visit import account, client, reason, visit  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


def test_half_a_minute_later_it_stays_where_it_was_moved(client, visit, now):
    client.post(url("move", visit), {"debut": iso(NINE + HOUR)})
    with time_machine.travel(now + HOUR):
        assert "Revenir en arrière" not in read(client.get(url("appointment", visit)))
        page = read(client.post(url("take-back", visit), {"vers": iso(NINE)}, follow=True))
    assert "Trop tard pour revenir en arrière" in page
    assert fresh(visit).starts_at == NINE + HOUR


def test_the_page_warns_of_a_time_that_cannot_be_changed_again(client, visit, reason, now):
    make_opening(reason.agenda, reason, starts_on=now.date(), every_weeks=0)
    soon = NINE - 6 * timedelta(days=1) + 1.5 * HOUR
    page = read(client.get(url("move", visit), {"semaine": "2026-11-24"}))
    assert iso(soon) in offered(page)
    assert "moins de 24 h" in page
    page = read(client.get(url("move", visit), {"debut": iso(soon)}))
    assert "le délai du cabinet sera déjà passé" in page
    client.post(url("move", visit), fields(page))
    assert fresh(visit).starts_at == soon
    # Moved by mistake: the way back is there all the same.
    page = read(client.get(url("appointment", visit)))
    assert "Revenir en arrière" in page
    client.post(url("take-back", visit), fields(page))
    assert fresh(visit).starts_at == NINE


def test_a_deadline_that_passes_while_the_page_is_open(client, visit):
    page = read(client.get(url("move", visit), {"debut": iso(NINE + HOUR)}))
    free = read(client.get(url("cancel", visit)))
    with time_machine.travel(NINE - HOUR):
        answer = client.post(url("move", visit), fields(page))
        assert answer.status_code == 409
        assert "Le délai du cabinet est passé" in read(answer)
        assert url("cancel", visit) in read(answer)
        assert fresh(visit).starts_at == NINE
        # It was free when the page was read: late is asked again.
        answer = client.post(url("cancel", visit), fields(free))
        assert answer.status_code == 409
        assert "vient de passer" in read(answer)
        assert fresh(visit).status == Status.BOOKED
        answer = client.post(url("cancel", visit), fields(read(answer)), follow=True)
        assert "annulé tardivement" in read(answer)
    assert fresh(visit).cancelled_late


def test_the_rule_stands_before_the_button_and_on_every_page(client, visit, reason):
    page = read(client.get(url("cancel", visit)))
    assert "Jusqu’au dimanche 29 novembre 2026 à 09:00" in page
    page = read(client.get(url("appointment", visit) + "?confirme"))
    assert "jusqu’au dimanche 29 novembre 2026 à 09:00" in page
    with time_machine.travel(NINE - HOUR):
        page = read(client.get(url("cancel", visit)))
        assert "notée comme tardive" in page and "Annuler quand même" in page
        page = read(client.get(url("appointment", visit)))
        assert url("move", visit) not in page
        assert url("cancel", visit) in page
    with time_machine.travel(NINE + SECOND):
        page = read(client.get(url("appointment", visit)))
        assert url("move", visit) not in page
        assert url("cancel", visit) not in page
        assert client.post(url("cancel", visit)).status_code == 409
        assert fresh(visit).status == Status.BOOKED


def test_a_cancellation_is_taken_back_from_its_page(client, visit):
    page = read(client.post(url("cancel", visit), {"libre": "oui"}, follow=True))
    assert "Votre rendez-vous est annulé." in page
    page = read(client.post(url("take-back", visit), fields(page), follow=True))
    assert "Votre rendez-vous reste le" in page
    assert fresh(visit).status == Status.BOOKED


def test_opening_the_way_back_by_its_address_is_no_error(client, visit):
    answer = client.get(url("take-back", visit))
    assert answer["Location"] == url("appointment", visit)


def test_the_practice_sees_what_was_cancelled_late(client, visit, reason):
    agenda = reason.agenda
    with time_machine.travel(NINE - HOUR):
        client.post(url("cancel", visit), {"libre": "oui"})
        client.post(url("cancel", visit), {})
        desk = verified_client(make_member(agenda.practice).account)
        page = reverse("booking:agenda", args=[agenda.practice_id])
        day = {"jour": "2026-11-30", "vue": "liste"}
        assert "annulé tardivement" in read(desk.get(page, day))
        grid = read(desk.get(page, {"jour": "2026-11-30"}))
        assert "Annulations tardives" in grid
        row = read(desk.get(reverse("booking:visit", args=[agenda.practice_id, visit.pk])))
        assert "annulé tardivement" in row and "1 annulation tardive en un an" in row
    with scope(practice=agenda.practice):
        day = NINE.date()
        assert [a.pk for a in cancelled_late(agendas=[agenda], days=[day])] == [visit.pk]
        shown = visits_of_day(agendas=[agenda], day=day, actor=practice_actor(agenda.practice))
    assert [each.appointment.pk for each in shown] == [visit.pk]


def test_the_rule_is_read_before_booking(client, account, reason):
    make_patient(account)
    held = {"motif": reason.pk, "debut": iso(NINE), "personnes": "1", "suivi": "oui"}
    page = read(client.post(reverse("booking:hold"), held, follow=True))
    before, button, _after = page.rpartition("Confirmer le rendez-vous</button>")
    assert button
    assert "jusqu’au dimanche 29 novembre 2026 à 09:00" in before
