"""PostgreSQL, read from DATABASE_URL."""

from urllib.parse import parse_qs, unquote, urlsplit

from doctolib.environment import InvalidEnvironment
from doctolib.settings.machine import ENVIRONMENT


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if url and parts.scheme not in ("postgres", "postgresql"):
        raise InvalidEnvironment("DATABASE_URL must begin with postgresql://")
    options = {name: values[0] for name, values in parse_qs(parts.query).items()}
    host = options.pop("host", None) or parts.hostname or ""
    database: dict[str, object] = {
        "ENGINE": "doctolib.postgresql",
        "NAME": parts.path.lstrip("/") or "doctolib",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        # Parameters go to the server apart from the text, and what repeats is prepared there:
        # PostgreSQL then spends half as long on a booking (bench/booking.py).
        "OPTIONS": {**options, "server_side_binding": True, "prepare_threshold": 3},
    }
    if ENVIRONMENT.mode == "test":
        database["TEST"] = {"NAME": "doctolib_test"}
    else:
        # The web server's threads live long: a connection each costs less than a pool.
        database["CONN_MAX_AGE"] = ENVIRONMENT.connection_seconds
        database["CONN_HEALTH_CHECKS"] = True
    return database


DATABASES = {"default": _database(ENVIRONMENT.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
