"""Keys of the vault and of the record; django-cryptography's own key is set apart."""

from doctolib.settings.machine import ENVIRONMENT

# The first key wraps new data keys; the others still open old ones.
VAULT_ROOT_KEYS = list(ENVIRONMENT.root_keys)
VAULT_INDEX_KEY = ENVIRONMENT.index_key
CRYPTOGRAPHY_KEY = ENVIRONMENT.secret_key

# Authenticates entries and signs checkpoints; the origin names this record for good.
RECORD_KEY = ENVIRONMENT.record_key
RECORD_ORIGIN = ENVIRONMENT.record_origin
# Every checkpoint is appended here as well: outside the database, on another disk if there is one.
RECORD_CHECKPOINT_FILE = ENVIRONMENT.data_dir / "checkpoints.txt"
