"""Words in a search that cannot wait for an appointment, and the number to call at once."""

from functools import lru_cache

from practitioners.domain.directory.text import search_text
from practitioners.domain.reference_data import table


def number_for(text: str) -> str:
    """Return the emergency number that a search's words call for; empty for every other search.

    15 is the SAMU's (as is 112 in the Union), 3114 the national line that prevents suicide
    (ministère de la Santé). The words are in data/emergencies.csv; each phrase counts wherever its
    words stand together.
    """
    typed = f" {search_text(text)} "
    return next((number for phrase, number in _phrases() if f" {phrase} " in typed), "")


@lru_cache(maxsize=1)
def _phrases() -> list[tuple[str, str]]:
    return [(search_text(row["words"]), row["number"]) for row in table("emergencies.csv")]
