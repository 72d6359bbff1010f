"""Days as people write them, in French and in English: one table for pages, messages and texts.

French (Imprimerie nationale, Lexique des règles typographiques): the first of a month is "1er",
the others are cardinal numbers; an abbreviation that does not end in the word's last letter ends
in a dot ("ven. 27 nov."), and mars, mai, juin, août stay whole. English has no ordinal and no dots
("Fri 27 Nov").
"""

from datetime import date, datetime, tzinfo

from django.utils import timezone, translation

_DAYS = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_SHORT_DAYS = {
    "fr": ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_MONTHS = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
        "octobre", "novembre", "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
}  # fmt: skip
_SHORT_MONTHS = {
    "fr": (
        "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.",
        "nov.", "déc.",
    ),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}  # fmt: skip


def in_words(day: date, pattern: str) -> str:
    """Write a day after `pattern`, in the language that is active.

    The pattern's letters are Django's: l and D the weekday (D short), j the day, F and b the month
    (b short), Y the year, H and i the time; anything else stands for itself. An aware datetime is
    shown in the current time zone.
    """
    if isinstance(day, datetime) and timezone.is_aware(day):
        day = timezone.localtime(day)
    language = "en" if (translation.get_language() or "fr").startswith("en") else "fr"
    return "".join(_written(letter, day, pattern, language) for letter in pattern)


def in_cell(at: date | None, zone: tzinfo | None = None) -> str:
    """Write a day or an instant for a spreadsheet, which reads it as a date: 27/11/2026 09:05:00.

    An instant is shown by the wall clock of `zone`. Nothing for None.
    """
    if at is None:
        return ""
    if not isinstance(at, datetime):
        return f"{at:%d/%m/%Y}"
    return f"{at.astimezone(zone):%d/%m/%Y %H:%M:%S}"


def _written(letter: str, day: date, pattern: str, language: str) -> str:
    match letter:
        case "l":
            return _DAYS[language][day.weekday()]
        case "D":
            return _SHORT_DAYS[language][day.weekday()]
        case "j":
            is_of_month = "F" in pattern or "b" in pattern
            return "1er" if day.day == 1 and language == "fr" and is_of_month else str(day.day)
        case "F":
            return _MONTHS[language][day.month - 1]
        case "b":
            return _SHORT_MONTHS[language][day.month - 1]
        case "Y":
            return f"{day.year:04d}"
        case "H" | "i" if isinstance(day, datetime):
            return f"{day:%H}" if letter == "H" else f"{day:%M}"
    return letter
