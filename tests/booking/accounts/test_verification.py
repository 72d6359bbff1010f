"""An address is proved by a code or a link, in this browser or another, and the slot is found again."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from booking.accounts.addresses import address_checks
from booking.accounts.sessions import throttle
from booking.models import Account, AddressCheck, Message
from booking.outbox import sending
from tests.factories import make_account
from tests.support.accounts import GOOD, SIGN_IN, check_of, choose, link_of, sign_in, signed_in
from tests.support.accounts import sign_up as send_sign_up
from tests.support.entering import APPOINTMENTS, hold_slot
from tests.support.verification import (  # noqa: F401
    AGAIN,
    EMAIL,
    GO_ON,
    MAIL,
    STATE,
    code,
    enter,
    reason,
    type_code,
    words,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


CORRECT = reverse("booking:correct-address")


def wrong(right=None):
    return f"{(int(right or code()) + 1) % 10**6:06d}"


@pytest.mark.parametrize(
    "shape", ["{}", " {} ", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}", "code : {}"]
)
def test_the_code_of_the_mail_opens_the_account(client, now, shape):
    send_sign_up(client)
    sending.send_owed(now=now)
    (letter,) = mail.outbox
    assert letter.to == [EMAIL]
    (sent,) = re.findall(r"^(\d{3} \d{3})$", letter.body, re.M)
    assert sent in letter.alternatives[0][0]
    assert enter(client, shape.format(sent.replace(" ", "")))["Location"] == APPOINTMENTS
    assert signed_in(client)
    account = Account.objects.get()
    assert account.email_verified_at == now
    assert Entry.objects.filter(action="email-verified", subjects=[account.pk]).exists()


def test_the_page_says_which_address_and_how_long(client, now):
    send_sign_up(client)
    page = words(client.get(MAIL))
    assert EMAIL in page
    assert re.search(r'data-until="2026-11-24T(09:30|10:30)', page)
    # In minutes and seconds, for a reader without scripts too: the last minute is no "0 minutes".
    assert re.search(r">(30:00|29:5\d)</span>", page)
    assert f'action="{AGAIN}"' in page
    assert f'action="{CORRECT}"' in page


def test_nothing_of_the_address_or_code_stands_in_the_session_or_database(client):
    send_sign_up(client)
    kept = repr(dict(client.session))
    right = code()
    assert EMAIL not in kept
    assert right not in kept
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(c)::text FROM booking_addresscheck c")
        (row,) = cursor.fetchone()
    assert right not in row
    assert EMAIL not in row


def test_a_code_serves_few_tries_and_a_new_one_is_sent(client, now, time_machine):
    send_sign_up(client)
    first = code()
    for _ in range(address_checks.TRIES):
        assert "Ce code ne" in words(type_code(client, wrong(first))) or _ == 4
    assert "n’est plus valable" in words(type_code(client, first))
    assert not signed_in(client)
    time_machine.move_to(now + timedelta(minutes=2), tick=False)
    client.post(AGAIN)
    assert code() != first
    assert "convient pas" in words(type_code(client, first))
    assert enter(client, code()).status_code == 302
    assert signed_in(client)


def test_a_code_serves_once_and_for_half_an_hour(client, now, time_machine):
    send_sign_up(client)
    late = now + timedelta(minutes=address_checks.CODE_MINUTES)
    time_machine.move_to(late, tick=False)
    assert "n’est plus valable" in words(type_code(client, code()))
    time_machine.move_to(late - timedelta(seconds=1), tick=False)
    text = code()
    assert enter(client, text).status_code == 302
    client.post(reverse("booking:sign-out"))
    assert "Aucune adresse" in words(client.post(MAIL, {"code": text}, follow=True))
    check, network = AddressCheck.objects.get(), "192.0.2.1"
    with pytest.raises(address_checks.InvalidLink):
        address_checks.prove_by_code(check=check, code=text, network=network, now=late)


@pytest.mark.parametrize("text", ["", " ", "abc", "1", "1" * 41, "\x00", "１２３", "0" * 6, "-1"])
def test_what_is_no_code_is_answered_by_the_page(client, text):
    send_sign_up(client)
    answer = type_code(client, text)
    assert answer.status_code == 200
    assert EMAIL in words(answer)
    assert not signed_in(client)


def test_wrong_codes_are_limited_a_day_whatever_is_sent_again(client, now, time_machine):
    send_sign_up(client)
    at = now
    for n in range(throttle.WRONG_CODES_A_DAY):
        if n % address_checks.TRIES == 0 and n:
            at += timedelta(hours=1)
            time_machine.move_to(at, tick=False)
            client.post(AGAIN)
        type_code(client, wrong())
    at += timedelta(hours=1)
    time_machine.move_to(at, tick=False)
    client.post(AGAIN)
    assert "Trop de codes faux" in words(type_code(client, code()))
    assert not signed_in(client)
    # The link is too long to guess, and goes on working.
    choose(client, page=link_of())
    assert signed_in(client)


def shown(client):
    """The page, without what differs from one request to the next."""
    return re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]+"', "", words(client.get(MAIL)))


@pytest.mark.parametrize("known", ["verified", "unverified", "closed"])
def test_a_known_address_looks_like_a_new_one_all_along(known, now, time_machine):
    if known == "unverified":
        make_account(EMAIL, email_verified_at=None)
    else:
        make_account(EMAIL, is_active=known != "closed")
    stranger, other = Client(), Client()
    answers = [send_sign_up(stranger), send_sign_up(other, email="neuve@exemple.fr")]
    pages = [shown(stranger), shown(other).replace("neuve@exemple.fr", EMAIL)]
    assert [a["Location"] for a in answers] == [MAIL, MAIL]
    assert pages[0] == pages[1]
    for text in ("000000", "111111", "222222", "333333", "444444", "555555"):
        first, second = type_code(stranger, text), type_code(other, text)
        assert first.status_code == second.status_code == 200
        assert re.findall(r'id_code_error">\s*(.*?)\s*<', words(first), re.S) == re.findall(
            r'id_code_error">\s*(.*?)\s*<', words(second), re.S
        )
    assert stranger.get(STATE).json() == other.get(STATE).json() == {"state": "open"}
    time_machine.move_to(now + timedelta(minutes=3), tick=False)
    for client in (stranger, other):
        assert "part à l’instant" in words(client.post(AGAIN, follow=True))
        assert client.post(GO_ON)["Location"] == MAIL
    assert not signed_in(stranger)


def test_a_verified_account_is_told_and_not_opened_by_a_sign_up(client, now):
    account = make_account(EMAIL)
    former = account.password
    send_sign_up(client)
    sending.send_owed(now=now)
    assert [letter.subject for letter in mail.outbox] == ["Vous avez déjà un compte"]
    check = AddressCheck.objects.get()
    assert check.account is None
    # Even the right code, which nobody was sent, and its link prove nothing.
    assert "convient pas" in words(type_code(client, address_checks.code_of(check)))
    assert choose(client)["Location"] == MAIL
    assert choose(client, page=link_of()).status_code == 400
    assert not signed_in(client)
    account.refresh_from_db()
    assert account.password == former


def test_only_who_reads_the_mail_chooses_the_password(client, now):
    """Somebody who signs up with a stranger's address first gains nothing by it."""
    attacker = Client()
    send_sign_up(attacker, password="le mot de passe du pirate")
    theirs = link_of()
    send_sign_up(client)
    assert choose(attacker, "le mot de passe du pirate")["Location"] == MAIL
    enter(client, code())
    assert signed_in(client)
    assert attacker.get(STATE).json() == {"state": "over"}
    attacker.post(GO_ON)
    assert not signed_in(attacker)
    assert sign_in(Client(), password="le mot de passe du pirate").status_code == 200
    assert sign_in(Client(), password=GOOD)["Location"] == APPOINTMENTS
    assert choose(Client(), "le mot de passe du pirate", theirs).status_code == 400


def test_a_strangers_sign_up_that_is_confirmed_by_mistake_opens_nothing_to_them(client, now):
    """The reader of a link that a stranger began chooses the password, and alone enters."""
    stranger, phone = Client(), Client()
    send_sign_up(stranger, password="le mot de passe du pirate")
    assert 'name="password"' in words(phone.get(link_of()))
    assert choose(phone, page=link_of())["Location"] == APPOINTMENTS
    assert stranger.get(STATE).json() == {"state": "proved"}
    assert stranger.post(GO_ON)["Location"] == SIGN_IN
    assert choose(stranger, "le mot de passe du pirate")["Location"] == MAIL
    assert not signed_in(stranger)
    assert sign_in(stranger, password="le mot de passe du pirate").status_code == 200


def test_a_mail_is_sent_again_but_not_at_once(client, now, time_machine):
    send_sign_up(client)
    Message.objects.update(state="sent")
    assert "Attendez un peu" in words(client.post(AGAIN, follow=True))
    assert Message.objects.count() == 1
    waits, at = [], now
    for _ in range(4):
        check = check_of()
        waits.append(address_checks.next_mail_at(check) - check.sent_at)
        at += waits[-1]
        time_machine.move_to(at, tick=False)
        assert "part à l’instant" in words(client.post(AGAIN, follow=True))
    assert waits == [timedelta(minutes=n) for n in (1, 2, 4, 8)]
    assert Message.objects.filter(kind="verify_email").count() == 5
    assert len({m.address_check_id for m in Message.objects.all()}) == 1


def test_the_code_of_an_earlier_mail_still_fits_after_another_was_sent(client, now, time_machine):
    send_sign_up(client)
    first = code()
    time_machine.move_to(now + timedelta(minutes=5), tick=False)
    client.post(AGAIN)
    assert code() == first


def test_a_mistyped_address_is_corrected(client, now):
    send_sign_up(client, email="zeo@exemple.fr")
    mistyped = link_of("zeo@exemple.fr")
    assert client.post(CORRECT, {"email": " Zoe@exemple.fr "})["Location"] == MAIL
    assert "Zoe@exemple.fr" in words(client.get(MAIL))
    sending.send_owed(now=now)
    assert [letter.to for letter in mail.outbox] == [["Zoe@exemple.fr"]], "the other one is void"
    assert choose(Client(), page=mistyped).status_code == 400
    enter(client, code())
    assert sign_in(Client(), password=GOOD)["Location"] == APPOINTMENTS
    assert Account.objects.count() == 1


@pytest.mark.parametrize("email", ["", "zoe", "zoe@", "z" * 300 + "@exemple.fr", "a@b.fr\nBcc: x"])
def test_what_is_no_address_is_not_taken(client, email):
    send_sign_up(client)
    answer = client.post(CORRECT, {"email": email})
    assert answer.status_code == 200
    assert "<details open>" in words(answer)
    assert AddressCheck.objects.count() == 1


def test_correcting_to_a_known_address_and_back_shows_nothing(client, now):
    known = make_account("autre@exemple.fr")
    send_sign_up(client)
    client.post(CORRECT, {"email": "autre@exemple.fr"})
    assert "autre@exemple.fr" in words(client.get(MAIL))
    sending.send_owed(now=now)
    assert mail.outbox[-1].subject == "Vous avez déjà un compte"
    assert mail.outbox[-1].to == ["autre@exemple.fr"]
    assert Account.objects.get() == known
    client.post(CORRECT, {"email": "neuve@exemple.fr"})
    check = check_of("neuve@exemple.fr")
    assert enter(client, address_checks.code_of(check)).status_code == 302
    assert sign_in(Client(), email="neuve@exemple.fr", password=GOOD).status_code == 302


def test_a_stranger_ends_no_sign_up_that_somebody_else_began(client, now):
    owner, stranger = Client(), Client()
    send_sign_up(owner)
    text = code()
    send_sign_up(stranger)
    stranger.post(CORRECT, {"email": "pirate@exemple.fr"})
    assert enter(owner, text)["Location"] == APPOINTMENTS


def test_the_same_form_sent_twice_begins_one_sign_up(client):
    send_sign_up(client)
    send_sign_up(client)
    assert AddressCheck.objects.count() == Message.objects.count() == 1


def test_a_wrong_password_of_an_unverified_account_leads_nowhere(client):
    make_account(EMAIL, email_verified_at=None)
    assert sign_in(client, password="wrong").status_code == 200
    assert "Aucune adresse" in words(client.get(MAIL))


def test_a_second_sign_up_keeps_the_booking_in_progress(reason, client):
    target = hold_slot(client, reason)
    send_sign_up(client, email="zeo@exemple.fr")
    client.post(CORRECT, {"email": EMAIL})
    assert enter(client, code())["Location"] == target


@pytest.mark.parametrize("page", [AGAIN, CORRECT, GO_ON])
def test_without_a_sign_up_the_pages_lead_on(client, page):
    answer = client.post(page, {"email": EMAIL}, follow=True)
    assert answer.status_code == 200
    assert "Aucune adresse" in words(answer) or 'name="password"' in words(answer)
    assert client.get(STATE).json() == {"state": "over"}
    assert not Message.objects.exists()


def test_who_is_signed_in_has_nothing_to_prove(client):
    make_account(EMAIL)
    sign_in(client)
    assert client.get(MAIL)["Location"] == APPOINTMENTS
    assert client.post(GO_ON)["Location"] == APPOINTMENTS


def test_a_new_password_by_mail_ends_the_sign_up_that_waits(client, now):
    account = make_account(EMAIL, email_verified_at=None)
    send_sign_up(client)
    from booking.accounts import accounts

    accounts.reset_password(
        token=accounts.reset_token(account), password="encore une phrase", now=now
    )
    assert "convient pas" in words(type_code(client, code()))
    assert choose(Client(), page=link_of()).status_code == 400
    account.refresh_from_db()
    assert account.check_password("encore une phrase")


def test_a_mail_that_leaves_late_carries_a_code_that_is_still_good(client, now, time_machine):
    send_sign_up(client)
    late = now + timedelta(hours=5)
    time_machine.move_to(late, tick=False)
    sending.send_owed(now=late)
    (sent,) = re.findall(r"^(\d{3} \d{3})$", mail.outbox[0].body, re.M)
    assert type_code(client, sent).status_code == 302


def test_a_flood_of_sign_ups_from_one_network_is_slowed_down(client, settings, now):
    settings.PROXIES = 1
    for n in range(throttle.MAILS_A_NETWORK):
        throttle.take_mail(kind="reset", index=bytes([n]), network="203.0.113.7", now=now)
    headers = {"X-Forwarded-For": "203.0.113.7"}
    data = {"email": EMAIL}
    answer = client.post(reverse("booking:sign-up"), data, headers=headers)
    assert "Trop d’essais" in words(answer)
    assert not Account.objects.exists()
    asked = client.post(reverse("booking:forgotten"), {"email": EMAIL}, headers=headers)
    assert "Trop d’essais" in words(asked)


def test_old_checks_are_forgotten(client, now):
    send_sign_up(client)
    assert address_checks.forget_old(now=now + timedelta(days=address_checks.KEPT_DAYS)) == 0
    later = now + timedelta(days=address_checks.KEPT_DAYS, seconds=1)
    assert address_checks.forget_old(now=later) == 1
    assert "Aucune adresse" in words(client.get(MAIL))
    assert choose(client).status_code == 302 and not Account.objects.exists()
