"""Sign-up, verification, sign-in, second factor and password, through the pages."""

import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp

from audit.models import Entry
from booking.accounts import accounts
from booking.accounts import sign_up as sign_ups
from booking.accounts.addresses import address_checks
from booking.models import Account, CodeApp, Message, RecoveryCode
from booking.outbox import sending
from tests.factories import (
    PASSWORD,
    make_account,
    make_member,
    make_practice,
    verified_client,
)
from tests.support.accounts import (
    CHOOSE,
    CODE,
    GOOD,
    SIGN_IN,
    check_of,
    choose,
    link_of,
    sign_in,
    sign_up,
    sign_up_of,
    signed_in,
)

pytestmark = pytest.mark.django_db


def test_sign_up_verify_and_enter(client):
    assert sign_up(client).status_code == 302
    assert not Account.objects.exists()
    assert list(Message.objects.values_list("kind", flat=True)) == ["verify_email"]
    link = link_of()
    client.get(link)
    assert not Account.objects.exists(), "a mail scanner's GET must not verify"
    client.post(link)
    assert not Account.objects.exists(), "nor a POST that chooses no password"
    assert choose(client, page=link)["Location"] == reverse("booking:my-appointments")
    account = Account.objects.get()
    assert account.password.startswith("argon2$argon2id$")
    assert account.email_verified_at
    assert signed_in(client)
    actions = Entry.objects.filter(subjects=[account.pk]).values_list("action", flat=True)
    assert {"account-created", "email-verified"} <= set(actions)


def test_a_link_alone_signs_nobody_in(client):
    sign_up(Client())
    client.post(link_of())
    assert not signed_in(client)
    choose(Client(), page=link_of())
    client.post(link_of(), follow=True)
    assert not signed_in(client)


@pytest.mark.parametrize("known", [True, False])
def test_sign_up_answers_alike_whether_the_address_is_known(client, known, now):
    if known:
        make_account("zoe@exemple.fr")
    answer = sign_up(client, email="Zoe@Exemple.fr")
    assert (answer.status_code, answer["Location"]) == (302, reverse("booking:check-mail"))
    assert list(Message.objects.values_list("kind", "account")) == [("verify_email", None)]
    sending.send_owed(now=timezone.now())
    (letter,) = mail.outbox
    expected = "Vous avez déjà un compte" if known else "Vérifiez votre adresse"
    assert letter.subject == expected
    assert bool(re.search(r"^\d{3} \d{3}$", letter.body, re.M)) is not known
    assert Account.objects.count() == int(known)


@pytest.mark.parametrize("password", ["court", "123456789012345", "password1234", ""])
def test_weak_passwords_are_refused_and_the_address_is_kept(client, password):
    sign_up(client)
    client.post(reverse("booking:check-mail"), {"code": address_checks.code_of(check_of())})
    for page in (CHOOSE, link_of()):
        answer = choose(client, password, page)
        assert answer.status_code == 200
        assert 'value="zoe@exemple.fr"' in answer.content.decode()
        assert 'aria-invalid="true"' in answer.content.decode()
    assert not Account.objects.exists()
    assert choose(client).status_code == 302


def test_an_account_from_before_proves_its_address_and_chooses_anew(client):
    """Accounts were once begun with a password, before their address was proved."""
    account = make_account("zoe@exemple.fr", email_verified_at=None)
    assert sign_in(client)["Location"] == reverse("booking:check-mail")
    assert not signed_in(client)
    assert Message.objects.get().kind == "verify_email"
    client.post(reverse("booking:check-mail"), {"code": address_checks.code_of(check_of())})
    choose(client)
    account.refresh_from_db()
    assert signed_in(client)
    assert account.email_verified_at
    assert account.check_password(GOOD)


def test_nobody_fills_a_strangers_mailbox(client):
    make_account("zoe@exemple.fr")
    for _ in range(accounts.MAILS_AN_HOUR + 3):
        client.post(reverse("booking:forgotten"), {"email": "zoe@exemple.fr"})
    assert Message.objects.count() == accounts.MAILS_AN_HOUR


@pytest.mark.parametrize(
    ("email", "password"),
    [("zoe@exemple.fr", "wrong"), ("nobody@exemple.fr", PASSWORD), ("zoe@exemple.fr", "")],
)
def test_a_wrong_password_and_an_unknown_address_are_refused_alike(client, email, password):
    make_account("zoe@exemple.fr")
    answer = sign_in(client, email=email, password=password)
    assert answer.status_code == 200
    assert not signed_in(client)


def test_a_closed_account_does_not_enter(client):
    make_account("zoe@exemple.fr", is_active=False)
    sign_in(client)
    assert not signed_in(client)


def test_what_redis_counts_names_nobody(client):
    from audit.redis_client import redis_client

    sign_in(client, email="zoe@exemple.fr", password="wrong")
    keys = b" ".join(redis_client().keys("*"))
    assert b"tries:password" in keys
    assert b"zoe" not in keys
    assert hashlib.sha256(b"zoe@exemple.fr").hexdigest()[:16].encode() not in keys


def test_the_second_factor_is_set_up_and_then_asked_for(client):
    account = make_account("zoe@exemple.fr")
    sign_in(client)
    page = reverse("booking:second-factor")
    shown = client.get(page).content.decode()
    assert "<svg" in shown
    assert client.post(page, {"code": "000000"}).status_code == 200
    device = CodeApp.objects.get(user=account, confirmed=False)
    answer = client.post(page, {"code": f"{totp(device.seed):06d}"}, follow=True)
    codes = re.findall(r"<li>((?:[a-z2-7]{4}-){3}[a-z2-7]{4})</li>", answer.content.decode())
    assert RecoveryCode.objects.filter(sheet__user=account).count() == 10
    assert len(codes) == 10
    assert Entry.objects.filter(action="second-factor-set", subjects=[account.pk]).exists()

    later = Client()
    assert sign_in(later)["Location"].startswith(CODE)
    assert not signed_in(later)
    assert later.post(CODE, {"code": "000000"}).status_code == 200
    assert not signed_in(later)
    assert later.post(CODE, {"code": codes[0]}).status_code == 302
    assert signed_in(later)
    again = Client()
    sign_in(again)
    assert again.post(CODE, {"code": codes[0]}).status_code == 200, "a code serves once"
    assert not signed_in(again)


def test_an_app_is_replaced_and_codes_are_made_anew():
    member = make_member(make_practice(), role="owner")
    client = verified_client(member.account)
    old = CodeApp.objects.get(user=member.account)
    page = client.get(reverse("booking:second-factor")).content.decode()
    assert "Le changer" in page
    page = client.get(reverse("booking:passkeys")).content.decode()
    assert "Faire mes codes de secours" in page
    (another,) = re.findall(r'href="([^"]+)">Remplacer l’application', page)
    assert "l’ancienne et ses codes de secours" in client.get(another).content.decode()
    assert CodeApp.objects.filter(pk=old.pk).exists(), "not before the new one has shown a code"
    device = CodeApp.objects.get(user=member.account, confirmed=False)
    answer = client.post(another, {"code": f"{totp(device.seed):06d}"}, follow=True)
    assert "Vos codes de secours" in answer.content.decode()
    assert list(CodeApp.objects.filter(user=member.account)) == [device]


def test_the_code_page_is_closed_to_who_did_not_give_the_password(client):
    assert client.get(CODE)["Location"] == SIGN_IN
    account = make_account("zoe@exemple.fr")
    CodeApp.objects.create(user=account, confirmed=True)
    sign_in(client)
    Account.objects.update(is_active=False)
    assert client.get(CODE)["Location"] == SIGN_IN


def test_a_member_with_the_factor_set_must_give_it_even_in_an_older_session(client):
    member = make_member(make_practice(), role="owner")
    client.force_login(member.account, backend="booking.backends.EmailBackend")
    CodeApp.objects.create(user=member.account, confirmed=True)
    answer = client.get(reverse("booking:second-factor"))
    assert answer["Location"].startswith(CODE)


def test_a_forgotten_password_is_replaced_by_a_link_that_serves_once(client):
    account = make_account("zoe@exemple.fr")
    client.post(reverse("booking:forgotten"), {"email": "ZOE@exemple.fr"})
    client.post(reverse("booking:forgotten"), {"email": "nobody@exemple.fr"})
    assert list(Message.objects.values_list("kind", "account")) == [("reset_password", None)] * 2
    sending.send_owed(now=timezone.now())
    assert [letter.to for letter in mail.outbox] == [["zoe@exemple.fr"]]
    link = reverse("booking:reset-password", args=[accounts.reset_token(account)])
    assert client.post(link, {"password": "court"}).status_code == 200
    assert client.post(link, {"password": GOOD}).status_code == 302
    assert client.post(link, {"password": GOOD}).status_code == 400
    assert sign_in(client).status_code == 200
    assert sign_in(client, password=GOOD).status_code == 302
    assert Entry.objects.filter(action="password-reset").count() == 1


def test_a_link_for_another_account_than_the_one_signed_in_says_so(client):
    other, account = make_account("autre@exemple.fr"), make_account("zoe@exemple.fr")
    sign_in(client, email="autre@exemple.fr")
    link = reverse("booking:reset-password", args=[accounts.reset_token(account)])
    assert "connecté à un autre compte" in client.get(link).content.decode()
    page = client.post(link, {"password": GOOD}, follow=True).content.decode()
    assert "Le mot de passe de cet autre compte est changé" in page
    assert "Changer de compte" in page
    assert signed_in(client)
    other.refresh_from_db()
    assert other.check_password(PASSWORD)
    assert sign_in(Client(), password=GOOD).status_code == 302


def test_a_password_like_the_address_is_refused_wherever_one_is_chosen(client, now):
    like = "jeanne.duchemin-1"
    client.post(reverse("booking:sign-up"), {"email": "jeanne.duchemin@exemple.fr"})
    check = check_of("jeanne.duchemin@exemple.fr")
    with pytest.raises(ValidationError, match="ressemble à votre adresse"):
        sign_ups.complete(check=check, password=like, now=now)
    account = make_account("jeanne.duchemin@exemple.org")
    link = reverse("booking:reset-password", args=[accounts.reset_token(account)])
    assert "ressemble à votre adresse" in client.post(link, {"password": like}).content.decode()
    sign_in(client, email="jeanne.duchemin@exemple.org")
    given = {"current": PASSWORD, "password": "JeanneDuchemin@exemple.org"}
    page = client.post(reverse("booking:change-password"), given).content.decode()
    assert "ressemble à votre adresse" in page
    given["password"] = "jeanne.duchemin@exemple"
    page = client.post(reverse("booking:change-password"), given).content.decode()
    assert "ressemble à votre adresse" in page
    given["password"] = "une autre phrase, jeanne"
    assert client.post(reverse("booking:change-password"), given).status_code == 302


def test_a_new_password_ends_the_other_sessions(client):
    account = make_account("zoe@exemple.fr")
    sign_in(client)
    assert client.get(reverse("booking:account")).status_code == 200
    link = reverse("booking:reset-password", args=[accounts.reset_token(account)])
    Client().post(link, {"password": GOOD})
    assert client.get(reverse("booking:account")).status_code == 302


def test_reset_links_grow_old(time_machine):
    start = datetime(2026, 11, 24, 9, tzinfo=UTC)
    time_machine.move_to(start, tick=False)
    account = make_account("zoe@exemple.fr")
    token = accounts.reset_token(account)
    time_machine.move_to(start + timedelta(hours=2, seconds=-2), tick=False)
    assert accounts.account_of_reset(token) == account
    time_machine.move_to(start + timedelta(hours=2, seconds=2), tick=False)
    with pytest.raises(accounts.InvalidLink):
        accounts.account_of_reset(token)


def test_a_token_of_one_kind_is_no_token_of_another(now):
    check = sign_up_of("zoe@exemple.fr", now=now)
    account = make_account()
    with pytest.raises(accounts.InvalidLink):
        accounts.account_of_reset(address_checks.link_token(check))
    for token in ("nonsense", accounts.reset_token(account)):
        with pytest.raises(accounts.InvalidLink):
            address_checks.prove_by_link(token=token, now=now)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_after_sign_in_nobody_is_sent_elsewhere(client, target):
    make_account("zoe@exemple.fr")
    assert sign_in(client, next=target)["Location"] == reverse("booking:my-appointments")


def test_the_language_of_the_footer_is_kept_with_the_account(client):
    account = make_account()
    client.force_login(account, backend="booking.backends.EmailBackend")
    for language, kept in (("en", "en"), ("xx", "en"), ("", "en"), ("fr", "fr")):
        answer = client.post(reverse("set_language"), {"language": language})
        assert answer.status_code == 302
        account.refresh_from_db()
        assert account.language == kept
    assert Client().post(reverse("set_language"), {"language": "en"}).status_code == 302
    account.refresh_from_db()
    assert account.language == "fr", "of somebody who is not signed in, nothing is kept"


def test_the_language_is_kept_with_the_account_and_mails_follow(client, now):
    from booking.outbox import kinds
    from booking.outbox.messages import owe_to_account

    account = make_account("zoe@exemple.fr")
    sign_in(client)
    client.post(reverse("booking:account"), {"language": "en", "reminders": "both"})
    account.refresh_from_db()
    assert account.language == "en"
    assert 'lang="en"' in client.get(reverse("booking:account")).content.decode()
    message = owe_to_account(account=account, kind="reset_password", now=now)
    assert kinds.compose(message, now=now).subject == "New password"


def test_signing_out_takes_a_post(client):
    make_account("zoe@exemple.fr")
    sign_in(client)
    assert client.get(reverse("booking:sign-out")).status_code == 405
    assert signed_in(client)
    client.post(reverse("booking:sign-out"))
    assert not signed_in(client)
