"""An account's address and password are changed in place, and nobody takes the account with it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp

from audit.record.entries import system_actor
from booking.accounts import accounts
from booking.accounts.addresses import address_checks
from booking.models import Account, AddressCheck, CodeApp, Message
from booking.rights import erase
from tests.factories import PASSWORD, make_account, make_member, make_practice
from tests.support.accounts import GOOD, SIGN_IN, sign_in, sign_up_of, signed_in
from tests.support.email_change import (  # noqa: F401
    ACCOUNT,
    NEW,
    OLD,
    PAGE,
    PASSWORD_PAGE,
    PROVE,
    account,
    actions,
    ask,
    check,
    client,
    code,
    path_in,
    post,
    words,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


AGAIN, KEEP = reverse("booking:send-to-new-email"), reverse("booking:keep-email")


CHANGED_MAIL = "L’adresse de votre compte a changé"


def test_an_address_proved_in_a_browser_of_another_account_is_not_taken_for_its_own(
    account, client, now
):
    ask(client)
    link = path_in(next(text for to, _subject, text in post(now) if to == NEW))
    make_account("autre@exemple.fr")
    elsewhere = Client()
    sign_in(elsewhere, email="autre@exemple.fr")
    page = words(elsewhere.post(link, follow=True))
    assert "La nouvelle adresse de cet autre compte est vérifiée." in page
    assert NEW not in page
    assert signed_in(elsewhere)


def test_a_change_that_was_stopped_is_said_to_be_stopped(account, client, now):
    ask(client)
    link = path_in(next(text for to, _subject, text in post(now) if to == OLD))
    assert client.post(link).status_code == 302
    for answer in (client.get(link), client.post(link)):
        assert answer.status_code == 400
        assert "est déjà annulé" in words(answer)


def test_the_new_address_counts_once_it_is_proved_and_both_are_told(client, account, now):
    assert ask(client)["Location"] == PAGE
    sent = {to: subject for to, subject, _text in post(now)}
    assert sent == {
        OLD: "Une autre adresse est demandée pour votre compte",
        NEW: "Vérifiez votre nouvelle adresse",
    }
    page = words(client.get(PAGE))
    assert NEW in page
    assert "data-until" in page
    assert OLD in words(client.get(ACCOUNT))
    assert sign_in(Client(), email=NEW).status_code == 200
    assert client.post(PROVE, {"code": code()})["Location"] == ACCOUNT
    assert NEW in words(client.get(ACCOUNT))
    assert sorted((to, subject) for to, subject, _text in post(now)) == [
        (NEW, CHANGED_MAIL), (OLD, CHANGED_MAIL),
    ]  # fmt: skip
    assert sign_in(Client()).status_code == 200, "the former address opens nothing"
    assert sign_in(Client(), email=NEW).status_code == 302
    assert {"email-change-asked", "email-changed"} <= actions(account)


def test_by_the_link_in_another_browser_which_enters_nowhere(client, account, now):
    ask(client)
    link = path_in(next(text for to, _subject, text in post(now) if to == NEW))
    phone = Client()
    phone.get(link)
    account.refresh_from_db()
    assert accounts.email_index(OLD) == bytes(account.email_index)
    phone.post(link)
    assert not signed_in(phone)
    account.refresh_from_db()
    assert accounts.email_index(NEW) == bytes(account.email_index)
    assert NEW in words(client.get(ACCOUNT)), "the session that asked lives on"


@pytest.mark.parametrize("password", ["", "wrong", "x" * 100_000, "\x00"])
def test_it_takes_the_password(client, account, password):
    assert ask(client, password=password).status_code == 200
    assert not AddressCheck.objects.exists()
    assert not Message.objects.exists()


def test_guessing_the_password_there_is_slowed_down(client):
    for _ in range(10):
        ask(client, password="wrong")
    assert "Trop d’essais" in words(ask(client))
    current = {"current": PASSWORD, "password": GOOD}
    assert "Trop d’essais" in words(client.post(PASSWORD_PAGE, current))


def test_a_fresh_second_factor_serves_instead_of_the_password(account, now):
    device = CodeApp.objects.create(user=account, confirmed=True)
    client = Client()
    sign_in(client)
    client.post(reverse("booking:code"), {"code": f"{totp(device.seed):06d}"})
    assert 'name="password"' not in words(client.get(PAGE))
    assert client.post(PAGE, {"email": NEW})["Location"] == PAGE


def test_an_old_second_factor_does_not_but_may_be_given_again(account, now, time_machine):
    device = CodeApp.objects.create(user=account, confirmed=True)
    client = Client()
    sign_in(client)
    client.post(reverse("booking:code"), {"code": f"{totp(device.seed):06d}"})
    time_machine.move_to(now + timedelta(minutes=16), tick=False)
    again = client.get(PAGE)["Location"]
    assert again == f"{reverse('booking:prove-again')}?next={PAGE.replace('/', '%2F')}"
    assert client.post(PAGE, {"email": NEW})["Location"].startswith(reverse("booking:prove-again"))
    assert not AddressCheck.objects.exists()
    page = client.get(again)["Location"]
    answer = client.post(page, {"code": f"{totp(device.seed):06d}"})
    assert answer["Location"] == PAGE
    assert 'name="password"' not in words(client.get(PAGE))


@pytest.mark.parametrize("email", ["", "zoe", "z@", "\x00@exemple.fr", "z" * 400, f"{NEW}\nBcc: x"])
def test_what_is_no_address_is_refused(client, email):
    assert ask(client, email=email).status_code == 200
    assert not AddressCheck.objects.exists()


def test_the_same_address_is_no_change(client):
    assert "déjà l’adresse" in words(ask(client, email=" ZOE@exemple.fr "))
    assert not AddressCheck.objects.exists()


def test_an_address_of_another_account_looks_the_same_and_is_never_taken(client, account, now):
    other = make_account(NEW)
    assert ask(client)["Location"] == PAGE
    assert NEW in words(client.get(PAGE))
    sent = post(now)
    text = next(text for to, _subject, text in sent if to == NEW)
    assert "donner cette adresse à un autre compte" in text
    assert "créer un compte" not in text
    for page in ("booking:sign-in", "booking:forgotten"):
        assert f"{reverse(page)}\n" in text
    assert sorted((to, subject) for to, subject, _text in sent) == [
        (NEW, "Vous avez déjà un compte"),
        (OLD, "Une autre adresse est demandée pour votre compte"),
    ]
    assert "convient pas" in words(client.post(PROVE, {"code": code()}))
    link = reverse("booking:verify-email", args=[address_checks.link_token(check())])
    assert Client().post(link).status_code == 400
    account.refresh_from_db()
    other.refresh_from_db()
    assert accounts.email_index(OLD) == bytes(account.email_index)
    assert accounts.email_index(NEW) == bytes(other.email_index)


def test_an_address_taken_meanwhile_is_not_taken_twice(client, account, now):
    """CVE-2026-23478's analogue: no request puts an account under another's address."""
    ask(client)
    right = code()
    other = make_account(NEW)
    assert client.post(PROVE, {"code": right}).status_code == 200
    account.refresh_from_db()
    assert accounts.email_index(OLD) == bytes(account.email_index)
    assert Account.objects.get_by_natural_key(NEW) == other


def test_a_sign_up_that_proved_nothing_keeps_nobody_from_their_address(client, account, now):
    sign_up_of(NEW, now=now)
    squatter = make_account(NEW, email_verified_at=None)
    ask(client)
    assert client.post(PROVE, {"code": code()})["Location"] == ACCOUNT
    assert Account.objects.get_by_natural_key(NEW) == account
    squatter.refresh_from_db()
    assert not squatter.is_active


def test_nothing_but_the_code_changes_an_address(client, account):
    """Fields that no form has are no way to another address."""
    for url in (ACCOUNT, PAGE, PROVE, reverse("booking:people")):
        client.post(url, {"email": NEW, "email_index": "x", "language": "fr", "reminders": "both"})
    account.refresh_from_db()
    assert accounts.email_index(OLD) == bytes(account.email_index)


def test_reset_links_of_the_former_address_are_dead(client, account, now):
    client.post(reverse("booking:forgotten"), {"email": OLD})
    reset = path_in(next(text for _to, _subject, text in post(now)))
    ask(client)
    client.post(PROVE, {"code": code()})
    dead = Client().post(reset, {"password": GOOD})
    assert dead.status_code == 400
    # It leads on: to a new link, and to the account of whoever is signed in.
    assert f'href="{reverse("booking:forgotten")}"' in words(dead)
    assert f'href="{ACCOUNT}"' in words(client.get(reset))
    assert sign_in(Client(), email=NEW).status_code == 302


def test_a_later_change_voids_the_earlier_one(client, account, now):
    ask(client, email="une@exemple.fr")
    first = reverse("booking:verify-email", args=[address_checks.link_token(check())])
    client.post(KEEP)
    assert ask(client)["Location"] == PAGE
    assert Client().post(first).status_code == 400
    assert client.post(PROVE, {"code": code()})["Location"] == ACCOUNT


def test_it_is_given_up_and_sent_again(client, account, now, time_machine):
    ask(client)
    assert "Attendez un peu" in words(client.post(AGAIN, follow=True))
    time_machine.move_to(now + timedelta(minutes=2), tick=False)
    assert "part à l’instant" in words(client.post(AGAIN, follow=True))
    assert Message.objects.filter(kind="email_change").count() == 2
    client.post(KEEP)
    assert 'name="email"' in words(client.get(PAGE))
    assert client.post(PROVE, {"code": code()})["Location"] == ACCOUNT
    assert OLD in words(client.get(ACCOUNT))
    assert "email-change-stopped" in actions(account)


@pytest.mark.parametrize("url", [PROVE, AGAIN, KEEP])
def test_without_a_change_the_pages_lead_on(client, url):
    assert client.post(url, {"code": "123456"}, follow=True).status_code == 200


def test_a_member_keeps_their_practice_with_a_new_address(now):
    member = make_member(make_practice(), role="owner")
    account = member.account
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    ask(client)
    client.post(PROVE, {"code": code()})
    assert sign_in(Client(), email=NEW)["Location"] == reverse(
        "booking:agenda", args=[member.practice_id]
    )


def test_erasing_the_account_leaves_no_address_behind(client, account, now):
    ask(client)
    erase.erase_account(account=account, actor=system_actor(), now=now)
    assert not AddressCheck.objects.exists()
    assert post(now) == []


def test_the_account_page_leads_to_both(client):
    page = words(client.get(ACCOUNT))
    for address in (PAGE, PASSWORD_PAGE):
        assert f'href="{address}"' in page
    assert Client().get(PAGE)["Location"].startswith(SIGN_IN)


def test_a_change_that_waits_is_found_again_from_the_account(client, now, time_machine):
    waits = "attend d’être vérifiée"
    assert waits not in words(client.get(ACCOUNT))
    ask(client)
    assert waits in words(client.get(ACCOUNT))
    assert 'name="code"' in words(client.get(PAGE, follow=True))
    client.post(KEEP)
    assert waits not in words(client.get(ACCOUNT))
    ask(client)
    time_machine.move_to(now + timedelta(days=4), tick=False)
    sign_in(client)
    assert waits not in words(client.get(ACCOUNT))
