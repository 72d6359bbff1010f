"""Text messages through a provider that the settings name."""

import json
import unicodedata
import urllib.error
import urllib.request
from pathlib import Path
from typing import Protocol

from django.conf import settings

from audit.plain_http import open_url

TIMEOUT_S = 10
# GSM 03.38 (3GPP TS 23.038, section 6.2.1): one letter outside it, and a text holds 70 and not 160.
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)
_INSTEAD = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", "—": "-", "·": "-",
     "…": "...", "œ": "oe", "Œ": "OE"}
)  # fmt: skip


def in_gsm(text: str) -> str:
    """Write a text in the alphabet of texts: "août" as "aout", "jusqu’à" as "jusqu'à".

    A letter without a likeness there stays as it is, and the text becomes a long one.
    """
    return "".join(
        each if each in GSM else _without_accent(each) for each in text.translate(_INSTEAD)
    )


def _without_accent(letter: str) -> str:
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if base in GSM else letter


class SmsNotSent(Exception):
    """The provider did not take the message; it is tried again later."""


class SmsProvider(Protocol):
    """Sends one text. The same key twice must reach the person once, where the provider can."""

    def send(self, *, to: str, text: str, key: str) -> None:
        """Send `text` to the E.164 number `to`. Raises SmsNotSent."""


class FileSmsProvider:
    """Keeps each text as a file named by its key: for development and tests."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def send(self, *, to: str, text: str, key: str) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / f"{key}.json").write_text(json.dumps({"to": to, "text": text}))


class BrevoSmsProvider:
    """Brevo's transactional SMS endpoint (POST JSON, `api-key` header)."""

    def __init__(self, *, url: str, token: str, sender: str = "Doctolib") -> None:
        if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("SMS_URL must be an https address.")
        self.url, self.token, self.sender = url, token, sender

    def send(self, *, to: str, text: str, key: str) -> None:
        body = {"sender": self.sender, "recipient": to.lstrip("+"), "content": text, "tag": key}
        request = urllib.request.Request(  # noqa: S310 - https, see __init__
            self.url,
            data=json.dumps(body).encode(),
            headers={
                "api-key": self.token,
                "Content-Type": "application/json",
                "Accept": "application/json",
                "Idempotency-Key": key,
            },
            method="POST",
        )
        try:
            with open_url(request, timeout=TIMEOUT_S) as answer:
                answer.read()
        except (urllib.error.URLError, TimeoutError) as error:
            raise SmsNotSent(type(error).__name__) from error


def provider() -> SmsProvider:
    """The provider that SMS_PROVIDER names: `file` or `brevo`."""
    if settings.SMS_PROVIDER == "brevo":
        return BrevoSmsProvider(url=settings.SMS_URL, token=settings.SMS_TOKEN)
    return FileSmsProvider(Path(settings.SMS_DIR))
