"""Who may add a passkey, and what signing in with one refuses."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django_otp_webauthn.models import WebAuthnCredential

from audit.models import Entry
from audit.views.factor import CODE_GIVEN_AT, ENTERED_AT
from booking.accounts.factors import passkeys
from booking.models import Message, RecoveryCode, RecoverySheet
from booking.models.message import MessageKind
from booking.outbox import kinds
from booking.oversight.dashboard_access import let_in, stop
from booking.rights import erase
from booking.rights.held_data import held_data
from tests.factories import make_account, practice_actor, verified_client
from tests.support.stored_passkeys import make_passkey

pytestmark = pytest.mark.django_db


def signed_in(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def fresh(client):
    session = client.session
    session[CODE_GIVEN_AT] = session[ENTERED_AT] = datetime.now(UTC).timestamp()
    session.save()
    return client


def stale_one(account):
    client = verified_client(account)
    session = client.session
    session[CODE_GIVEN_AT] -= 16 * 60
    session.save()
    return client


def begin(client, name="begin-adding-passkey"):
    return client.post(reverse(f"booking:{name}"), content_type="application/json")


def test_nobody_adds_one_without_signing_in():
    assert begin(Client()).status_code == 403
    assert begin(Client(), "complete-adding-passkey").status_code == 403


def test_whoever_has_a_second_factor_has_just_shown_it():
    account = make_account()
    assert begin(signed_in(account)).status_code == 403, "the password, where there is no factor"
    assert begin(fresh(signed_in(account))).status_code == 200
    client = verified_client(account)
    assert begin(fresh(signed_in(account))).status_code == 403, "with a device, its code first"
    assert begin(stale_one(account)).status_code == 403, "and lately"
    assert begin(client).status_code == 200
    for name in ("passkeys", "new-recovery-codes"):
        stale = stale_one(account)
        url = reverse(f"booking:{name}")
        answer = stale.get(url) if name == "passkeys" else stale.post(url)
        assert answer["Location"].startswith(reverse("booking:prove-again"))


def test_the_device_asks_for_its_owner_each_time():
    """A key that somebody left in the computer proves nothing by being there."""
    account = make_account()
    make_passkey(account)
    client = fresh(verified_client(account))
    adding = begin(client).json()
    assert adding["authenticatorSelection"]["userVerification"] == "required"
    assert client.session["otp_webauthn_register_state"]["require_user_verification"] is True
    for visitor in (Client(), client):
        asked = begin(visitor, "begin-passkey").json()
        assert asked["userVerification"] == "required"
        state = visitor.session["otp_webauthn_authentication_state"]
        assert state["require_user_verification"] is True


def test_the_address_is_opened_for_its_owner_alone_and_on_the_record():
    account = make_account("moi@exemple.fr")
    options = begin(fresh(signed_in(account))).json()
    assert options["user"]["name"] == "moi@exemple.fr"
    assert options["rp"]["id"] == "localhost"
    assert Entry.objects.filter(action="reveal", subjects=[account.pk], purpose="own-data").exists()
    # To whoever asks for signing in, nothing names an account.
    asked = begin(Client(), "begin-passkey").json()
    assert not asked.get("allowCredentials") and asked["userVerification"] == "required"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id": "x"}', b"null"])
def test_what_is_no_key_is_refused(body):
    client = Client()
    begin(client, "begin-passkey")
    answer = client.post(reverse("booking:complete-passkey"), body, content_type="application/json")
    assert answer.status_code in (400, 422)
    if body == b"{":
        return
    # A question is good for one answer.
    answer = client.post(
        reverse("booking:complete-passkey"), b"{}", content_type="application/json"
    )
    assert answer.json()["code"] == "invalid_state"


def test_ones_own_are_ended_and_nobody_elses():
    account, other = make_account(), make_account()
    mine, theirs = make_passkey(account), make_passkey(other, number=2)
    client = fresh(signed_in(account))
    url = reverse("booking:forget-passkey", args=[mine.pk])
    assert client.post(url)["Location"].startswith(reverse("booking:prove-again"))
    session = client.session
    session["otp_device_id"] = mine.persistent_id
    session.save()
    assert client.post(reverse("booking:forget-passkey", args=[theirs.pk])).status_code == 404
    client.post(reverse("booking:new-recovery-codes"))
    assert RecoveryCode.objects.filter(sheet__user=account).count() == 10
    client.post(url)
    assert list(WebAuthnCredential.objects.all()) == [theirs]
    assert Entry.objects.get(action="passkey-forgotten").subjects == [account.pk]
    told = Message.objects.get(kind=MessageKind.FACTOR_REMOVED)
    letter = kinds.compose(told, now=told.created_at)
    assert (told.account, letter.subject) == (
        account,
        "Une clé d’accès a été retirée de votre compte",
    )


def test_nobody_needs_more_than_twenty(monkeypatch):
    monkeypatch.setattr(passkeys, "MOST", 0)
    account = make_account()
    answer = begin(fresh(signed_in(account)))
    assert answer.status_code == 409 and "assez" in answer.json()["detail"]


def test_they_end_with_keys_in_wrong_hands_and_with_the_account(now):
    account = make_account()
    make_passkey(account)
    held = held_data(account=account, actor=practice_actor(), now=now)
    assert [each["name"] for each in held["passkeys"]] == ["Chrome, Linux"]
    stop(holder_id=account.pk, actor=practice_actor(), now=now)
    let_in(holder_id=account.pk, actor=practice_actor(), keys_are_safe=True, now=now)
    assert passkeys.of_account(account).exists()
    stop(holder_id=account.pk, actor=practice_actor(), now=now)
    let_in(holder_id=account.pk, actor=practice_actor(), keys_are_safe=False, now=now)
    assert not passkeys.of_account(account).exists()
    make_passkey(account)
    erase.erase_account(account=account, actor=practice_actor(), now=now)
    assert not WebAuthnCredential.objects.exists()


def test_the_first_key_asks_for_recovery_codes_until_there_are_some():
    account = make_account()
    make_passkey(account)
    client = fresh(verified_client(account))
    page = client.get(reverse("booking:passkeys")).content.decode()
    assert "Faire mes codes de secours" in page
    assert "Faites-les maintenant" in page
    client.post(reverse("booking:new-recovery-codes"))
    page = client.get(reverse("booking:passkeys")).content.decode()
    assert "Faire de nouveaux codes de secours" in page
    assert "Faites-les maintenant" not in page


def test_a_key_alone_is_asked_for_and_not_the_code_of_an_app():
    account = make_account()
    make_passkey(account)
    RecoverySheet.objects.create(user=account, name="recovery").add_code()
    client = signed_in(account)
    page = client.get(reverse("booking:passkeys"), follow=True).content.decode()
    assert "Entrez avec votre clé d’accès, ou tapez l’un de vos codes de secours." in page
    assert "Entrer avec une clé d’accès" in page
    assert "Code à 6 chiffres" not in page
    wrong = client.post(reverse("booking:code"), {"code": "abcdefgh"}).content.decode()
    assert "Ce code de secours ne convient pas." in wrong
    verified_client(account)
    page = client.get(reverse("booking:code")).content.decode()
    assert "Code à 6 chiffres" in page, "an app is there as well"
