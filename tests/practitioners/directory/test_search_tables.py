"""Some hundred queries as people type them, each read and searched on one set of rows.

`tables/what.csv`: what and where are typed; the first result is of one of `specialties`, and all
are; `place` is where is searched; `level` says whether the words are exact, begin so or are alike.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from doctolib.demo import SEED
from doctolib.demo.names import Names
from practitioners.domain import reference_data
from practitioners.domain.directory import alike_names, name_matches
from practitioners.domain.directory.meaning import Understanding
from practitioners.domain.directory.places import place_likeness
from practitioners.domain.directory.places.places import look_up
from practitioners.domain.directory.search import Filters, about, search, suggest
from practitioners.domain.directory.text import search_text
from practitioners.domain.directory.understood import understand
from practitioners.models import Agenda, NextSlot, Practice, Practitioner, Specialty, VisitReason

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("directory")]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TABLE = Path(__file__).parents[1] / "tables" / "what.csv"
# Towns that queries name: somebody of every specialty works in each.
TOWNS = {
    "Tours": ("37261", "37000", 47.39, 0.69), "Lyon": ("69123", "69003", 45.76, 4.85),
    "Paris": ("75056", "75015", 48.86, 2.35),
}  # fmt: skip
REASONS = {"P40": "Détartrage", "SM54": "Vaccination", "SM20": "Frottis", "SM38": "Fond d’œil"}
OTHERS = [("Jeanne", "Dupré-Latour"), ("Aya", "Ben Saïd"), ("Yann", "O'Connor"), ("Luc", "Müller"),
          ("Anne-Sophie", "d'Almeida"), ("Zoé", "de la Tour"), ("Jean-Marc", "Le Bihan")]  # fmt: skip


@pytest.fixture(scope="module")
def directory(real_communes, django_db_blocker) -> Iterator[None]:
    """One person of every specialty in some towns, and one of every surname of the demo."""
    with django_db_blocker.unblock():
        reference_data.load_specialties()
        practices = Practice.objects.bulk_create(
            Practice(
                name=f"Lieu {number}", search_name=f"lieu {number}", commune_id=code,
                postcode=postcode, town=town, latitude=latitude, longitude=longitude,
            )
            for number, (town, (code, postcode, latitude, longitude)) in enumerate(TOWNS.items())
        )  # fmt: skip
        codes = list(Specialty.objects.values_list("code", flat=True))
        people = [("Qq", f"Xx{code}", code, place) for code in codes for place in practices]
        people += [("Zélie", last, "SM14", practices[0]) for last in Names.from_seed(SEED).last]
        people += [(first, last, "SM14", practices[0]) for first, last in OTHERS]
        _list(people)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE practitioners_specialty, practitioners_practitioner, "
                       "practitioners_practice CASCADE")  # fmt: skip


def _list(people: list[tuple[str, str, str, Practice]]) -> None:
    """List each person at the practice, with one reason whose next slot is tomorrow."""
    at = NOW + timedelta(hours=24)
    rows = [
        Practitioner(
            title="Dr", first_name=first, last_name=last, languages=["fr", "en"], sector="1",
            search_name=search_text(f"{first} {last}"),
        )
        for first, last, _, _ in people
    ]  # fmt: skip
    Practitioner.objects.bulk_create(rows)
    Practitioner.specialties.through.objects.bulk_create(
        Practitioner.specialties.through(practitioner=row, specialty_id=code)
        for row, (_, _, code, _) in zip(rows, people, strict=True)
    )
    agendas = Agenda.objects.bulk_create(
        Agenda(practitioner=row, practice=place)
        for row, (*_, place) in zip(rows, people, strict=True)
    )
    reasons = VisitReason.objects.bulk_create(
        VisitReason(agenda=agenda, name=REASONS.get(code, "Rendez-vous"), duration_minutes=30)
        for agenda, (_, _, code, _) in zip(agendas, people, strict=True)
    )
    NextSlot.objects.bulk_create(
        NextSlot(
            visit_reason=reason, agenda=reason.agenda, starts_at=at, bookable_until=at,
            computed_at=NOW,
        )
        for reason in reasons
    )  # fmt: skip


def found(what, where=""):
    place = look_up(where).place if where else None
    return search(what=what, place=place, filters=Filters(), order="soonest", page=1, now=NOW)


def codes(page):
    return {s.code for hit in page.hits for s in hit.agenda.practitioner.specialties.all()}


def surnames(page):
    return [hit.agenda.practitioner.last_name for hit in page.hits]


def test_what_people_type_finds_its_specialties_and_no_others():
    with TABLE.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    wrong = []
    for line in lines:
        place = look_up(line["where"]).place if line["where"] else None
        meant = understand(line["what"], has_place=place is not None)
        place = place or meant.place
        allowed = set(line["specialties"].split())
        listed = about(Agenda.objects.filter(listed=True), meant).order_by()
        seen = set(listed.values_list("practitioner__specialties", flat=True).distinct())
        read = (place.label if place else "", meant.level)
        if read != (line["place"], line["level"]) or not seen or not seen <= allowed:
            wrong.append((line, read, sorted(seen - allowed), meant.people))
    assert not wrong, "\n".join(map(str, wrong))


def test_the_specialists_come_before_those_that_see_people_for_it_too():
    for what, leading in [
        ("diabète", {"SM16"}), ("migraine", {"SM32"}), ("boutons", {"SM15"}), ("asthme", {"SM41"}),
        ("genou", {"P70", "SM48", "SM08", "SM29"}), ("grossesse", {"SM20", "SM19", "P50"}),
        ("mal aux reins", {"SM12", "SM30"}), ("lunettes", {"P28"}), ("stress", {"P93", "SM42"}),
        ("frottis", {"SM20"}), ("détartrage", {"P40"}), ("vaccin", {"SM54"}),
        ("stomatologue", {"SM50"}), ("obstétricien", {"SM20"}), ("allergies", {"SM57"}),
        ("arthrose", {"SM48"}), ("fracture", {"SM08"}), ("vertiges", {"SM39"}),
        ("chirurgien genou", {"SM08"}), ("médecin gériatre", {"SM18"}), ("VIH", {"SM58"}),
        ("grippe", {"SM54", "SM53", "SM26", "P10"}), ("asthme enfant", {"SM40", "SM41"}),
    ]:  # fmt: skip
        page = found(what)
        first = page.hits[0].agenda.practitioner.specialties.get().code
        assert first in leading, (what, first)


FORMS = (
    "{}", "{upper}", "Dr {}", "docteur {}", "Docteure {}", "Dr. {}", "Pr {}", "Mme {}",
    "Madame {}", "M. {}", "le docteur {}", "chez le Dr {}", "cabinet du docteur {}", "doctor {}",
    "Zélie {}", "{} Zélie", "{} Tours", "Dr {} Tours", "chirurgien digestif {}",
    "{} chirurgie digestive Tours", "professeure {}", "Melle {}", "{plain}", "Mme le docteur {}",
    "Monsieur le Dr {}", "Doctoresse {}", "Dr méd. {}", "je cherche le docteur {}", "cabinet {}",
    "prendre rdv avec le docteur {}", "prendre rendez-vous avec Zélie {}", "see doctor {}",
    "appointment with Dr {}", "je voudrais voir Mme {} svp", "Z. {}", "{} Z", "trouver le Dr {}",
)  # fmt: skip


def test_every_surname_is_found_in_every_form():
    """Each surname of the demo in one of the forms in turn, and every third alone."""
    wrong = []
    for index, last in enumerate(Names.from_seed(SEED).last):
        form = FORMS[1 + index % (len(FORMS) - 1)]
        texts = [form.format(last, upper=last.upper(), plain=search_text(last))]
        for text in texts + [last] * (index % 3 == 0):
            meant = understand(text, has_place=False)
            told = set(meant.words) - {"zelie", "z"}
            if not (
                meant.level == "exact" and meant.people and told == set(search_text(last).split())
            ):
                wrong.append((text, meant))
        if index % 8 == 0 and surnames(found(last))[0] != last:
            wrong.append((last, surnames(found(last))))
    assert not wrong, wrong


@pytest.mark.parametrize(
    ("typed", "level", "first"),
    [
        ("dos santos", "exact", "Dos Santos"), ("Mme Dos Santos", "exact", "Dos Santos"),
        ("santos", "exact", "Dos Santos"), ("le goff", "exact", "Le Goff"),
        ("Le-Goff", "exact", "Le Goff"), ("legoff", "similar", "Le Goff"),
        ("dupre latour", "exact", "Dupré-Latour"), ("Latour", "exact", "Dupré-Latour"),
        ("ben said", "exact", "Ben Saïd"), ("bensaid", "similar", "Ben Saïd"),
        ("O'Connor", "exact", "O'Connor"), ("oconnor", "similar", "O'Connor"),
        ("O’Connor", "exact", "O'Connor"), ("Muller", "exact", ""), ("Mueller", "similar", ""),
        ("d'Almeida", "exact", "d'Almeida"), ("dalmeida", "similar", "d'Almeida"),
        ("de la Tour", "exact", "de la Tour"), ("Anne Sophie d'Almeida", "exact", "d'Almeida"),
        ("N'Guyen", "similar", "Nguyen"), ("Lefevbre", "similar", ""), ("Dupond", "similar", ""),
        ("Jean Lefevre", "similar", "Lefèvre"), ("Gontran Le Goff", "similar", "Le Goff"),
        ("Lopes Zélie", "exact", "Lopes"), ("Hernandes", "similar", "Hernandez"),
        ("Le Gfof", "similar", "Le Goff"), ("Da Sliva", "similar", "Da Silva"),
        ("Dos Snatos", "similar", "Dos Santos"), 
        ("Dr Visin", "similar", "Voisin"), 
        ("J. M. Le Bihan", "exact", "Le Bihan"), ("L. Müller", "exact", "Müller"),
        ("jean-marc le bihan", "exact", "Le Bihan"), ("Le Bihan Jean-Marc", "exact", "Le Bihan"),
    ],
)  # fmt: skip
def test_particles_hyphens_typos_and_halves_of_names(typed, level, first):
    page = found(typed)
    assert page.understood.level == level
    assert surnames(page)
    assert not page.understood.specialties
    assert not first or first in surnames(page)
    if level == "similar":
        shown = {person.last_name for person in suggest(typed).practitioners}
        assert first in shown or not first


def test_a_name_and_a_specialty_that_nobody_has_together_hide_neither():
    page = found("Dr Boucher gastro")
    assert surnames(page)[0] == "Boucher"
    assert codes(page) == {"SM14", "SM24"}
    # Typed wrong, the name still finds the person of the specialty.
    page = found("chirurgien digestif Bouhcer")
    assert (page.understood.level, surnames(page)) == ("similar", ["Boucher"])
    # Equally close to a name and to a specialty: both, the people first.
    page = found("Visin")
    assert surnames(page)[0] == "Voisin"
    assert page.understood.specialties


def test_somebody_sought_by_name_in_a_town_comes_before_namesakes_nearby(add_near):
    """And a small place counts beside a name only if somebody of the name is there."""
    assert [hit.agenda.practice.town for hit in found("Lagarde Tours").hits] == [
        "Tours", "Joué", "Semblançay",
    ]  # fmt: skip
    wrong = found("Dr Lagrade Tours")
    assert (wrong.understood.level, wrong.place.label) == ("similar", "Tours (37000)")
    assert set(surnames(wrong)) == {"Lagarde"}
    small = found("Dr Lagarde Semblançay")
    assert small.hits[0].agenda.practice.town == "Semblançay"
    assert small.understood.place.label == "Semblançay (37360)"
    assert found("Lagarde Albert").understood.place is None


@pytest.fixture
def add_near():
    """A Lagarde free sooner in a town beside Tours, and another one in a village."""
    for code, town, postcode, lat, lon in [
        ("37122", "Joué", "37300", 47.35, 0.66), ("37245", "Semblançay", "37360", 47.5, 0.58),
    ]:  # fmt: skip
        practice = Practice.objects.create(
            name=f"Cabinet de {town}", search_name=f"cabinet de {town.lower()}",
            commune_id=code, postcode=postcode, town=town, latitude=lat, longitude=lon,
        )  # fmt: skip
        _list([("Zélie", "Lagarde", "SM14", practice)])
    NextSlot.objects.filter(agenda__practice__town="Joué").update(
        starts_at=NOW + timedelta(hours=1)
    )


@pytest.mark.parametrize(
    "typed", ["zzzz", "xyzzy quux", "plombier", "Madame X", "x", "%", "日本語", "١٢", "& | !", "main-d'œuvre zz"]
)  # fmt: skip
def test_nonsense_is_nobody_rather_than_somebody_alike(typed):
    page = found(typed)
    assert page.understood.level in ("nothing", "exact")
    assert page.hits == [] or page.understood.unread


@pytest.mark.parametrize(
    "typed", ["consultation", "rdv", "je cherche un rendez-vous", "", "   ", "pour moi"]
)
def test_what_asks_for_nothing_lists_everybody(typed):
    meant: Understanding = understand(typed, has_place=True)
    assert (meant.anything, meant.video) == (True, False)


def test_what_is_asked_beside_it_fills_the_filters(client):
    for what, field, value in [
        ("english speaking dentist", "langue", "en"), ("dentiste qui parle anglais", "langue", "en"),
        ("médecin anglophone", "langue", "en"), ("kiné parlant espagnol", "langue", "es"),
        ("ophtalmo secteur 1", "secteur", "1"), ("médecin nouveaux patients", "nouveaux", "on"),
        ("généraliste qui prend de nouveaux patients", "nouveaux", "on"),
        ("dentist accepting new patients", "nouveaux", "on"),
    ]:  # fmt: skip
        page = client.get("/recherche/", {"quoi": what})
        assert page.context["form"].data[field] == value
        assert page.context["meant"].unread == ""
        assert len(page.context["beside"]) == 1
        assert (
            f"Filtré d’après vos mots\u00a0: {page.context['beside'][0]}" in page.content.decode()
        )
        chosen = client.get("/recherche/", {"quoi": what, "langue": "", "secteur": ""})
        assert not chosen.context["form"].data.get(field)
        assert chosen.context["beside"] == []


def test_each_probe_is_answered_by_its_index():
    """The rows are few, so PostgreSQL is told to walk through a table only if it must."""
    probes = {
        "practitioner_words": name_matches.people(["rey"]),
        "practice_words": name_matches.practices(["lieu"]),
        "visit_reason_words": name_matches.reasons_named(["frottis"]),
        "commune_name_begins": place_likeness.beginning("saint den").order_by(),
        "practitioner_surname": alike_names.with_surname("rey", "roy"),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        plans = {name: rows.explain() for name, rows in probes.items()}
        cursor.execute("RESET enable_seqscan")
    assert [name for name, plan in plans.items() if name not in plan] == []


def test_a_probe_is_planned_for_every_row_and_stops_at_the_first():
    """Under a bare LIMIT, a word that no reason has cost a walk through all reasons."""
    with CaptureQueriesContext(connection) as statements:
        assert name_matches.any_of(name_matches.reasons_named(["frottis"]))
        assert not name_matches.any_of(name_matches.reasons_named(["zzzz"]))
        assert not name_matches.any_of(VisitReason.objects.none())
    assert len(statements) == 2
    assert all("MATERIALIZED" in each["sql"] for each in statements)


def test_suggestions_after_a_title_are_people_and_little_words_are_no_obstacle():
    titled = suggest("dr mar")
    assert {person.last_name[:3] for person in titled.practitioners} == {"Mar"}
    assert not (titled.specialties or titled.reasons or titled.practices)
    assert suggest("dr").specialties[0].code == suggest("médecin").specialties[0].code
    assert suggest("mal de d").specialties and not suggest("mal de d").similar
