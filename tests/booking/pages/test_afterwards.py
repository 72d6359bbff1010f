"""What is said once a form is carried out stands at an address that can be gone back to."""

import re

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.views.factor import CODE_GIVEN_AT
from booking.accounts.accounts import link_token
from booking.accounts.factors import second_factor
from booking.models import Account
from booking.pages.lost import afterwards
from tests.factories import make_account, verified_client

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
CODES = reverse("booking:new-recovery-codes")
CODE = re.compile(r"<li>((?:[a-z2-7]{4}-){3}[a-z2-7]{4})</li>")


@pytest.fixture
def account():
    return make_account("zoe@exemple.fr")


def proved(account):
    """A session that has just given its code."""
    client = verified_client(account)
    session = client.session
    session[CODE_GIVEN_AT] = timezone.now().timestamp()
    session.save()
    return client


def codes_on(answer):
    return CODE.findall(answer.content.decode())


def test_recovery_codes_stand_at_an_address_for_ten_minutes(account, now, time_machine):
    client = proved(account)
    made = client.post(CODES)
    assert made["Location"] == CODES
    shown = client.get(CODES)
    assert len(codes_on(shown)) == 10
    # Gone away from, and back to; and still kept by no browser.
    client.get(reverse("booking:passkeys"))
    assert codes_on(client.get(CODES)) == codes_on(shown)
    assert "no-store" in shown["Cache-Control"]
    # They are in no cookie, and not in the session as they are.
    assert codes_on(shown)[0] not in str(client.cookies) + str(dict(client.session))
    time_machine.move_to(now.timestamp() + afterwards.SECRET_SAID_S + 1, tick=False)
    assert client.get(CODES)["Location"] == reverse("booking:passkeys")


def test_recovery_codes_are_another_sessions_for_nobody(account):
    proved(account).post(CODES)
    for other in (proved(account), proved(make_account())):
        assert other.get(CODES).status_code == 302
    assert Client().get(CODES)["Location"].startswith(reverse("booking:sign-in"))
    # Signing out ends it, as it ends everything.
    client = proved(account)
    client.post(CODES)
    client.post(reverse("booking:sign-out"))
    assert Client().get(CODES).status_code == 302


def test_a_form_sent_twice_shows_the_last_codes(account):
    client = proved(account)
    client.post(CODES)
    first = codes_on(client.get(CODES))
    client.post(CODES)
    assert set(codes_on(client.get(CODES))).isdisjoint(first)
    assert second_factor.standing(account).codes_left


def test_reminders_that_are_ended_say_so_at_their_address(account):
    link = reverse("booking:no-reminders", args=[link_token(account.pk, salt="reminders")])
    client = Client()
    answer = client.post(link)
    assert answer.status_code == 302
    done = client.get(answer["Location"])
    assert "C’est noté" in done.content.decode()
    assert '<form method="post">' not in done.content.decode()
    # The link of the mail asks again, and changes nothing when it is opened.
    assert "C’est noté" not in client.get(link).content.decode()
    assert Account.objects.get(pk=account.pk).reminders == "none"


def test_a_mail_programs_button_is_led_nowhere(account):
    """RFC 8058: it sends one field, reads no page and follows no redirect."""
    link = reverse("booking:no-reminders", args=[link_token(account.pk, salt="reminders")])
    client = Client(enforce_csrf_checks=True)
    answer = client.post(link, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert Account.objects.get(pk=account.pk).reminders == "none"


@pytest.mark.parametrize(
    "word",
    ["", "x", "e30:1:x", signing.dumps({}, salt="fait /ailleurs/"), "\x00", "é" * 3000],
    # A signed word holds the time: each worker would name its case otherwise.
    ids=["empty", "one letter", "unsigned", "of another page", "nul", "long"],
)
def test_a_made_up_word_says_nothing(account, word):
    link = reverse("booking:no-reminders", args=[link_token(account.pk, salt="reminders")])
    answer = Client().get(link, {"fait": word})
    assert "C’est noté" not in answer.content.decode()
    assert Account.objects.get(pk=account.pk).reminders != "none"


def test_the_word_of_one_address_is_no_other_ones_and_ends(account, now, time_machine):
    paths = [
        reverse("booking:no-reminders", args=[link_token(each.pk, salt="reminders")])
        for each in (account, make_account())
    ]
    word = Client().post(paths[0])["Location"].partition("?")[2]
    assert "C’est noté" in Client().get(f"{paths[0]}?{word}").content.decode()
    assert "C’est noté" not in Client().get(f"{paths[1]}?{word}").content.decode()
    time_machine.move_to(now.timestamp() + afterwards.SAID_S + 1, tick=False)
    assert timezone.now() > now
    assert "C’est noté" not in Client().get(f"{paths[0]}?{word}").content.decode()
