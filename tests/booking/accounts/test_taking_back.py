"""An account that its owner takes back by its former address."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp import match_token

from booking.accounts import accounts
from booking.accounts.addresses import address_checks, email_change
from booking.accounts.factors import second_factor
from booking.models import AddressCheck, CodeApp, RecoverySheet, SignIn
from tests.factories import PASSWORD
from tests.support.accounts import GOOD, sign_in
from tests.support.email_change import (  # noqa: F401
    ACCOUNT,
    NEW,
    OLD,
    PAGE,
    PASSWORD_PAGE,
    PROVE,
    account,
    actions,
    ask,
    check,
    client,
    code,
    path_in,
    post,
    words,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def stop_link(now):
    return path_in(next(text for to, _subject, text in post(now) if to == OLD))


def test_the_former_address_stops_a_change(client, account, now):
    ask(client)
    link = stop_link(now)
    stranger = Client()
    assert "<form" in words(stranger.get(link))
    assert check().is_open, "a scanner's GET stops nothing"
    assert "Le changement est arrêté" in words(stranger.post(link, follow=True))
    assert client.post(PROVE, {"code": code()})["Location"] == ACCOUNT
    assert OLD in words(client.get(ACCOUNT))
    assert stranger.post(link).status_code == 400
    assert "email-change-stopped" in actions(account)


def test_the_former_address_takes_the_account_back_from_a_thief(client, account, now, time_machine):
    """Password and session stolen: the owner's mailbox is enough to undo it all."""
    thief = Client()
    sign_in(thief)
    ask(thief)
    thief.post(PROVE, {"code": code()})
    link = stop_link(now)
    # The thief goes further: another address again, a second factor of their own, another password.
    ask(thief, email="encore@exemple.fr")
    thief.post(PROVE, {"code": code()})
    later = reverse("booking:stop-email-change", args=[email_change.stop_token(check())])
    CodeApp.objects.create(user=account, confirmed=True)
    thief.post(PASSWORD_PAGE, {"current": PASSWORD, "password": GOOD})
    time_machine.move_to(now + timedelta(hours=71), tick=False)
    assert "ancienne adresse" in words(Client().post(link, follow=True))
    account.refresh_from_db()
    assert accounts.email_index(OLD) == bytes(account.email_index)
    assert not CodeApp.objects.filter(user=account).exists()
    assert not SignIn.objects.exists()
    for session in (thief, client):
        assert session.get(ACCOUNT).status_code == 302
    for password in (GOOD, PASSWORD):
        assert sign_in(Client(), password=password).status_code == 200
    assert Client().post(later).status_code == 400, "the thief cannot undo the undoing"
    sent = post(now + timedelta(hours=71))
    reset = path_in(next(text for to, subject, text in sent if subject == "Nouveau mot de passe"))
    assert Client().post(reset, {"password": "à moi de nouveau, enfin"}).status_code == 302
    assert sign_in(Client(), password="à moi de nouveau, enfin").status_code == 302
    assert "email-restored" in actions(account)


def test_what_a_thief_renews_goes_with_what_the_thief_adds(client, account, now, time_machine):
    """Codes made anew in the place of the owner's, and an app whose page was opened before."""
    actor = accounts.account_actor(account)
    mine = second_factor.new_recovery_codes(account=account, actor=actor, now=now)
    app = second_factor.pending_device(account=account)
    time_machine.move_to(now + timedelta(hours=1), tick=False)
    change = email_change.ask(account=account, email=NEW, actor=actor, now=timezone.now())
    AddressCheck.objects.filter(pk=change.pk).update(proved_at=timezone.now())
    time_machine.move_to(now + timedelta(hours=2), tick=False)
    since = timezone.now()
    theirs = second_factor.confirm(account=account, device=app, actor=actor, now=since)
    theirs += second_factor.new_recovery_codes(account=account, actor=actor, now=since)
    email_change.stop(token=email_change.stop_token(change), now=since)
    assert not CodeApp.objects.filter(user=account).exists()
    assert not RecoverySheet.objects.filter(user=account).exists()
    assert [match_token(account, each) for each in (theirs[-1], mine[0])] == [None, None]


def test_older_factors_stay_when_the_account_is_taken_back(client, account, now, time_machine):
    actor = accounts.account_actor(account)
    mine = second_factor.new_recovery_codes(account=account, actor=actor, now=now)
    time_machine.move_to(now + timedelta(hours=1), tick=False)
    change = email_change.ask(account=account, email=NEW, actor=actor, now=timezone.now())
    AddressCheck.objects.filter(pk=change.pk).update(proved_at=timezone.now())
    email_change.stop(token=email_change.stop_token(change), now=timezone.now())
    assert match_token(account, mine[0]) is not None


def test_after_three_days_it_is_too_late_to_take_it_back(client, account, now, time_machine):
    ask(client)
    client.post(PROVE, {"code": code()})
    link = stop_link(now)
    time_machine.move_to(now + timedelta(hours=email_change.STOP_HOURS), tick=False)
    assert Client().get(link).status_code == 400
    assert Client().post(link).status_code == 400


@pytest.mark.parametrize("token", ["x", "a:b:c", "x" * 3000])
def test_a_made_up_link_stops_nothing(token, account):
    assert Client().post(reverse("booking:stop-email-change", args=[token])).status_code == 400


def test_links_of_one_kind_are_none_of_another(client, account):
    ask(client)
    row = check()
    for token in (address_checks.link_token(row), accounts.reset_token(account)):
        url = reverse("booking:stop-email-change", args=[token])
        assert Client().post(url).status_code == 400
    url = reverse("booking:verify-email", args=[email_change.stop_token(row)])
    assert Client().post(url).status_code == 400


def test_a_new_password_ends_a_change_that_a_thief_began(client, account, now):
    thief = Client()
    sign_in(thief)
    ask(thief)
    link = reverse("booking:verify-email", args=[address_checks.link_token(check())])
    client.post(PASSWORD_PAGE, {"current": PASSWORD, "password": GOOD})
    assert Client().post(link).status_code == 400
    assert thief.get(PAGE).status_code == 302
