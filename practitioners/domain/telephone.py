"""Telephone numbers: read as France writes them, called in international form."""

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
# "36 24", "15": numbers that exist within a country alone.
_SHORT_AT_MOST = 6


def read_number(text: str) -> PhoneNumber | None:
    """Read a number that can exist; None for anything else.

    A number without country prefix is read as French; overseas numbers carry their own prefix
    (+262, +590…), which the national form 0262… and 0590… implies.
    """
    digits = "".join(c for c in text if c.isdigit())
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


def _possible(text: str) -> PhoneNumber | None:
    """A number with its country's prefix, of a range that the library does not know yet."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None
