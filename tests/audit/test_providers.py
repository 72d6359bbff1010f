"""One contract for every key provider; the remote ones against doubles of their documented API."""

import os
import stat

import pytest

from audit.vault import keys
from audit.vault.providers import KeyUnavailable, NotHere, provider
from tests.audit import key_services
from tests.factories import make_patient

KINDS = ["settings", "file", "transit", "google"]


@pytest.fixture(params=KINDS)
def kind(request, settings, tmp_path):
    """Select one provider by settings; yields its name and, for a remote one, its service."""
    settings.VAULT_ROOT_KEYS_FILE = ""
    if request.param == "settings":
        yield request.param, None
    elif request.param == "file":
        settings.VAULT_ROOT_KEYS_FILE = str(tmp_path / "root-keys")
        yield request.param, None
    else:
        double = getattr(key_services, request.param)
        with key_services.serve(double) as (service, url):
            settings.VAULT_PROVIDER, settings.VAULT_URL = request.param, url
            settings.VAULT_TOKEN, settings.VAULT_METADATA_URL = key_services.TOKEN, url
            settings.VAULT_KEY = "doctolib" if request.param == "transit" else key_services.KEY
            yield request.param, service


def introduce(name, settings):
    """A new root key, the way this provider has it."""
    if name != "settings":
        return provider().introduce()
    with pytest.raises(NotHere, match="DOCTOLIB_ROOT_KEYS"):
        provider().introduce()
    settings.VAULT_ROOT_KEYS = ["a newer root key", *settings.VAULT_ROOT_KEYS]
    return provider().current_key_id()


def test_what_was_wrapped_is_unwrapped(kind):
    data_key = os.urandom(32)
    key_id, wrapped = provider().wrap(data_key)
    assert key_id == provider().current_key_id()
    assert len(key_id) <= 64
    assert data_key not in wrapped
    assert provider().unwrap(key_id, wrapped) == data_key
    assert provider().wrap(data_key)[1] != wrapped


def test_a_changed_or_foreign_wrapping_does_not_open(kind):
    key_id, wrapped = provider().wrap(os.urandom(32))
    for broken in (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), wrapped[:20], b"vault:v1:!!!!"):
        with pytest.raises(KeyUnavailable):
            provider().unwrap(key_id, broken)
    with pytest.raises(KeyUnavailable):
        provider().unwrap("unknown", wrapped)


def test_a_new_root_key_wraps_while_the_older_opens_until_it_is_retired(kind, settings):
    name, _service = kind
    data_key = os.urandom(32)
    old_id, old = provider().wrap(data_key)
    new_id = introduce(name, settings)
    assert new_id == provider().current_key_id() != old_id
    assert provider().unwrap(old_id, old) == data_key
    wrapped_id, wrapped = provider().wrap(data_key)
    assert wrapped_id == new_id
    if name == "settings":
        with pytest.raises(NotHere):
            provider().retire(old_id)
        settings.VAULT_ROOT_KEYS = settings.VAULT_ROOT_KEYS[:1]
    else:
        with pytest.raises(KeyUnavailable, match="cannot be retired"):
            provider().retire(new_id)
        provider().retire(old_id)
    with pytest.raises(KeyUnavailable):
        provider().unwrap(old_id, old)
    assert provider().unwrap(new_id, wrapped) == data_key


@pytest.mark.parametrize("kind", ["transit", "google"], indirect=True)
def test_a_service_that_is_away_or_refuses_is_no_plaintext(kind, settings):
    name, service = kind
    key_id, wrapped = provider().wrap(os.urandom(32))
    service.away = True
    for call in (
        lambda: provider().unwrap(key_id, wrapped),
        lambda: provider().wrap(os.urandom(32)),
        lambda: provider().introduce(),
        lambda: provider().current_key_id(),
    ):
        with pytest.raises(KeyUnavailable, match="503"):
            call()
    service.away = False
    if name == "transit":
        settings.VAULT_TOKEN = "stolen"
        with pytest.raises(KeyUnavailable, match="403") as refused:
            provider().unwrap(key_id, wrapped)
        assert "stolen" not in str(refused.value) + repr(provider())
    settings.VAULT_URL = "http://127.0.0.1:9"
    settings.VAULT_METADATA_URL = "http://127.0.0.1:9"
    with pytest.raises(KeyUnavailable, match="does not answer"):
        provider().unwrap(key_id, wrapped)
    settings.VAULT_URL = settings.VAULT_METADATA_URL = "file:///etc"
    with pytest.raises(KeyUnavailable, match="https"):
        provider().unwrap(key_id, wrapped)


@pytest.mark.parametrize("kind", ["transit", "google"], indirect=True)
@pytest.mark.django_db
def test_the_service_is_asked_once_for_a_key_and_again_after_a_while(
    kind, time_machine, monkeypatch
):
    _name, service = kind
    keys.forget_unwrapped()
    clock = [1000.0]
    monkeypatch.setattr(keys, "_unwrapped", keys.TTLCache(3, keys.CACHE_SECONDS, lambda: clock[0]))
    patients = [make_patient() for _ in range(4)]
    keys.data_keys([patients[0].pk])
    before = service.calls
    for _ in range(5):
        keys.data_keys([patients[0].pk])
    assert service.calls == before
    clock[0] += keys.CACHE_SECONDS + 1
    keys.data_keys([patients[0].pk])
    assert service.calls == before + 1
    # Bounded in size: the fourth key pushes the first one out.
    for patient in patients[1:]:
        keys.data_keys([patient.pk])
    before = service.calls
    keys.data_keys([patients[0].pk])
    assert service.calls == before + 1
    assert len(keys._unwrapped) <= 3


@pytest.mark.parametrize("kind", ["file"], indirect=True)
def test_the_file_is_for_its_owner_alone_and_every_process_sees_it(kind, settings, tmp_path):
    from pathlib import Path

    from audit.vault.providers.local import FileKeyProvider

    path = Path(settings.VAULT_ROOT_KEYS_FILE)
    other = FileKeyProvider(path, settings.VAULT_ROOT_KEYS)
    before = other.current_key_id()
    new_id = provider().introduce()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert other.current_key_id() == new_id != before
    assert len(path.read_text().split()) == 2
    assert other.wrap(b"k" * 32)[0] == new_id
