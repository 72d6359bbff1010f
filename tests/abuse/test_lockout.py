"""Guesses: counted before they are checked, slowed down, refused, and nobody else's lockout."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp

from booking.accounts.sessions import throttle
from booking.accounts.sessions.throttle import Guess, TooFast, TooManyTries
from booking.models import Account, CodeApp
from booking.pages.session.known import COOKIE
from tests.factories import PASSWORD, make_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
SIGN_IN, CODE = reverse("booking:sign-in"), reverse("booking:code")
SIGN_OUT = reverse("booking:sign-out")
EMAIL = "zoe@exemple.fr"
HOSPITAL, HOME, THIEF = "203.0.113.7", "198.51.100.20", "192.0.2.66"
NEW = "une autre phrase à retenir"


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings):
    settings.PROXIES = 1


@pytest.fixture
def account():
    return make_account(EMAIL)


@pytest.fixture
def later(time_machine, now):
    """Let seconds pass, from one call to the next."""
    passed = timedelta()

    def wait(seconds):
        nonlocal passed
        passed += timedelta(seconds=seconds)
        time_machine.move_to(now + passed, tick=False)

    return wait


def sign_in(client, network, *, password=PASSWORD, email=EMAIL):
    data = {"email": email, "password": password}
    return client.post(SIGN_IN, data, headers={"X-Forwarded-For": network})


def is_in(client):
    return "_auth_user_id" in client.session


def fail(network, times, later, *, email=EMAIL):
    """Give wrong passwords, each after its wait; return how many were looked at."""
    looked_at = 0
    for _ in range(times):
        later(throttle.LONGEST_WAIT_S)
        answer = sign_in(Client(), network, password="wrong", email=email)
        looked_at += answer.status_code == 200
    return looked_at


def known_client(network=HOME):
    """A browser in which the account has signed in, and signed out again."""
    client = Client()
    assert sign_in(client, network).status_code == 302
    client.post(SIGN_OUT)
    return client


def test_a_few_failures_wait_for_nothing_then_longer_and_longer_then_are_refused(account, later):
    waits = []
    for _ in range(throttle.FAILURES_AN_ACCOUNT):
        client = Client()
        answer = sign_in(client, HOME, password="wrong")
        if answer.status_code == 429:
            waits.append(int(answer["Retry-After"]))
            assert f"{waits[-1]} secondes" in answer.content.decode()
            assert not is_in(client)
            later(waits[-1])
            assert sign_in(Client(), HOME, password="wrong").status_code == 200
    assert waits == [2, 4, 8, 16, 32]
    later(throttle.LONGEST_WAIT_S)
    answer = sign_in(Client(), HOME)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= throttle.WINDOW_S
    assert "Mot de passe oublié" in answer.content.decode()
    later(throttle.WINDOW_S)
    client = Client()
    sign_in(client, HOME)
    assert is_in(client)


def test_the_right_password_enters_once_the_wait_is_over(account, later):
    for _ in range(throttle.FREE_TRIES):
        sign_in(Client(), HOME, password="wrong")
    client = Client()
    answer = sign_in(client, HOME)
    assert answer.status_code == 429
    later(int(answer["Retry-After"]))
    sign_in(client, HOME)
    assert is_in(client)


def test_a_strangers_failures_lock_out_the_stranger_alone(account, later):
    own, elsewhere = known_client(), Client()
    assert fail(THIEF, 30, later) == throttle.FAILURES_AN_ACCOUNT + 10
    assert sign_in(Client(), THIEF).status_code == 429
    for client, network in ((own, HOME), (elsewhere, HOSPITAL)):
        sign_in(client, network)
        assert is_in(client)


@pytest.mark.parametrize("network", [HOME, THIEF])
def test_a_known_browser_enters_though_all_strangers_are_refused(account, later, network):
    own = known_client()
    for n in range(throttle.FAILURES_OF_STRANGERS + 5):
        later(1)
        sign_in(Client(), f"100.64.0.{n}", password="wrong")
    for _ in range(throttle.FAILURES_AN_ACCOUNT):
        later(1)
        sign_in(Client(), network, password="wrong")
    assert sign_in(Client(), "100.64.9.9").status_code == 429
    sign_in(own, network)
    assert is_in(own)


def test_a_known_browser_has_its_own_bound(account, later):
    own, other = known_client(), known_client(HOSPITAL)
    statuses = []
    for _ in range(throttle.FAILURES_AN_ACCOUNT + 2):
        later(throttle.LONGEST_WAIT_S)
        statuses.append(sign_in(own, HOME, password="wrong").status_code)
    assert statuses == [200] * throttle.FAILURES_AN_ACCOUNT + [429, 429]
    sign_in(other, HOME)
    assert is_in(other)


def test_the_cookie_of_a_known_browser_is_its_accounts_alone_and_signs_nobody_in(account, later):
    make_account("autre@exemple.fr")
    thief = Client()
    sign_in(thief, THIEF, email="autre@exemple.fr")
    thief.post(SIGN_OUT)
    fail(THIEF, 20, later)
    assert COOKIE in thief.cookies
    assert sign_in(thief, THIEF).status_code == 429
    assert not is_in(thief)
    forged = Client()
    forged.cookies[COOKIE] = thief.cookies[COOKIE].value[:-2] + "xx"
    assert sign_in(forged, THIEF).status_code == 429
    assert forged.get(reverse("booking:account")).status_code == 302


def test_another_password_makes_other_browsers_unknown(account, later):
    own = known_client()
    account.set_password(NEW)
    account.save()
    fail(HOME, throttle.FAILURES_AN_ACCOUNT, later)
    assert sign_in(own, HOME, password=NEW).status_code == 429


def test_many_accounts_share_a_browser(later):
    client = Client()
    for n in range(5):
        make_account(f"{n}@exemple.fr")
        sign_in(client, HOSPITAL, email=f"{n}@exemple.fr")
        client.post(SIGN_OUT)
    fail(HOSPITAL, throttle.FAILURES_AN_ACCOUNT, later, email="0@exemple.fr")
    sign_in(client, HOSPITAL, email="0@exemple.fr")
    assert is_in(client)


def test_a_hundred_failures_lock_no_hospital_out(account, later):
    own = known_client(HOSPITAL)
    for n in range(throttle.FAILURES_A_NETWORK + 20):
        sign_in(Client(), HOSPITAL, password="wrong", email=f"x{n}@exemple.fr")
    for client in (own, Client()):
        sign_in(client, HOSPITAL)
        assert is_in(client)
        client.post(SIGN_OUT)
    # Unknown browsers wait sooner there; known ones do not.
    for _ in range(throttle.FREE_TRIES_IN_NOISE):
        assert sign_in(Client(), HOSPITAL, password="wrong").status_code == 200
        assert sign_in(own, HOSPITAL, password="wrong").status_code == 200
    assert sign_in(Client(), HOSPITAL, password="wrong").status_code == 429
    assert sign_in(own, HOSPITAL, password="wrong").status_code == 200


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:1:2:3", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:DB8:1:2::1", "2001:db8:1:2::1", True),
    ],
)
def test_networks_are_lines_of_a_provider(account, later, first, second, is_one):
    fail(first, throttle.FAILURES_AN_ACCOUNT, later)
    client = Client()
    sign_in(client, second)
    assert is_in(client) is not is_one


def test_the_asker_cannot_choose_the_network_that_is_counted(account, later):
    fail(f"{HOME}, {THIEF}", throttle.FAILURES_AN_ACCOUNT, later)
    assert sign_in(Client(), f"{HOSPITAL}, {THIEF}").status_code == 429
    client = Client()
    sign_in(client, f"{THIEF}, {HOME}")
    assert is_in(client)


def test_without_a_proxy_of_ours_the_header_says_nothing(account, later, settings):
    settings.PROXIES = 0
    fail(HOME, throttle.FAILURES_AN_ACCOUNT, later)
    assert sign_in(Client(), THIEF).status_code == 429


@pytest.mark.parametrize("known", [True, False])
def test_an_unknown_address_is_counted_like_a_known_one(later, known):
    if known:
        make_account(EMAIL)
    assert fail(HOME, 12, later) == throttle.FAILURES_AN_ACCOUNT
    assert sign_in(Client(), HOME, email=" ZOE@exemple.fr ").status_code == 429


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guess", list(Guess))
def test_of_fifty_at_once_no_more_are_checked_than_are_allowed(guess):
    now = timezone.now()

    def attempt(n):
        try:
            throttle.take(guess, of="somebody", network=HOME, now=now + timedelta(seconds=60 * n))
        except TooManyTries:
            return 0
        return 1

    with ThreadPoolExecutor(50) as pool:
        # Whatever order they come in; the last one is 50 minutes after the first.
        assert 0 < sum(pool.map(attempt, [0] * 50)) <= throttle.WRONG_CODES_A_DAY
    with ThreadPoolExecutor(50) as pool:
        taken = sum(pool.map(attempt, [n / 50 for n in range(50)]))
    assert taken <= (0 if guess == Guess.CODE else throttle.FAILURES_AN_ACCOUNT)


@pytest.mark.django_db(transaction=True)
def test_fifty_parallel_sign_ins_check_at_most_ten(account, monkeypatch):
    checked = []
    real = Account.check_password

    def counted(self, password):
        checked.append(password)
        return real(self, password)

    monkeypatch.setattr(Account, "check_password", counted)

    def attempt(n):
        try:
            return sign_in(Client(), THIEF, password=f"wrong {n}").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(attempt, range(50)))
    assert set(statuses) == {200, 429}
    assert 0 < len(checked) <= throttle.FAILURES_AN_ACCOUNT


def test_a_right_try_is_given_back(account, later):
    for _ in range(throttle.FAILURES_AN_ACCOUNT * 2):
        client = Client()
        sign_in(client, HOME)
        assert is_in(client)


# The second factor.


@pytest.fixture
def device(account):
    return CodeApp.objects.create(user=account, name="totp", confirmed=True)


def right_code(device):
    return f"{totp(device.seed):06d}"


def wrong_code(device):
    return f"{(totp(device.seed) + 111_111) % 10**6:06d}"


def give_code(client, network, code):
    return client.post(CODE, {"code": code}, headers={"X-Forwarded-For": network})


def test_a_thief_of_the_password_keeps_no_owners_code_out(account, device, later):
    own = Client()
    sign_in(own, HOME)
    give_code(own, HOME, right_code(device))
    assert is_in(own)
    own.post(SIGN_OUT)
    thief, statuses = Client(), []
    sign_in(thief, THIEF)
    for _ in range(throttle.FAILURES_AN_ACCOUNT + 5):
        later(31)
        statuses.append(give_code(thief, THIEF, wrong_code(device)).status_code)
    assert statuses.count(200) <= throttle.FAILURES_AN_ACCOUNT
    later(31)
    assert give_code(thief, THIEF, right_code(device)).status_code == 429
    assert not is_in(thief)
    for client, network in ((own, HOME), (Client(), HOSPITAL)):
        later(31)
        sign_in(client, network)
        give_code(client, network, right_code(device))
        assert is_in(client)
        client.post(SIGN_OUT)


def test_codes_are_limited_a_day_from_all_networks_together(account, device, later):
    statuses = []
    for n in range(throttle.WRONG_FACTORS_A_DAY + 5):
        later(60)
        client = Client()
        sign_in(client, f"100.64.0.{n}")
        statuses.append(give_code(client, f"100.64.0.{n}", wrong_code(device)).status_code)
    assert statuses.count(200) == throttle.WRONG_FACTORS_A_DAY


# The password that is asked for again within a session.


@pytest.mark.parametrize(
    ("page", "data"),
    [
        ("booking:change-password", {"current": "wrong", "password": NEW}),
        ("booking:change-email", {"email": "neuf@exemple.fr", "password": "wrong"}),
        ("booking:erase-account", {"password": "wrong"}),
    ],
)
def test_a_stolen_session_guesses_no_more_and_locks_no_other_out(account, page, data, later):
    own, thief = Client(), Client()
    sign_in(own, HOME)
    sign_in(thief, THIEF)
    fail(THIEF, 12, later)
    for _ in range(throttle.FAILURES_AN_ACCOUNT):
        later(throttle.LONGEST_WAIT_S)
        assert "Trop d’essais" not in thief.post(reverse(page), data).content.decode()
    later(throttle.LONGEST_WAIT_S)
    right = {**data, "password" if "current" not in data else "current": PASSWORD}
    assert "Trop d’essais" in thief.post(reverse(page), right).content.decode()
    account.refresh_from_db()
    assert account.check_password(PASSWORD)
    assert own.post(reverse(page), right).status_code == 302


def test_waits_name_their_seconds():
    assert str(TooFast(1).text).endswith("1 seconde.")
