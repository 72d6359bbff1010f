"""The one place that reads environment variables.

Every setting that differs between machines is a field here, with its default and a clear
error; the rest of the code imports Django's settings.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PROJECT_DIR = Path(__file__).resolve().parent.parent
DEVELOPMENT_KEY_NOTICE = "development-only"
# 32 characters of base 64 are 192 bits; NIST SP 800-57 asks for 128 at least.
LONGEST_NUMBER, HIGHEST_PORT = 9, 65535
SHORTEST_SECRET, FEWEST_CHARACTERS = 32, 10


class InvalidEnvironment(Exception):
    """A variable is missing or has a value that cannot be used; the text says which and why."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the machine says about this installation."""

    mode: str
    data_dir: Path
    database_url: str
    redis_url: str
    secret_key: str = field(repr=False)
    root_keys: tuple[str, ...] = field(repr=False)
    root_keys_file: str
    vault_provider: str
    vault_url: str
    vault_token: str = field(repr=False)
    vault_key: str
    vault_metadata_url: str
    index_key: str = field(repr=False)
    record_key: str = field(repr=False)
    record_origin: str
    witnesses: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    base_url: str
    port: int
    smtp_host: str
    smtp_port: int
    smtp_user: str
    smtp_password: str = field(repr=False)
    smtp_tls: bool
    mail_from: str
    sms_provider: str
    sms_url: str
    sms_token: str = field(repr=False)
    proxies: int
    connection_seconds: int
    live_port: int
    witness_port: int
    clamd: str
    stun_urls: tuple[str, ...]
    turn_urls: tuple[str, ...]
    turn_secret: str = field(repr=False)
    turn_only: bool

    @property
    def is_production(self) -> bool:
        return self.mode == "production"

    @property
    def mail_dir(self) -> Path:
        return self.data_dir / "mail"

    @property
    def sms_dir(self) -> Path:
        return self.data_dir / "sms"


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """Reads single variables, each with its default; raises InvalidEnvironment."""

    source: Mapping[str, str]
    production: bool

    def text(self, name: str, default: str = "") -> str:
        value = self.source.get(name, "")
        if not value and self.production and default.startswith(DEVELOPMENT_KEY_NOTICE):
            raise InvalidEnvironment(f"{name} is not set: production needs a secret of its own.")
        return value or default

    def number(self, name: str, default: int) -> int:
        value = self.source.get(name, "")
        if not value:
            return default
        if not (value.isascii() and value.isdigit() and len(value) <= LONGEST_NUMBER):
            raise InvalidEnvironment(f"{name} is {value!r}: it must be a whole number.")
        return int(value)

    def port(self, name: str, default: int) -> int:
        found = self.number(name, default)
        if found > HIGHEST_PORT:
            raise InvalidEnvironment(f"{name} is {found}: a port is {HIGHEST_PORT} at most.")
        return found


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Read and check the variables; raises InvalidEnvironment with one clear line."""
    source = os.environ if variables is None else variables
    mode = source.get("DOCTOLIB_MODE", "development")
    if mode not in ("development", "test", "production"):
        raise InvalidEnvironment(
            f"DOCTOLIB_MODE is {mode!r}: it must be development, test or production."
        )
    production = mode == "production"
    read = _Reader(source=source, production=production)
    text = read.text
    port = read.port("DOCTOLIB_PORT", 8000)
    base_url = text("DOCTOLIB_BASE_URL", f"http://localhost:{port}").rstrip("/")
    try:
        site = urlsplit(base_url)
    except ValueError:
        raise InvalidEnvironment(f"DOCTOLIB_BASE_URL is {base_url!r}: it is no address.") from None
    default_hosts = "" if production else "localhost,127.0.0.1,[::1],testserver"
    hosts = tuple(h for h in text("DOCTOLIB_ALLOWED_HOSTS", default_hosts).split(",") if h)
    if production and not hosts:
        raise InvalidEnvironment(
            "DOCTOLIB_ALLOWED_HOSTS is not set: production must name its hosts."
        )
    data_dir = Path(text("DOCTOLIB_DATA_DIR", str(PROJECT_DIR / ".doctolib")))
    # What is wrong with the root keys is said before what else is missing.
    root_keys = _root_key_settings(read, data_dir)
    found = Environment(
        mode=mode,
        data_dir=data_dir,
        database_url=source.get("DATABASE_URL", ""),
        redis_url=source.get("REDIS_URL", ""),
        secret_key=text("DOCTOLIB_SECRET_KEY", f"{DEVELOPMENT_KEY_NOTICE}-secret-key-" + "0" * 40),
        index_key=text("DOCTOLIB_INDEX_KEY", f"{DEVELOPMENT_KEY_NOTICE}-index-key"),
        record_key=text("DOCTOLIB_RECORD_KEY", f"{DEVELOPMENT_KEY_NOTICE}-record-key"),
        record_origin=text("DOCTOLIB_RECORD_ORIGIN", f"{site.netloc}/registre"),
        witnesses=_words(source.get("DOCTOLIB_WITNESSES", "")),
        allowed_hosts=hosts,
        base_url=base_url,
        port=port,
        proxies=read.number("DOCTOLIB_PROXIES", 0),
        connection_seconds=read.number("DOCTOLIB_CONNECTION_SECONDS", 600),
        # In production a proxy hands /direct/ to the ASGI process, on the site's own address.
        live_port=0 if production else read.port("DOCTOLIB_LIVE_PORT", port + 1),
        # Of the demo's own witness, where no other is named.
        witness_port=0 if production else read.port("DOCTOLIB_WITNESS_PORT", port + 2),
        clamd=_clamd(source.get("DOCTOLIB_CLAMD", "")),
        stun_urls=_words(source.get("DOCTOLIB_STUN_URLS", "")),
        **root_keys,
        **_sending(read),
        **_turn(source),
    )
    if production:
        _check_deployed(found)
    return found


def _check_deployed(found: Environment) -> None:
    """Refuse what would leave a site on the internet open; raises InvalidEnvironment.

    A root key that is only there to open what it once wrapped may be short: it is rotated away.
    """
    secrets = {
        "DOCTOLIB_SECRET_KEY": found.secret_key,
        "DOCTOLIB_INDEX_KEY": found.index_key,
        "DOCTOLIB_RECORD_KEY": found.record_key,
    }
    if found.root_keys:
        secrets["DOCTOLIB_ROOT_KEYS"] = found.root_keys[0]
    for name, secret in secrets.items():
        if secret.startswith(DEVELOPMENT_KEY_NOTICE):
            raise InvalidEnvironment(f"{name} is the development key: production needs its own.")
        if len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_CHARACTERS:
            raise InvalidEnvironment(
                f"{name} is too easy to guess: take at least {SHORTEST_SECRET} random characters, "
                "as from 'openssl rand -base64 32'."
            )
    names: dict[str, str] = {}
    for name, secret in [
        *((name, secrets[name]) for name in secrets),
        *(("DOCTOLIB_ROOT_KEYS", key) for key in found.root_keys[1:]),
    ]:
        if (other := names.setdefault(secret, name)) != name:
            raise InvalidEnvironment(f"{name} and {other} are the same: each needs its own secret.")
    if any(host.strip() in ("*", ".") for host in found.allowed_hosts):
        raise InvalidEnvironment(
            "DOCTOLIB_ALLOWED_HOSTS is '*': name the hosts, separated by commas."
        )
    parts = urlsplit(found.base_url)
    if parts.scheme != "https" or not parts.hostname:
        raise InvalidEnvironment(
            f"DOCTOLIB_BASE_URL is {found.base_url!r}: in production it begins with https:// and "
            "names the site's host."
        )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _clamd(text: str) -> str:
    """Where the scanner of files listens: "host:port", or the path of its socket."""
    _host, colon, port = text.rpartition(":")
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= HIGHEST_PORT):
        raise InvalidEnvironment(f"DOCTOLIB_CLAMD is {text!r}: it must be host:port, or a path.")
    return text


def _turn(source: Mapping[str, str]) -> dict[str, Any]:
    """The relay for calls that find no direct way, with what it needs."""
    urls = _words(source.get("DOCTOLIB_TURN_URLS", ""))
    secret = source.get("DOCTOLIB_TURN_SECRET", "")
    only = source.get("DOCTOLIB_TURN_ONLY", "") == "1"
    if any(not url.startswith(("turn:", "turns:")) for url in urls):
        raise InvalidEnvironment("DOCTOLIB_TURN_URLS must begin with turn: or turns:")
    if urls and not secret:
        raise InvalidEnvironment("DOCTOLIB_TURN_SECRET is not set: DOCTOLIB_TURN_URLS needs it.")
    if only and not urls:
        raise InvalidEnvironment("DOCTOLIB_TURN_URLS is not set: DOCTOLIB_TURN_ONLY needs it.")
    return {"turn_urls": urls, "turn_secret": secret, "turn_only": only}


def _sending(read: _Reader) -> dict[str, Any]:
    """How e-mails and SMS leave."""
    return {
        "smtp_host": read.text("SMTP_HOST", "127.0.0.1"),
        "smtp_port": read.port("SMTP_PORT", 8025),
        "smtp_user": read.text("SMTP_USER"),
        "smtp_password": read.text("SMTP_PASSWORD"),
        "smtp_tls": read.text("SMTP_TLS") == "1",
        "mail_from": read.text("DOCTOLIB_MAIL_FROM", "Doctolib <rendez-vous@doctolib.example>"),
        "sms_provider": read.text("SMS_PROVIDER", "file"),
        "sms_url": read.text("SMS_URL"),
        "sms_token": read.text("SMS_TOKEN"),
    }


def _root_key_settings(read: _Reader, data_dir: Path) -> dict[str, Any]:
    """Where the root keys are kept, and the address and secrets of the provider."""
    source, production = read.source, read.production
    vault = _vault(source, production=production)
    # In development a rotation has somewhere to put its new key.
    default_file = "" if production or source.get("DOCTOLIB_ROOT_KEYS") else data_dir / "root-keys"
    default_url = "https://cloudkms.googleapis.com" if vault == "google" else ""
    return {
        "root_keys": _root_keys(source, vault, production=production),
        "root_keys_file": read.text("DOCTOLIB_ROOT_KEYS_FILE", str(default_file)),
        "vault_provider": vault,
        "vault_url": read.text("DOCTOLIB_VAULT_URL", default_url),
        "vault_token": read.text("DOCTOLIB_VAULT_TOKEN"),
        "vault_key": read.text("DOCTOLIB_VAULT_KEY"),
        "vault_metadata_url": read.text(
            "DOCTOLIB_VAULT_METADATA_URL", "http://metadata.google.internal"
        ),
    }


def _vault(source: Mapping[str, str], *, production: bool) -> str:
    """Which provider keeps the root keys, with what it needs."""
    name = source.get("DOCTOLIB_VAULT", "local")
    needs = {
        "local": (),
        "transit": ("DOCTOLIB_VAULT_URL", "DOCTOLIB_VAULT_TOKEN", "DOCTOLIB_VAULT_KEY"),
        "google": ("DOCTOLIB_VAULT_KEY",),
    }
    if name not in needs:
        raise InvalidEnvironment(f"DOCTOLIB_VAULT is {name!r}: it must be {', '.join(needs)}.")
    missing = [variable for variable in needs[name] if not source.get(variable)]
    if missing:
        raise InvalidEnvironment(f"{missing[0]} is not set: DOCTOLIB_VAULT={name} needs it.")
    url = source.get("DOCTOLIB_VAULT_URL", "")
    if production and url and not url.startswith("https://"):
        raise InvalidEnvironment("DOCTOLIB_VAULT_URL must begin with https:// in production.")
    return name


def _root_keys(source: Mapping[str, str], vault: str, *, production: bool) -> tuple[str, ...]:
    """The root keys of the local provider; in production never the development key."""
    given = tuple(k.strip() for k in source.get("DOCTOLIB_ROOT_KEYS", "").split(",") if k.strip())
    file = source.get("DOCTOLIB_ROOT_KEYS_FILE", "")
    if not production:
        return given or (f"{DEVELOPMENT_KEY_NOTICE}-root-key",)
    if vault != "local":
        return ()
    in_file: list[str] = []
    if file:
        try:
            in_file = [k.strip() for k in Path(file).read_text(encoding="utf-8").split("\n")]
        except FileNotFoundError:
            in_file = []
        except OSError as error:
            raise InvalidEnvironment(f"{file} cannot be read: {error.strerror}.") from None
    everything = [key for key in (*given, *in_file) if key]
    if not everything:
        raise InvalidEnvironment(
            "DOCTOLIB_ROOT_KEYS is not set: production needs a secret of its own."
        )
    if any(key.startswith(DEVELOPMENT_KEY_NOTICE) for key in everything):
        raise InvalidEnvironment("A root key is the development key: production needs its own.")
    return given
