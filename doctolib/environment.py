"""The one place that reads environment variables.

Every setting that differs between machines is a field here, with its default and a clear
error; the rest of the code imports Django's settings.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PROJECT_DIR = Path(__file__).resolve().parent.parent
DEVELOPMENT_KEY_NOTICE = "development-only"


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
    index_key: str = field(repr=False)
    record_key: str = field(repr=False)
    record_origin: str
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

    @property
    def is_production(self) -> bool:
        return self.mode == "production"

    @property
    def mail_dir(self) -> Path:
        return self.data_dir / "mail"

    @property
    def sms_dir(self) -> Path:
        return self.data_dir / "sms"


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Read and check the variables; raises InvalidEnvironment with one clear line."""
    source = os.environ if variables is None else variables
    mode = source.get("DOCTOLIB_MODE", "development")
    if mode not in ("development", "test", "production"):
        raise InvalidEnvironment(
            f"DOCTOLIB_MODE is {mode!r}: it must be development, test or production."
        )
    production = mode == "production"

    def text(name: str, default: str) -> str:
        value = source.get(name, "")
        if not value and production and default.startswith(DEVELOPMENT_KEY_NOTICE):
            raise InvalidEnvironment(f"{name} is not set: production needs a secret of its own.")
        return value or default

    def number(name: str, default: int) -> int:
        value = source.get(name, "")
        if not value:
            return default
        if not value.isdigit():
            raise InvalidEnvironment(f"{name} is {value!r}: it must be a whole number.")
        return int(value)

    port = number("DOCTOLIB_PORT", 8000)
    base_url = text("DOCTOLIB_BASE_URL", f"http://localhost:{port}").rstrip("/")
    default_hosts = "" if production else "localhost,127.0.0.1,[::1],testserver"
    hosts = tuple(h for h in text("DOCTOLIB_ALLOWED_HOSTS", default_hosts).split(",") if h)
    if production and not hosts:
        raise InvalidEnvironment(
            "DOCTOLIB_ALLOWED_HOSTS is not set: production must name its hosts."
        )
    root_keys = tuple(
        k for k in text("DOCTOLIB_ROOT_KEYS", f"{DEVELOPMENT_KEY_NOTICE}-root-key").split(",") if k
    )
    return Environment(
        mode=mode,
        data_dir=Path(text("DOCTOLIB_DATA_DIR", str(PROJECT_DIR / ".doctolib"))),
        database_url=source.get("DATABASE_URL", ""),
        redis_url=source.get("REDIS_URL", ""),
        secret_key=text("DOCTOLIB_SECRET_KEY", f"{DEVELOPMENT_KEY_NOTICE}-secret-key-" + "0" * 40),
        root_keys=root_keys,
        index_key=text("DOCTOLIB_INDEX_KEY", f"{DEVELOPMENT_KEY_NOTICE}-index-key"),
        record_key=text("DOCTOLIB_RECORD_KEY", f"{DEVELOPMENT_KEY_NOTICE}-record-key"),
        record_origin=text("DOCTOLIB_RECORD_ORIGIN", f"{urlsplit(base_url).netloc}/registre"),
        allowed_hosts=hosts,
        base_url=base_url,
        port=port,
        smtp_host=text("SMTP_HOST", "127.0.0.1"),
        smtp_port=number("SMTP_PORT", 8025),
        smtp_user=source.get("SMTP_USER", ""),
        smtp_password=source.get("SMTP_PASSWORD", ""),
        smtp_tls=source.get("SMTP_TLS", "") == "1",
        mail_from=text("DOCTOLIB_MAIL_FROM", "Doctolib <rendez-vous@doctolib.example>"),
        sms_provider=text("SMS_PROVIDER", "file"),
        sms_url=source.get("SMS_URL", ""),
        sms_token=source.get("SMS_TOKEN", ""),
        proxies=number("DOCTOLIB_PROXIES", 0),
        connection_seconds=number("DOCTOLIB_CONNECTION_SECONDS", 600),
    )
