"""Reading what somebody typed into "where": words that name a place, digits that narrow it."""

import re
from dataclasses import dataclass

from practitioners.domain.directory.text import search_text, word_set

STREETS = word_set(
    "rue r avenue av ave boulevard bd bld bvd blvd place pl chemin ch che chem impasse imp allee"
    " allees all quai cours route rte square sq passage pass faubourg fbg fg esplanade residence"
    " lotissement zac za zi sentier voie rond promenade montee cite hameau immeuble villa venelle"
    " mail parvis ruelle traverse street lieudit"
)
SHORT = {
    "st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes", "ss": "sous",
    "s": "sur", "mt": "mont", "nd": "notre dame", "fd": "ferrand", "mx": "moulineaux",
    "pce": "provence",
    "gd": "grand",
}  # fmt: skip
ROMAN = {
    "i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10,
    "xi": 11, "xii": 12, "xiii": 13, "xiv": 14, "xv": 15, "xvi": 16, "xvii": 17, "xviii": 18,
    "xix": 19, "xx": 20,
}  # fmt: skip
SPELT = {
    "premier": 1, "deuxieme": 2, "second": 2, "troisieme": 3, "quatrieme": 4, "cinquieme": 5,
    "sixieme": 6, "septieme": 7, "huitieme": 8, "neuvieme": 9, "dixieme": 10, "onzieme": 11,
    "douzieme": 12, "treizieme": 13, "quatorzieme": 14, "quinzieme": 15, "seizieme": 16,
    "first": 1, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14,
    "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19,
    "twentieth": 20,
    "dix septieme": 17, "dix huitieme": 18, "dix neuvieme": 19, "vingtieme": 20,
}  # fmt: skip
# "Grande Rue" has its name before it.
NAMED_BEFORE = word_set("grande grand petite petit vieille haute basse")
ARRONDISSEMENT = word_set("arrondissement arrondissements arr arrt ardt arrdt")
CEDEX = frozenset({"cedex"})
# Words around a place's name that say nothing about which place it is.
AROUND = word_set("cedex departement department dept dep dpt region ville commune fr")
LEADING = word_set(
    "a au aux dans de du des en vers pres proche autour chez in near around at the within from"
    " le la les l d sur environs alentours banlieue"
)
# Words beside a town that name no town, and whose loss changes little: "Tours Nord", "gare de".
_BESIDE = word_set(
    "nord sud est ouest centre vieux vieille grand grande metropole agglomeration agglo gare mairie"
    " chu chr hopital clinique quartier secteur area city town north south east west center intra"
    " muros rive gauche droite et ou and or of n no numero"
)
QUIET = AROUND | LEADING | _BESIDE
# What names no place, for it means the whole country.
EVERYWHERE = frozenset(
    " ".join(words.split())
    for words in (
        "france", "la france", "en france", "toute la france", "dans toute la france",
        "france entiere", "france metropolitaine", "partout", "partout en france", "peu importe",
        "n importe ou", "anywhere", "everywhere", "anywhere in france", "everywhere in france",
        "in france", "all of france", "all over france", "whole of france",
    )
)  # fmt: skip
# And what names no place but the reader's own, which only the browser knows.
HERE = frozenset(
    (
        "autour de moi", "pres de moi", "pres de chez moi", "proche de moi", "proche de chez moi",
        "autour de chez moi", "a cote de moi", "a cote de chez moi", "a cote", "a proximite",
        "chez moi", "ici", "pres d ici", "ma position", "position actuelle", "dans le coin",
        "dans mon quartier", "near me", "nearby", "near here", "close to me", "close by",
        "around me", "around here", "here", "my location", "my position", "current location",
    )
)  # fmt: skip
_POST_BOX = re.compile(r"\b(?:bp|cs|tsa) ?\d+\b")
_AS_FAR_AS = re.compile(r"^(?:a |environ |moins de )*\d+ ?(?:kms?|kilometres?|minutes?|mn|min) ")
_ORDINAL = re.compile(r"(\d{1,2})(?:er|ere|e|em|eme|ieme|nd|nde|d|th|st|rd)")
_ROMAN_ALONE = re.compile(r"([ivx]{2,})(?:e|eme|ieme)?")
_ROMAN_ORDINAL = re.compile(r"([ivx]+)(?:er|e|eme|ieme)?")


@dataclass(frozen=True, kw_only=True)
class PlaceText:
    """A place as it was typed: folded words, and what the digits may mean.

    `number` (1 to 99) may be an arrondissement or a department; `ordinal` says that only an
    arrondissement can be meant. `address` says that a street stands among the words. `whole` are
    the words with those that `words` leaves out, as some names hold them: Ville-d'Avray.
    """

    words: tuple[str, ...]
    whole: tuple[str, ...] = ()
    postcode: str = ""
    department: str = ""
    number: int | None = None
    ordinal: bool = False
    address: bool = False
    kind: str = ""

    @property
    def digits(self) -> bool:
        return bool(self.postcode or self.department or self.number is not None)


def place_tokens(text: str) -> list[str]:
    """Fold a place's text to tokens: "Chalon s/ Saône" is chalon sur saone, "St" is saint."""
    text = re.sub(r"(?i)\bs\s*/\s*s\b", " sous ", text)
    text = re.sub(r"(?i)(?:\bs\s*/\s*(?!\d)|/\s*s\b)", " sur ", text)
    text = re.sub(r"/\s*(?=\d)", " ", text).replace("/", " sur ")
    folded = _AS_FAR_AS.sub("", _POST_BOX.sub(" ", search_text(text)))
    folded = folded.replace("lieu dit", "lieudit")
    folded = re.sub(r"\b([a-z]{3,})(\d{1,5}(?:e|er|eme)?)\b", r"\1 \2", folded)
    tokens = re.sub(r"\b(\d{5})([a-z]{3,})", r"\1 \2", folded).split()
    if len(tokens) == 2 and all(re.fullmatch(r"\d", token) for token in tokens):
        # "9-3" is how people say the 93.
        tokens = ["".join(tokens)]
    joined: list[str] = []
    for index, token in enumerate(tokens):
        last = joined[-1] if joined else ""
        if (
            (re.fullmatch(r"\d{3}", token) and re.fullmatch(r"\d{2}", last))
            or (re.fullmatch(r"\d{2}", token) and re.fullmatch(r"\d{3}", last))
            or (re.fullmatch(r"(?:er|e|eme|ieme|th)", token) and re.fullmatch(r"\d{1,2}", last))
            or (re.fullmatch(r"\d", token) and last in ("97", "98"))
            or (re.fullmatch(r"[ab]", token) and last == "2" and index == len(tokens) - 1)
        ):
            joined[-1] = last + token
        elif re.fullmatch(r"f\d{5}", token):
            joined.append(token[1:])
        else:
            joined.append(token)
    return [
        t for i, t in enumerate(joined) if not (t == "f" and _is_postcode(joined[i + 1 : i + 2]))
    ]


def _is_postcode(tokens: list[str]) -> bool:
    return bool(tokens) and bool(re.fullmatch(r"\d{5}", tokens[0]))


def spelt_out(tokens: list[str]) -> list[str]:
    """Write short forms in full: st, ste, mt, s (sur), ss (sous)."""
    # An "s" at the end is the beginning of a word: "Seine S".
    last = len(tokens) - 1
    return " ".join(
        word if word == "s" and index == last else SHORT.get(word, word)
        for index, word in enumerate(tokens)
    ).split()


def read(text: str, *, cities: frozenset[str]) -> PlaceText:
    """Take a place's text apart. `cities` are the words of those that have arrondissements."""
    found: dict[str, object] = {}
    if number := re.search(r"\((\d[\dABab])\)", text):
        # In brackets it is a department: "Marseille (13)" is not the 13th arrondissement.
        found["department"] = number[1].upper()
        text = text.replace(number[0], " ")
    tokens = _without_house_numbers(place_tokens(text))
    address = any(
        token in STREETS and index + 1 < len(tokens) for index, token in enumerate(tokens)
    )
    if not address:
        tokens = spelt_out(tokens)
    words: list[str] = []
    after_cedex = False
    for index, token in enumerate(tokens):
        previous = tokens[index - 1] if index else ""
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        near = previous in cities or following in ARRONDISSEMENT
        if after_cedex and token.isdigit() and not cities & set(tokens):
            continue
        after_cedex = token in CEDEX
        if not _digits(token, found, near=near):
            words.append(token)
    kind = "region" if "region" in words else ""
    kind = kind or (
        "department" if {"departement", "department", "dept", "dpt"} & set(words) else ""
    )
    if ARRONDISSEMENT & set(words):
        found["ordinal"] = True
    alone = len(words) == 1 and not found
    if alone and (roman := _ROMAN_ALONE.fullmatch(words[0])) and roman[1] in ROMAN:
        found["number"], found["ordinal"], words = ROMAN[roman[1]], True, []
    # "Place de l'Hôtel de Ville": in an address every word may be the street's.
    around = CEDEX if address else AROUND
    kept = [w for w in words if w not in ARRONDISSEMENT and (alone or w not in around)]
    if kept == ["france"] and found:
        kept = []
    if len(kept) > 1 and kept[-1] == "france" and kept[-2] not in ("de", "d", "of"):
        kept = kept[:-1]
    return PlaceText(
        words=tuple(_without_leading(kept)), whole=tuple(words), address=address, kind=kind,
        **found,  # type: ignore[arg-type]
    )  # fmt: skip


def _digits(token: str, found: dict[str, object], *, near: bool) -> bool:
    """Note what a token of digits may mean; False if it is a word."""
    if re.fullmatch(r"\d{5}", token):
        found["postcode"] = token
    elif re.fullmatch(r"2[ab]|9[78]\d", token):
        found["department"] = token.upper()
    elif re.fullmatch(r"\d{3,4}", token):
        found["postcode"] = token
    elif re.fullmatch(r"\d{1,2}", token):
        found["number"] = int(token)
    elif ordinal := _ORDINAL.fullmatch(token):
        found["number"], found["ordinal"] = int(ordinal[1]), True
    elif near and token in SPELT:
        found["number"], found["ordinal"] = SPELT[token], True
    elif near and (roman := _ROMAN_ORDINAL.fullmatch(token)) and roman[1] in ROMAN:
        found["number"], found["ordinal"] = ROMAN[roman[1]], True
    else:
        return False
    return True


def _without_house_numbers(tokens: list[str]) -> list[str]:
    """Leave out the number of a house: digits right before a street, "12 bis rue", "3 b avenue"."""
    kept: list[str] = []
    for token in tokens:
        if token in STREETS and kept[-1:] and kept[-1] in NAMED_BEFORE:
            if kept[-2:-1] and re.fullmatch(r"\d{1,4}", kept[-2]):
                del kept[-2]
        elif token in STREETS and kept:
            if kept[-1] in ("bis", "ter", "quater", "b", "t") and kept[-2:-1]:
                number = kept[-2]
                if re.fullmatch(r"\d{1,4}", number):
                    kept = kept[:-1]
            if re.fullmatch(r"\d{1,4}[a-dt]?", kept[-1]):
                kept = kept[:-1]
                if kept and re.fullmatch(r"\d{1,4}", kept[-1]):
                    kept = kept[:-1]
        kept.append(token)
    return kept


def _without_leading(words: list[str]) -> list[str]:
    """Drop "dans le", "près de"; an article stays if a name may begin with it: "La Rochelle"."""
    while words and words[0] in LEADING - {"le", "la", "les", "l", "sur"}:
        words = words[1:]
        while words and words[0] in ("de", "du", "des", "d"):
            words = words[1:]
    return [] if all(word in LEADING for word in words) else words
