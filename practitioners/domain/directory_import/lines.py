"""From a line of the extract to an activity: one practitioner at one workplace.

Fields are separated by `|`, without quoting, and found by the header's labels, which have
changed order and wording over the years.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from audit.plain_text import has_link, is_hidden, with_spaces
from practitioners.domain.directory.text import search_text

FRANCE_CODES = {"", "99000"}
TITLES = {"docteur": "Dr", "professeur": "Pr", "madame": "Mme", "monsieur": "M.", "maitre": "Me"}

# What we call a column, and the labels (folded, the little words gone) under which it came.
_COLUMNS = {
    "national_id": "identification nationale pp",
    "title": "libelle civilite exercice",
    "last_name": "nom exercice",
    "first_name": "prenom exercice",
    "profession_code": "code profession",
    "profession": "libelle profession",
    "skill_kind": "code type savoir faire",
    "skill_code": "code savoir faire",
    "skill": "libelle savoir faire",
    "siret": "numero siret site",
    "finess": "numero finess site",
    "structure_id": "identifiant technique structure",
    "company": "raison sociale site",
    "sign": "enseigne commerciale site",
    "street_number": "numero voie coord structure",
    "street_repeat": "indice repetition voie coord structure",
    "street_kind": "libelle type voie coord structure",
    "street": "libelle voie coord structure",
    "cedex": "bureau cedex coord structure",
    "postcode": "code postal coord structure",
    "commune_code": "code commune coord structure",
    "commune": "libelle commune coord structure",
    "country_code": "code pays coord structure",
    "phone": "telephone coord structure",
}
_REQUIRED = ("national_id", "last_name", "first_name", "profession_code")
_LITTLE_WORDS = {"d", "de", "la", "du", "l"}


class UnreadableHeader(Exception):
    """The first line is not the header of this extract; the text names what is missing."""


class BadLine(Exception):
    """A line that cannot be used; the text is the reason."""


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """Where an activity takes place. `key` is the same at every run for the same place."""

    key: str
    name: str
    address: str
    postcode: str
    town: str
    commune_code: str
    phone: str
    in_france: bool


@dataclass(frozen=True, kw_only=True)
class Activity:
    """One usable line."""

    national_id: str
    title: str
    first_name: str
    last_name: str
    specialty_code: str
    specialty: str
    workplace: Workplace | None


def _fold_label(label: str) -> str:
    words = [w for w in search_text(label).split() if w not in _LITTLE_WORDS]
    return " ".join(words)


class LineReader:
    """Reads lines by the labels of one header."""

    def __init__(self, header: str) -> None:
        labels = [_fold_label(label) for label in _split(header)]
        self._width = len(labels)
        self._at = {
            name: labels.index(label) for name, label in _COLUMNS.items() if label in labels
        }
        missing = [_COLUMNS[name] for name in _REQUIRED if name not in self._at]
        if missing:
            raise UnreadableHeader(f"columns not found: {', '.join(missing)}")

    def activity(self, line: str) -> Activity:
        """Return the activity of a line. Raises BadLine with the reason."""
        fields = _split(line)
        if len(fields) != self._width:
            raise BadLine(f"{len(fields)} fields instead of {self._width}")
        if "\x00" in line or "\ufffd" in line:
            raise BadLine("not readable as UTF-8 text")
        row = {name: " ".join(fields[index].split()) for name, index in self._at.items()}
        for name in ("national_id", "last_name", "first_name"):
            if not row[name]:
                raise BadLine(f"no {_COLUMNS[name]}")
        if not re.fullmatch(r"[0-9A-Za-z/]{6,20}", row["national_id"]):
            raise BadLine("identification nationale is not an identifier")
        if any(is_hidden(letter) for value in row.values() for letter in value):
            raise BadLine("control characters")
        for name in ("title", "last_name", "first_name"):
            if has_link(row.get(name, "")):
                raise BadLine(f"the address of a site in {_COLUMNS[name]}")
        if len(row["last_name"]) > 80 or len(row["first_name"]) > 80:
            raise BadLine("name longer than 80 characters")
        code, label = _specialty(row)
        title = TITLES.get(search_text(row.get("title", "")), row.get("title", ""))[:20]
        last_name = display_name(row["last_name"])
        return Activity(
            national_id=row["national_id"],
            title=title,
            first_name=display_name(row["first_name"]),
            last_name=last_name,
            specialty_code=code,
            specialty=with_spaces(label),
            workplace=_workplace(row, f"{title} {last_name}".strip()),
        )


def _split(line: str) -> list[str]:
    fields = line.rstrip("\r\n").split("|")
    # Every line ends with a separator, which is no field of its own.
    return fields[:-1] if fields and not fields[-1] else fields


def _specialty(row: dict[str, str]) -> tuple[str, str]:
    if row.get("skill_kind") == "S" and row.get("skill_code"):
        return row["skill_code"][:8], row.get("skill", "")
    if not row["profession_code"]:
        raise BadLine("no code profession")
    return f"P{row['profession_code']}"[:8], row.get("profession", "")


def _workplace(row: dict[str, str], practitioner: str) -> Workplace | None:
    get = row.get
    in_france = get("country_code", "") in FRANCE_CODES
    postcode, town = get("postcode", ""), get("commune", "")
    cedex = get("cedex", "")
    if not re.fullmatch(r"\d{5}", postcode):
        # "75015 PARIS", "25300 DOUBS": everything stands in the last line of the address.
        found = re.fullmatch(r"(\d{5})\s+(.+)", cedex)
        if found and in_france:
            postcode, town = found[1], town or found[2]
        elif not in_france:
            postcode, town = "", town or f"{postcode} {cedex}".strip()
        else:
            postcode, town = "", town or cedex
    town = re.sub(r"\s+CEDEX(\s+\d+)?$", "", town or _town_of(cedex), flags=re.IGNORECASE)
    number = get("street_number", "")
    street = " ".join(
        part
        for part in (
            number if any(c.isdigit() for c in number) else "",
            get("street_repeat", ""),
            get("street_kind", "").lower(),
            display_name(get("street", ""), begins=False),
        )
        if part
    )
    name = get("sign") or get("company") or ""
    identifier = get("structure_id") or get("finess") or get("siret") or ""
    if not (identifier or street or town):
        return None
    place = "|".join([search_text(name), search_text(street), postcode, search_text(town)])
    return Workplace(
        key=(identifier or f"{row['national_id']}|{place}")[:80],
        name=(named(name) or f"Cabinet {practitioner}")[:160],
        address=with_spaces(street)[:200],
        postcode=postcode,
        town=named(town)[:80],
        commune_code=get("commune_code", ""),
        phone=get("phone", "")[:24],
        in_france=in_france,
    )


def named(text: str) -> str:
    """A name as pages and mails show it: nothing in it passes for the address of a site.

    "CAB.MED" is a usual way to write "CAB. MED", so that a line is not refused for it.
    """
    return display_name(with_spaces(text))


def _town_of(cedex: str) -> str:
    return re.sub(r"^\d{5}\s+", "", cedex)


_SMALL = {"de", "du", "des", "la", "le", "les", "et", "en", "sur", "sous", "aux", "lès"}


def display_name(text: str, *, begins: bool = True) -> str:
    """Turn the directory's capitals into a readable name: "JEAN-PIERRE DE L'ÉTANG".

    A little word stays small except where it begins the name.
    """
    if not text or not (text.isupper() or text.islower()):
        return text
    words = re.split(r"([\s\-'’])", text.lower())
    return "".join(
        word if (i or not begins) and word in _SMALL else word[:1].upper() + word[1:]
        for i, word in enumerate(words)
    )


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Number lines from 1, the header's; what is not UTF-8 becomes a mark that is rejected."""
    for number, line in enumerate(lines, start=1):
        yield number, line.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace")
