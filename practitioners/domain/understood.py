"""Understanding what was typed into "what": specialties, reasons, names, and a place beside them.

Exact words come first, whatever they name; beginnings of words count only where no word is
exact, and words that are only similar where there is neither. A word that is both somebody's name
and a specialty means both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from practitioners.domain import alike_names, name_matches
from practitioners.domain.alike_names import Alike
from practitioners.domain.asides import without_asides
from practitioners.domain.name_matches import any_of
from practitioners.domain.places import Place, look_up, look_up_exactly
from practitioners.domain.text import word_set
from practitioners.domain.vocabulary import FILLERS, LITTLE, Concept, Segments, Vocabulary
from practitioners.models import Agenda, Practice, Practitioner, Specialty

if TYPE_CHECKING:
    from django.db.models import QuerySet

TITLES = word_set(
    "dr drs dre docteur docteurs docteure docteures doctor doctors dctr pr pre prof professeur"
    " professeure professor mme mmes madame mesdames mlle mlles melle mademoiselle mr mrs ms miss"
    " monsieur messieurs"
)
# What stands before a title: "le docteur", "cabinet du Dr".
BEFORE_A_TITLE = word_set("le la les l du de des chez avec cabinet rdv rendez vous voir the with")
# Professions that are titles when they stand before a name.
BEFORE_A_NAME = word_set("medecin medecins physician")
LONGEST = 12
PLACE_WORDS = 6
EXACT, PREFIX, SIMILAR, NOTHING = "exact", "prefix", "similar", "nothing"
# Beside a specialty, a place of this size is understood without its postcode.
PLACE_POPULATION = 5_000
# And a town of this size is meant rather than somebody of the specialty who is called alike.
CITY_POPULATION = 50_000


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """What a query means.

    `level` says how well it is understood: "exact", "prefix", "similar" or "nothing". `words` are
    those of a name, which `people` or `practices` bear. With specialties as well, `both` asks for
    people of the specialty who are called so; otherwise either will do. `reasons` are looked for
    elsewhere too if `reasons_widen`, and otherwise come first among the specialties.
    `second` are the specialties that come after the others. `place` was typed beside it; `unread`
    are words that nothing here is called by. `place_too` is a place that the words name as well,
    and `name_too` a name that they are as well. `alike` are the nearest names where none is exact.
    `here` says that the reader's own surroundings are meant, which only the browser knows.
    `language`, `sector` and `new_patients` were asked for beside it; they fill the form's filters.
    """

    level: str = EXACT
    anything: bool = False
    specialties: list[Specialty] = field(default_factory=list)
    reasons: tuple[tuple[str, ...], ...] = ()
    reasons_widen: bool = True
    video: bool = False
    words: tuple[str, ...] = ()
    people: bool = False
    practices: bool = False
    both: bool = False
    place: Place | None = None
    unread: str = ""
    text: str = ""
    second: list[Specialty] = field(default_factory=list)
    place_too: Place | None = None
    name_too: str = ""
    alike: Alike = field(default_factory=Alike)
    here: bool = False
    language: str = ""
    sector: str = ""
    new_patients: bool = False


def understand(what: str, *, has_place: bool) -> Understanding:
    """Read a query. A place is looked for in it, and counts, only if the place field is empty."""
    asides = without_asides(what)
    tokens = list(asides.words)[:LONGEST]
    meant = Understanding(anything=True)
    if tokens:
        meant = _Reading(tokens, Vocabulary.current(), has_place=has_place).understanding()
    here = asides.here and not has_place and meant.place is None
    return _with(
        meant, here=here, language=asides.language, sector=asides.sector,
        new_patients=asides.new_patients,
    )  # fmt: skip


class _Reading:
    def __init__(self, tokens: list[str], vocabulary: Vocabulary, *, has_place: bool) -> None:
        self.vocabulary = vocabulary
        self.has_place = has_place
        whole = vocabulary.segment(tokens)
        # "Heart doctor" and "docteur pour enfants" are what they are, and no titles.
        phrase = len(whole.concepts) == 1 and not whole.rest
        self.names = tokens if phrase else without_titles(tokens)
        self.titled = len(self.names) < len(tokens)
        # A title alone is a wish for a doctor.
        self.tokens = self.names
        if not self.names or (self.titled and set(self.names) <= LITTLE):
            self.tokens = self.names = ["medecin"]
        self.segments = vocabulary.segment(self.tokens)
        self.rest = _telling(self.segments.rest, beside=self.segments.concepts)

    def understanding(self) -> Understanding:
        if self.segments.concepts and not self.rest:
            return self._called_like_a_filler(self.segments) or self._concepts_alone()
        if not self.rest:
            # "Consultation", "je cherche": nothing is asked for, unless a name is made of it.
            return self._everything_is_a_name() or Understanding(anything=True)
        return (
            self._everything_is_a_name()
            or self._after_a_profession()
            or self._with_a_name()
            or self._a_reason()
            or self._with_a_place()
            or self._beginnings()
            or self._concepts_and_something_unread()
            or self._similar()
            or Understanding(level=NOTHING, text=" ".join(self.tokens))
        )

    def _of(self, concepts: Sequence[Concept], **more: object) -> Understanding:
        """What concepts mean together: the specialties named, else those that reasons lead to."""
        named = [concept for concept in concepts if concept.is_specialty]
        leading = named or [concept for concept in concepts if not concept.video]
        reasons = tuple(reason for concept in concepts for reason in concept.reasons)
        specialties = self.vocabulary.of(leading)
        values: dict[str, object] = {
            "specialties": specialties,
            "reasons": reasons,
            "reasons_widen": not named,
            "second": self.vocabulary.second(leading),
            "video": any(concept.video for concept in concepts),
            "text": " ".join(self.segments.used),
        }
        return Understanding(**(values | more))  # type: ignore[arg-type]

    def _concepts_alone(self) -> Understanding:
        meant = self._of(self.segments.concepts)
        if meant.reasons and (reason := self._a_reason()):
            # The practices' own words for it say more than what it may be called elsewhere.
            meant = _with(meant, reasons=reason.reasons)
        called = len(self.names) <= 3 and _listed(people=name_matches.people(self.names))
        return meant if not called else _with(meant, words=tuple(self.names), people=True)

    def _everything_is_a_name(self) -> Understanding | None:
        called = self._called(self.names)
        if called is None:
            return None
        reason = self._a_reason()
        # "Dos Santos" is somebody's name, and no back pain.
        meant = self._of([] if self.rest else self.segments.concepts)
        reasons = meant.reasons + (reason.reasons if reason else ())
        return _with(
            called, specialties=meant.specialties, reasons=reasons, text=meant.text,
            second=meant.second,
            place_too=None if self.segments.concepts else self._place_beside(self.names),
        )  # fmt: skip

    def _after_a_profession(self) -> Understanding | None:
        """ "médecin Rey": here the profession is a title, and Rey may be a cardiologist."""
        if self.tokens[0] not in BEFORE_A_NAME or self.segments.used != self.tokens[:1]:
            return None
        if self._a_city(self.rest):
            return None
        place_too = self._place_beside(self.rest)
        return self._called(self.tokens[1:], place_too=place_too) or self._called(
            self.rest, place_too=place_too
        )

    def _called(self, words: Sequence[str], **more: object) -> Understanding | None:
        words = tuple(words)
        people = _listed(people=name_matches.people(words))
        practices = _listed(practices=name_matches.practices(words))
        if not words or not (people or practices):
            return None
        # "Dr Paris" is a person, not the practices in Paris.
        practices = practices and not (people and (self.titled or self.tokens[0] in BEFORE_A_NAME))
        values: dict[str, object] = {"people": people, "practices": practices, "words": words}
        return Understanding(**(values | more))  # type: ignore[arg-type]

    def _with_a_name(self) -> Understanding | None:
        """ "dermatologue Martin": the specialty, and the name of somebody or of a practice."""
        if not self.segments.concepts:
            return None
        if not self.titled and self._a_city(self.rest):
            return None
        both = self._both(self.segments.concepts, self.rest)
        return _with(both, place_too=self._place_beside(self.rest)) if both else None

    def _called_like_a_filler(self, segments: Segments) -> Understanding | None:
        """ "kiné Petit": a word that says little elsewhere, and is somebody's name here."""
        words = [word for word in segments.rest if word not in LITTLE]
        return self._both(segments.concepts, words) if words else None

    def _both(self, concepts: Sequence[Concept], name: Sequence[str]) -> Understanding | None:
        """The people and practices of a name that are of the specialty as well."""
        meant = self._of(concepts)
        codes = [specialty.code for specialty in meant.specialties]
        rows = Agenda.objects.filter(listed=True, practitioner__specialties__in=codes)
        people = any_of(rows.filter(practitioner__in=name_matches.people(name)))
        practices = any_of(rows.filter(practice__in=name_matches.practices(name)))
        if not (people or practices):
            return None
        return _with(meant, words=tuple(name), people=people, practices=practices, both=True)

    def _a_reason(self) -> Understanding | None:
        """A reason under the very words that a practice gave it."""
        words = [word for word in self.tokens if word not in LITTLE]
        if not any_of(name_matches.reasons_named(words).filter(agenda__listed=True)):
            return None
        return Understanding(reasons=(tuple(words),), text=" ".join(self.tokens))

    def _place_beside(self, words: Sequence[str]) -> Place | None:
        return None if self.has_place or self.titled else self._place_of(words)

    def _a_city(self, words: Sequence[str]) -> Place | None:
        """A place that nobody's name stands up to: a city, or one with its number or postcode."""
        place = self._place_beside(words)
        return place if place and (place.population >= CITY_POPULATION or place.postcodes) else None

    def _place_of(self, words: Sequence[str]) -> Place | None:
        """The place that these words name, if it is one that everybody knows, or says more."""
        place = look_up_exactly(" ".join(words)) if words else None
        return place if place is not None and _known(place) else None

    def _with_a_place(self) -> Understanding | None:
        """ "pédiatre Paris 12", "Dr Rey Lyon", "Lyon dentiste": a place at either end."""
        words = self.tokens
        whole = not (self.titled or self.has_place or self.segments.concepts)
        for cut in range(0 if whole else 1, len(words)):
            back = len(words) - cut
            if back > PLACE_WORDS:
                continue
            for where, what in ((words[cut:], words[:cut]), (words[:back], words[back:])):
                place = look_up_exactly(" ".join(where), begun=True)
                if place is None:
                    continue
                meant = self._what_is_left(what)
                if meant is not None and self._counts(place, where, meant):
                    called = meant.specialties and _listed(people=name_matches.people(where))
                    return _with(
                        meant, place=None if self.has_place else place,
                        name_too=" ".join(where) if called else "",
                    )  # fmt: skip
        return None

    def _counts(self, place: Place, where: Sequence[str], meant: Understanding) -> bool:
        """Beside a name, or alone, a hamlet is rather part of the name: "De la Tour".

        Alone, a word is a place under its very name only: "hôpital" is not L'Hôpital.
        """
        if meant.specialties or meant.reasons:
            return _known(place) or where[0] != self.tokens[0]
        literal = place.commune is None or place.commune.search_name == " ".join(where)
        large = place.population >= CITY_POPULATION or bool(place.postcodes)
        return _known(place) and (literal or large or not meant.anything)

    def _what_is_left(self, words: Sequence[str]) -> Understanding | None:
        words = list(words)
        while words and words[-1] in LITTLE:
            words = words[:-1]
        if not words:
            return Understanding(anything=True)
        segments = self.vocabulary.segment(words)
        rest = _telling(segments.rest, beside=segments.concepts)
        if segments.concepts and not rest:
            called = self._called_like_a_filler(segments)
            return called or _with(self._of(segments.concepts), text=" ".join(segments.used))
        if not segments.concepts and not rest:
            return Understanding(anything=True)
        return self._called(words) or (
            self._both(segments.concepts, rest) if segments.concepts else None
        )

    def _beginnings(self) -> Understanding | None:
        """Nothing is exact: what begins with these letters."""
        text = " ".join(self.names)
        concepts = self.vocabulary.beginning(" ".join(self.tokens)) if len(text) > 2 else []
        people = len(text) > 2 and _listed(people=name_matches.people(self.names, prefix=True))
        practices = len(text) > 2 and _listed(
            practices=name_matches.practices(self.names, prefix=True)
        )
        if not (concepts or people or practices):
            return None
        return _with(
            self._of(concepts),
            level=PREFIX, people=people, practices=practices, words=tuple(self.names), text=text,
        )  # fmt: skip

    def _concepts_and_something_unread(self) -> Understanding | None:
        if not self.segments.concepts:
            return None
        meant, unread = self._of(self.segments.concepts), self.rest
        place, where = self._place_among(self.rest)
        if place is not None:
            unread = [word for word in unread if word not in where]
        elif not self.has_place:
            # "dentiste Marseile": the city is taken, and the word that is not its name is said.
            near = look_up(" ".join(self.rest))
            large = near.place is not None and near.place.population >= CITY_POPULATION
            place = near.place if large and not near.unread else None
        return _with(meant, unread=" ".join(unread), place=place)

    def _place_among(self, words: Sequence[str]) -> tuple[Place | None, Sequence[str]]:
        """A place at the end or the beginning of words that are not all read."""
        for length in range(len(words), 0, -1):
            for where in (words[-length:], words[:length]):
                if place := self._place_beside(where):
                    return place, where
        return None, ()

    def _similar(self) -> Understanding | None:
        """Nothing begins so either: what is like it."""
        nearest = self.vocabulary.similar([word for word in self.tokens if word not in LITTLE])
        names = alike_names.alike(self.names)
        if nearest.unread and not names:
            names = alike_names.with_a_surname_among(self.names)
        concepts = nearest.concepts
        if concepts and names:
            # Only the nearest are shown: "Dupond" is nearer to Dupont than to any specialty.
            concepts = concepts if nearest.distance <= names.distance else []
            names = names if names.distance <= nearest.distance else Alike()
        if not (concepts or names):
            names = alike_names.with_a_surname_among(self.names)
        if not (concepts or names):
            return None
        return _with(
            self._of(concepts),
            level=SIMILAR, alike=names, people=bool(names.people),
            practices=bool(names.practices), words=tuple(self.names), text=" ".join(self.names),
        )  # fmt: skip


def _known(place: Place) -> bool:
    return place.population >= PLACE_POPULATION or bool(place.postcodes)


def _telling(words: Sequence[str], *, beside: Sequence[Concept]) -> list[str]:
    """The words that say something; beside what is understood, fewer do: "bouton sur le visage"."""
    silent = LITTLE | FILLERS if beside else LITTLE
    return [word for word in words if word not in silent]


def without_titles(tokens: Sequence[str]) -> list[str]:
    """Drop titles: "Dr", "le docteur", and "médecin" or "M." before a name."""
    title = next((i for i, token in enumerate(tokens) if token in TITLES), 0)
    if set(tokens[:title]) <= BEFORE_A_TITLE:
        tokens = tokens[title:]
    kept = [token for token in tokens if token not in TITLES]
    return kept[1:] if len(kept) > 1 and kept[0] == "m" else kept


def _listed(
    *, people: "QuerySet[Practitioner] | None" = None, practices: "QuerySet[Practice] | None" = None
) -> bool:
    """Whether the directory lists one of these."""
    agendas = Agenda.objects.filter(listed=True)
    if people is not None:
        agendas = agendas.filter(practitioner__in=people.order_by().values("pk"))
    if practices is not None:
        agendas = agendas.filter(practice__in=practices.order_by().values("pk"))
    return any_of(agendas)


def _with(meant: Understanding, **values: object) -> Understanding:
    return Understanding(**(meant.__dict__ | values))  # type: ignore[arg-type]
