"""Keys of the vault. django-cryptography's own global key is set apart from SECRET_KEY."""

from doctolib.settings.machine import ENVIRONMENT

# The first key wraps new data keys; the others still open old ones.
VAULT_ROOT_KEYS = list(ENVIRONMENT.root_keys)
VAULT_INDEX_KEY = ENVIRONMENT.index_key
CRYPTOGRAPHY_KEY = ENVIRONMENT.secret_key
