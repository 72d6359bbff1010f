"""Providers that wrap data keys: a root key in a file or in settings, HashiCorp Vault, or a
cloud KMS.
"""

from audit.vault.providers.protocol import KeyProvider, KeyUnavailable, NotHere
from audit.vault.providers.selected import provider

__all__ = ["KeyProvider", "KeyUnavailable", "NotHere", "provider"]
