"""Second factors: what is stored of them, how they are typed, and how the former ones came over."""

import base64
import re
import time
from importlib import import_module
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp import match_token
from django_otp.oath import TOTP, totp

from audit.models import Entry
from audit.vault.own_secrets import open_secret, seal_secret
from audit.vault.sealing import SealBroken
from booking.accounts.factors import second_factor
from booking.models import CodeApp, RecoveryCode, RecoverySheet
from booking.models.factors import DIGITS, SEED, recovery_digest
from booking.outbox import sending
from tests.factories import PASSWORD, make_account
from tests.factories.people import practice_actor

pytestmark = pytest.mark.django_db


def code_of(app, *, steps=0):
    found = TOTP(app.seed)
    found.time = time.time() + steps * 30
    return f"{found.token():06d}"


def test_a_seed_is_sealed_for_its_account_and_its_use():
    mine, other = make_account(), make_account()
    app = CodeApp.objects.create(user=mine, name="a")
    app.refresh_from_db()
    assert len(app.seed) == 20
    stored = bytes(app.sealed_seed)
    for text in (app.seed, app.seed.hex().encode(), base64.b32encode(app.seed)):
        assert text not in stored
    for values in ({"subject_id": other.pk, "use": SEED}, {"subject_id": mine.pk, "use": "x"}):
        with pytest.raises(SealBroken):
            open_secret(stored, **values)
    # Moved to another account, it gives codes to nobody.
    seal_secret(b"x", subject_id=other.pk, use=SEED)
    moved = CodeApp.objects.create(user=other, name="b")
    CodeApp.objects.filter(pk=moved.pk).update(sealed_seed=stored)
    assert match_token(other, code_of(app)) is None
    code = RecoverySheet.objects.create(user=other, name="recovery").add_code()
    assert match_token(other, code) is not None, "other factors serve all the same"


@pytest.mark.parametrize("broken", [b"", b"\x01", b"\x02" + b"a" * 48, b"\x01" + b"a" * 48])
def test_what_is_no_sealed_seed_does_not_open(broken):
    account = make_account()
    with pytest.raises(SealBroken):
        open_secret(broken, subject_id=account.pk, use=SEED)


def test_an_app_reads_the_same_seed_from_the_picture_and_the_text():
    account = make_account()
    app = second_factor.pending_device(account=account)
    asked = parse_qs(urlsplit(app.config_url).query)
    assert asked["secret"] == [base64.b32encode(app.seed).decode()]
    assert (asked["issuer"], asked["period"], asked["digits"]) == (["Doctolib"], ["30"], ["6"])
    assert second_factor.secret_text(app).replace(" ", "") == asked["secret"][0]
    # The same one at the next look at the page.
    assert second_factor.pending_device(account=account).seed == app.seed


def test_a_code_is_taken_once_and_a_step_around_it():
    account = make_account()
    app = CodeApp.objects.create(user=account, name="a")
    assert match_token(account, code_of(app, steps=-2)) is None
    assert match_token(account, code_of(app, steps=3)) is None
    now = code_of(app)
    assert match_token(account, now) == app
    assert match_token(account, now) is None
    assert match_token(account, code_of(app, steps=-1)) is None, "an older one is no better"
    assert match_token(account, code_of(app, steps=1)) == app
    app.refresh_from_db()
    assert app.last_used_at is not None


@pytest.mark.parametrize(
    "typed",
    ["", "12345", "1234567", "abcdef", "²²²²²²", "-12345", "1 2345", "+12345", "0x1234", "é"],
)
def test_what_is_no_code_is_wrong(typed):
    account = make_account()
    CodeApp.objects.create(user=account, name="a")
    RecoverySheet.objects.create(user=account, name="recovery").add_code()
    assert match_token(account, typed) is None


def test_arabic_digits_are_digits():
    """Telephones with an Arabic keyboard type them."""
    account = make_account()
    app = CodeApp.objects.create(user=account, name="a")
    typed = code_of(app).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert match_token(account, typed) == app


def test_the_owner_is_told_of_a_new_app_and_of_new_codes():
    account, now = make_account("zoe@exemple.fr"), timezone.now()
    app = second_factor.pending_device(account=account)
    second_factor.confirm(account=account, device=app, actor=practice_actor(), now=now)
    second_factor.new_recovery_codes(account=account, actor=practice_actor(), now=now)
    sending.send_owed(now=now)
    assert {(each.to[0], each.subject) for each in mail.outbox} == {
        ("zoe@exemple.fr", "Une application de codes a été ajoutée à votre compte"),
        ("zoe@exemple.fr", "De nouveaux codes de secours ont été faits pour votre compte"),
    }
    assert all("changez tout de suite de mot de passe" in each.body for each in mail.outbox)


@pytest.mark.parametrize("door", ["sign-in", "prove-again"])
def test_the_owner_is_told_that_a_recovery_code_was_used(door):
    account = make_account("zoe@exemple.fr")
    sheet = RecoverySheet.objects.create(user=account, name="recovery")
    codes = [sheet.add_code() for _each in range(3)]
    browser = Client()
    if door == "sign-in":
        asked = {"email": "zoe@exemple.fr", "password": PASSWORD}
        assert "/code/" in browser.post(reverse("booking:sign-in"), asked)["Location"]
    else:
        browser.force_login(account, backend="booking.backends.EmailBackend")
        assert "/code/" in browser.get(reverse("booking:prove-again"))["Location"]
    assert browser.post(reverse("booking:code"), {"code": "aaaa-bbbb"}).status_code == 200
    sending.send_owed(now=timezone.now())
    assert mail.outbox == []
    assert browser.post(reverse("booking:code"), {"code": codes[0]}).status_code == 302
    sending.send_owed(now=timezone.now())
    (told,) = mail.outbox
    assert (told.to, told.subject) == (
        ["zoe@exemple.fr"], "Un code de secours de votre compte a servi",
    )  # fmt: skip
    for body in (told.body, told.alternatives[0][0]):
        assert "Il vous reste 2 codes." in body
        assert "changez tout de suite de mot de passe" in body
    entry = Entry.objects.get(action="recovery-code-used")
    assert (entry.actor_id, entry.subjects) == (account.pk, [account.pk])


def test_recovery_codes_are_long_shown_once_and_stored_as_digests():
    account = make_account()
    codes = second_factor.new_recovery_codes(
        account=account, actor=practice_actor(), now=timezone.now()
    )
    assert len({*codes}) == second_factor.RECOVERY_CODES
    assert all(re.fullmatch("(?:[a-z2-7]{4}-){3}[a-z2-7]{4}", code) for code in codes)
    stored = b"".join(bytes(row.digest) for row in RecoveryCode.objects.all())
    assert len(stored) == 16 * len(codes)
    for code in codes:
        assert code.replace("-", "").encode() not in stored


@pytest.mark.parametrize(
    "as_typed",
    [
        lambda code: code,
        lambda code: code.replace("-", ""),
        lambda code: code.upper(),
        lambda code: f" {code.replace('-', ' ')} ",
        lambda code: code.replace("-", "–"),
        lambda code: code.replace("o", "0").replace("l", "1").replace("b", "8"),
    ],
)
def test_a_recovery_code_is_taken_however_it_is_typed_and_once(as_typed):
    account = make_account()
    sheet = RecoverySheet.objects.create(user=account, name="recovery")
    code, other = sheet.add_code(), sheet.add_code()
    assert match_token(account, as_typed(code)) == sheet
    assert match_token(account, as_typed(code)) is None
    assert match_token(account, other) == sheet
    assert second_factor.standing(account).codes_left == 0


def test_a_recovery_code_is_its_accounts_alone():
    """Nor does a row that is copied to another account serve there."""
    mine, other = make_account(), make_account()
    code = RecoverySheet.objects.create(user=mine, name="recovery").add_code()
    theirs = RecoverySheet.objects.create(user=other, name="recovery")
    RecoveryCode.objects.create(sheet=theirs, digest=RecoveryCode.objects.get().digest)
    assert match_token(other, code) is None
    assert match_token(mine, code) is not None


def test_the_digest_is_keyed(settings):
    account = make_account()
    before = recovery_digest(account.pk, "abcdefgh")
    settings.VAULT_INDEX_KEY = "another"
    assert recovery_digest(account.pk, "abcdefgh") != before
    assert [recovery_digest(account.pk, text) for text in ("", "  - ", "ab", "a9", "é" * 8)] == [
        None
    ] * 5


def test_what_django_otp_kept_comes_over_and_goes_back():
    """Seeds in clear text are sealed, codes hashed, and the tables gone; the apps go on giving
    codes, and codes that were used are not taken again."""
    move = import_module("booking.migrations.0038_move_factors")
    accounts = [make_account() for _number in range(3)]
    move.BATCH, batch = 2, move.BATCH
    seed, code = bytes(range(20)), "abcdefgh"
    with connection.schema_editor() as editor:
        move.open_again(None, editor)
    try:
        with connection.cursor() as cursor:
            for number, account in enumerate(accounts):
                cursor.execute(
                    "INSERT INTO otp_totp_totpdevice (user_id, name, confirmed, key, last_t)"
                    " VALUES (%s, 'totp', %s, %s, %s)",
                    [account.pk, number < 2, seed.hex(), number - 1],
                )
            cursor.execute(
                "INSERT INTO otp_static_staticdevice (user_id, name, confirmed)"
                " VALUES (%s, 'recovery', true) RETURNING id",
                [accounts[0].pk],
            )
            sheet_id = cursor.fetchone()[0]
            cursor.execute(
                "INSERT INTO otp_static_statictoken (device_id, token) VALUES (%s, %s)",
                [sheet_id, code],
            )
        with connection.schema_editor() as editor:
            move.seal_and_hash(None, editor)
    finally:
        move.BATCH = batch
    assert not set(move.OLD) & set(connection.introspection.table_names())
    apps = list(CodeApp.objects.order_by("pk"))
    assert [(app.user_id, app.seed, app.confirmed, app.last_step) for app in apps] == [
        (account.pk, seed, number < 2, number - 1) for number, account in enumerate(accounts)
    ]
    assert match_token(accounts[0], f"{totp(seed):0{DIGITS}}") == apps[0]
    assert match_token(accounts[2], f"{totp(seed):0{DIGITS}}") is None, "not confirmed"
    assert match_token(accounts[0], code) == RecoverySheet.objects.get()
    assert match_token(accounts[0], code) is None
    assert CodeApp.objects.create(user=accounts[2], name="new").pk > apps[-1].pk
    with connection.schema_editor() as editor:
        move.open_again(None, editor)
        with connection.cursor() as cursor:
            cursor.execute("SELECT key FROM otp_totp_totpdevice ORDER BY id LIMIT 1")
            assert cursor.fetchone() == (seed.hex(),)
        move.seal_and_hash(None, editor)
    assert CodeApp.objects.count() == 4
