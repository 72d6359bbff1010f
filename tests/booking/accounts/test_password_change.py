"""A password that is changed in place, or by mail."""

import pytest
from django.test import Client

from booking.accounts import accounts
from booking.models import Message, SignIn
from booking.session_store import digest_of
from tests.factories import PASSWORD
from tests.support.accounts import GOOD, sign_in
from tests.support.email_change import (  # noqa: F401
    ACCOUNT,
    OLD,
    PASSWORD_PAGE,
    account,
    actions,
    client,
    post,
    words,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def test_the_password_is_changed_in_place_and_other_sessions_end(client, account, now):
    other = Client()
    sign_in(other)
    answer = client.post(PASSWORD_PAGE, {"current": PASSWORD, "password": GOOD})
    assert answer["Location"] == ACCOUNT
    assert client.get(ACCOUNT).status_code == 200
    assert other.get(ACCOUNT).status_code == 302
    assert [row.session_digest for row in SignIn.objects.all()] == [
        digest_of(client.session.session_key)
    ]
    assert [(to, subject) for to, subject, _text in post(now)] == [
        (OLD, "Votre mot de passe a changé")
    ]
    assert sign_in(Client()).status_code == 200
    assert sign_in(Client(), password=GOOD).status_code == 302
    assert "password-changed" in actions(account)


@pytest.mark.parametrize(
    ("current", "password", "why"),
    [
        ("wrong", GOOD, "pas votre mot de passe actuel"),
        ("", GOOD, "obligatoire"),
        (PASSWORD, "", "obligatoire"),
        (PASSWORD, "court", "trop court"),
        (PASSWORD, "password1234", "trop courant"),
        (PASSWORD, "123456789012345", "numérique"),
        (PASSWORD, PASSWORD, "déjà"),
        (PASSWORD, "x" * 10_000, "200"),
    ],
)
def test_a_weak_or_wrong_password_is_refused_with_the_reason(
    client, account, current, password, why
):
    answer = client.post(PASSWORD_PAGE, {"current": current, "password": password})
    assert answer.status_code == 200
    assert why in words(answer)
    account.refresh_from_db()
    assert account.check_password(PASSWORD)
    assert not Message.objects.exists()


def test_a_reset_by_mail_is_told_too(account, now):
    accounts.reset_password(token=accounts.reset_token(account), password=GOOD, now=now)
    assert [subject for _to, subject, _text in post(now)] == ["Votre mot de passe a changé"]
