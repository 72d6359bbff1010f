"""Several people at one browser: who has begun a booking finishes it, and nobody else by surprise."""

import re
from datetime import UTC, datetime, time
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp

from booking.accounts import accounts
from booking.accounts.addresses import address_checks
from booking.models import AddressCheck, Appointment, CodeApp, Patient
from booking.models.accounts.account import email_index
from booking.pages.session import unfinished
from practitioners.models import Taken
from tests.factories import (
    PASSWORD,
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
)
from tests.support.any_order import IDENTITY, PLACES, booked_is, confirm_at, count_of
from tests.support.forms_on_page import form_with, forms_of, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
HOME = reverse("practitioners:home")
APPOINTMENTS = reverse("booking:my-appointments")
PHRASE = "une phrase facile à retenir"
BEGUN = "un rendez-vous a été commencé dans ce navigateur"


@pytest.fixture
def reason():
    row = make_reason(make_agenda(), series_at_most=4)
    make_opening(row.agenda, row, until_time=time(12))
    return row


def account_with_people(email="b@exemple.fr", **values):
    account = make_account(email, **values)
    make_patient(account)
    make_patient(account, first_name="Aurèle", relation="child")
    return account


def link_of(client, address, text):
    """Where a link of a page leads, by its text."""
    page = client.get(address).content.decode()
    found = re.search(rf'href="([^"]+)"[^>]*>{text}<', page)
    assert found, page[:3000]
    return unescape(found[1])


def header_link(client, address):
    return link_of(client, address, "Se connecter")


# Ways in, each beginning at the page that a link leads to. ---------------------------------------


def with_password(client, page, email="b@exemple.fr"):
    account_with_people(email)
    form = form_with(client.get(page), "password")
    return send(client, form, page, email=email, password=PASSWORD)


def with_code(client, page):
    account = account_with_people("c@exemple.fr")
    device = CodeApp.objects.create(user=account, name="Téléphone", confirmed=True)
    form = form_with(client.get(page), "password")
    asked = send(client, form, page, email="c@exemple.fr", password=PASSWORD)["Location"]
    form = form_with(client.get(asked), "code")
    return send(client, form, asked, code=f"{totp(device.seed):06d}")


def signed_up(client, page):
    page = link_of(client, page, "Créer un compte")
    form = form_with(client.get(page), "email")
    asked = send(client, form, page, email="d@exemple.fr")["Location"]
    return asked, AddressCheck.objects.get(email_index=email_index("d@exemple.fr"))


def choose_by_link(client, check):
    """Open the link of the mail, and choose the password on its page."""
    page = reverse("booking:verify-email", args=[address_checks.link_token(check)])
    form = form_with(client.get(page), "password")
    return send(client, form, page, password=PHRASE)


def with_new_account(client, page):
    asked, check = signed_up(client, page)
    form = form_with(client.get(asked), "code")
    page = send(client, form, asked, code=address_checks.code_of(check))["Location"]
    form = form_with(client.get(page), "password")
    return send(client, form, page, password=PHRASE)


def with_verification_link(client, page):
    _asked, check = signed_up(client, page)
    return choose_by_link(client, check)


def after_a_forgotten_password(client, page):
    """By way of the mail, which is opened in the same browser."""
    account = account_with_people("e@exemple.fr")
    client.get(page)
    forgotten = link_of(client, page, r"Mot de passe oublié\s?\?")
    send(client, form_with(client.get(forgotten), "email"), forgotten, email="e@exemple.fr")
    reset = reverse("booking:reset-password", args=[accounts.reset_token(account)])
    form = form_with(client.get(reset), "password")
    page = send(client, form, reset, password=PHRASE)["Location"]
    form = form_with(client.get(page), "password")
    return send(client, form, page, email="e@exemple.fr", password=PHRASE)


WAYS = [
    with_password, with_code, with_new_account, with_verification_link, after_a_forgotten_password,
]  # fmt: skip
# Each way in with one way to choose, and each way to choose with one way in.
CROSSED = [*((way, PLACES[1]) for way in WAYS), *((WAYS[0], each) for each in PLACES)]


def is_free(reason):
    """Whether somebody else could have the slot."""
    data = {"motif": reason.pk, "debut": NINE.isoformat()}
    return Client().post(reverse("booking:hold"), data).status_code == 302


# Nobody was signed in when it was begun. ----------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
def test_who_signs_in_to_finish_a_booking_goes_on_with_it(way, place, reason):
    client = Client()
    held = place(client, reason)["Location"]
    led = way(client, link_of(client, held, "J’ai un compte"))["Location"]
    assert led.partition("?")[0] == held.partition("?")[0]
    booked_is(confirm_at(client, led), count_of(place))
    assert BEGUN not in client.get(APPOINTMENTS).content.decode()


@pytest.mark.parametrize("way", WAYS)
def test_the_header_of_the_bookings_page_leads_on_to_it(way, reason):
    client = Client()
    held = PLACES[1](client, reason)["Location"]
    # And so does the header of the page to sign in, opened from there.
    page = header_link(client, header_link(client, held))
    led = way(client, page)["Location"]
    assert led.partition("?")[0] == held.partition("?")[0]
    booked_is(confirm_at(client, led))


@pytest.mark.parametrize(("way", "place"), CROSSED)
def test_who_signs_in_elsewhere_is_not_led_into_somebodys_booking(way, place, reason):
    client = Client()
    held = place(client, reason)["Location"]
    client.get(held)
    assert way(client, header_link(client, HOME))["Location"] == APPOINTMENTS
    page = client.get(APPOINTMENTS)
    # It is said, and nothing of it: neither with whom, nor what, nor when.
    text = page.content.decode()
    assert BEGUN in text and not Appointment.unscoped.exists()
    for secret in (str(reason.agenda.practitioner), "Consultation", "09:00", "30 novembre"):
        assert secret not in text
    # Whoever it was goes on and books.
    led = link_of(client, APPOINTMENTS, r"C’était moi\s?: continuer")
    booked_is(confirm_at(client, led), count_of(place))
    assert BEGUN not in client.get(APPOINTMENTS).content.decode()


def test_after_the_first_page_to_sign_in_was_left(reason):
    """One person opens the booking's page to sign in and leaves; another comes from the header."""
    client = Client()
    held = PLACES[1](client, reason)["Location"]
    client.get(link_of(client, held, "J’ai un compte"))
    assert with_password(client, header_link(client, HOME))["Location"] == APPOINTMENTS


def test_who_works_goes_to_their_work(reason):
    client = Client()
    client.get(PLACES[1](client, reason)["Location"])
    member = make_member(reason.agenda.practice, role="owner")
    member.account = make_account("travail@exemple.fr")
    member.save()
    page = header_link(client, HOME)
    form = form_with(client.get(page), "password")
    led = send(client, form, page, email="travail@exemple.fr", password=PASSWORD)
    assert led["Location"] == reverse("booking:agenda", args=[reason.agenda.practice_id])


def test_what_was_asked_for_comes_before_what_was_begun(reason):
    client = Client()
    client.get(PLACES[1](client, reason)["Location"])
    page = client.get(reverse("booking:people"))["Location"]
    assert with_password(client, page)["Location"] == reverse("booking:people")
    assert client.get(reverse("booking:sign-in"))["Location"] == APPOINTMENTS


def test_it_was_not_me(reason):
    client = Client()
    client.get(PLACES[1](client, reason)["Location"])
    with_password(client, header_link(client, HOME))
    assert not is_free(reason)
    page = client.get(APPOINTMENTS)
    form = forms_to(page, reverse("booking:let-go"))[0]
    assert send(client, form, APPOINTMENTS)["Location"] == APPOINTMENTS
    assert BEGUN not in client.get(APPOINTMENTS).content.decode()
    assert is_free(reason)


def forms_to(page, address):
    return [form for form in forms_of(page) if form.action == address]


def test_a_person_who_is_added_leads_to_nobody_elses_booking(reason):
    client = Client()
    client.get(PLACES[1](client, reason)["Location"])
    make_account("b@exemple.fr")
    page = header_link(client, HOME)
    form = form_with(client.get(page), "password")
    send(client, form, page, email="b@exemple.fr", password=PASSWORD)
    new = reverse("booking:new-person")
    form = form_with(client.get(new), "first_name")
    assert send(client, form, new, **IDENTITY)["Location"] == reverse("booking:people")


def test_a_link_of_an_account_that_was_made_elsewhere_takes_nothing_along(reason):
    """The sign-up began in the header: another browser gets neither the booking nor its hold."""
    desk, phone = Client(), Client()
    desk.get(PLACES[1](desk, reason)["Location"])
    _asked, check = signed_up(desk, header_link(desk, HOME))
    assert (check.target, check.hold_key) == ("", "")
    assert choose_by_link(phone, check)["Location"] == APPOINTMENTS
    assert BEGUN not in phone.get(APPOINTMENTS).content.decode()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("is_for_child", [False, True])
def test_the_link_of_the_mail_in_another_browser_books_there(place, is_for_child, reason):
    """Each way to choose, then signing up for it, and the mail is opened on the telephone."""
    desk, phone = Client(), Client()
    held = place(desk, reason)["Location"]
    _asked, check = signed_up(desk, link_of(desk, held, "J’ai un compte"))
    led = choose_by_link(phone, check)["Location"]
    assert "encore" in phone.get(led).content.decode(), "what the desk holds is held here"
    more = {"relation": "child", "consent": "on"} if is_for_child and place is not PLACES[3] else {}
    booked_is(confirm_at(phone, led, **more), count_of(place))
    if more:
        assert Patient.unscoped.get().relation == "child"
    # The desk's page leads to nothing that would book it a second time.
    assert desk.get(held).status_code == 409


# Somebody was. ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "place"), CROSSED)
def test_signing_out_lets_go_of_what_was_begun(way, place, reason):
    client = Client()
    with_password(client, header_link(client, HOME), email="a@exemple.fr")
    place(client, reason)
    assert Taken.objects.filter(hold_until__isnull=False).count() == count_of(place)
    out = forms_to(client.get(HOME), reverse("booking:sign-out"))[0]
    send(client, out, HOME)
    assert not Taken.objects.exists()
    assert way(client, header_link(client, HOME))["Location"] == APPOINTMENTS
    assert BEGUN not in client.get(APPOINTMENTS).content.decode()
    assert is_free(reason)


def test_what_was_begun_signed_out_and_finished_signing_in_ends_with_signing_out_too(reason):
    client = Client()
    held = PLACES[1](client, reason)["Location"]
    with_password(client, link_of(client, held, "J’ai un compte"))
    client.post(reverse("booking:sign-out"))
    assert is_free(reason)


def test_another_account_that_enters_over_it_inherits_nothing(reason):
    """Without signing out: in a tab that was open before."""
    client = Client()
    page = header_link(client, HOME)
    form = form_with(client.get(page), "password")
    with_password(client, page, email="a@exemple.fr")
    PLACES[1](client, reason)
    client.get(reverse("booking:join-waiting-list"), {"motif": reason.pk})
    account_with_people()
    led = send(client, form, page, email="b@exemple.fr", password=PASSWORD)
    assert led["Location"] == APPOINTMENTS
    assert BEGUN not in client.get(APPOINTMENTS).content.decode()
    assert is_free(reason)


def test_the_same_account_that_enters_again_keeps_its_booking(reason):
    client = Client()
    page = header_link(client, HOME)
    form = form_with(client.get(page), "password")
    with_password(client, page)
    held = PLACES[1](client, reason)["Location"]
    send(client, form, page, email="b@exemple.fr", password=PASSWORD)
    assert "gardé encore" in client.get(held).content.decode()
    booked_is(confirm_at(client, held))


def test_a_session_keeps_nothing_of_a_finished_booking(reason):
    client = Client()
    held = PLACES[1](client, reason)["Location"]
    led = with_password(client, link_of(client, held, "J’ai un compte"))["Location"]
    booked_is(confirm_at(client, led))
    assert not client.session.get(unfinished.AFTER_SIGN_IN)
    assert not client.session.get(unfinished.SET_ASIDE)
