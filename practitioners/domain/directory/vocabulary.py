"""What people call specialties and reasons: data/synonyms.csv, and the names themselves.

Words are compared by their stem, so that "pédiatres" is pédiatre and "infirmière" is infirmier.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from practitioners.domain.directory.text import likeness, search_text, word_set
from practitioners.domain.reference_data import table
from practitioners.models import Specialty

VIDEO = "@video"
# Of shorter words, too many are one letter apart.
SHORTEST = 5
# Words that say nothing about what is looked for.
LITTLE = word_set(
    "a ai au aux avec avoir besoin c ce cette chez cherche chercher consult consulter consultation"
    " d dans de des du en est et faire for from i in j je l la le les ma mal me mes mon my near"
    " need of on ou par pour pres prendre proche rdv rendez se specialiste specialist sur the to"
    " trouver un une urgent vous want with y an appointment find book looking moi suis veux"
    " voudrais aimerais souhaite voir see bonjour merci svp nous notre nos some please im am"
    " have has"
)
# Words that change nothing where the others are understood: "bouton sur le visage", "new glasses".
FILLERS = word_set(
    "maux douleur douleurs probleme problemes trouble troubles maladie maladies symptome symptomes"
    " suivi test bilan visite pain ache problem problems disease visage corps bas haut gauche droit"
    " droite rouge gros grosse fort forte petit petite nouveau nouvelle nouveaux nouvelles new bon"
    " bonne meilleur meilleure best good disponible rapide rapidement vite aujourd hui demain today"
    " tomorrow fils fille bebe enfant femme homme son daughter baby france female male woman man"
    " lady"
)
# "Docteur de famille" is a médecin de famille; a title before a name is gone by then.
_ONE_WORD = {"docteur": "medecin", "doctor": "medecin", "doctoress": "medecin"}
# Of these "mal" alone says nothing, and "mal de dos" much.
_KEPT_IN_PHRASES = frozenset({"mal", "consultation", "urgent"})
# Words of specialties' names that are no names of one.
_GENERIC = word_set(
    "medecine medicine medical medicale general generale practice maladies diseases sante health"
    " public publique social sociale specialist option adolescent enfant qualifie specialiste"
    " surgery therapist physical and metabolisme diagnostic cancer infectieuses infectious"
    " respiratory internal travail femme sage"
)
_ENDINGS = (
    ("iere", "ier"), ("ienne", "ien"), ("trice", "teur"), ("euse", "eur"), ("aux", "al"),
    ("elle", "el"), ("ive", "if"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Concept:
    """What a phrase means: codes of specialties, and words of visit reasons.

    Each of `reasons` is one alternative: words that must all begin a word of the reason's name.
    `is_specialty` says that the phrase names the specialty itself, not a reason to go there.
    Of the codes, those in `second` come after the others: GPs see people for allergies too.
    """

    phrase: str
    codes: tuple[str, ...]
    reasons: tuple[tuple[str, ...], ...] = ()
    is_specialty: bool = True
    video: bool = False
    second: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Segments:
    """A query taken apart: the concepts in it, and the words that belong to none."""

    concepts: list[Concept] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Alike:
    """The concepts nearest to words that name none, how far they are, and the words left over."""

    concepts: list[Concept] = field(default_factory=list)
    distance: int = 0
    unread: tuple[str, ...] = ()


def stem(word: str) -> str:
    """Fold plural and feminine: "pediatres", "infirmieres" and "opticienne" lose their endings."""
    if len(word) > 3 and word[-1] in "sx" and not word.endswith("ss"):
        word = word[:-3] + "al" if word.endswith("aux") else word[:-1]
    for ending, plain in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            word = word[: -len(ending)] + plain
            break
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def key(words: Iterable[str]) -> tuple[str, ...]:
    """Return the stems of a phrase's words, the little words left out."""
    every = [word for word in words if word]
    kept = [w for w in every if w not in LITTLE or (w in _KEPT_IN_PHRASES and len(every) > 1)]
    return tuple(_ONE_WORD.get(stem(word), stem(word)) for word in kept or every)


@lru_cache(maxsize=1)
def _synonyms() -> dict[tuple[str, ...], Concept]:
    found: dict[tuple[str, ...], Concept] = {}
    for row in table("synonyms.csv"):
        phrase = search_text(row["phrase"])
        written = [part for part in row["reasons"].split("|") if part and part != VIDEO]
        concept = Concept(
            phrase=phrase,
            codes=tuple(row["codes"].replace("|", " ").split()),
            second=tuple(row["codes"].partition("|")[2].split()),
            reasons=tuple(tuple(part.split("+")) for part in written),
            is_specialty=row["source"] in SPECIALTY_SOURCES,
            video=row["reasons"] == VIDEO,
        )
        known = found.get(key(phrase.split()))
        found[key(phrase.split())] = _merged(known, concept) if known else concept
    return found


SPECIALTY_SOURCES = ("profession or specialty name", "short form")


def _merged(one: Concept, other: Concept) -> Concept:
    """Both meanings of a phrase: what comes first in either does so in both."""
    first = {c for concept in (one, other) for c in concept.codes if c not in concept.second}
    return Concept(
        phrase=one.phrase,
        codes=tuple(dict.fromkeys(one.codes + other.codes)),
        second=tuple(dict.fromkeys(c for c in one.second + other.second if c not in first)),
        reasons=tuple(dict.fromkeys(one.reasons + other.reasons)),
        is_specialty=one.is_specialty and other.is_specialty,
        video=one.video or other.video,
    )


class Vocabulary:
    """Every phrase, for the specialties that this directory has; the others' codes are left out."""

    def __init__(self, specialties: Sequence[Specialty]) -> None:
        self.specialties = {specialty.code: specialty for specialty in specialties}
        self.concepts: dict[tuple[str, ...], Concept] = {}
        own = self._own_names()
        for phrase, concept in _synonyms().items():
            codes = tuple(code for code in concept.codes if code in self.specialties)
            if codes or concept.video or (concept.reasons and not concept.codes):
                self.concepts[phrase] = Concept(**(concept.__dict__ | {"codes": codes}))
        for phrase, concept in own.items():
            known = self.concepts.get(phrase)
            if known is None or not set(concept.codes) <= set(known.codes):
                self.concepts[phrase] = concept
        for phrase, concept in self._own_words().items():
            self.concepts.setdefault(phrase, concept)
        self.longest = max((len(phrase) for phrase in self.concepts), default=0)

    @classmethod
    def current(cls) -> "Vocabulary":
        """Return the vocabulary of the specialties in the database (one query).

        It is made anew only when they have changed.
        """
        rows = list(Specialty.objects.order_by("name", "code"))
        return _vocabulary_of(_Rows(rows))

    def _own_names(self) -> dict[tuple[str, ...], Concept]:
        named: dict[tuple[str, ...], Concept] = {}
        for specialty in self.specialties.values():
            for name in dict.fromkeys((specialty.name, specialty.name_en)):
                if words := search_text(name).split():
                    concept = Concept(phrase=" ".join(words), codes=(specialty.code,))
                    known = named.get(key(words))
                    named[key(words)] = _merged(known, concept) if known else concept
        return named

    def _own_words(self) -> dict[tuple[str, ...], Concept]:
        named: dict[tuple[str, ...], list[str]] = {}
        for specialty in self.specialties.values():
            for word in set(specialty.search_name.split()):
                if len(word) > 2 and word not in LITTLE and word not in _GENERIC:
                    named.setdefault((stem(word),), []).append(specialty.code)
        return {
            phrase: Concept(phrase=phrase[0], codes=tuple(sorted(codes)))
            for phrase, codes in named.items()
        }

    def segment(self, words: Sequence[str]) -> Segments:
        """Find the longest phrases in the words, from left to right; the rest is left over."""
        concepts: list[Concept] = []
        rest: list[str] = []
        used: list[str] = []
        index = 0
        while index < len(words):
            found = self._longest_at(words, index)
            if found is None:
                rest.append(words[index])
                index += 1
                continue
            concept, length = found
            concepts.append(concept)
            used += words[index : index + length]
            index += length
        return Segments(concepts=concepts, rest=rest, used=used)

    def _longest_at(self, words: Sequence[str], index: int) -> tuple[Concept, int] | None:
        # A phrase may be written with little words that the table leaves out, and the other way.
        for length in range(min(len(words) - index, self.longest + 3), 0, -1):
            part = words[index : index + length]
            little = {part[0], part[-1]} & (LITTLE - _KEPT_IN_PHRASES)
            if little and (length > 1 or tuple(part) not in self.concepts):
                continue
            if concept := self.concepts.get(key(part)):
                return concept, length
            # "Gastro-entérologue" and "pédo psychiatre" are one word as well as two.
            if length == 2 and (concept := self.concepts.get(key(["".join(part)]))):
                return concept, length
        return None

    def beginning(self, text: str) -> list[Concept]:
        """Return the concepts whose phrase begins with these letters, the shortest first."""
        words = text.split()
        ahead = [w for w in words[:-1] if w not in LITTLE or w in _KEPT_IN_PHRASES]
        wanted = [*map(stem, ahead), words[-1]] if words else []
        found = [
            (len(" ".join(phrase)), concept)
            for phrase, concept in self.concepts.items()
            if len(text) > 1 and wanted and _begins(phrase, wanted, concept)
        ]
        return _unique(concept for _, concept in sorted(found, key=lambda pair: pair[0]))

    def similar(self, words: Sequence[str]) -> "Alike":
        """Return the concepts of the phrases nearest to the words, a typo or two away."""
        wanted = " ".join(words)
        whole = [
            (far, concept)
            for concept in self.concepts.values()
            if len(wanted) >= SHORTEST and (far := likeness(wanted, concept.phrase)) is not None
        ]
        if whole:
            return _nearest(whole, unread=())
        single = [
            (far, phrase[0], concept, word)
            for phrase, concept in self.concepts.items()
            for word in words
            if len(phrase) == 1
            and len(word) >= SHORTEST
            and len(phrase[0]) >= SHORTEST - 1
            and (far := likeness(stem(word), phrase[0])) is not None
        ]
        best = min((far for far, *_ in single), default=0)
        read = {word for far, _, _, word in single if far == best}
        unread = tuple(word for word in words if word not in read)
        return _nearest([(far, concept) for far, _, concept, _ in single], unread=unread)

    def of(self, concepts: Iterable[Concept]) -> list[Specialty]:
        """Return the specialties of concepts, in their order."""
        codes = dict.fromkeys(code for concept in concepts for code in concept.codes)
        return [self.specialties[code] for code in codes]

    def second(self, concepts: Iterable[Concept]) -> list[Specialty]:
        """Return the specialties that come after the others for all these concepts."""
        every = list(concepts)
        first = {c for concept in every for c in concept.codes if c not in concept.second}
        return [s for s in self.of(every) if first and s.code not in first]


class _Rows:
    """Specialties, compared by what a vocabulary reads of them."""

    def __init__(self, rows: list[Specialty]) -> None:
        self.rows = rows
        self.read = tuple((row.code, row.name, row.name_en, row.search_name) for row in rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rows) and self.read == other.read

    def __hash__(self) -> int:
        return hash(self.read)


@lru_cache(maxsize=2)
def _vocabulary_of(rows: _Rows) -> Vocabulary:
    return Vocabulary(rows.rows)


def _begins(phrase: Sequence[str], wanted: Sequence[str], concept: Concept) -> bool:
    if len(wanted) > len(phrase):
        return False
    whole = re.match(re.escape(wanted[-1]), concept.phrase) if len(wanted) == 1 else None
    ahead = tuple(phrase[: len(wanted) - 1]) == tuple(wanted[:-1])
    return bool(whole) or (ahead and phrase[len(wanted) - 1].startswith(wanted[-1]))


def _nearest(found: Sequence[tuple[int, Concept]], *, unread: tuple[str, ...]) -> Alike:
    far = min((far for far, _ in found), default=0)
    # Nobody means a video visit by a word that only resembles one.
    kept = [concept for each, concept in found if each == far and not concept.video]
    return Alike(concepts=_unique(kept), distance=far, unread=unread if kept else ())


def _unique(concepts: Iterable[Concept]) -> list[Concept]:
    found: dict[tuple[object, ...], Concept] = {}
    for concept in concepts:
        found.setdefault((concept.codes, concept.reasons, concept.video), concept)
    return list(found.values())


def telling(words: Sequence[str], *, beside: Sequence[Concept]) -> list[str]:
    """The words that say something; beside what is understood, fewer do: "bouton sur le visage"."""
    silent = LITTLE | FILLERS if beside else LITTLE
    return [word for word in words if word not in silent]
