"""Erasing an account tells its owner of each visit that it cancels, before nobody can any more."""

from datetime import timedelta

import pytest
from django.db import transaction
from icalendar import Calendar

from audit.models import Entry, SubjectKey
from booking.domain import accounts, erase
from booking.domain.delivery import send_owed
from booking.models import Message
from doctolib.development.mail_sink import kept_mails, start_sink
from doctolib.servers import free_port
from tests.factories import make_account
from tests.support.erasing import family, reason  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def relay(tmp_path, settings):
    """A real SMTP server; call for what it has received, oldest first."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    sink = start_sink(tmp_path, port=settings.EMAIL_PORT)
    yield lambda: [mail for _name, mail in reversed(kept_mails(tmp_path))]
    sink.stop()


def erased(account, now):
    return erase.erase_account(account=account, actor=accounts.account_actor(account), now=now)


def events(mail):
    """The cancelled calendar entries that a mail program finds."""
    (part,) = [
        part for part in mail.walk()
        if part.get_content_type() == "text/calendar" and not part.get_filename()
    ]  # fmt: skip
    calendar = Calendar.from_ical(part.get_content())
    assert calendar["METHOD"] == "CANCEL"
    return [(str(event["UID"]), str(event["STATUS"])) for event in calendar.walk("VEVENT")]


def test_each_cancelled_visit_is_told_with_its_calendar_entry(
    family,
    relay,
    now,
    django_capture_on_commit_callbacks,
):
    account, _zoe, _noe = family
    send_owed(now=now)
    confirmed = {str(mail["Message-ID"]) for mail in relay()}
    with django_capture_on_commit_callbacks(execute=True):
        plan = erased(account, now)
        # Nothing leaves before all of it is committed.
        assert {str(mail["Message-ID"]) for mail in relay()} == confirmed
    told = [mail for mail in relay() if str(mail["Message-ID"]) not in confirmed]
    assert len(told) == len(plan.upcoming) == 2
    assert {mail["To"] for mail in told} == {"zoe@exemple.fr"}
    found = [event for mail in told for event in events(mail)]
    assert {status for _uid, status in found} == {"CANCELLED"}
    assert {uid.partition("@")[0] for uid, _status in found} == {
        str(row.pk) for row in plan.upcoming
    }
    for mail in told:
        text = mail.get_body(("plain",)).get_content()
        assert "Votre compte est effacé" in text
        # There is no page to look at any more.
        assert "http" not in text
    # The key was destroyed at once, after the address was opened on the record.
    assert not SubjectKey.objects.filter(subject_id=account.pk).exists()
    sent = Message.objects.filter(kind="cancellation", channel="email")
    assert {row.state for row in sent} == {"sent"}
    last, gone = (
        Entry.objects.filter(action=action, subjects__contains=[account.pk]).latest("id")
        for action in ("reveal", "account-erased")
    )
    assert (last.purpose, last.at <= gone.at) == ("message", True)
    assert send_owed(now=now + timedelta(days=1)) == 0


def test_an_erasure_that_fails_sends_nothing(
    family,
    relay,
    now,
    django_capture_on_commit_callbacks,
):
    account, _zoe, _noe = family
    with (
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(RuntimeError),
        transaction.atomic(),
    ):
        erased(account, now)
        raise RuntimeError
    assert relay() == []


def test_a_relay_that_is_away_delays_nothing(
    family,
    settings,
    now,
    django_capture_on_commit_callbacks,
):
    account, _zoe, _noe = family
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    with django_capture_on_commit_callbacks(execute=True):
        erased(account, now)
    account.refresh_from_db()
    assert not account.is_active
    assert {m.state for m in Message.objects.filter(kind="cancellation")} == {"void"}


def test_an_account_without_visits_is_told_as_well(relay, now, django_capture_on_commit_callbacks):
    account = make_account("ada@exemple.fr")
    with django_capture_on_commit_callbacks(execute=True):
        erased(account, now)
        assert relay() == []
    (told,) = relay()
    assert (told["To"], told["Subject"]) == ("ada@exemple.fr", "Votre compte est effacé")
    for kind in ("plain", "html"):
        text = told.get_body((kind,)).get_content()
        assert "quelqu’un avait votre mot de passe" in text
        assert "24 novembre 2026" in text
        # There is no page to look at any more.
        assert "http" not in text and "dans votre compte" not in text
    assert [row.state for row in Message.objects.filter(kind="account_erased")] == ["sent"]
    assert send_owed(now=now + timedelta(days=1)) == 0


def test_an_address_that_was_never_proved_gets_nothing(
    relay, now, django_capture_on_commit_callbacks
):
    account = make_account("ada@exemple.fr", email_verified_at=None)
    with django_capture_on_commit_callbacks(execute=True):
        erased(account, now)
    assert relay() == []
