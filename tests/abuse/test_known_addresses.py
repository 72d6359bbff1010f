"""Whether an address has an account shows nowhere: same page, same cookies, same work; and limits."""

import re

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import Entry
from booking.accounts import accounts
from booking.accounts.addresses import address_checks
from booking.accounts.sessions import throttle
from booking.models import Account, AddressCheck, CodeApp, Message, RecoverySheet
from booking.outbox import sending
from practitioners.models import Membership
from tests.factories import (
    PASSWORD,
    make_account,
    make_member,
    make_practice,
)
from tests.support.accounts import CHOOSE, GOOD, check_of, choose, link_of, sign_in, sign_up

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
SIGN_UP, FORGOTTEN = reverse("booking:sign-up"), reverse("booking:forgotten")
MAIL, AGAIN = reverse("booking:check-mail"), reverse("booking:send-again")
CORRECT, CHANGE = reverse("booking:correct-address"), reverse("booking:change-email")
KNOWN, UNKNOWN = "connue@exemple.fr", "inconnue@exemple.fr"


def ask(page):
    def asked(client, email):
        return client.post(page, {"email": email})

    return asked


def after_sign_up(page):
    def asked(client, email):
        client.post(SIGN_UP, {"email": "autre@exemple.fr"})
        return client.post(page, {"email": email})

    return asked


def change_to(client, email):
    make_account("moi@exemple.fr")
    sign_in(client, email="moi@exemple.fr")
    return client.post(CHANGE, {"email": email, "password": PASSWORD})


def wrong_password(client, email):
    return sign_in(client, email=email, password="wrong")


DOORS = {
    "sign-up": ask(SIGN_UP),
    "forgotten": ask(FORGOTTEN),
    "correct": after_sign_up(CORRECT),
    "change": change_to,
    "sign-in": wrong_password,
}
KINDS = {
    "verified": {},
    "staff": {"is_staff": True},
    "closed": {"is_active": False},
    "unverified": {"email_verified_at": None},
    "with-factor": {},
}


def shape(sql):
    """A statement without what it is about."""
    sql = re.sub(r'"s\d+_x\d+"', "savepoint", sql)
    text = re.sub(r"'[^']*'(::\w+(\[\])?)?|\b\d+\b|\\x[0-9a-f]+", "?", sql)
    return re.sub(r"\(\?(, \?)*\)|ARRAY\[[^]]*\]", "?", text)


def watched(door, email, monkeypatch):
    """What one request with an address does, and what the browser is left with."""
    client, hashed = Client(), []
    real = Account.set_password
    real_check = Account.check_password

    def counted(self, *args):
        hashed.append(1)
        return real(self, *args)

    def checked(self, *args):
        hashed.append(1)
        return real_check(self, *args)

    monkeypatch.setattr(Account, "set_password", counted)
    monkeypatch.setattr(Account, "check_password", checked)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = door(client, email)
    monkeypatch.setattr(Account, "set_password", real)
    monkeypatch.setattr(Account, "check_password", real_check)
    page = re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]+"', "", answer.content.decode())
    return {
        "status": answer.status_code,
        "location": answer.get("Location", ""),
        "headers": sorted(name for name in answer.headers if name != "Set-Cookie"),
        "page": page.replace(email, "ADDRESS"),
        "cookies": {name: (len(m.value), m["max-age"], m["path"]) for name, m in client.cookies.items()},
        "session": sorted(client.session.keys()),
        "statements": [shape(each["sql"]) for each in queries],
        "hashes": len(hashed),
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("door", DOORS)
def test_a_known_address_is_answered_with_the_same_work(door, kind, monkeypatch):
    account = make_account(KNOWN, **KINDS[kind])
    if kind == "with-factor":
        CodeApp.objects.create(user=account, name="totp", confirmed=True)
        make_member(make_practice(), role="owner")
        Membership.objects.create(account=account, practice=make_practice(), role="owner")
    # Once each, so that what is made at first use is made.
    watched(DOORS[door], "premiere@exemple.fr", monkeypatch)
    Account.objects.filter(email_index=accounts.email_index("moi@exemple.fr")).delete()
    found = watched(DOORS[door], KNOWN, monkeypatch)
    Account.objects.filter(email_index=accounts.email_index("moi@exemple.fr")).delete()
    unknown = watched(DOORS[door], UNKNOWN, monkeypatch)
    assert found == unknown


@pytest.mark.parametrize("door", ["sign-up", "forgotten"])
def test_no_account_is_looked_for_before_the_answer(door):
    """The worker finds out what stands at the address, and writes to its owner alone."""
    make_account(KNOWN)
    for email in (KNOWN, UNKNOWN):
        with CaptureQueriesContext(connection) as queries:
            DOORS[door](Client(), email)
        assert not [each["sql"] for each in queries if 'FROM "booking_account"' in each["sql"]]
    assert {message.account_id for message in Message.objects.all()} == {None}
    assert not mail.outbox


def test_the_worker_writes_what_fits_the_address(now):
    make_account(KNOWN)
    make_account("fermee@exemple.fr", is_active=False)
    for email in (KNOWN, UNKNOWN, "fermee@exemple.fr"):
        DOORS["sign-up"](Client(), email)
        DOORS["forgotten"](Client(), email)
    sending.send_owed(now=now)
    said = {(letter.to[0], letter.subject) for letter in mail.outbox}
    assert said == {
        (KNOWN, "Vous avez déjà un compte"),
        (KNOWN, "Nouveau mot de passe"),
        (UNKNOWN, "Vérifiez votre adresse"),
        ("fermee@exemple.fr", "Vérifiez votre adresse"),
    }


# Limits, of which an address's own shows to nobody. ----------------------------------------------


@pytest.mark.parametrize("email", [KNOWN, UNKNOWN])
@pytest.mark.parametrize("door", ["sign-up", "forgotten"])
def test_nobody_fills_a_mailbox(door, email, settings, now):
    settings.PROXIES = 1
    make_account(KNOWN)
    pages = set()
    for n in range(throttle.MAILS_AN_ADDRESS + 5):
        headers = {"X-Forwarded-For": f"100.64.0.{n}"}
        page = SIGN_UP if door == "sign-up" else FORGOTTEN
        answer = Client().post(page, {"email": f" {email.upper()} "}, headers=headers)
        pages.add((answer.status_code, answer["Location"]))
    assert len(pages) == 1
    assert Message.objects.count() == throttle.MAILS_AN_ADDRESS
    sending.send_owed(now=now)
    assert len(mail.outbox) <= throttle.MAILS_AN_ADDRESS


def test_mails_of_all_kinds_are_limited_a_day(time_machine, now):
    from datetime import timedelta

    for hour in range(8):
        time_machine.move_to(now + timedelta(hours=hour * 2), tick=False)
        for _ in range(3):
            for page in (SIGN_UP, FORGOTTEN):
                Client().post(page, {"email": UNKNOWN})
    assert Message.objects.count() == throttle.MAILS_AN_ADDRESS_A_DAY


@pytest.mark.parametrize("page", [SIGN_UP, FORGOTTEN])
def test_a_network_is_slowed_down(page, settings):
    settings.PROXIES = 1
    headers = {"X-Forwarded-For": "2001:db8:1:2::1"}
    for n in range(throttle.MAILS_A_NETWORK):
        Client().post(page, {"email": f"x{n}@exemple.fr"}, headers=headers)
    headers = {"X-Forwarded-For": "2001:db8:1:2:ffff::9"}
    answer = Client().post(page, {"email": "y@exemple.fr"}, headers=headers)
    assert "Trop d’essais" in answer.content.decode()
    assert Message.objects.count() == throttle.MAILS_A_NETWORK


def test_an_account_asks_for_so_many_mails(settings):
    settings.PROXIES = 1
    make_account("moi@exemple.fr")
    client = Client()
    sign_in(client, email="moi@exemple.fr")
    for n in range(throttle.MAILS_A_BROWSER):
        client.post(reverse("booking:keep-email"))
        headers = {"X-Forwarded-For": f"100.64.0.{n}"}
        data = {"email": f"x{n}@exemple.fr", "password": PASSWORD}
        assert client.post(CHANGE, data, headers=headers).status_code == 302
    client.post(reverse("booking:keep-email"))
    answer = client.post(CHANGE, {"email": "y@exemple.fr", "password": PASSWORD})
    assert "Trop d’essais" in answer.content.decode()


# The password comes after the proof. ---------------------------------------------------------------


@pytest.mark.parametrize("more", [{"password": "le mot de passe du pirate"}, {}])
def test_no_password_counts_that_was_chosen_before_the_proof(more):
    thief, owner = Client(), Client()
    sign_up(thief, UNKNOWN, **more)
    assert not Account.objects.exists()
    for page in (CHOOSE, MAIL, reverse("booking:go-on")):
        thief.post(page, {"password": "le mot de passe du pirate", "code": "000000"})
    assert not Account.objects.exists()
    # The owner confirms what the thief began, by mistake.
    choose(owner, page=link_of(UNKNOWN))
    account = Account.objects.get()
    assert account.check_password(GOOD)
    for page in (CHOOSE, reverse("booking:go-on"), link_of(UNKNOWN)):
        thief.post(page, {"password": "le mot de passe du pirate"}, follow=True)
    assert "_auth_user_id" not in thief.session
    account.refresh_from_db()
    assert account.check_password(GOOD)


def test_a_code_of_one_browser_opens_the_password_in_no_other():
    first, second = Client(), Client()
    sign_up(first, UNKNOWN)
    code = address_checks.code_of(check_of(UNKNOWN))
    sign_up(second, UNKNOWN)
    second.post(MAIL, {"code": code})
    assert choose(second)["Location"] == MAIL
    first.post(MAIL, {"code": code})
    assert choose(second)["Location"] == MAIL
    assert choose(first).status_code == 302
    assert Account.objects.count() == 1


def test_two_who_prove_the_same_address_open_one_account():
    first, second = Client(), Client()
    for client in (first, second):
        sign_up(client, UNKNOWN)
        client.post(MAIL, {"code": address_checks.code_of(check_of(UNKNOWN))})
    choose(first)
    assert choose(second, "une troisième phrase facile")["Location"] == MAIL
    assert Account.objects.get().check_password(GOOD)
    assert AddressCheck.objects.filter(ended_at=None).count() == 1


# A new password. ------------------------------------------------------------------------------------


def reset(client, account, **more):
    link = reverse("booking:reset-password", args=[accounts.reset_token(account)])
    page = client.get(link).content.decode()
    return page, client.post(link, {"password": GOOD, **more})


def with_factors(account):
    CodeApp.objects.create(user=account, name="totp", confirmed=True)
    RecoverySheet.objects.create(user=account, name="recovery")
    return account


def test_a_reset_ends_every_session_and_browser_that_was_known():
    account = make_account(KNOWN)
    old = Client()
    sign_in(old, email=KNOWN)
    reset(Client(), account)
    assert old.get(reverse("booking:account")).status_code == 302
    account.refresh_from_db()
    assert not account.sign_ins.exists()


@pytest.mark.parametrize("ends", [True, False])
def test_a_reset_offers_a_patient_to_end_the_factors(ends, now):
    account = with_factors(make_account(KNOWN))
    door = Client()
    at_the_code = door.get(sign_in(door, email=KNOWN)["Location"]).content.decode()
    assert f'href="{reverse("booking:forgotten")}"' in at_the_code
    page, _answer = reset(Client(), account, **({"ends_factors": "on"} if ends else {}))
    assert "Votre second facteur reste demandé" not in page
    assert 'name="ends_factors"' in page
    assert CodeApp.objects.exists() is RecoverySheet.objects.exists() is not ends
    assert Entry.objects.filter(action="factors-ended").exists() is ends
    sending.send_owed(now=now)
    told = [letter.subject for letter in mail.outbox]
    assert ("Le second facteur de votre compte est retiré" in told) is ends


@pytest.mark.parametrize("is_staff", [True, False])
def test_a_mail_alone_takes_no_factor_of_a_member_or_of_the_team(is_staff):
    account = with_factors(make_account(KNOWN, is_staff=is_staff))
    if not is_staff:
        Membership.objects.create(account=account, practice=make_practice(), role="secretary")
    page, answer = reset(Client(), account, ends_factors="on")
    assert answer.status_code == 302
    assert 'name="ends_factors"' not in page
    # It is said what remains of the factors, and who takes a lost one away.
    assert "Votre second facteur reste demandé" in page
    assert "deux de ses membres en décident" in page
    assert CodeApp.objects.exists()
    assert RecoverySheet.objects.exists()
    client = Client()
    answer = sign_in(client, email=KNOWN, password=GOOD)
    assert answer["Location"].startswith(reverse("booking:code"))
    assert "deux de ses membres en décident" in client.get(answer["Location"]).content.decode()
