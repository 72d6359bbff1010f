"""A patient's pages of moving, cancelling and taking back, in the order that people use them."""

import re
from datetime import time

import pytest
from django.test import Client

from booking.appointments import chains, change
from booking.appointments.several import series
from booking.appointments.values import By
from booking.models.appointment import Channel, Status
from practitioners.domain.scheduling.availability import free_slots
from tests.factories import (
    make_agenda,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
)
from tests.support.booked import NINE, booked
from tests.support.changing import HOUR, WEEK, fields, fresh, iso, offered, read, url
from tests.support.own_visit import account, client, reason, visit  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


def test_a_time_is_chosen_then_confirmed_then_taken_back(client, visit):
    page = read(client.get(url("move", visit)))
    there = NINE + HOUR
    assert iso(there) in offered(page)
    assert iso(NINE) not in offered(page), "where it stands already"
    assert "Zoé Lefèvre" in page
    page = read(client.get(url("move", visit), {"debut": iso(there)}))
    assert fresh(visit).starts_at == NINE, "choosing moves nothing"
    assert "Lundi 30 novembre 2026, 09:00" in page
    assert "Lundi 30 novembre 2026, 10:00" in page
    assert "jusqu’au dimanche 29 novembre 2026 à 10:00" in page
    page = read(client.post(url("move", visit), fields(page), follow=True))
    assert fresh(visit).starts_at == there
    assert "Revenir en arrière" in page
    assert "Un e-mail le confirmera." in page
    page = read(client.post(url("take-back", visit), fields(page), follow=True))
    assert fresh(visit).starts_at == NINE
    assert "Votre rendez-vous reste le lundi 30 novembre 2026 à 09:00" in page
    assert "Revenir en arrière" not in page


def test_what_is_sent_twice_happens_once(client, visit):
    page = read(client.get(url("move", visit), {"debut": iso(NINE + HOUR)}))
    for _n in range(2):
        answer = client.post(url("move", visit), fields(page), follow=True)
        assert answer.status_code == 200
    assert (fresh(visit).starts_at, fresh(visit).moves) == (NINE + HOUR, 1)
    back = fields(read(answer))
    for _n in range(2):
        page = read(client.post(url("take-back", visit), back, follow=True))
        assert "Trop tard" not in page
    assert (fresh(visit).starts_at, fresh(visit).moves) == (NINE, 2)
    for _n in range(2):
        answer = client.post(url("cancel", visit), {"libre": "oui"}, follow=True)
        assert answer.status_code == 200
    assert fresh(visit).status == Status.CANCELLED
    for _n in range(2):
        page = read(client.post(url("take-back", visit), {"vers": iso(NINE)}, follow=True))
        assert "Trop tard" not in page
    assert fresh(visit).status == Status.BOOKED


def test_the_first_page_is_the_visits_own_week_and_leads_to_others(client, reason, account, now):
    far = NINE + 5 * WEEK
    visit = booked(reason, now, starts_at=far, patient=make_patient(account))
    page = read(client.get(url("move", visit)))
    assert {at[:10] for at in offered(page)} == {f"{far:%Y-%m-%d}"}
    (earlier, later) = re.findall(r'href="(\?semaine=[\d-]+)"', page)
    assert (earlier, later) == ("?semaine=2026-12-25", "?semaine=2027-01-08")
    page = read(client.get(url("move", visit) + later))
    assert {at[:10] for at in offered(page)} == {f"{far + WEEK:%Y-%m-%d}"}
    # Not before today, not beyond what is offered, and no nonsense.
    page = read(client.get(url("move", visit), {"semaine": "2020-01-01"}))
    assert "Plus tôt" not in page
    page = read(client.get(url("move", visit), {"semaine": "2099-01-01"}))
    assert "Plus tard" not in page
    assert "Avant" in page, "what is free before is named"
    assert client.get(url("move", visit), {"semaine": "x"}).status_code == 200


def test_an_empty_week_names_what_is_free_on_either_side(client, reason, account, now):
    visit = booked(reason, now, starts_at=NINE + 3 * WEEK, patient=make_patient(account))
    reason.agenda.openings.all().delete()
    for weeks in (1, 5):
        day = (NINE + weeks * WEEK).date()
        make_opening(reason.agenda, reason, starts_on=day, every_weeks=0)
    page = read(client.get(url("move", visit)))
    assert not offered(page)
    assert "?semaine=2026-12-07" in page
    assert "?semaine=2027-01-04" in page
    assert iso(NINE + 5 * WEEK) in offered(
        read(client.get(url("move", visit) + "?semaine=2027-01-04"))
    )


def test_without_any_other_time_the_page_says_to_call(client, reason, visit):
    reason.agenda.practice.phone = "01 99 00 12 34"
    reason.agenda.practice.save()
    reason.agenda.openings.all().delete()
    page = read(client.get(url("move", visit)))
    assert not offered(page)
    assert "Aucune autre heure" in page and "01 99 00 12 34" in page


def test_a_time_that_is_gone_meanwhile_leads_to_the_nearest(client, visit, reason, now):
    page = read(client.get(url("move", visit), {"debut": iso(NINE + HOUR)}))
    booked(reason, now, starts_at=NINE + HOUR)
    answer = client.post(url("move", visit), fields(page))
    assert answer.status_code == 409
    nearest = read(answer).split("Les heures libres les plus proches")[1]
    assert offered(nearest)[:2] == [iso(NINE + HOUR / 2), iso(NINE + 1.5 * HOUR)]
    assert (fresh(visit).starts_at, fresh(visit).moves) == (NINE, 0)
    # And the same when it is opened by its address.
    answer = client.get(url("move", visit), {"debut": iso(NINE + HOUR)})
    assert "Ce créneau est déjà pris." in read(answer)


def test_a_visit_moved_in_another_window_is_not_moved_from_this_one(client, visit):
    page = read(client.get(url("move", visit), {"debut": iso(NINE + HOUR)}))
    client.post(url("move", visit), {"debut": iso(NINE + 2 * HOUR)})
    answer = client.post(url("move", visit), fields(page))
    assert answer.status_code == 409
    assert "déplacé entre-temps" in read(answer)
    assert fresh(visit).starts_at == NINE + 2 * HOUR
    # The page says where it is now, and confirming once more moves it from there.
    assert "Lundi 30 novembre 2026, 11:00" in read(answer)
    client.post(url("move", visit), fields(read(answer)))
    assert fresh(visit).starts_at == NINE + HOUR


@pytest.mark.parametrize("given", [{}, {"debut": ""}, {"debut": "x"}, {"debut": "2026-11-30"}])
def test_no_time_is_asked_again(client, visit, given):
    answer = client.post(url("move", visit), given)
    assert answer.status_code == 409
    assert offered(read(answer))
    assert fresh(visit).moves == 0


def test_the_time_where_it_stands_is_no_move(client, visit):
    answer = client.get(url("move", visit), {"debut": iso(NINE)})
    assert "C’est l’heure actuelle du rendez-vous" in read(answer)
    assert offered(read(answer))
    answer = client.post(url("move", visit), {"debut": iso(NINE)}, follow=True)
    assert answer.status_code == 200
    assert fresh(visit).moves == 0


@pytest.mark.parametrize("name", ["move", "cancel"])
def test_what_the_practice_cancelled_meanwhile_can_be_booked_again(client, visit, now, name):
    change.cancel(
        appointment=visit, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now
    )
    assert "Reprendre rendez-vous" in read(client.get(url(name, visit)))
    answer = client.post(url(name, visit), {"debut": iso(NINE + HOUR)}, follow=True)
    assert answer.status_code in (200, 409)
    assert "Reprendre rendez-vous" in read(answer)
    assert fresh(visit).status == Status.CANCELLED


def test_a_visit_that_was_moved_meanwhile_is_not_cancelled_unseen(client, visit, now):
    seen = fields(read(client.get(url("cancel", visit))))
    client.post(url("move", visit), {"debut": iso(NINE + HOUR)})
    answer = client.post(url("cancel", visit), seen)
    assert answer.status_code == 409
    page = read(answer)
    assert "a été déplacé entre-temps" in page
    assert "10:00</strong>" in page
    assert fresh(visit).status == Status.BOOKED
    client.post(url("cancel", visit), fields(page))
    assert fresh(visit).status == Status.CANCELLED


def test_a_relatives_visit_is_moved_by_name(client, account, reason, now):
    make_patient(account)
    child = make_patient(account, first_name="Noé", relation="child")
    visit = booked(reason, now, patient=child)
    for name in ("move", "cancel"):
        assert "Noé" in read(client.get(url(name, visit)))
    client.post(url("move", visit), {"debut": iso(NINE + HOUR)})
    assert fresh(visit).starts_at == NINE + HOUR


def test_a_seat_of_a_session_is_moved_and_taken_back(client, account, now):
    agenda = make_agenda()
    reason = make_reason(agenda, name="Vaccin", duration_minutes=15)
    make_opening(agenda, reason, capacity=2, slot_minutes=15)
    visit = booked(reason, now, patient=make_patient(account))
    booked(reason, now)
    page = read(client.get(url("move", visit), {"debut": iso(NINE + HOUR)}))
    page = read(client.post(url("move", visit), fields(page), follow=True))
    assert fresh(visit).starts_at == NINE + HOUR
    client.post(url("take-back", visit), fields(page))
    assert (fresh(visit).starts_at, fresh(visit).taken.hold_until) == (NINE, None)


def test_signing_in_again_comes_back_to_the_time_that_was_chosen(visit):
    address = url("move", visit) + f"?debut={iso(NINE + HOUR)}"
    answer = Client().post(
        address, {"debut": iso(NINE + HOUR)}, headers={"referer": f"http://testserver{address}"}
    )
    assert answer.status_code == 302
    assert "debut" in answer["Location"]
    assert Client().get(url("take-back", visit)).status_code == 302


@pytest.mark.parametrize(
    "debut", ["2099-12-31T23:59:00Z", "2000-01-01T00:00:00Z", "2026-11-24T09:00:00+14:00"]
)
def test_a_time_far_from_everything_leads_to_a_free_one(client, visit, debut):
    for answer in (
        client.get(url("move", visit), {"debut": debut}),
        client.post(url("move", visit), {"debut": debut, "de": "nonsense"}),
    ):
        assert answer.status_code == 409
        assert offered(read(answer))
    assert fresh(visit).starts_at == NINE


def test_one_of_a_series_is_moved_alone(client, account, reason, now):
    reason.series_at_most = 4
    reason.save()
    first = booked(reason, now, patient=make_patient(account))
    (second,) = series.book_series(
        appointment=first,
        starts=[NINE + WEEK],
        by=By(account=account, actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )
    page = read(client.get(url("move", second)))
    assert {at[:10] for at in offered(page)} == {"2026-12-07"}
    client.post(url("move", second), {"debut": iso(NINE + WEEK + HOUR)})
    assert fresh(second).starts_at == NINE + WEEK + HOUR
    assert fresh(first).starts_at == NINE


def test_both_visits_of_a_chain_are_named_before_they_move(client, account, now):
    one = make_agenda()
    two = make_agenda(practice=one.practice)
    then = make_reason(two, name="Consultation", active=False)
    first = make_reason(one, name="Mesure", then=then)
    make_opening(one, first)
    make_opening(two, then)
    visit = booked(first, now, patient=make_patient(account))
    follower = chains.follower(visit)
    page = read(client.get(url("move", visit), {"debut": iso(NINE + HOUR)}))
    assert "<strong>10:30</strong>" in page
    page = read(client.post(url("move", visit), fields(page), follow=True))
    assert fresh(follower).starts_at == NINE + 1.5 * HOUR
    client.post(url("take-back", visit), fields(page))
    assert fresh(follower).starts_at == NINE + HOUR / 2
    # By the second one nothing is changed: its pages lead to the first.
    for name in ("move", "cancel"):
        for answer in (client.get(url(name, follower)), client.post(url(name, follower))):
            assert url("appointment", visit) in read(answer)
    assert fresh(follower).status == Status.BOOKED


def test_a_practice_overseas_has_its_own_days(client, account, now):
    agenda = make_agenda(practice=make_practice(time_zone="Indian/Reunion", postcode="97400"))
    reason = make_reason(agenda)
    make_opening(agenda, reason, from_time=time(0), until_time=time(2))
    midnight = NINE - 12 * HOUR
    visit = booked(reason, now, starts_at=midnight, patient=make_patient(account))
    page = read(client.get(url("move", visit)))
    assert iso(midnight + HOUR) in offered(page)
    page = read(client.get(url("move", visit), {"debut": iso(midnight + HOUR)}))
    assert "Lundi 30 novembre 2026, 01:00" in page


def test_the_time_just_left_can_be_chosen_again_by_its_patient_alone(client, visit, reason, now):
    client.post(url("move", visit), {"debut": iso(NINE + HOUR)})
    assert iso(NINE) in offered(read(client.get(url("move", visit))))
    assert NINE not in [
        slot.starts_at
        for slot in free_slots(visit_reason=reason, since=NINE, until=NINE + HOUR, now=now)
    ]
    page = read(client.get(url("move", visit), {"debut": iso(NINE)}))
    client.post(url("move", visit), fields(page))
    assert (fresh(visit).starts_at, fresh(visit).moves) == (NINE, 2)


@pytest.mark.parametrize("hour", [0, 1, 2])
def test_the_own_time_stands_among_the_others_in_order(client, reason, account, now, hour):
    """First, in the middle or last of its day."""
    visit = booked(reason, now, starts_at=NINE + hour * HOUR, patient=make_patient(account))
    own = f"Votre rendez-vous\xa0: {9 + hour:02}:00"
    page = re.sub(rf">{own}<", f"><b>{9 + hour:02}:00</b><", read(client.get(url("move", visit))))
    day = page.partition('<ol class="week">')[2].partition("</ol>")[0]
    times = re.findall(r">\s*(\d\d:\d\d)\s*<", day)
    assert f"<b>{9 + hour:02}:00</b>" in day
    assert times == sorted(times) and len(times) == len(set(times)) > 3
