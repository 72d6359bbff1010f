"""Erasing an account tells its owner of all visits that it cancels, before nobody can any more."""

from datetime import timedelta

import pytest
from django.db import transaction
from icalendar import Calendar

from audit.models import Entry, SubjectKey
from booking.accounts import accounts
from booking.models import Message
from booking.outbox.sending import send_owed
from booking.rights import erase, last_letters
from doctolib.development.mail_sink import kept_mails, start_sink
from doctolib.servers import free_port
from tests.factories import make_account
from tests.support import erasing
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
    """The calendar entries that the files of a mail cancel, and the one that programs act upon."""
    parts = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    found = {}
    for part in parts:
        calendar = Calendar.from_ical(part.get_content())
        assert calendar["METHOD"] == "CANCEL"
        (event,) = calendar.walk("VEVENT")
        assert str(event["STATUS"]) == "CANCELLED"
        found.setdefault(bool(part.get_filename()), []).append(str(event["UID"]).partition("@")[0])
    return found.get(True, []), found.get(False, [])


def texts(mail):
    return [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]


def test_all_cancelled_visits_are_told_in_one_mail_with_their_calendar_entries(
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
    (told,) = [mail for mail in relay() if str(mail["Message-ID"]) not in confirmed]
    assert told["To"] == "zoe@exemple.fr"
    assert told["Subject"].strip() == "Votre compte est effacé et 2 rendez-vous sont annulés"
    pks = [str(row.pk) for row in plan.upcoming]
    assert events(told) == (pks, pks[:1])
    for text in texts(told):
        assert "1er décembre" in text and "2 décembre" in text
        assert text.index("pour Zoé") < text.index("pour Noé")
        assert "quelqu’un avait votre mot de passe" in text
        assert text.count("dernier message") == 1
        # There is no page to look at any more.
        assert "http" not in text and "dans votre compte" not in text
    # The key was destroyed at once, after the address was opened on the record.
    assert not SubjectKey.objects.filter(subject_id=account.pk).exists()
    sent = Message.objects.filter(kind="account_erased")
    assert [row.state for row in sent] == ["sent"]
    assert not Message.objects.filter(kind="cancellation").exists(), "one mail tells of all"
    last, gone = (
        Entry.objects.filter(action=action, subjects__contains=[account.pk]).latest("id")
        for action in ("reveal", "account-erased")
    )
    assert (last.purpose, last.at <= gone.at) == ("message", True)
    assert send_owed(now=now + timedelta(days=1)) == 0


@pytest.mark.parametrize(("most", "mails"), [(1, 5), (2, 3), (5, 1), (20, 1)])
def test_only_the_last_mail_says_that_it_is_the_last(
    family, reason, relay, now, monkeypatch, django_capture_on_commit_callbacks, most, mails
):
    monkeypatch.setattr(last_letters, "VISITS_IN_ONE", most)
    account, zoe, noe = family
    for days, patient in ((9, zoe), (10, noe), (14, zoe)):
        erasing.visit(reason, patient, now + timedelta(days=days), now)
    assert erase.plan(account=account, now=now).mails == mails
    with django_capture_on_commit_callbacks(execute=True):
        plan = erased(account, now)
    told = relay()
    assert len(told) == mails
    said = [all("C’est le dernier message" in text for text in texts(mail)) for mail in told]
    assert said == [False] * (mails - 1) + [True]
    follows = [all("Un autre message suit" in text for text in texts(mail)) for mail in told]
    assert follows == [True] * (mails - 1) + [False]
    found = [pk for mail in told for pk in events(mail)[0]]
    assert found == [str(row.pk) for row in plan.upcoming]
    if mails > 1:
        assert told[1]["Subject"].endswith(f"(2/{mails})")


def test_the_mail_is_in_the_language_of_the_account(
    family, relay, now, django_capture_on_commit_callbacks
):
    account, _zoe, _noe = family
    accounts.choose_language(account=account, language="en")
    with django_capture_on_commit_callbacks(execute=True):
        erased(account, now)
    (told,) = relay()
    assert told["Subject"] == "Your account has been erased and 2 appointments cancelled"
    for text in texts(told):
        assert "for Noé" in text and "1 December 2026" in text
        assert "The attached files remove each appointment from your calendar." in text


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
    assert {m.state for m in Message.objects.filter(kind="account_erased")} == {"void"}


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
