"""Telephone numbers: read as France writes them, called in international form."""

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat

FRANCE = 33
# Ranges that ARCEP keeps for works of fiction (decision 2018-0881): nobody's, but well formed, and
# what the demo's people have. 06 39 98 lies within Mayotte's 0639 and is not Mayotte's.
_FICTION = tuple(
    prefix + start
    for start in ("19900", "26191", "35301", "46571", "53649", "63998")
    for prefix in ("0", "33", "0033")
)
# National prefixes of overseas numbers (ARCEP numbering plan), and their regions.
_OVERSEAS = {"0262": "RE", "0692": "RE", "0693": "RE", "0269": "YT", "0639": "YT"} | {
    "0590": "GP",
    "0690": "GP",
    "0594": "GF",
    "0694": "GF",
    "0596": "MQ",
    "0696": "MQ",
}
_MIQUELON = "0508"
# A number of ten digits as France and its overseas departments write it, whatever stands between.
_AT_HOME = re.compile(r"\(?0[1-9]\)?(?:[ .\-\u00a0\u202f]?\d\d){4}")
# Numbers in the middle of a text: at home, free or paid by threes (0 800 123 456), from abroad.
_WHOLE = re.compile(
    r"(?<![\w+./-])(?:"
    r"(?:\+|00)[1-9]\d{0,2}(?:[ .\-\u00a0\u202f]?(?:\(0\) ?)?\d{1,4}){2,6}"
    rf"|{_AT_HOME.pattern}"
    r"|0 8\d\d(?: \d{3}){2}"
    r")(?![\w/]|[.,-]\d)"
)
# Help lines that everybody knows by their number: what else 3114 means is in no such text.
_HELP = "3114|3117|3018|3020|3919|3977|116[ \u00a0]?(?:117|006|000|111)"
# "15" is a day, a price, a dose: it is a number to call after a word that says to call it.
_SHORT = rf"(?:1[578]|11[2459]|19[16]|{_HELP}|[13]\d[ \u00a0]?\d\d)"
_SAID = re.compile(
    r"\b(?:appel\w*|compos\w*|téléphon\w+|joign\w+|call|dial|ring|phone)"
    r"(?: immédiatement| aussitôt| directement| d’abord| vite)?(?: le| au)? "
    rf"{_SHORT}(?:(?:,| ou| et| or| and|, puis)(?: le| au)? {_SHORT})*\b"
    r"(?! ?(?:€|%|h\b|min\b|fois))",
    re.IGNORECASE,
)
# "36 24", "15": numbers that exist within a country alone.
_SHORT_AT_MOST = 6


def read_number(text: str) -> PhoneNumber | None:
    """Read a number that can exist; None for anything else.

    A number without country prefix is read as French; overseas numbers carry their own prefix
    (+262, +590…), which the national form 0262… and 0590… implies.
    """
    digits = "".join(c for c in text if c.isdigit())
    if digits.startswith(_MIQUELON) and len(digits) == 10:
        # Its numbers are the six digits after the prefix, which the library reads as nine.
        text = f"+{digits[1:]}"
    is_fiction = digits.startswith(_FICTION)
    region = "FR" if is_fiction else _OVERSEAS.get(digits[:4], "FR")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    is_valid = phonenumbers.is_possible_number if is_fiction else phonenumbers.is_valid_number
    return number if is_valid(number) else None


def e164(number: PhoneNumber) -> str:
    """A number as it is stored and compared: +33612345678."""
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def for_reading(text: str) -> str:
    """A number as people write it: 06 12 34 56 78, +262 692 12 34 56. Other text stays."""
    number = read_number(text) or _possible(text)
    if number is None:
        return text
    form = PhoneNumberFormat
    at_home = number.country_code == FRANCE
    return str(phonenumbers.format_number(number, form.NATIONAL if at_home else form.INTERNATIONAL))


def for_calling(text: str) -> str:
    """The address that calls a number: tel:+33612345678 (RFC 3966); empty for other text.

    A short number has no international form.
    """
    number = read_number(text) or _possible(text)
    if number is not None:
        return f"tel:{e164(number)}"
    digits = text.replace(" ", "").replace(".", "")
    is_short = digits.isascii() and digits.isdigit() and 1 < len(digits) <= _SHORT_AT_MOST
    return f"tel:{digits}" if is_short else ""


def numbers_in(text: str) -> Iterator[tuple[int, int, str]]:
    """Find the numbers that a text tells its reader to call: start, end and what calls each.

    A whole number stands for itself; a short one (15, 112) where the text says to call it, and
    the help lines (3114) anywhere.
    """
    found = {match.span(): match[0] for match in _WHOLE.finditer(text)}
    for said in _SAID.finditer(text):
        for match in re.finditer(_SHORT, said[0]):
            begin, end = match.start() + said.start(), match.end() + said.start()
            found[begin, end] = match[0]
    for match in re.finditer(rf"(?<![\w+.,-])(?:{_HELP})(?![\w]|[.,]\d)", text):
        found[match.span()] = match[0]
    until = 0
    for (begin, end), number in sorted(found.items()):
        href = for_calling(number.replace("\u00a0", " "))
        if href and begin >= until:
            yield begin, end, href
            until = end


def _possible(text: str) -> PhoneNumber | None:
    """A number of a range that the library does not know (yet): nothing else has its form."""
    region = None
    if _AT_HOME.fullmatch(text.strip()):
        digits = "".join(c for c in text if c.isdigit())
        region = _OVERSEAS.get(digits[:4], "FR")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None
