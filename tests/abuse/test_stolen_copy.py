"""A copy of everything that is stored, and the right to write to Redis, open nothing."""

import logging
import re
from datetime import timedelta

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.views.debug import ExceptionReporter
from django_otp.oath import totp

from audit.models import Entry
from audit.redis_client import redis_client
from booking.accounts.sessions import sign_ins
from booking.models import CodeApp, SignIn
from booking.session_store import SessionStore, digest_of
from doctolib.environment import PROJECT_DIR
from tests.audit.stored import everything_stored
from tests.factories import PASSWORD, make_account, make_agenda, make_member, verified_client

HOME = "booking:account"


@pytest.fixture
def log(tmp_path):
    """All that is logged, at any level, beside what is stored."""
    handler = logging.FileHandler(tmp_path / "all.log")
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()


def signed_in(email="copie@exemple.fr"):
    client = Client()
    given = {"email": email, "password": PASSWORD}
    assert client.post(reverse("booking:sign-in"), given).status_code == 302
    return client


def enters_with(value):
    """Whether what was found somewhere opens an account as a cookie."""
    client = Client()
    client.cookies["sessionid"] = value
    return client.get(reverse(HOME)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_no_cookie_of_a_session_is_in_a_copy(tmp_path, log):
    make_account("copie@exemple.fr")
    member = make_member(make_agenda().practice)
    patient, secretary = signed_in(), verified_client(member.account)
    agenda = reverse("booking:agenda", args=[member.practice_id])
    for client, page in ((patient, reverse("booking:sessions")), (secretary, agenda)):
        assert client.get(page).status_code == 200
    cookies = [client.cookies["sessionid"].value for client in (patient, secretary)]
    stored = everything_stored(tmp_path)
    for cookie in cookies:
        assert enters_with(cookie)
        assert cookie.encode() not in stored
        assert digest_of(cookie).encode() in stored
    # Nor anything else in it that could be one.
    rows = {*Session.objects.values_list("session_key", flat=True)}
    rows |= {*SignIn.objects.values_list("session_digest", flat=True)}
    rows |= {entry.details.get("token", "") for entry in Entry.objects.all()}
    rows |= {found.decode() for found in re.findall(rb"\b[a-z0-9]{32,64}\b", stored)}
    assert len(rows) > 4
    assert [each for each in rows if each and enters_with(each)] == []


@pytest.mark.django_db
def test_what_a_session_says_opens_with_its_cookie_alone():
    account = make_account("copie@exemple.fr")
    mine = signed_in()
    row = Session.objects.get(session_key=digest_of(mine.session.session_key))
    assert str(account.pk) not in row.session_data
    thief = SessionStore(get_random_string(32))
    assert thief.decode(row.session_data) == {}
    assert SessionStore(mine.session.session_key).decode(row.session_data)[SESSION_KEY]


@pytest.mark.django_db
def test_a_session_that_is_written_to_the_database_signs_nobody_in():
    """Somebody who can write there moves another session under a cookie of their own."""
    make_account("copie@exemple.fr")
    mine = signed_in()
    row = Session.objects.get(session_key=digest_of(mine.session.session_key))
    planted = get_random_string(32)
    Session.objects.create(
        session_key=digest_of(planted), session_data=row.session_data, expire_date=row.expire_date
    )
    assert not enters_with(planted)
    for data in ("", "e30=", "{}", "é", SessionStore(planted).encode({})[:-9]):
        Session.objects.filter(session_key=digest_of(planted)).update(session_data=data)
        assert not enters_with(planted)


@pytest.mark.django_db
def test_nothing_of_a_session_is_in_redis_and_nothing_there_brings_one_back(settings):
    make_account("copie@exemple.fr")
    mine = signed_in()
    cookie = mine.cookies["sessionid"].value
    assert mine.get(reverse(HOME)).status_code == 200
    client = redis_client()
    named = [key for key in client.scan_iter() if b"session" in key or cookie.encode() in key]
    assert named == []
    dumped = ((key, client.dump(key)) for key in client.scan_iter())
    # A key may end between the two.
    everything = [(key, value) for key, value in dumped if value is not None]
    mine.post(reverse("booking:sign-out"))
    for key, value in everything:
        client.restore(key, 60_000, value, replace=True)
    assert not enters_with(cookie)


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["", "a", "é" * 40, "a" * 5000, "..", "a b", "%00", "'--"])
def test_a_cookie_that_is_none_is_nobodys(value):
    assert not enters_with(value)


@pytest.mark.django_db
def test_the_key_changes_at_each_step_and_the_former_one_opens_nothing():
    make_account("copie@exemple.fr")
    client = Client()
    client.get(reverse("booking:sign-in"), {"next": reverse(HOME)})
    client.post(reverse("booking:sign-in"), {"email": "copie@exemple.fr", "password": PASSWORD})
    first = client.cookies["sessionid"].value
    session = client.session
    session.cycle_key()
    assert not enters_with(first)
    assert enters_with(session.session_key)
    session.flush()
    assert not Session.objects.exists()


def proved_by_the_password(client, account):
    client.post(reverse("booking:prove-again"), {"password": PASSWORD})


def proved_by_a_code(client, account):
    """Setting up an app; after that, the code is asked for again."""
    page = reverse("booking:second-factor")
    client.get(page)
    device = CodeApp.objects.get(user=account)
    assert client.post(page, {"code": f"{totp(device.seed):06d}"}).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("prove", [proved_by_the_password, proved_by_a_code])
def test_each_proof_gives_the_session_another_key(prove):
    """A cookie that somebody copied before gets nothing of what was proved after."""
    account = make_account("copie@exemple.fr")
    client = signed_in()
    copied = client.cookies["sessionid"].value
    assert enters_with(copied)
    prove(client, account)
    assert client.get(reverse(HOME)).status_code == 200
    assert client.cookies["sessionid"].value != copied
    assert not enters_with(copied)
    # Its owner sees the same one session.
    (row,) = SignIn.objects.filter(account=account)
    assert row.session_digest == digest_of(client.cookies["sessionid"].value)


@pytest.mark.django_db
def test_what_is_over_is_deleted():
    make_account("copie@exemple.fr")
    gone, stays = signed_in(), signed_in()
    Session.objects.filter(session_key=digest_of(gone.session.session_key)).update(
        expire_date=timezone.now() - timedelta(seconds=1)
    )
    assert SignIn.objects.count() == 2
    sign_ins.forget_ended(now=timezone.now())
    (row,) = Session.objects.all()
    assert [row.session_key] == [each.session_digest for each in SignIn.objects.all()]
    assert row.session_key == digest_of(stays.session.session_key)


def test_an_error_report_holds_no_cookie():
    request = RequestFactory().get("/")
    request.COOKIES = {name: get_random_string(32) for name in ("sessionid", "brouillon", "_c")}
    request.META["HTTP_COOKIE"] = "; ".join(f"{k}={v}" for k, v in request.COOKIES.items())
    try:
        raise ValueError("x")
    except ValueError as error:
        reporter = ExceptionReporter(request, type(error), error, error.__traceback__)
    for text in (reporter.get_traceback_text(), reporter.get_traceback_html()):
        assert "sessionid" in text
        assert [value for value in request.COOKIES.values() if value in text] == []


def lines_with(word: str) -> set[str]:
    """The files of the site's own code that say a word, but for migrations."""
    return {
        str(file.relative_to(PROJECT_DIR))
        for app in ("audit", "booking", "practitioners", "partners", "doctolib")
        for file in (PROJECT_DIR / app).rglob("*.py")
        if "/migrations/" not in str(file) and re.search(word, file.read_text())
    }


def test_few_places_touch_what_lets_somebody_in():
    """A session's key is what its cookie holds: all else speaks of its digest. A seed is opened to
    check a code, and for its owner's picture."""
    assert lines_with(r"\.session_key\b") == {
        "booking/session_store.py",
        "booking/pages/live.py",  # asks the store anew, in the same process
        "booking/pages/session/entering.py",  # whether there is one
        "doctolib/once.py",  # gives the cookie again to the browser that missed it
    }
    assert lines_with(r"\bopen_secret\b") == {
        "audit/vault/own_secrets.py", "booking/models/factors.py",
    }  # fmt: skip
    assert lines_with(r"\.(seed|config_url)\b") == {
        "booking/models/factors.py", "booking/accounts/factors/second_factor.py",
        "booking/web/signing_in/accounts.py", "doctolib/development/views.py",
    }  # fmt: skip
    # Whatever django-otp keeps in clear text is not installed.
    assert lines_with(r"otp_totp|otp_static|otp_email") == set()
    assert lines_with(r"(?m)^\s*(import|from) (pickle|marshal|shelve|dill)\b|yaml\.load\b") == set()
