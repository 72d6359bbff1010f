"""Secrets that are kept for use: each for its own, and none of them a way to a sealed field."""

import uuid

import pytest
from django.core.exceptions import FieldError
from django.db import connection
from django_cryptography.core.signing import BadSignature
from django_cryptography.utils.crypto import InvalidToken

from audit.vault import carried, erase
from audit.vault.kept_fields import KeptSecretField
from audit.vault.kept_secrets import keep_secret, use_secret
from audit.vault.own_secrets import open_secret, seal_secret
from audit.vault.sealing import SealBroken
from booking.models import AddressCheck
from tests.factories import make_patient, practice_actor

REFUSED = (InvalidToken, BadSignature)
ADDRESS = "https://calendar.example/private-1234/basic.ics"


def test_a_secret_opens_for_its_own_use_alone(settings):
    sealed = keep_secret(ADDRESS, use=b"calendar address")
    assert ADDRESS.encode() not in sealed
    assert use_secret(sealed, use=b"calendar address") == ADDRESS
    with pytest.raises(REFUSED):
        use_secret(sealed, use=b"something else")
    with pytest.raises(REFUSED):
        use_secret(sealed[:-1] + bytes([sealed[-1] ^ 1]), use=b"calendar address")
    settings.SECRET_KEY = "another" * 10
    with pytest.raises(REFUSED):
        use_secret(sealed, use=b"calendar address")


@pytest.mark.django_db
def test_it_opens_no_sealed_field():
    patient = make_patient(last_name="Quatrefages")
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_name FROM booking_patient WHERE id = %s", [patient.pk])
        (sealed,) = cursor.fetchone()
    with pytest.raises(REFUSED):
        use_secret(bytes(sealed), use=b"calendar address")


USE = "target of a sign-up"


def kept(value, use=USE):
    field = KeptSecretField(use=use)
    return field.from_db_value(value, None, connection)


def test_a_column_of_secrets_keeps_text_and_gives_it_back():
    field = KeptSecretField(use=USE)
    stored = field.get_prep_value(ADDRESS)
    assert ADDRESS not in stored and stored != field.get_prep_value(ADDRESS)
    assert kept(stored) == ADDRESS
    assert kept(field.get_prep_value(12)) == "12"
    # Nothing stays nothing, and is found as nothing.
    assert [field.get_prep_value(value) for value in (None, "")] == [None, ""]
    assert [kept(value) for value in (None, "")] == [None, ""]


def test_what_does_not_open_reads_as_empty(settings):
    stored = KeptSecretField(use=USE).get_prep_value(ADDRESS)
    assert kept(stored, use="another use") == ""
    for broken in ("!", "abc", "aGk=", stored[:-8], f" {stored}", "é" * 8):
        assert kept(broken) == ""
    settings.SECRET_KEY = "another" * 10
    assert kept(stored) == ""


@pytest.mark.django_db
def test_nobody_looks_up_by_a_secret_and_migrations_know_its_use():
    assert not AddressCheck.objects.filter(target="").exists()
    assert not AddressCheck.objects.filter(target__isnull=True).exists()
    for lookup in ("contains", "in", "startswith", "gt"):
        with pytest.raises(FieldError):
            AddressCheck.objects.filter(**{f"target__{lookup}": "a"}).exists()
    _name, path, args, kwargs = KeptSecretField("a name", use=USE, blank=True).deconstruct()
    assert (path, args) == ("audit.vault.kept_fields.KeptSecretField", [])
    assert kwargs == {"use": USE, "verbose_name": "a name", "blank": True}


@pytest.mark.django_db
def test_an_own_secret_is_sealed_for_its_subject_and_use():
    mine, other = uuid.uuid4(), uuid.uuid4()
    sealed = seal_secret(b"a seed", subject_id=mine, use="totp")
    assert (sealed[:1], len(sealed)) == (b"\x01", 1 + 12 + 6 + 16)
    assert sealed != seal_secret(b"a seed", subject_id=mine, use="totp")
    assert open_secret(sealed, subject_id=mine, use="totp") == b"a seed"
    seal_secret(b"another", subject_id=other, use="totp")
    for subject, use, given, said in (
        (other, "totp", sealed, "totp: does not open for this subject."),
        (mine, "passkey", sealed, "passkey: does not open for this subject."),
        (mine, "totp", sealed[:-1], "totp: does not open for this subject."),
        (mine, "totp", sealed[:5], "totp: does not open for this subject."),
        (mine, "totp", b"\x02" + sealed[1:], "totp: nothing opens it."),
        (mine, "totp", b"", "totp: nothing opens it."),
        (uuid.uuid4(), "totp", sealed, "totp: nothing opens it."),
    ):
        with pytest.raises(SealBroken, match=f"^{said}$"):
            open_secret(given, subject_id=subject, use=use)
    erase.erase(subject_ids=[mine], actor=practice_actor())
    with pytest.raises(SealBroken, match=r"^totp: nothing opens it.$"):
        open_secret(sealed, subject_id=mine, use="totp")


def test_what_the_browser_carries_opens_what_was_put_away():
    key, stored = carried.put_away(b"text", bound=b"for whom")
    assert (len(key), len(stored)) == (16, 16 + 4 + 16)
    assert carried.take_out(stored, key=key, bound=b"for whom") == b"text"
    other, again = carried.put_away(b"text", bound=b"for whom")
    assert other != key and again != stored
    assert carried.take_out(stored, key=other, bound=b"for whom") is None
    assert carried.take_out(stored, key=key[:5], bound=b"for whom") is None


def test_what_is_under_something_carried_needs_the_application_too(settings):
    stored = carried.put_under(b"text", carried="a cookie", use=b"a note")
    assert len(stored) == 16 + 4 + 16
    assert stored != carried.put_under(b"text", carried="a cookie", use=b"a note")
    assert carried.take_from_under(stored, carried="a cookie", use=b"a note") == b"text"
    for values in ({"carried": "other", "use": b"a note"}, {"carried": "a cookie", "use": b"b"}):
        assert carried.take_from_under(stored, **values) is None
    settings.SECRET_KEY = "another" * 10
    assert carried.take_from_under(stored, carried="a cookie", use=b"a note") is None
