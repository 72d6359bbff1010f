"""What is typed beside what is looked for: surroundings, a language, fees, new patients.

"dentiste près de moi", "English speaking doctor", "ophtalmo secteur 1".
"""

from dataclasses import dataclass

from practitioners.domain.directory.places.place_text import EVERYWHERE, HERE
from practitioners.domain.directory.text import search_text

# Folded words of each language, in French and English.
LANGUAGES = {
    "en": ("anglais", "english"),
    "es": ("espagnol", "spanish"),
    "de": ("allemand", "german"),
    "it": ("italien", "italian"),
    "pt": ("portugais", "portuguese"),
    "ar": ("arabe", "arabic"),
}
_ONE_WORD = {
    "anglophone": "en", "hispanophone": "es", "germanophone": "de", "italophone": "it",
    "lusophone": "pt", "arabophone": "ar",
}  # fmt: skip
_SPOKEN = (
    "qui parle {}", "qui parlent {}", "parlant {}", "parle {}", "parlant l {}", "langue {}",
    "{} speaking", "speaking {}", "who speaks {}", "that speaks {}", "speaks {}", "{} speaker",
)  # fmt: skip
_ASKED_LANGUAGES = [
    (spoken.format(word), code)
    for spoken in _SPOKEN
    for code, words in LANGUAGES.items()
    for word in words
] + list(_ONE_WORD.items())
_SECTORS = {"secteur 1": "1", "secteur 2": "2", "sector 1": "1", "sector 2": "2"}
_NEW_PATIENTS = tuple(
    f"{before}{patients}"
    for before in (
        "qui prend de ", "qui prend des ", "qui prend les ", "prend de ", "prend des ",
        "accepte de ", "qui accepte les ", "qui accepte de ", "accepte les ", "accepte ",
        "accepting ", "taking ", "for ", "pour ", "",
    )
    for patients in ("nouveaux patients", "nouveau patient", "new patients", "new patient")
)  # fmt: skip
# Nobody says that of themselves.
_VAIN = ("pas cher", "pas chere", "moins cher", "pas trop cher", "cheap", "pres d ici")


@dataclass(frozen=True, kw_only=True)
class Asides:
    """The words without the asides, and what those ask for."""

    words: tuple[str, ...]
    here: bool = False
    language: str = ""
    sector: str = ""
    new_patients: bool = False


def without_asides(text: str) -> Asides:
    """Take a query's asides out of it; the rest is what is looked for."""
    folded = f" {search_text(text)} "
    language = sector = ""
    for phrase, code in _ASKED_LANGUAGES:
        if f" {phrase} " in folded:
            folded, language = folded.replace(f" {phrase} ", " "), code
    for phrase, code in _SECTORS.items():
        if f" {phrase} " in folded:
            folded, sector = folded.replace(f" {phrase} ", " "), code
    asked = next((phrase for phrase in _NEW_PATIENTS if f" {phrase} " in folded), "")
    for phrase in (asked, *_VAIN):
        folded = folded.replace(f" {phrase} ", " ") if phrase else folded
    words, here = _without_surroundings(folded.split())
    return Asides(
        words=tuple(words), here=here, language=language, sector=sector, new_patients=bool(asked)
    )


def _without_surroundings(words: list[str]) -> tuple[list[str], bool]:
    """Drop "près de moi" and "en France" at the end; the former is said to be meant."""
    for length in range(min(len(words), 6), 0, -1):
        last = " ".join(words[-length:])
        # "Marie France" may be somebody.
        if last in HERE or (last in EVERYWHERE and length > 1):
            return words[:-length], last in HERE
    return words, False
