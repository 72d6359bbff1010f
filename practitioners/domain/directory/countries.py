"""Countries by name: the directory is of France, and says so where another country is asked for.

Names in both languages of the site are Unicode's (CLDR). Which codes are countries is said by the
plan of telephone numbers: CLDR also names continents, unions and codes kept for tests.
"""

from functools import lru_cache

from babel import Locale
from phonenumbers import SUPPORTED_REGIONS

from practitioners.domain.directory.text import search_text

LANGUAGES = ("fr", "en")
# France and its overseas territories: their names are places of the directory.
FRENCH = {"FR", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF", "WF", "PF", "NC", "TF"}
# What people write beside the full name.
_SHORT = {"angleterre": "GB", "england": "GB", "uk": "GB", "usa": "US", "etats unis": "US"}


def name_of(code: str, *, language: str) -> str:
    """The name of a country in a language; its code where there is none."""
    # Of a cookie that says "fR" Django leaves the letters.
    return str(Locale(language.lower()).territories.get(code, code))


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    found = {
        search_text(name_of(code, language=language)): code
        for code in sorted(SUPPORTED_REGIONS)
        for language in LANGUAGES
    }
    return {name: code for name, code in (found | _SHORT).items() if code not in FRENCH and name}


def abroad(folded: str) -> str:
    """The ISO code of the other country whose whole name this folded text is; "" for any other."""
    return _codes().get(folded.removeprefix("la ").removeprefix("le ").removeprefix("l "), "")
