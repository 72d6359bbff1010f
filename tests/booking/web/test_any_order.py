"""Every way to sign in, with every way to choose, in every order: each of them books."""

from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp

from booking.accounts.addresses import address_checks
from booking.models import Account, AddressCheck, Appointment, CodeApp, Handover, Patient
from booking.models.accounts.account import email_index
from booking.models.patient import Relation
from booking.pages.session import unfinished
from booking.patients import handover
from practitioners.domain.scheduling.reservations import take
from tests.factories import (
    PASSWORD,
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)
from tests.support.any_order import (
    IDENTITY,
    NINE,
    PLACES,
    booked_is,
    confirm_at,
    count_of,
    in_a_row,
    on_results,
    on_the_page,
    page_of,
)
from tests.support.booked import booked
from tests.support.forms_on_page import form_with, send, slots_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
HALF = timedelta(minutes=30)


@pytest.fixture
def reason():
    agenda = make_agenda()
    row = make_reason(agenda, series_at_most=4)
    make_opening(agenda, row, until_time=time(12))
    return row


@pytest.fixture
def chain():
    one = make_agenda()
    two = make_agenda(practice=one.practice)
    second = make_reason(two, name="Consultation", active=False, duration_minutes=15)
    first = make_reason(one, name="Mesure", then=second, then_within_minutes=15)
    make_opening(one, first, until_time=time(11))
    make_opening(two, second, from_time=time(9, 30), until_time=time(10, 45))
    return first


# Ways to sign in: each gets the address to go on at, and answers where it has led. ---------------


def _with_people(email):
    account = make_account(email)
    make_patient(account)
    make_patient(account, first_name="Aurèle", relation=Relation.CHILD)
    return account


def by_password(client, target):
    _with_people("a@exemple.fr")
    data = {"email": "a@exemple.fr", "password": PASSWORD, "next": target}
    return client.post(reverse("booking:sign-in"), data)


def by_code(client, target):
    account = _with_people("b@exemple.fr")
    device = CodeApp.objects.create(user=account, name="Téléphone", confirmed=True)
    data = {"email": "b@exemple.fr", "password": PASSWORD, "next": target}
    asked = client.post(reverse("booking:sign-in"), data)
    return client.post(asked["Location"], {"code": f"{totp(device.seed):06d}"})


def by_verification_link(client, target):
    data = {"email": "c@exemple.fr", "password": "une phrase facile à retenir"}
    client.post(f"{reverse('booking:sign-up')}?next={quote(target)}", data)
    check = AddressCheck.objects.get(email_index=email_index("c@exemple.fr"))
    token = address_checks.link_token(check)
    return client.post(reverse("booking:verify-email", args=[token]), data)


def by_handover(client, target):
    """A grown child takes their own file over, and books."""
    parent, child = make_account(), None
    child = make_patient(parent, relation=Relation.CHILD)
    answer = by_password(client, target)
    account = Account.objects.get(email_index=email_index("a@exemple.fr"))
    handover.offer(
        patient=child, email="a@exemple.fr", account=parent, actor=practice_actor(),
        now=datetime.now(UTC),
    )  # fmt: skip
    token = handover.handover_token(Handover.objects.get())
    taken = client.post(reverse("booking:accept-handover", args=[token]))
    assert taken.status_code == 302
    assert Patient.unscoped.get(pk=child.pk).account == account
    return answer


WAYS = [by_password, by_code, by_verification_link, by_handover]


# Ways to choose: each posts the hold as its page does, and answers where that has led. -----------


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
def test_signed_in_before_holding(way, place, reason):
    client = Client()
    way(client, "")
    booked_is(confirm_at(client, place(client, reason)["Location"]), count_of(place))
    assert not client.session.get(unfinished.AFTER_SIGN_IN)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
def test_signed_in_after_holding(way, place, reason):
    client = Client()
    held = place(client, reason)["Location"]
    assert "dites-nous qui vous êtes" in client.get(held).content.decode()
    led = way(client, held)
    assert led["Location"].partition("?")[0] == held.partition("?")[0]
    booked_is(confirm_at(client, led["Location"]), count_of(place))
    assert not client.session.get(unfinished.AFTER_SIGN_IN)


@pytest.mark.parametrize("place", PLACES)
def test_signed_out_and_in_again(place, reason):
    client = Client()
    by_password(client, "")
    held = place(client, reason)["Location"]
    client.post(reverse("booking:sign-out"))
    data = {"email": "a@exemple.fr", "password": PASSWORD}
    assert client.post(reverse("booking:sign-in"), data)["Location"] == "/rendez-vous/"
    booked_is(confirm_at(client, held), count_of(place))


@pytest.mark.parametrize("place", PLACES)
def test_another_account_of_the_same_browser(place, reason):
    client = Client()
    by_password(client, "")
    held = place(client, reason)["Location"]
    by_code(client, "")
    booked_is(confirm_at(client, held), count_of(place))
    assert Appointment.unscoped.first().booked_by == Account.objects.get(
        email_index=email_index("b@exemple.fr")
    )


@pytest.mark.parametrize("place", PLACES)
def test_a_hold_that_has_expired_books_while_the_slot_is_free(place, reason, time_machine, now):
    client = Client()
    held = place(client, reason)["Location"]
    by_password(client, held)
    time_machine.move_to(now + timedelta(minutes=take.HOLD_MINUTES + 1))
    booked_is(confirm_at(client, held), count_of(place))


@pytest.mark.parametrize("place", PLACES)
def test_a_slot_that_is_gone_is_said_before_anything_is_filled_in(place, reason, time_machine, now):
    client = Client()
    by_password(client, "")
    held = place(client, reason)["Location"]
    later = now + timedelta(minutes=take.HOLD_MINUTES + 1)
    time_machine.move_to(later)
    booked(reason, later, starts_at=NINE)
    page = client.get(held)
    assert page.status_code == 409
    # There is a way on, and it books.
    again = send(client, form_with(page, "debut"), held, debut=slots_of(page)[0])
    booked_is(confirm_at(client, again["Location"]), count_of(place) + 1)


@pytest.mark.parametrize("place", PLACES)
def test_a_second_tab_of_the_same_slot(place, reason):
    client = Client()
    by_password(client, "")
    first, second = place(client, reason)["Location"], place(client, reason)["Location"]
    assert first != second
    booked_is(confirm_at(client, first), count_of(place))


@pytest.mark.parametrize("place", PLACES)
def test_a_second_tab_with_another_slot(place, reason):
    client = Client()
    by_password(client, "")
    first = place(client, reason)["Location"]
    later = {"motif": reason.pk, "debut": (NINE + 3 * HALF).isoformat()}
    second = client.post(reverse("booking:hold"), later)["Location"]
    confirmed = confirm_at(client, first)
    assert confirmed.status_code == 302
    assert Appointment.unscoped.filter(starts_at=NINE).count() == 1
    assert client.get(second).status_code == 200


@pytest.mark.parametrize("place", PLACES)
def test_a_form_sent_twice_books_once_and_says_so(place, reason):
    client = Client()
    by_password(client, "")
    held = place(client, reason)["Location"]
    once, twice = confirm_at(client, held), None
    assert once.status_code == 302
    twice = client.get(held)
    assert twice["Location"] == once["Location"]
    data = {"motif": reason.pk, "debut": NINE.isoformat(), "note": ""}
    if place is in_a_row:
        data["personnes"] = "2"
    again = client.post(held.partition("?")[0], data)
    assert again["Location"] == once["Location"]
    booked_is(once, count_of(place))


def test_the_first_identity_sent_twice_makes_one_person(reason):
    client = Client()
    by_verification_link(client, "")
    held = on_the_page(client, reason)["Location"]
    page = client.get(held)
    form = form_with(page, "first_name")
    answers = [send(client, form, held, **IDENTITY) for _n in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert Patient.unscoped.count() == 1
    booked_is(answers[0])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("before", [True, False])
def test_a_chain(way, before, chain):
    client = Client()
    if before:
        way(client, "")
        held = on_the_page(client, chain)["Location"]
    else:
        held = on_the_page(client, chain)["Location"]
        held = way(client, held)["Location"]
    booked_is(confirm_at(client, held), 2)


@pytest.mark.parametrize("way", WAYS)
def test_a_series(way, reason):
    client = Client()
    way(client, "")
    made = confirm_at(client, on_the_page(client, reason)["Location"])
    row = Appointment.unscoped.get()
    address = reverse("booking:repeat", args=[row.pk])
    assert made.status_code == 302
    page = client.get(address, {"semaines": "1", "fois": "2"})
    form = form_with(page, "creneau")
    starts = [(NINE + timedelta(weeks=n)).isoformat() for n in (1, 2)]
    answer = client.post(address, form.values | {"creneau": starts})
    assert answer.status_code == 302
    assert Appointment.unscoped.count() == 3


def test_ones_own_hold_is_free_for_oneself_and_for_nobody_else(reason):
    client = Client()
    on_the_page(client, reason)
    address, query = page_of(reason)
    assert slots_of(client.get(address, query))[0].startswith("2026-11-30T08:00")
    assert slots_of(Client().get(address, query))[0].startswith("2026-11-30T08:30")


def test_an_old_target_leads_nobody_anywhere(reason, time_machine, now):
    client = Client()
    held = on_the_page(client, reason)["Location"]
    client.get(held)
    time_machine.move_to(now + unfinished.TARGET_LASTS + timedelta(minutes=1))
    assert by_password(client, "")["Location"] == reverse("booking:my-appointments")


def test_a_new_person_leads_back_where_they_were_wanted(reason):
    client = Client()
    by_password(client, "")
    held = on_the_page(client, reason)["Location"]
    given = IDENTITY | {"first_name": "Ada", "relation": "parent", "consent": "on"}
    people, new = reverse("booking:people"), reverse("booking:new-person")
    assert client.post(new, given | {"next": people})["Location"] == people
    given |= {"first_name": "Ida"}
    back = client.post(new, given | {"next": held})["Location"]
    assert back.startswith(held)
    # The one who was added on the way is chosen.
    ida = Patient.unscoped.latest("created_at")
    assert form_with(client.get(back), "note").values["patient"] == str(ida.pk)
    # Nothing leads off the site.
    given |= {"first_name": "Eda"}
    assert client.post(new, given | {"next": "https://exemple.com/"})["Location"] == people


def test_a_reason_that_is_no_longer_offered_leads_to_what_is(reason):
    client = Client()
    by_password(client, "")
    held = on_the_page(client, reason)["Location"]
    reason.active = False
    reason.save()
    for answer in (client.get(held), on_results(client, reason)):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/praticien/")
        assert client.get(answer["Location"]).status_code == 200


@pytest.mark.parametrize("start", ["", "demain", "2026-11-30", "2026-11-23T08:00:00Z"])
def test_a_start_that_makes_no_sense_has_a_way_on(start, reason):
    answer = Client().post(reverse("booking:hold"), {"motif": reason.pk, "debut": start})
    assert answer.status_code in (302, 409)


# The first booking is for a relative. -------------------------------------------------------------


def first_booking(client, held, **given):
    page = client.get(held)
    return send(client, form_with(page, "first_name"), held, **IDENTITY | given)


def test_the_first_booking_is_for_ones_child(reason):
    client = Client()
    by_verification_link(client, "")
    held = on_the_page(client, reason)["Location"]
    refused = first_booking(client, held, first_name="Aurèle", relation="child")
    assert "Sans son accord" in refused.content.decode()
    assert "Aurèle" in refused.content.decode()
    assert not Patient.unscoped.exists()
    booked_is(first_booking(client, held, first_name="Aurèle", relation="child", consent="on"))
    assert Appointment.unscoped.get().patient.relation == Relation.CHILD
    # Later the owner adds themself, once.
    page = client.get(reverse("booking:new-person")).content.decode()
    assert 'value="self"' in page
    client.post(reverse("booking:new-person"), IDENTITY)
    assert sorted(Patient.unscoped.values_list("relation", flat=True)) == ["child", "self"]
    assert 'value="self"' not in client.get(reverse("booking:new-person")).content.decode()


def test_the_first_booking_is_for_a_child_in_a_row_and_on_the_waiting_list(reason):
    client = Client()
    by_verification_link(client, "")
    new = reverse("booking:new-person")
    wait = f"{reverse('booking:join-waiting-list')}?motif={reason.pk}"
    assert client.get(wait)["Location"] == new
    child = IDENTITY | {"first_name": "Aurèle", "relation": "child", "consent": "on"}
    back = client.post(new, child)["Location"]
    assert back == f"{wait}&pour={Patient.unscoped.get().pk}"
    assert "Aurèle" in client.get(wait).content.decode()
    held = in_a_row(client, reason)["Location"]
    assert "Il manque 1 personne" in client.get(held).content.decode()
    other = child | {"first_name": "Ada", "next": held}
    back = client.post(new, other)["Location"]
    booked_is(confirm_at(client, back), 2)
    assert set(Patient.unscoped.values_list("relation", flat=True)) == {"child"}


def test_the_birth_date_of_a_first_relative_is_checked_like_anyones(reason):
    client = Client()
    by_verification_link(client, "")
    held = on_the_page(client, reason)["Location"]
    born = date(2030, 1, 1).isoformat()
    answer = first_booking(client, held, relation="child", consent="on", birth_date=born)
    assert "pas possible" in answer.content.decode()


def test_the_address_of_holding_opened_as_a_page_leads_to_where_the_slot_was_chosen(reason):
    """As a change of language does on the answer that the slot is gone."""
    client = Client()
    on_the_page(client, reason)
    answer = client.get(reverse("booking:hold"))
    page = reverse("practitioners:practitioner", args=[reason.agenda.practitioner_id])
    assert answer["Location"].startswith(f"{page}?")
    assert client.get(answer["Location"]).status_code == 200
