"""What people type into forms: what fits, nothing, or something else."""

import io
import json
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from itertools import groupby
from random import Random

from django.utils import timezone
from joserfc.jwk import ECKey

from tests.walks.pages import Field, Form

# Nothing here is an attack on anything: it is what fingers, pastes and browsers produce.
WRONG = (
    "", " ", "?", "0", "-1", "99999999999999999999", "31/02/2027", "2027-02-31", "25:61",
    "x" * 5000, "a\x00b", "Ça et là <b>gras</b>", "%s {{ }} '\"", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
WORDS = ("Une question.", "Un peu de fièvre depuis hier.", "Merci !")
SEARCHES = ("", "généraliste", "Martin", "", "médecine générale", "dermatologue")
PLACES = ("Tours", "37000", "Tours", "", "Paris 12", "Zzzz")


class Mood(Enum):
    """How somebody fills a form."""

    FITTING = "fitting"
    EMPTY = "empty"
    WRONG = "wrong"


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What one person types where a form asks for themself."""

    email: str
    password: str
    first_name: str
    last_name: str
    code: str = ""


def fill(form: Form, *, mood: Mood, typed: Typed, chance: Random) -> dict[str, object]:
    """Return what is sent for a form, its button aside.

    What the page itself has filled in (hidden fields, the CSRF token) stays, whatever the mood.
    """
    given: dict[str, object] = {}
    in_order = sorted(form.fields, key=lambda each: each.name)
    for name, same in groupby(in_order, key=lambda each: each.name):
        value = _value(list(same), mood=mood, typed=typed, chance=chance)
        if value is not None:
            given[name] = value
    if mood is Mood.FITTING and given.get("since") and given.get("until"):
        # A stretch of days ends after it has begun.
        given["since"], given["until"] = sorted((given["since"], given["until"]), key=str)
    return given


def _value(fields: list[Field], *, mood: Mood, typed: Typed, chance: Random) -> object:
    first = fields[0]
    if first.kind == "hidden":
        return [each.value for each in fields]
    if mood is Mood.EMPTY:
        return None if first.kind in ("checkbox", "radio", "file") else ""
    if mood is Mood.WRONG and chance.random() < 0.6:
        return None if first.kind == "file" else chance.choice(WRONG)
    if first.kind == "radio":
        return chance.choice(fields).value
    if first.kind == "checkbox":
        return [each.value for each in fields if each.is_required or chance.random() < 0.6] or None
    if first.kind == "select":
        meant = [each for each in first.options if each]
        return chance.choice(meant or [""]) if chance.random() < 0.6 else first.value
    if first.kind == "file":
        return _file(chance)
    return _text(first, typed=typed, chance=chance)


def _text(field: Field, *, typed: Typed, chance: Random) -> str:
    known = {
        "email": typed.email, "password": typed.password, "first_name": typed.first_name,
        "last_name": typed.last_name, "code": typed.code, "phone": "06 39 98 12 34",
        "birth_date": "1980-12-31", "quoi": chance.choice(SEARCHES), "ou": chance.choice(PLACES),
        "q": chance.choice((typed.last_name, "31/12/1980", "06 39 98 12 34")),
        # An address of a document's examples (RFC 5737): nothing outside is ever asked.
        "url": "https://192.0.2.7/",
    }  # fmt: skip
    if field.name == "jwk":
        key = ECKey.generate_key("P-256", {"kid": str(chance.random())})
        return json.dumps(key.as_dict(private=False))
    if field.name in known and (not field.value or chance.random() < 0.5):
        return str(known[field.name])
    if field.value:
        return field.value
    now = timezone.localtime() + timedelta(days=chance.randint(0, 20))
    by_kind = {
        "date": f"{now:%Y-%m-%d}", "time": f"{chance.randint(9, 11):02}:{chance.choice((0, 30)):02}",
        "datetime-local": f"{now:%Y-%m-%d}T10:00", "number": str(chance.randint(1, 5)),
        "email": typed.email, "tel": "06 39 98 12 34", "password": typed.password,
        "url": "https://192.0.2.7/",
    }  # fmt: skip
    return by_kind.get(field.kind) or chance.choice(WORDS)


def _file(chance: Random) -> io.BytesIO:
    content, name = chance.choice(
        [
            (b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n", "ordonnance.pdf"),
            ("nom;prénom;naissance\nMartin;Léa;31/12/1990\n".encode(), "patients.csv"),
            (b"", "vide.pdf"),
            (b"\x89PNG\r\n\x1a\n", "photo.png"),
        ]
    )
    file = io.BytesIO(content)
    file.name = name
    return file
