"""Erasing an account, what the law has a practice keep, and everything held about a person."""

import json
import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry, SubjectKey
from booking.accounts import accounts, sign_up
from booking.models import Account, Appointment, CodeApp, Message, Patient
from booking.outbox.sending import send_owed
from booking.pages.lost import unsent
from booking.patients.patients import IDENTITY_FIELDS
from booking.patients.sought import find_patients, read_sought
from booking.rights import erase
from tests.factories import (
    PASSWORD,
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
    present,
    verified_client,
)
from tests.factories.people import make_account as _make_account
from tests.support.erasing import family, reason, visit  # noqa: F401

pytestmark = pytest.mark.django_db


def owner(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def erase_(account, now):
    return erase.erase_account(account=account, actor=accounts.account_actor(account), now=now)


def test_who_was_never_seen_is_erased_and_who_was_seen_stays_with_the_practice(family, reason, now):
    account, zoe, noe = family
    erase_(account, now)
    zoe.refresh_from_db()
    noe.refresh_from_db()
    assert (zoe.account, noe.account) == (None, None)
    assert SubjectKey.objects.filter(subject_id=zoe.pk).exists()
    assert not SubjectKey.objects.filter(subject_id__in=[noe.pk, account.pk]).exists()
    indexes = [f.name for f in Patient._meta.fields if f.name.endswith("_index")]
    assert len(indexes) == 6
    for name in (*IDENTITY_FIELDS, *indexes):
        assert getattr(noe, name) is None
    from django_scopes import scope

    with scope(practice=reason.agenda.practice):
        assert [p.pk for p in find_patients(read_sought("Zoé"))] == [zoe.pk]
        assert list(find_patients(read_sought("Noé"))) == []
        assert not Patient.objects.filter(pk=noe.pk).exists()


def test_visits_to_come_are_cancelled_and_nothing_is_sent_to_nobody(family, now):
    account, _zoe, noe = family
    erase_(account, now)
    states = Appointment.unscoped.filter(starts_at__gt=now).values_list("status", flat=True)
    assert list(states) == ["cancelled", "cancelled"]
    assert not Appointment.unscoped.filter(patient=noe, note__isnull=False).exists()
    send_owed(now=now + timedelta(days=30))
    assert not Message.objects.filter(state="sent", account=account).exists()
    assert not Message.objects.filter(appointment__patient=noe, state="sent").exists()


def test_the_account_is_gone_for_good_and_its_address_is_free(family, now):
    account, _zoe, _noe = family
    CodeApp.objects.create(user=account, name="t", confirmed=True)
    session = owner(account)
    erase_(account, now)
    account.refresh_from_db()
    assert (account.is_active, account.email, account.email_verified_at) == (False, None, None)
    assert not CodeApp.objects.filter(user=account).exists()
    assert session.get(reverse("booking:account")).status_code == 302
    answer = Client().post(
        reverse("booking:sign-in"), {"email": "zoe@exemple.fr", "password": PASSWORD}
    )
    assert answer.status_code == 200
    check = sign_up.begin(email="zoe@exemple.fr", language="fr", now=now)
    again = sign_up.complete(check=check, password="une phrase facile", now=now)
    assert again.pk != account.pk


def test_the_record_keeps_that_it_happened(family, now):
    account, zoe, noe = family
    erase_(account, now)
    entry = Entry.objects.get(action="account-erased", object_id=account.pk)
    assert set(entry.subjects) == {account.pk, zoe.pk, noe.pk}
    assert entry.details == {"erased": 1, "kept": 1, "cancelled": 2}
    key = Entry.objects.get(action="subject-erased", subjects__contains=[account.pk])
    assert set(key.subjects) == {account.pk, noe.pk}


def test_twenty_years_after_the_last_visit_nothing_needs_keeping(family, reason, now):
    account, zoe, _noe = family
    (kept,) = erase.plan(account=account, now=now).fates[0].kept
    assert (kept.practice, kept.until) == (reason.agenda.practice, date(2046, 11, 17))
    late = datetime(2046, 11, 18, tzinfo=UTC)
    Appointment.unscoped.filter(patient=zoe, starts_at__gt=now).update(
        starts_at=now - timedelta(days=9), ends_at=now - timedelta(days=8)
    )
    assert erase.plan(account=account, now=late).fates[0].kept == []


@pytest.mark.parametrize("who", ["member", "staff"])
def test_who_works_here_leaves_first(who, now, reason):
    account = (
        make_member(reason.agenda.practice, role="owner").account
        if who == "member"
        else _make_account(is_staff=True)
    )
    with pytest.raises(erase.StillWorksHere):
        erase_(account, now)
    # Said before the password is asked for, and to a form that was open since before.
    url, client = reverse("booking:erase-account"), owner(account)
    for answer in (client.get(url), client.post(url, {"password": PASSWORD})):
        assert "ne peut pas encore être effacé" in answer.content.decode()
        assert 'name="password"' not in answer.content.decode()
    assert Account.objects.get(pk=account.pk).is_active


def test_the_page_says_what_will_happen_and_takes_the_password(family, now, time_machine):
    account, _zoe, noe = family
    time_machine.move_to(now)
    client, url = owner(account), reverse("booking:erase-account")
    page = client.get(url).content.decode()
    assert "Zoé Lefèvre\u00a0: gardé" in page and "jusqu’au 17/11/2046" in page
    assert "Noé Lefèvre\u00a0: effacé." in page
    assert page.count("<li>") >= 6
    listed = page[page.index("seront annulés") : page.index("dernier e-mail")]
    assert "· pour Zoé Lefèvre</li>" in listed and "· pour Noé Lefèvre</li>" in listed
    refused = client.post(url, {"password": "wrong"})
    assert "ne convient pas" in refused.content.decode()
    assert Account.objects.get(pk=account.pk).is_active
    done = client.post(url, {"password": PASSWORD}, follow=True)
    assert "Votre compte est effacé." in done.content.decode()
    assert not SubjectKey.objects.filter(subject_id=noe.pk).exists()
    assert client.get(reverse("booking:account")).status_code == 302


def in_another_browser(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    client.get(reverse("booking:account"))
    return client


def test_other_tabs_and_browsers_of_an_erased_account_say_that_it_is_erased(
    django_capture_on_commit_callbacks,
):
    account = make_account("zoe@exemple.fr")
    first, elsewhere = in_another_browser(account), in_another_browser(account)
    url, said = reverse("booking:erase-account"), "Votre compte est effacé."
    with django_capture_on_commit_callbacks(execute=True):
        answer = first.post(url, {"password": PASSWORD}, follow=True)
    assert said in answer.content.decode()
    for client in (first, elsewhere, elsewhere):
        # Sent from a tab that was open: its form is of no use to anybody, and kept for nobody.
        answer = client.post(url, {"password": PASSWORD}, follow=True)
        assert answer.redirect_chain == [(reverse("practitioners:home"), 302)]
        assert said in answer.content.decode()
        assert "session est terminée" not in answer.content.decode()
    page = elsewhere.get(reverse("booking:my-appointments"), follow=True)
    assert page.redirect_chain[-1][0].startswith(reverse("booking:sign-in"))
    assert said in page.content.decode()
    # The browser's next account is not spoken to of the former one, nor is anybody else.
    other = make_account("noe@exemple.fr")
    elsewhere.force_login(other, backend="booking.backends.EmailBackend")
    elsewhere.get(reverse("booking:account"))
    elsewhere.session.flush()
    assert said not in elsewhere.get(reverse("booking:account"), follow=True).content.decode()
    for mark in ("", "x" * 64, "é", "a b\n", "0" * 5000):
        stranger = Client()
        stranger.cookies[unsent.MARK] = mark
        assert said not in stranger.get(reverse("booking:account"), follow=True).content.decode()


def test_guessing_the_password_there_is_slowed_down_too(family):
    client, url = owner(family[0]), reverse("booking:erase-account")
    for _ in range(10):
        client.post(url, {"password": "wrong"})
    answer = client.post(url, {"password": PASSWORD})
    assert "Trop d’essais" in answer.content.decode()
    assert Account.objects.get(pk=family[0].pk).is_active


def test_staff_erase_on_the_persons_behalf(family, now, time_machine):
    account, _zoe, _noe = family
    time_machine.move_to(now)
    url = reverse("admin:booking_account_erase", args=[account.pk])
    assert verified_client(make_account()).post(url).status_code == 302
    assert Account.objects.get(pk=account.pk).is_active
    looking = make_account(is_staff=True)
    assert verified_client(looking).post(url).status_code == 403
    staff = make_account(is_staff=True, is_superuser=True)
    client = verified_client(staff)
    page = client.get(url).content.decode()
    assert "2 rendez-vous à venir seront annulés" in page and "Lefèvre" not in page
    assert client.post(url).status_code == 302
    assert not Account.objects.get(pk=account.pk).is_active
    entry = Entry.objects.get(action="account-erased", object_id=account.pk)
    assert (entry.actor_kind, entry.actor_id) == ("staff", staff.pk)
    own = reverse("admin:booking_account_erase", args=[staff.pk])
    assert "faut d’abord" in client.post(own).content.decode()


def test_everything_that_is_held_is_shown_and_downloaded(family, reason):
    account, zoe, noe = family
    stranger = make_patient(make_account(), first_name="Étranger")
    visit(reason, stranger, timezone.now() + timedelta(days=1), timezone.now())
    client = present(owner(account))
    before = Entry.objects.filter(action="reveal").count()
    answer = client.get(reverse("booking:my-data-file"))
    assert Entry.objects.filter(action="reveal").count() == before + 1
    assert "attachment" in answer["Content-Disposition"]
    held = json.loads(answer.content)
    assert held["account"]["email"] == "zoe@exemple.fr"
    assert {p["id"]: p["first_name"] for p in held["people"]} == {
        str(zoe.pk): "Zoé",
        str(noe.pk): "Noé",
    }
    assert held["people"][0]["birth_date"] == "1980-12-31"
    assert len(held["appointments"]) == 3
    assert {v["note"] for v in held["appointments"]} == {"Une tache"}
    assert held["messages"] and held["record"]
    page = client.get(reverse("booking:my-data")).content.decode()
    for text in ("zoe@exemple.fr", "Zoé", "Noé", "Une tache", reason.agenda.practice.name):
        assert text in page
    assert "Étranger" not in page + answer.content.decode()
    assert str(practice_actor().id) not in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", ["français", "par e-mail et SMS", "Prénom et nom", "moi-même", "mon enfant",
                "31/12/1980", "féminin", "prévu", "24 novembre 2026"]),
        ("en", ["French", "by e-mail and SMS", "First and last name", "myself", "my child",
                "31/12/1980", "female", "booked", "24 November 2026"]),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("at_now")
def test_what_is_held_is_shown_in_words(family, language, words, now):
    """The file is for software, the page for people: no code, no date of a computer."""
    account, zoe, _noe = family
    overseas = make_agenda(practice=make_practice(time_zone="America/Martinique"))
    row = make_reason(overseas)
    # Midnight has passed in Paris, and not there.
    late = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    make_opening(overseas, row, from_time=time(19), until_time=time(20))
    visit(row, zoe, late, now)
    client = owner(account)
    client.cookies["django_language"] = language
    page = client.get(reverse("booking:my-data")).content.decode()
    table = " ".join(re.sub(r"<[^>]+>", " ", page[page.index("<main") :]).split())
    for word in words:
        assert word in table, word
    assert "30 novembre 2026, 19:30" in table or "30 November 2026, 19:30" in table
    codes = r"\d{4}-\d\d-\d\d|\b(?:self|both|cancelled|[FMU]|(?:Langue|Language) (?:fr|en))\b"
    assert not re.search(codes, table)
    if language == "fr":
        assert not re.search(r"\b(?:child|booked|[Nn]ame)\b", table)
