"""The provider that the settings name."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from audit.vault.providers.google_kms import GoogleKeyProvider
from audit.vault.providers.local import FileKeyProvider, SettingsKeyProvider
from audit.vault.providers.protocol import KeyProvider
from audit.vault.providers.transit import TransitKeyProvider


@lru_cache(maxsize=8)
def _local(root_keys: tuple[str, ...], path: str) -> KeyProvider:
    if path:
        return FileKeyProvider(Path(path), root_keys)
    return SettingsKeyProvider(root_keys)


@lru_cache(maxsize=8)
def _transit(url: str, token: str, key: str) -> KeyProvider:
    return TransitKeyProvider(url=url, token=token, key=key)


@lru_cache(maxsize=8)
def _google(url: str, key: str, metadata_url: str) -> KeyProvider:
    return GoogleKeyProvider(url=url, key=key, metadata_url=metadata_url)


def provider() -> KeyProvider:
    """The key provider that the settings name; one a process."""
    if settings.VAULT_PROVIDER == "transit":
        return _transit(settings.VAULT_URL, settings.VAULT_TOKEN, settings.VAULT_KEY)
    if settings.VAULT_PROVIDER == "google":
        return _google(settings.VAULT_URL, settings.VAULT_KEY, settings.VAULT_METADATA_URL)
    return _local(tuple(settings.VAULT_ROOT_KEYS), str(settings.VAULT_ROOT_KEYS_FILE or ""))
