"""Looking patients up by what a practice types: a name, a birth date, a telephone number, an e-mail
address, or several of these at once ("Durand 19/10/93").

Names are sealed and found by blind indexes, which answer whole values alone: a last name, a first
name, or both in either order.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Q, QuerySet

from audit.vault.blind_index import blind_index, normalise_email, normalise_name
from booking.models import Patient
from booking.patients.patients import InvalidPhone, normalise_phone

_MONTHS = (
    "janvier janv january jan", "fevrier fevr fev february feb", "mars march mar",
    "avril avr april apr", "mai may", "juin june jun", "juillet juil july jul",
    "aout august aug", "septembre september sept sep", "octobre october oct",
    "novembre november nov", "decembre december dec",
)  # fmt: skip
_MONTH_OF = {word: n for n, words in enumerate(_MONTHS, 1) for word in words.split()}
_MONTH = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_YEAR = r"(?P<year>\d{4}|\d{2})"


def _in_digits(separator: str) -> list[str]:
    """Days in digits with one separator. A telephone number in pairs of digits is no day: nothing
    like its pairs may stand before or after.
    """
    begins, between, ends = rf"(?<![\d/.-])(?<!\d{separator})", f" ?{separator} ?", r"(?!\d)"
    month, day = r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})"
    ends += f"(?!{between}\\d)"
    return [
        rf"{begins}(?P<year>\d{{4}}){between}{month}{between}{day}{ends}",
        f"{begins}{day}{between}{month}{between}{_YEAR}{ends}",
    ]


# How a day is written: with its month in words, in digits, or with nothing between them.
_DAYS = [
    rf"(?<!\d)(?P<day>\d{{1,2}}|premier)(?:er|st|nd|rd|th)?[\s./-]*(?:of\s+)?(?P<month>{_MONTH})"
    rf"[\s.,/-]*{_YEAR}(?!\d)",
    rf"\b(?P<month>{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s*,?\s*(?P<year>\d{{4}})(?!\d)",
    *(pattern for separator in ("/", r"\.", "-", " ") for pattern in _in_digits(separator)),
    r"(?<![\d+])(?P<day>\d{2})(?P<month>\d{2})(?P<year>\d{4}|\d{2})(?!\d)",
    r"(?<![\d+])(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?!\d)",
]
_PATTERNS = [re.compile(pattern) for pattern in _DAYS]
_EMAIL = re.compile(r"[^\s<>(),;]+@[^\s<>(),;]+")
_NUMBER = re.compile(r"\+?\s*\(?\d[\d\s()./_+-]*\d")
_BARE_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
# What people write before a day or a number.
_BEFORE = re.compile(
    r"(?:\b(?:date de naissance|ddn|dob|nee?(?:\(e\))?(?: le)?|born(?: on)?|le|on|du"
    r"|tel(?:ephone)?|portable|mobile|phone|fixe|mail|e-mail|email)\b\s*[:.,]?\s*)+$"
)
_TITLE = re.compile(r"^(?:mr|m|mme|mlle|monsieur|madame|mademoiselle|dr|docteur|mrs|ms|miss) ")
EARLIEST, LATEST = 1850, 2100
SHORTEST_NUMBER, WITH_COUNTRY = 6, 10
# A question that is longer than this is none.
LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Sought:
    """What a text asks for; every part that is there has to fit.

    `names`: ways to read the name; `days`: a year of two digits may be of either century; `phones`:
    ways to read the number, in E.164; `year`: of birth alone. `is_unreadable`: digits that are
    neither a day nor a number.
    """

    names: tuple[str, ...] = ()
    days: tuple[date, ...] = ()
    year: int | None = None
    phones: tuple[str, ...] = ()
    email: str = ""
    is_unreadable: bool = False

    @property
    def is_anything(self) -> bool:
        """Whether it finds anybody by an index."""
        has_any = bool(self.names or self.days or self.phones or self.email)
        return has_any and not self.is_unreadable


def read_sought(text: str) -> Sought:
    """Understand what was typed, in whatever order and writing."""
    text, sought = text[:LONGEST], Sought()
    if (found := _EMAIL.search(text)) is not None:
        sought = replace(sought, email=normalise_email(found[0]))
        text = _without(text, found)
    rest = _folded(text)
    if (born := next(_days_in(rest), None)) is not None:
        found, days = born
        sought = replace(sought, days=days)
        rest = _without(rest, found)
    numbers = [each for each in _NUMBER.finditer(rest) if len(_digits(each[0])) >= SHORTEST_NUMBER]
    if numbers:
        phones = tuple(_readings(numbers[0][0]))
        sought = replace(sought, phones=phones, is_unreadable=not phones)
        rest = _without(rest, numbers[0])
    if not sought.days and (found := _BARE_YEAR.search(rest)) is not None:
        sought = replace(sought, year=int(found[0]))
        rest = _without(rest, found)
    name = normalise_name(rest)
    names = dict.fromkeys(each for each in (name, _TITLE.sub("", f"{name} ").strip()) if each)
    return replace(sought, names=tuple(names))


def find_patients(sought: Sought, *, limit: int = 20) -> QuerySet[Patient]:
    """Find patients of the active practice scope by what was typed, as `read_sought` read it.

    Blind indexes are cut short: whoever shows what was found asks `is_sought` as well.
    """
    if not sought.is_anything:
        return Patient.objects.none()
    found: QuerySet[Patient] = Patient.objects.all()
    if sought.email:
        found = found.filter(email_index=blind_index("patient.email", sought.email))
    if sought.days:
        days = [blind_index("patient.birth_date", day.isoformat()) for day in sought.days]
        found = found.filter(birth_date_index__in=days)
    if sought.phones:
        numbers = [blind_index("patient.phone", number) for number in sought.phones]
        found = found.filter(phone_index__in=numbers)
    if sought.names:
        wanted = Q(pk__in=[])
        for last_name, first_name in _splits(sought.names):
            one = Q()
            if last_name:
                one &= Q(last_name_index=blind_index("patient.last_name", last_name))
            if first_name:
                one &= Q(first_name_index=blind_index("patient.first_name", first_name))
            wanted |= one
        found = found.filter(wanted)
    return found.order_by("-created_at", "id")[:limit]


def is_sought(sought: Sought, *, texts: Mapping[str, str]) -> bool:
    """Say whether a revealed identity is what `find_patients` was asked for."""
    if not sought.is_anything:
        return False
    last, first = normalise_name(texts["last_name"]), normalise_name(texts["first_name"])
    born = texts["birth_date"]
    return (
        (not sought.email or normalise_email(texts["email"]) == sought.email)
        and (not sought.days or born in {day.isoformat() for day in sought.days})
        and (sought.year is None or born.startswith(f"{sought.year}-"))
        and (not sought.phones or texts["phone"] in sought.phones)
        and (
            not sought.names
            or any(
                sought_last in ("", last) and sought_first in ("", first)
                for sought_last, sought_first in _splits(sought.names)
            )
        )
    )


def _splits(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Ways to read words as (last name, first name); empty is any."""
    for name in names:
        words = name.split()
        yield name, ""
        yield "", name
        for cut in range(1, len(words)):
            left, right = " ".join(words[:cut]), " ".join(words[cut:])
            yield left, right
            yield right, left


def _folded(text: str) -> str:
    """Small letters without accents; digits and what stands between them stay."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[\u2010-\u2015]", "-", re.sub(r"\s+", " ", kept))


def _without(text: str, found: re.Match[str]) -> str:
    """The text without what was found in it, and without what introduces that."""
    before = text[: found.start()]
    return f"{_BEFORE.sub('', before)} {text[found.end() :]}"


def _days_in(text: str) -> Iterator[tuple[re.Match[str], tuple[date, ...]]]:
    for pattern in _PATTERNS:
        for found in pattern.finditer(text):
            if days := tuple(_days_of(found)):
                yield found, days


def _days_of(found: re.Match[str]) -> Iterator[date]:
    """The days that are meant: of two centuries, where the year has two digits."""
    day = 1 if found["day"] == "premier" else int(found["day"])
    month = _MONTH_OF.get(found["month"]) or int(found["month"])
    if month > 12 >= day:
        # 10/19/1993, as Americans write: there is but one way to read it.
        day, month = month, day
    year = found["year"]
    for each in [int(year)] if len(year) == 4 else [1900 + int(year), 2000 + int(year)]:
        if EARLIEST <= each <= LATEST:
            try:
                yield date(each, month, day)
            except ValueError:
                continue


def _digits(text: str) -> str:
    return "".join(str(int(c)) for c in text if c.isdecimal())


def _readings(text: str) -> Iterator[str]:
    """The numbers that digits may be, in E.164: with or without the country, or the leading 0."""
    digits = _digits(text)
    if text.strip().startswith("+"):
        written = [f"+{digits}"]
    elif digits.startswith("00"):
        written = [f"+{digits[2:]}"]
    elif digits.startswith("0"):
        written = [digits]
    else:
        written = [digits, f"0{digits}", *([f"+{digits}"] if len(digits) >= WITH_COUNTRY else [])]
    seen = set()
    for each in written:
        # +33 (0)6 12 34 56 78
        for way in (each, each.replace("+330", "+33", 1)):
            try:
                number = normalise_phone(way)
            except InvalidPhone:
                continue
            if number not in seen:
                seen.add(number)
                yield number
