"""Keys of the vault and of the record; django-cryptography's own key is set apart."""

from doctolib.settings.machine import ENVIRONMENT

# "local", "transit" or "google"; the rest says where that provider is.
VAULT_PROVIDER = ENVIRONMENT.vault_provider
VAULT_URL = ENVIRONMENT.vault_url
VAULT_TOKEN = ENVIRONMENT.vault_token
VAULT_KEY = ENVIRONMENT.vault_key
VAULT_METADATA_URL = ENVIRONMENT.vault_metadata_url
# Of the local provider. The first key wraps new data keys; the others still open old ones. The
# file, once a rotation has written it, stands in place of the settings.
VAULT_ROOT_KEYS = list(ENVIRONMENT.root_keys)
VAULT_ROOT_KEYS_FILE = ENVIRONMENT.root_keys_file
VAULT_INDEX_KEY = ENVIRONMENT.index_key
CRYPTOGRAPHY_KEY = ENVIRONMENT.secret_key

# Authenticates entries and signs checkpoints; the origin names this record for good.
RECORD_KEY = ENVIRONMENT.record_key
RECORD_ORIGIN = ENVIRONMENT.record_origin
# Every checkpoint is appended here as well: outside the database, on another disk if there is one.
RECORD_CHECKPOINT_FILE = ENVIRONMENT.data_dir / "checkpoints.txt"
# Each "verifier-key url", as its operator publishes them.
RECORD_WITNESSES = list(ENVIRONMENT.witnesses)
