"""Secrets that are kept for use: each for its own, and none of them a way to a sealed field."""

import pytest
from django.db import connection
from django_cryptography.core.signing import BadSignature
from django_cryptography.utils.crypto import InvalidToken

from audit.vault.kept_secrets import keep_secret, use_secret
from tests.factories import make_patient

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
