"""Recovery codes that are the only second factor: how many are left, and what to do, is said."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp import match_token

from audit.models import Entry
from booking.accounts import accounts
from booking.accounts.factors import passkeys, second_factor
from booking.models import CodeApp, RecoveryCode, RecoverySheet
from booking.outbox import sending
from practitioners.models import Membership
from tests.factories import PASSWORD, make_account, make_practice
from tests.support.stored_passkeys import make_passkey

pytestmark = pytest.mark.django_db

PAGE, ACCOUNT = reverse("booking:passkeys"), reverse("booking:account")
MAKE, END = reverse("booking:new-recovery-codes"), reverse("booking:end-recovery-codes")
CODE, ADDRESS = reverse("booking:code"), "zoe@exemple.fr"
ENOUGH = "mon mot de passe suffit"


@pytest.fixture(params=["patient", "secretary"])
def account(request):
    account = make_account(ADDRESS)
    if request.param == "secretary":
        Membership.objects.create(account=account, practice=make_practice(), role="secretary")
    return account


def made(account):
    return second_factor.new_recovery_codes(
        account=account, actor=accounts.account_actor(account), now=timezone.now()
    )


def ask(language="fr"):
    """A browser in which the password is given."""
    client = Client()
    client.cookies["django_language"] = language
    answer = client.post(reverse("booking:sign-in"), {"email": ADDRESS, "password": PASSWORD})
    assert answer["Location"].startswith(CODE)
    return client


def entered(code, language="fr"):
    """A browser that has signed in by a recovery code, and the words of its first page."""
    client = ask(language)
    return client, words(client.post(CODE, {"code": code}, follow=True))


def words(answer):
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def spend(account, *, leave):
    kept = RecoveryCode.objects.filter(sheet__user=account).order_by("pk")[:leave]
    spent = RecoveryCode.objects.filter(sheet__user=account).exclude(pk__in=[r.pk for r in kept])
    spent.delete()


def test_each_sign_in_says_how_many_are_left_and_what_to_do(account):
    codes = made(account)
    assert "Il vous en reste 10." in words(ask().get(CODE))
    client, page = entered(codes[0])
    assert "il vous en reste 9, et chaque connexion en prend un." in page
    assert f'href="{PAGE}"' in page
    assert "il vous en reste 9" not in words(client.get(ACCOUNT)), "said once"
    _client, page = entered(codes[1], "en")
    assert "you have 8 left, and each sign-in uses one." in page


def test_the_pages_of_the_account_say_it_and_offer_what_to_do(account):
    codes = made(account)
    client, _page = entered(codes[0])
    page = words(client.get(ACCOUNT))
    assert "Codes de secours seuls" in page and "Il vous reste 9 codes de secours." in page
    page = words(client.get(PAGE))
    assert "Il vous reste 9 codes de secours." in page
    assert "chaque connexion en prend un" in page
    assert "Ajouter une clé d’accès" in page and "Ajouter une application" in page
    assert (ENOUGH in page) is not account.memberships.exists()
    client.post(MAKE)
    assert "Il vous reste 10 codes de secours." in words(client.get(PAGE))
    assert match_token(account, codes[1]) is None
    app = words(client.get(reverse("booking:second-factor") + "?autre"))
    assert "ceux d’avant n’ouvriront plus rien" in app


def test_a_patient_asks_for_none_any_more_and_a_member_cannot(account):
    codes = made(account)
    client, _page = entered(codes[0])
    mail.outbox.clear()
    answer = client.post(END)
    if account.memberships.exists():
        assert answer.status_code == 403
        assert second_factor.standing(account).codes_left == 9
        return
    assert "Votre mot de passe ouvre seul votre compte." in words(client.get(answer["Location"]))
    assert not RecoverySheet.objects.filter(user=account).exists()
    asked = {"email": ADDRESS, "password": PASSWORD}
    assert Client().post(reverse("booking:sign-in"), asked)["Location"] != CODE
    assert Entry.objects.get(action="recovery-codes-ended").subjects == [account.pk]
    assert client.post(END).status_code == 302, "twice is once"
    assert Entry.objects.filter(action="recovery-codes-ended").count() == 1
    sending.send_owed(now=timezone.now())
    told = [each for each in mail.outbox if "ne demande plus" in each.subject]
    assert [each.to for each in told] == [[ADDRESS]]


@pytest.mark.parametrize("kind", ["passkey", "app"])
def test_codes_that_stand_for_something_else_are_not_ended(kind):
    account = make_account(ADDRESS)
    codes = made(account)
    if kind == "passkey":
        make_passkey(account)
    else:
        CodeApp.objects.create(user=account, name="t", confirmed=True)
    client, page = entered(codes[0])
    assert "Un code de secours a servi : il vous en reste 9." in page
    assert "chaque connexion" not in page
    assert "remplacent votre clé d’accès" in words(client.post(END, follow=True))
    page = words(client.get(PAGE))
    assert "Il vous reste 9 codes de secours." in page and ENOUGH not in page
    assert "Codes de secours seuls" not in words(client.get(ACCOUNT))


def test_the_last_code_says_that_it_is_the_last(account):
    codes = made(account)
    spend(account, leave=1)
    assert "Il vous en reste 1." in words(ask().get(CODE))
    client, page = entered(codes[0])
    assert "C’était votre dernier code de secours, et rien d’autre n’ouvrira" in page
    page = words(client.get(PAGE))
    assert "Il ne vous reste aucun code de secours." in page
    assert "rien n’ouvrirait ce compte" in page and "Faire mes codes de secours" in page


def test_where_none_is_left_none_is_asked_for(account):
    """A form that nothing could fill in is no page: the way out is."""
    made(account)
    spend(account, leave=0)
    page = words(ask().get(CODE))
    assert "Tous vos codes de secours ont servi" in page and 'name="code"' not in page
    if account.memberships.exists():
        assert "Demandez à l’équipe de Doctolib" in page
    else:
        assert reverse("booking:forgotten") in page


def test_an_open_session_that_cannot_prove_itself_again_is_told_the_way_out():
    account = make_account(ADDRESS)
    made(account)
    spend(account, leave=0)
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    page = words(client.get(PAGE, follow=True))
    assert "Tous vos codes de secours ont servi" in page and reverse("booking:forgotten") in page


def test_a_passkey_whose_codes_have_served_is_asked_for_alone():
    account = make_account(ADDRESS)
    made(account)
    make_passkey(account)
    spend(account, leave=0)
    page = words(ask().get(CODE))
    assert "Entrez avec votre clé d’accès." in page and 'name="code"' not in page
    assert "Entrer avec une clé d’accès" in page
    assert "Les clés d’accès ont besoin de JavaScript." in page, (
        "without scripts, nothing else is there"
    )


def test_removing_the_last_passkey_locks_nobody_out(account):
    made(account)
    key = make_passkey(account)
    spend(account, leave=0)
    passkeys.forget(
        passkey=key, account=account, actor=accounts.account_actor(account), now=timezone.now()
    )
    assert not RecoverySheet.objects.filter(user=account).exists()
    # Codes that are left go on being asked for: removing a key weakens nothing.
    made(account)
    passkeys.forget(
        passkey=make_passkey(account),
        account=account,
        actor=accounts.account_actor(account),
        now=timezone.now(),
    )
    assert second_factor.standing(account).codes_alone
    ask()


def test_a_stranger_ends_nobodys_codes():
    account = make_account(ADDRESS)
    made(account)
    assert Client().post(END)["Location"].startswith(reverse("booking:sign-in"))
    before_the_code = ask()
    assert before_the_code.post(END)["Location"].startswith(reverse("booking:sign-in"))
    assert second_factor.standing(account).codes_left == 10
