"""What people write where others read it: names without links, and mails in which none opens.

Mail programs, text messages and calendars make a link of whatever looks like an address: a scheme
with its slashes, or words joined by points of which one is a top-level domain. That a name or a
note so leads to a stranger's site is prevented twice: names that hold such a thing are refused,
and what mails quote is written so that no program takes it for an address.
"""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# IANA's list (https://data.iana.org/TLD/tlds-alpha-by-domain.txt).
_LIST = Path(__file__).with_name("top_level_domains.txt")
# RFC 2606, RFC 6761, RFC 6762 and RFC 7686: not of the public tree, yet made links of by programs.
_SPECIAL = {"example", "test", "invalid", "localhost", "local", "onion"}
# Browsers read the points of Chinese and Japanese as points (UTS 46).
_POINT = "[.\u3002\uff0e\uff61]"
# Letters of any script with their marks, figures, "-" and "_".
_LETTER = r"[^\s!-,./:-@\[-^`{-~\u00a0-\u00bf\u2010-\u203a\u3001-\u3003\u3008-\u3011\uff0e\uff61]"
_DOMAIN = re.compile(f"(?<!{_LETTER}){_LETTER}+(?:{_POINT}{_LETTER}+)+")
_SCHEME = re.compile(r"(?i)(?<![a-z0-9])([a-z][a-z0-9+.-]{1,20}):(?=[/\\]{2})")
# Schemes that take no slashes. A telephone number is called, which is what it is there for.
_BARE_SCHEME = re.compile(r"(?i)(?<![a-z0-9])(mailto|sms|smsto|javascript|data|vbscript):(?=\S)")
_AT = re.compile(r"(?<=\S)[@\uff20](?=\S)")
# Joiners are letters' business in Persian and the languages of India; the rest of the format
# characters (directions, zero widths, tags) and whatever begins a line only hide something.
_JOINERS = {"\u200c", "\u200d"}
_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}

NO_CONTROLS = _("Retirez de ce texte les retours à la ligne et les caractères invisibles.")
NO_LINKS = _(
    "Une adresse de site ou d’e-mail n’a pas sa place ici. Après un point, laissez une espace."
)


@lru_cache(maxsize=1)
def _top_level() -> frozenset[str]:
    names = {line.casefold() for line in _LIST.read_text("ascii").split("\n")[1:] if line}
    written = {name.encode().decode("idna") for name in names if name.startswith("xn--")}
    return frozenset(names | written | _SPECIAL)


def _is_domain(text: str) -> bool:
    parts = re.split(_POINT, unicodedata.normalize("NFKC", text).casefold())
    labels = [part.strip("-_") for part in parts]
    numbers = [label for label in labels if re.fullmatch(r"\d{1,3}", label)]
    if len(numbers) == len(labels) == 4:
        return True
    return any(label in _top_level() for label in labels[1:]) or labels[0] == "www"


def has_link(text: str) -> bool:
    """Whether a program may make a link of some part of a text."""
    found = _SCHEME.search(text) or _BARE_SCHEME.search(text)
    return bool(found) or any(_is_domain(each[0]) for each in _DOMAIN.finditer(text))


def is_hidden(letter: str) -> bool:
    """Whether a character shows nothing, or begins a line."""
    return unicodedata.category(letter) in _HIDDEN and letter not in _JOINERS


def problem_of_name(text: str) -> str:
    """Why a text cannot be a name or a label, in the reader's language; "" if it can."""
    if any(is_hidden(letter) for letter in text):
        return str(NO_CONTROLS)
    return str(NO_LINKS) if has_link(text) or _AT.search(text) else ""


def check_name(text: object) -> None:
    """Raise ValidationError for a text that cannot be a name or a label: a validator of fields."""
    if problem := problem_of_name(str(text)):
        raise ValidationError(problem, code="name")


def without_links(text: str) -> str:
    """Write a text so that no program makes a link of any part of it: "exemple[.]fr".

    Hidden characters go, but line ends and tabs stay.
    """
    text = "".join(each for each in text if each in "\n\t" or not is_hidden(each))
    text = _SCHEME.sub(r"\1[:]", text)
    text = _BARE_SCHEME.sub(r"\1[:]", text)
    return _DOMAIN.sub(lambda found: _opened_up(found[0], "[.]"), text)


def with_spaces(text: str) -> str:
    """Write a name so that its points join no address: "CAB.MED" is "CAB. MED"."""
    text = _BARE_SCHEME.sub(r"\1: ", _SCHEME.sub(r"\1: ", text))
    return _DOMAIN.sub(lambda found: _opened_up(found[0], ". "), text)


def _opened_up(text: str, point: str) -> str:
    return re.sub(_POINT, point, text) if _is_domain(text) else text
