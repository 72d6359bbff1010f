"""Understanding what was typed into "what": specialties, reasons, names, and a place beside them.

Exact words come first, whatever they name; beginnings of words count only where no word is
exact, and words that are only similar where there is neither. A word that is both somebody's name
and a specialty means both.
"""

from collections.abc import Sequence

from django.db.models import Q

from practitioners.domain.directory import alike_names, located, name_matches
from practitioners.domain.directory.alike_names import Alike
from practitioners.domain.directory.asides import without_asides
from practitioners.domain.directory.meaning import NOTHING, PREFIX, SIMILAR, Understanding, changed
from practitioners.domain.directory.name_matches import any_of, listed
from practitioners.domain.directory.places.places import Place, look_up, look_up_exactly
from practitioners.domain.directory.text import search_text
from practitioners.domain.directory.titles import (
    BEFORE_A_NAME,
    WOMAN_OR_MAN,
    without_asking,
    without_titles,
)
from practitioners.domain.directory.vocabulary import LITTLE, Concept, Segments, Vocabulary, telling
from practitioners.models import Agenda, Specialty

LONGEST = 12
PLACE_WORDS = 6
# Beside a specialty, a place of this size is understood without its postcode.
PLACE_POPULATION = 5_000
# And a town of this size is meant rather than somebody of the specialty who is called alike.
CITY_POPULATION = 50_000


def understand(what: str, *, has_place: bool) -> Understanding:
    """Read a query. A place is looked for in it, and counts, only if the place field is empty."""
    asides = without_asides(what)
    tokens = list(asides.words)[:LONGEST]
    meant = Understanding(anything=True)
    if what.strip() and not search_text(what):
        # Signs, or letters of another alphabet: something is asked for that cannot be read.
        meant = Understanding(level=NOTHING, text=what.strip())
    if tokens:
        meant = _Reading(tokens, Vocabulary.current(), has_place=has_place).understanding()
    here = asides.here and not has_place and meant.place is None
    return changed(
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
        if not self.names or (self.titled and set(self.names) <= LITTLE | WOMAN_OR_MAN):
            self.names = ["medecin"]
        self.tokens = self.names
        if not phrase and self._called(self.names) is None:
            self.names = without_asking(self.names)
        self.segments = vocabulary.segment(self.tokens)
        self.rest = telling(self.segments.rest, beside=self.segments.concepts)

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
            or self._a_name_or_a_specialty()
            or self._beginnings()
            or self._nearly_a_name()
            or self._concepts_and_something_unread()
            or self._similar()
            or Understanding(level=NOTHING, text=" ".join(self.tokens))
        )

    def _of(self, concepts: Sequence[Concept], **more: object) -> Understanding:
        """What concepts mean together: the specialties named, else those that reasons lead to."""
        named = _narrowest([concept for concept in concepts if concept.is_specialty])
        leading = named or [c for c in concepts if c.codes or not c.video]
        reasons = tuple(reason for concept in concepts for reason in concept.reasons)
        specialties = self.vocabulary.of(leading)
        values: dict[str, object] = {
            "specialties": specialties,
            "reasons": reasons,
            "reasons_widen": not named,
            "second": self._second(leading, concepts),
            "video": any(concept.video for concept in concepts),
            "text": " ".join(self.segments.used),
        }
        return Understanding(**(values | more))  # type: ignore[arg-type]

    def _second(self, leading: Sequence[Concept], concepts: Sequence[Concept]) -> list[Specialty]:
        """Those that come last: of all surgeons, those who are not asked for a knee."""
        second = self.vocabulary.second(leading)
        asked = [concept for concept in concepts if not concept.is_specialty]
        first = {c for concept in asked for c in concept.codes if c not in concept.second}
        every = self.vocabulary.of(leading)
        if first & {specialty.code for specialty in every if specialty not in second}:
            second = [s for s in every if s in second or s.code not in first]
        return second

    def _concepts_alone(self) -> Understanding:
        meant = self._of(self.segments.concepts)
        if meant.reasons and (reason := self._a_reason()):
            # The practices' own words for it say more than what it may be called elsewhere.
            meant = changed(meant, reasons=reason.reasons)
        called = len(self.tokens) <= 3 and listed(people=name_matches.people(self.tokens))
        return meant if not called else changed(meant, words=tuple(self.tokens), people=True)

    def _everything_is_a_name(self) -> Understanding | None:
        called = self._called(self.names)
        if called is None:
            return None
        reason = self._a_reason()
        # "Dos Santos" is somebody's name, and no back pain.
        meant = self._of([] if self.rest else self.segments.concepts)
        reasons = meant.reasons + (reason.reasons if reason else ())
        return changed(
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
        people = listed(people=name_matches.people(words))
        practices = listed(practices=name_matches.practices(words))
        if not words or not (people or practices):
            return None
        # "Dr Paris" is a person, not the practices in Paris.
        practices = practices and not (people and (self.titled or words[0] in BEFORE_A_NAME))
        values: dict[str, object] = {"people": people, "practices": practices, "words": words}
        return Understanding(**(values | more))  # type: ignore[arg-type]

    def _with_a_name(self) -> Understanding | None:
        """ "dermatologue Martin": the specialty, and the name of somebody or of a practice."""
        if not self.segments.concepts:
            return None
        if not self.titled and self._a_city(self.rest):
            return None
        both = self._both(self.segments.concepts, self.rest)
        return changed(both, place_too=self._place_beside(self.rest)) if both else None

    def _a_name_or_a_specialty(self) -> Understanding | None:
        """ "Dr Boucher gastro", and no Boucher is one: the people so called, then the specialty."""
        if not self.rest or not any(concept.is_specialty for concept in self.segments.concepts):
            return None
        name = without_asking(self.rest)
        if not self.titled and not alike_names.with_surname(" ".join(name)).exists():
            return None
        called = self._called(name)
        if called is None or not called.people:
            return None
        return changed(self._of(self.segments.concepts), words=called.words, people=True)

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
        return changed(meant, words=tuple(name), people=people, practices=practices, both=True)

    def _a_reason(self) -> Understanding | None:
        """A reason under the very words that a practice gave it."""
        words = [word for word in self.tokens if word not in LITTLE]
        if not any_of(
            name_matches.reasons_named(words).filter(agenda__listed=True, agenda__active=True)
        ):
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
                    called = meant.specialties and listed(people=name_matches.people(where))
                    return changed(
                        meant, place=None if self.has_place else place,
                        name_too=" ".join(where) if called else "",
                    )  # fmt: skip
        return None

    def _counts(self, place: Place, where: Sequence[str], meant: Understanding) -> bool:
        """Beside a name, or alone, a hamlet is rather part of the name: "De la Tour".

        Alone, a word is a place under its very name only: "hôpital" is not L'Hôpital.
        """
        if meant.specialties or meant.reasons:
            return _known(place) or (not self.titled and where[0] != self.tokens[0])
        if place.population >= CITY_POPULATION or place.postcodes:
            return True
        if not meant.anything:
            return self._somebody_there(place, meant)
        literal = place.commune is None or place.commune.search_name == " ".join(where)
        return _known(place) and literal

    def _somebody_there(self, place: Place, meant: Understanding) -> bool:
        """Whether somebody of the name is there: "Roye" in "Arthur Roye" may be a name begun."""
        near = located.within(Agenda.objects.filter(listed=True), place)
        if place.commune and not _known(place):
            near = near.filter(practice__commune_id=place.commune.code)
        return any_of(
            near.filter(
                Q(practitioner__in=name_matches.people(meant.words).order_by().values("pk"))
                | Q(practice__in=name_matches.practices(meant.words).order_by().values("pk"))
            )
        )

    def _what_is_left(self, words: Sequence[str]) -> Understanding | None:
        words = list(words)
        while words and words[-1] in LITTLE:
            words = words[:-1]
        if not words:
            return Understanding(anything=True)
        segments = self.vocabulary.segment(words)
        rest = telling(segments.rest, beside=segments.concepts)
        if segments.concepts and not rest:
            called = self._called_like_a_filler(segments)
            return called or changed(self._of(segments.concepts), text=" ".join(segments.used))
        if not segments.concepts and not rest:
            return Understanding(anything=True)
        return self._called(without_asking(words)) or (
            self._both(segments.concepts, rest) if segments.concepts else None
        )

    def _beginnings(self) -> Understanding | None:
        """Nothing is exact: what begins with these letters."""
        text = " ".join(self.names)
        concepts = self.vocabulary.beginning(" ".join(self.tokens)) if len(text) > 2 else []
        people = len(text) > 2 and listed(people=name_matches.people(self.names, prefix=True))
        practices = len(text) > 2 and listed(
            practices=name_matches.practices(self.names, prefix=True)
        )
        if not (concepts or people or practices):
            return None
        return changed(
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
        return changed(meant, unread=" ".join(unread), place=place)

    def _place_among(self, words: Sequence[str]) -> tuple[Place | None, Sequence[str]]:
        """A place at the end or the beginning of words that are not all read."""
        for length in range(len(words), 0, -1):
            for where in (words[-length:], words[:length]):
                if place := self._place_beside(where):
                    return place, where
        return None, ()

    def _nearly_a_name(self) -> Understanding | None:
        """A typo in a name beside words of health: "Dos Snatos", "dermatologue Martni"."""
        concepts = self.segments.concepts
        if not concepts:
            return None
        if not any(concept.is_specialty for concept in concepts):
            names = alike_names.alike(self.names) if len(self.names) > 1 else Alike()
            return self._alike(names) if names.people else None
        near = None if self.has_place else look_up(" ".join(self.rest)).place
        if near is not None and near.population >= CITY_POPULATION:
            return None
        meant = self._of(concepts)
        rows = Agenda.objects.filter(
            listed=True, practitioner__in=alike_names.alike(self.rest).people,
            practitioner__specialties__in=[specialty.code for specialty in meant.specialties],
        )  # fmt: skip
        people = tuple(dict.fromkeys(rows.order_by("pk").values_list("practitioner_id", flat=True)))
        if not people:
            return None
        return changed(self._alike(Alike(people=people), meant), both=True, words=tuple(self.rest))

    def _alike(self, names: Alike, meant: Understanding | None = None) -> Understanding:
        return changed(
            meant or Understanding(),
            level=SIMILAR, alike=names, people=bool(names.people),
            practices=bool(names.practices), words=tuple(self.names), text=" ".join(self.names),
        )  # fmt: skip

    def _similar(self) -> Understanding | None:
        """Nothing begins so either: what is like it."""
        nearest = self.vocabulary.similar([word for word in self.tokens if word not in LITTLE])
        names = alike_names.alike(self.names)
        concepts = nearest.concepts
        if names and (self.titled or nearest.unread):
            # Names that are like every word say more than a specialty that is like one of them.
            concepts = []
        if concepts and names:
            # Only the nearest are shown: "Dupond" is nearer to Dupont than to any specialty.
            concepts = concepts if nearest.distance <= names.distance else []
            names = names if names.distance <= nearest.distance else Alike()
        elif not names and (nearest.unread or not concepts):
            if in_a_city := self._alike_in_a_city():
                return in_a_city
            names = alike_names.with_a_surname_among(self.names)
        if not (concepts or names):
            return None
        return self._alike(names, self._of(concepts))

    def _alike_in_a_city(self) -> Understanding | None:
        """ "Dr Martni Paris": a typo in a name, and a city after it or before it."""
        if self.has_place or len(self.names) > PLACE_WORDS:
            return None
        for cut in range(1, len(self.names)):
            first, last = self.names[:cut], self.names[cut:]
            for name, where in ((first, last), (last, first)):
                place = look_up_exactly(" ".join(where))
                if place and (place.population >= CITY_POPULATION or place.postcodes):
                    names = alike_names.alike(without_asking(name))
                    if names.people:
                        meant = self._alike(names)
                        return changed(meant, place=place, words=tuple(without_asking(name)))
        return None


def _narrowest(named: Sequence[Concept]) -> list[Concept]:
    """Leave out what another concept says more closely: "chirurgien" of "chirurgien plastique".

    "Médecin" beside any other specialty says nothing: "médecin urgentiste".
    """
    if len(named) < 2:
        return list(named)
    told = [c for c in named if c.phrase not in BEFORE_A_NAME] or named
    return [c for c in told if not any(set(other.codes) < set(c.codes) for other in told)]


def _known(place: Place) -> bool:
    return place.population >= PLACE_POPULATION or bool(place.postcodes)
