"""The link of the mail that proves an address: other browsers, what was begun, old links."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from booking.accounts.addresses import address_checks
from booking.models import Account
from practitioners.domain.scheduling.reservations import holds, take
from practitioners.models import Taken
from tests.factories import make_account
from tests.support.accounts import GOOD, SIGN_IN, choose, link_of, sign_in, signed_in
from tests.support.accounts import sign_up as send_sign_up
from tests.support.entering import APPOINTMENTS, MONDAY_NINE, hold_slot
from tests.support.verification import EMAIL, GO_ON, MAIL, STATE, code, enter, reason, words  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def test_the_link_in_another_browser_leads_to_the_slot_and_the_first_goes_on_too(reason, now):
    desk, phone = Client(), Client()
    target = hold_slot(desk, reason)
    send_sign_up(desk)
    assert desk.get(STATE).json() == {"state": "open"}
    assert "pas encore vérifiée" in words(desk.post(GO_ON, follow=True))
    phone.get(link_of())
    assert not Account.objects.exists(), "a scanner's GET proves nothing"
    assert choose(phone, page=link_of())["Location"] == target
    assert signed_in(phone)
    assert "gardé encore" in words(phone.get(target)), "the hold went over"
    # The browser that waits is led to the sign-in, by itself or by its button, and on to the slot.
    assert desk.get(STATE).json() == {"state": "proved"}
    assert "Continuer" in words(desk.get(MAIL))
    onward = desk.post(GO_ON)["Location"]
    assert onward.startswith(SIGN_IN)
    assert not signed_in(desk)
    assert "compte est ouvert" in words(desk.get(onward))
    assert sign_in(desk, password=GOOD, next=target)["Location"] == target
    assert Taken.objects.count() == 1


def test_the_sign_in_without_a_target_finds_the_slot_again(reason, now):
    desk, phone, tablet = Client(), Client(), Client()
    target = hold_slot(desk, reason)
    send_sign_up(desk)
    choose(phone, page=link_of())
    tablet.post(link_of())
    assert sign_in(tablet, password=GOOD)["Location"] == target


def test_another_account_takes_nothing_over(reason, now):
    desk, phone = Client(), Client()
    target = hold_slot(desk, reason)
    send_sign_up(desk)
    make_account("autre@exemple.fr")
    choose(Client(), page=link_of())
    phone.post(link_of())
    assert sign_in(phone, email="autre@exemple.fr")["Location"] == APPOINTMENTS
    assert "gardé encore" not in words(phone.get(target))


def test_a_slot_whose_hold_has_ended_is_held_again(reason, now, time_machine):
    client = Client()
    target = hold_slot(client, reason)
    send_sign_up(client)
    later = now + timedelta(minutes=take.HOLD_MINUTES + 1)
    time_machine.move_to(later, tick=False)
    holds.drop_expired_holds(now=later)
    answer = enter(client, code())
    held = Taken.objects.get()
    assert held.hold_until == later + timedelta(minutes=take.HOLD_MINUTES)
    assert answer["Location"].partition("?")[2] == target.partition("?")[2]
    assert "gardé encore" in words(client.get(answer["Location"]))


def test_a_slot_that_somebody_else_took_is_not_lost_from_sight(reason, now, time_machine):
    client = Client()
    target = hold_slot(client, reason)
    send_sign_up(client)
    later = now + timedelta(minutes=take.HOLD_MINUTES + 1)
    time_machine.move_to(later, tick=False)
    take.hold(visit_reason=reason, starts_at=MONDAY_NINE, key="x", now=later)
    assert enter(client, code())["Location"] == target
    assert Taken.objects.get().hold_key == "x"


def test_the_target_is_carried_by_the_mail_for_days(reason, now, time_machine):
    target = reverse("booking:reads")
    desk = Client()
    desk.post(reverse("booking:sign-up"), {"email": EMAIL, "next": target})
    link = link_of()
    time_machine.move_to(now + timedelta(days=2), tick=False)
    phone = Client()
    assert choose(phone, page=link)["Location"] == target
    # A machine that others use too does not enter by itself.
    assert desk.post(GO_ON)["Location"] == f"{SIGN_IN}?next=%2Fcompte%2Flectures%2F"
    assert not signed_in(desk)


def test_a_link_grows_old_and_says_what_to_do(client, now, time_machine):
    send_sign_up(client)
    link = link_of()
    time_machine.move_to(now + timedelta(hours=address_checks.LINK_HOURS), tick=False)
    for answer in (client.get(link), client.post(link)):
        assert answer.status_code == 400
        assert f'href="{SIGN_IN}"' in words(answer)
    assert not Account.objects.exists()


def test_a_link_used_twice_is_no_error_and_no_way_in(client, now):
    send_sign_up(Client())
    choose(client, page=link_of())
    again = Client()
    assert "déjà vérifiée" in words(again.get(link_of()))
    for data in ({}, {"password": "le mot de passe du pirate"}):
        answer = again.post(link_of(), data, follow=True)
        assert "déjà vérifiée" in words(answer)
        assert ("mot de passe choisi d’abord" in words(answer)) == bool(data)
    assert not signed_in(again)
    assert Account.objects.get().check_password(GOOD)
    assert client.post(link_of())["Location"] == APPOINTMENTS
    assert Entry.objects.filter(action="email-verified").count() == 1


def test_a_browser_signed_in_as_somebody_else_may_change_accounts(client, now):
    make_account("autre@exemple.fr")
    target = reverse("booking:reads")
    Client().post(reverse("booking:sign-up"), {"email": EMAIL, "next": target})
    sign_in(client, email="autre@exemple.fr")
    page = link_of()
    answer = client.get(choose(client, page=page)["Location"])
    page = words(answer)
    assert "autre compte" in page
    onward = re.search(r'name="next" value="([^"]+)"', page)[1]
    out = client.post(reverse("booking:sign-out"), {"next": onward})
    assert out["Location"] == onward
    assert sign_in(client, password=GOOD, next=target)["Location"] == target
