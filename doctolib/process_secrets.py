"""Which process needs which secret: each is started with its own, and with throw-away values else.

What a process was started with is lost with it. The settings want every secret to be there,
so a process that does not use one gets a random value that opens nothing (docs/operations.md).
"""

import secrets

SECRETS = (
    "DOCTOLIB_SECRET_KEY", "DOCTOLIB_ROOT_KEYS", "DOCTOLIB_INDEX_KEY", "DOCTOLIB_RECORD_KEY",
)  # fmt: skip
# Those that a process uses; web and worker use all.
USED = {
    "events": {"DOCTOLIB_SECRET_KEY", "DOCTOLIB_RECORD_KEY"},
    "scheduler": set[str](),
    "sealer": {"DOCTOLIB_RECORD_KEY"},
}


def throw_away(process: str) -> dict[str, str]:
    """The variables that hide from a process the secrets which it does not use."""
    unused = [name for name in SECRETS if name not in USED[process]]
    values = {name: secrets.token_urlsafe(32) for name in unused}
    if "DOCTOLIB_ROOT_KEYS" in values:
        # Root keys by value, of the local provider: neither the file nor the key service is named.
        values |= {"DOCTOLIB_ROOT_KEYS_FILE": "", "DOCTOLIB_VAULT": "local"}
        values |= {"DOCTOLIB_VAULT_TOKEN": "", "DOCTOLIB_VAULT_KEY": ""}
    return values
