"""What was stored yesterday opens today: every format of vault and record against fixed bytes.

A label, a hash or a binding that changes on both sides still passes wherever a test seals and
opens; in production nothing of before would open, be found or verify any more.
"""

import base64
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from audit.record import chain, content, merkle
from audit.vault import carried, files, keys, own_secrets, sealing
from audit.vault.blind_index import blind_index
from audit.vault.kept_secrets import use_secret
from audit.vault.providers.local import SettingsKeyProvider
from booking.models import Patient

DATA_KEY = bytes(range(32))
ID = uuid.UUID("01a00000-0000-7000-8000-0000000000aa")


@pytest.fixture(autouse=True)
def _fixed_keys(settings):
    settings.VAULT_INDEX_KEY = "an index key"
    settings.SECRET_KEY = "a secret key"
    settings.RECORD_KEY = "a record key"


def stored(text):
    return bytes.fromhex(text)


@pytest.mark.parametrize(
    ("purpose", "digest"),
    [
        ("account.email", "346735a757b0dc25699ff2beb26afb67"),
        ("patient.birth_date", "6316"),
        ("patient.email", "77fb8e"),
        ("patient.first_name", "3bd9c9"),
        ("patient.last_name", "7a248c"),
        ("patient.name_birth", "1caeb7"),
        ("patient.phone", "8e4f65"),
    ],
)
def test_somebody_is_found_by_the_digest_of_before(purpose, digest):
    assert blind_index(purpose, "martin") == stored(digest)


def test_a_sealed_field_of_before_opens():
    label = "booking_patient.last_name"
    expected = "4092902810ad947d2bf7869304365938317632d07778d957998b3acd2e12a949"
    assert keys.field_key(DATA_KEY, label) == stored(expected)
    row = Patient(id=ID)
    row.last_name = sealing.Sealed(
        stored("01000102030405060708090a0bb8a65abf519fe0d08d38fef0db57a59329df06062e31fb7b")
    )
    assert sealing.open_sealed(DATA_KEY, row, "last_name") == "Lefèvre"


def test_an_own_secret_of_before_opens(monkeypatch):
    monkeypatch.setattr(keys, "data_keys", lambda ids: {ID: DATA_KEY})
    sealed = stored("01000102030405060708090a0b75ddcd88f6d61d8d24a6c3da6a9df6ce3fbc8e23e6c7")
    assert own_secrets.open_secret(sealed, subject_id=ID, use="totp") == b"secret"
    for wrong in (
        {"subject_id": uuid.UUID(int=1), "use": "totp"},
        {"subject_id": ID, "use": "passkey"},
    ):
        with pytest.raises(sealing.SealBroken):
            own_secrets.open_secret(sealed, **wrong)
    for changed in (b"\x02" + sealed[1:], sealed[:5], sealed[:-1] + b"!"):
        with pytest.raises(sealing.SealBroken):
            own_secrets.open_secret(changed, subject_id=ID, use="totp")


def test_a_kept_secret_and_a_wrapped_key_of_before_open():
    sealed = stored(
        "80000000006b0a6289000102030405060708090a0b0c0d0e0f2371105ed629afb1ec7343a94c8f261a7599"
        "77b9ba6f4cef7b398c6f44e27918757e8345052ee242831f5a43503251d053c6fe5db115a581ec6cbc9b84"
        "362b3d"
    )
    assert use_secret(sealed, use=b"calendar address") == "https://x.example"
    wrapped = stored(
        "80000000006b0a6289000102030405060708090a0b0c0d0e0fe713c542b13deb23b2643556e7c9a146aa5c"
        "64ce302004bc57b6078e34d0ec29d673902048dd2634d9f156bcc9595cbda3491f5b52c41ee4f269c76027"
        "62b68adf6b65d4ce5c99d6e754e8517b21a5e8"
    )
    provider = SettingsKeyProvider(["a newer root key", "a root key"])
    assert provider.unwrap("47474460b9363cbd", wrapped) == DATA_KEY


def test_what_a_browser_carries_the_key_of_opens():
    key, put_away = (
        stored("000102030405060708090a0b0c0d0e0f"),
        stored("000102030405060708090a0b0c0d0e0fdecdebea7d6622cdb786927d705a26f4f8eb2663"),
    )
    assert carried.take_out(put_away, key=key, bound=b"for whom") == b"text"
    assert carried.take_out(put_away, key=key, bound=b"for another") is None
    assert carried.take_out(put_away, key=key[:-1] + b"!", bound=b"for whom") is None
    assert carried.take_out(b"", key=key, bound=b"for whom") is None
    under = stored("000102030405060708090a0b0c0d0e0f80d92b1d2aeba54f4546c8bb19d8904524eaef20")
    assert carried.take_from_under(under, carried="a cookie", use=b"a note") == b"text"
    assert carried.take_from_under(under, carried="another", use=b"a note") is None
    assert carried.take_from_under(under, carried="a cookie", use=b"a name") is None


def test_a_part_of_a_file_of_before_opens():
    key = base64.b64encode(DATA_KEY).decode()
    last = stored("0ac2d44b8a359a35f47dd3ef4a23354ac7")
    size = files.PART_BYTES + 1
    assert files.open_part(key, file_id=ID, number=1, size=size, sealed=last) == b"b"
    assert (files.PART_BYTES, files.TAG_BYTES) == (65536, 16)
    for size, parts in [(0, 1), (1, 1), (65536, 1), (65537, 2), (131072, 2), (131073, 3)]:
        assert files.count_parts(size) == parts


def test_an_entry_is_hashed_and_authenticated_as_before():
    at = datetime(2026, 11, 28, 9, 30, 0, 5, tzinfo=timezone(timedelta(hours=1)))
    link = chain.Chain(writer=b"w" * 8, place=3, after=b"l" * 32).link()
    assert link == b"w" * 8 + (3).to_bytes(8) + b"l" * 32
    text = content.canonical(
        (
            ID, at, "reveal", "account", ID, None, None, "web", "care", [ID],
            ["booking_patient.last_name"], None, link, {"word": "é", "n": 1},
        )
    )  # fmt: skip
    subject = "88012a9782dd27e87919508c76d3126ceebe84c8926ba898baacb075d9976a89"
    assert text.decode() == (
        f'{{"action":"reveal","actor_id":"{ID}","actor_kind":"account",'
        '"at":"2026-11-28T08:30:00.000005+00:00","channel":"web","details":{"n":1,"word":"é"},'
        f'"fields":["booking_patient.last_name"],"id":"{ID}","link":"{link.hex()}",'
        f'"purpose":"care","subjects":["{subject}"]}}'
    )
    assert content.nonce(ID, ID) == stored("856f2518241f1143dfec091b3ee98ae8")
    assert content.authentication_code(text) == stored(
        "784370a3989f8f7d8da6fa1569325d06390d4932f5cfd866a1b0826d6af2f384"
    )
    assert merkle.leaf_hash(text) == stored(
        "ebf6fb936e37fb5964ddf8a735244a7a44ad4d607f0ba3ac7c2b6d766b357a98"
    )
    assert content.row_code("checkpoint", 7, b"r" * 32, at, None, ID, ["é"]) == stored(
        "eaac091663995ec3d521e9faf962e4213f14f5cf8b9d7b2910e048632f9aa6d0"
    )
    assert content.signing_key().public_key().public_bytes_raw() == stored(
        "c223f252835d97418954c989f4cedf26c427ab930c6da51096ddd0ca3f81259b"
    )
