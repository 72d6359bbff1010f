"""What people type into "what", and what must come first: a table of facts on real communes."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from practitioners.domain.directory.search import suggest
from practitioners.models import Practice, Specialty
from tests.support.searched_directory import directory, found, listed  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_communes")]


def names(page):
    return [hit.agenda.practitioner.last_name for hit in page.hits]


def codes(page):
    return {s.code for hit in page.hits for s in hit.agenda.practitioner.specialties.all()}


# What is typed, and the surnames that come first, in any order; nobody else of these may be there.
PEOPLE_FOUND = [
    ("Rey", {"Rey"}), ("REY", {"Rey"}), ("Dr Rey", {"Rey"}), ("docteur Rey", {"Rey"}),
    ("Doctor Rey", {"Rey"}), ("médecin Rey", {"Rey"}), ("Pr Rey", {"Rey"}), ("Dr. Rey", {"Rey"}),
    ("Carre", {"Carre"}), ("Carré", {"Carre"}), ("docteur Faure", {"Faure"}),
    ("Mme Berger", {"Berger"}), ("M. Petit", {"Petit"}), ("Berger Julie", {"Berger"}),
    ("Le Roux", {"Le Roux"}), ("Dr Le Roux", {"Le Roux"}), ("Costa", {"Da Costa"}),
    ("Da Costa", {"Da Costa"}), ("Noel", {"Noël"}), ("Dr Paris", {"Paris"}),
    ("dermatologue Rey", {"Rey"}), ("Rey dermatologue", {"Rey"}), ("Dr Rey Lyon", {"Rey"}),
    ("gastro Martin", {"Martin"}), ("Marchan", {"Marchand"}), ("Dr Marchnd", {"Marchand"}),
]  # fmt: skip


def test_people_are_found_by_their_names():
    seen = {typed: set(names(found(typed))) for typed, _ in PEOPLE_FOUND}
    assert seen == dict(PEOPLE_FOUND)


@pytest.mark.parametrize(
    ("typed", "order"),
    [
        ("Cécile Rey", ["Rey"]), ("Rey Cécile", ["Rey"]), ("Cécile", ["Rey", "Vincent"]),
        ("Denis", ["Denis", "Moreau"]), ("Roux", ["Roux", "Le Roux"]),
        ("Martin", ["Martin", "Lopez"]), ("Dos", ["Dos"]), ("Paris", ["Paris"]),
    ],
)  # fmt: skip
def test_the_name_itself_comes_before_parts_of_names(typed, order):
    assert names(found(typed))[: len(order)] == order or set(order) == {"Rey", "Vincent"}


def test_a_word_that_is_a_name_and_a_reason_lists_both_and_says_so():
    page = found("dos")
    assert names(page)[0] == "Dos"
    assert {"Garnier", "Moreau", "Petit"} <= set(names(page))
    text = Client().get(reverse("practitioners:search"), {"quoi": "dos"}).content.decode()
    assert text.count("Porte ce nom") == 1


GP = {"SM54"}


# What is typed, in French and English, and the specialties that alone may be listed first.
WORDS = [
    ("pédiatre", {"SM40"}), ("pediatre", {"SM40"}), ("pédiatres", {"SM40"}), ("PÉDIATRE", {"SM40"}),
    ("Pédiatrie", {"SM40"}), ("pediatrician", {"SM40"}), ("psychiatre", {"SM42"}),
    ("psychiatres", {"SM42"}), ("radiologue", {"SM44"}), ("radio", {"SM44"}), ("irm", {"SM44"}),
    ("cardiologue", {"SM04"}), ("cardio", {"SM04"}), ("heart doctor", {"SM04"}),
    ("kiné", {"P70"}), ("kinés", {"P70"}), ("masseur kinésithérapeute", {"P70"}),
    ("physio", {"P70"}), ("ostéo", {"P70", "SM48"}), ("ostéopathe", {"P70", "SM48"}),
    ("ophtalmo", {"SM38"}), ("ophtalmologiste", {"SM38"}), ("eye doctor", {"SM38"}),
    ("bilan de la vue", {"SM38"}), ("ORL", {"SM39"}), ("ENT", {"SM39"}),
    ("gynéco", {"SM20", "P50"}), ("gynécologue", {"SM20"}), ("ob-gyn", {"SM20"}),
    ("sage-femme", {"P50"}), ("sages-femmes", {"P50"}), ("midwife", {"P50"}),
    ("grossesse", {"SM20", "P50"}), ("dentiste", {"P40"}), ("dentist", {"P40"}),
    ("chirurgien-dentiste", {"P40"}), ("chirurgien dentiste", {"P40"}), ("mal de dents", {"P40"}),
    ("urgence dentaire", {"P40"}), ("détartrage", {"P40"}), ("toothache", {"P40"}),
    ("orthodontiste", {"P40"}), ("médecin", GP), ("médecin de famille", GP), ("généraliste", GP),
    ("médecin généraliste", GP), ("médecin traitant", GP), ("GP", GP), ("family doctor", GP),
    ("doctor", GP), ("docteur", GP), ("Dr", GP), ("general practice", GP),
    ("dermato", {"SM15"}), ("dermatologue", {"SM15"}), ("skin doctor", {"SM15"}),
    ("grain de beauté", {"SM15"}), ("psy", {"P93", "SM42"}), ("shrink", {"P93", "SM42"}),
    ("psychologue", {"P93"}), ("psychologues", {"P93"}), ("nutritionniste", {"P95", "SM16"}),
    ("diététicienne", {"P95"}), ("infirmière", {"P60"}), ("infirmier", {"P60"}),
    ("infirmières", {"P60"}), ("nurse", {"P60"}), ("orthophoniste", {"P91"}),
    ("podologue", {"P80"}), ("pédicure", {"P80"}), ("allergologue", {"SM57"}),
    ("gastro", {"SM24"}), ("rhumatologue", {"SM48"}), ("je cherche un dentiste", {"P40"}),
    ("rdv ophtalmo", {"SM38"}), ("dentist appointment", {"P40"}), ("dermatolgue", {"SM15"}),
    ("kinésitérapeute", {"P70"}), ("opthalmologue", {"SM38"}), ("psycholoque", {"P93"}),
    ("dermat", {"SM15"}), ("ophta", {"SM38"}), ("gastroenterologue", {"SM24"}),
]  # fmt: skip


def test_a_word_finds_its_specialty_and_no_other():
    seen = {typed: codes(found(typed)) for typed, _ in WORDS}
    wrong = {
        typed: seen[typed]
        for typed, allowed in WORDS
        if not seen[typed] or not seen[typed] <= allowed
    }
    assert wrong == {}


# What is typed, the specialty that comes first, and one that may not be listed.
REASONS_FOUND = [
    ("vaccin", "SM54", "P40"), ("vaccination", "SM54", "P40"), ("flu shot", "SM54", "P40"),
    ("frottis", "SM20", "P40"), ("smear test", "SM20", "P40"), ("fond d'oeil", "SM38", "P40"),
    ("Fond d’œil", "SM38", "SM54"), ("mal de dos", "SM54", "P40"), ("mal au dos", "SM54", "P40"),
    ("j’ai mal au dos", "SM54", "P40"), ("back pain", "SM54", "P40"),
    ("allergie", "SM57", "P40"), ("verrue", "SM15", "P40"), ("IVG", "SM20", "P40"),
    ("contraception", "SM20", "P40"), ("pregnancy", "SM20", "P40"),
]  # fmt: skip


def test_a_reason_finds_those_seen_for_it():
    wrong = []
    for typed, first, never in REASONS_FOUND:
        page = found(typed)
        hits = [h for h in page.hits if h.agenda.practitioner.last_name != "Dos"]
        leading = [s.code for s in hits[0].agenda.practitioner.specialties.all()] if hits else []
        midwife = first == "SM20" and leading == ["P50"]
        if never in codes(page) or not (first in leading or midwife):
            wrong.append((typed, leading))
    assert wrong == []


@pytest.mark.parametrize(
    ("typed", "where", "label", "allowed"),
    [
        ("pédiatre Paris 12", "", "Paris 12e (75012)", {"SM40"}),
        ("pédiatre à Paris", "", "Paris (75)", {"SM40"}),
        ("dentiste 37", "", "Indre-et-Loire (37)", {"P40"}),
        ("Tours dentiste", "", "Tours (37000)", {"P40"}),
        ("médecin Paris", "", "Paris (75)", {"SM54"}),
        ("psychologue Paris 15", "Paris", "Paris (75)", {"P93"}),
        ("gastro", "Hauts-de-Seine", "Hauts-de-Seine (92)", {"SM24"}),
        ("médecin", "Bretagne", "Bretagne (région)", {"SM54"}),
    ],
)
def test_a_place_may_stand_beside_what_is_looked_for(typed, where, label, allowed):
    page = found(typed, where)
    assert page.hits
    assert page.place.label == label
    assert codes(page) == allowed


def test_the_arrondissement_named_comes_first():
    for number, first in ((12, "75012"), (15, "75015")):
        page = found("", f"Paris {number}")
        postcodes = [hit.agenda.practice.postcode for hit in page.hits]
        assert postcodes == sorted(postcodes, key=lambda code: code != first)
        assert postcodes[0] == first


@pytest.mark.parametrize(
    ("typed", "kind", "first"),
    [
        ("rey", "practitioners", "Rey"), ("Dr re", "practitioners", "Rey"),
        ("cécile r", "practitioners", "Rey"), ("denis", "practitioners", "Denis"),
        ("marti", "practitioners", "Martin"), ("roux", "practitioners", "Roux"),
        ("pedi", "specialties", ""), ("kiné", "specialties", "Masseur-kinésithérapeute"),
        ("dentist", "specialties", "Chirurgien-dentiste"), ("gp", "specialties", ""),
        ("ophtalmo", "specialties", "Ophtalmologie"), ("détar", "reasons", "Détartrage"),
        ("fond d", "reasons", "Fond d’œil"), ("dermatolgue", "specialties", ""),
    ],
)  # fmt: skip
def test_suggestions_follow_the_rules_of_search(typed, kind, first):
    rows = getattr(suggest(typed), kind)
    assert rows
    row = rows[0]
    assert first in ("", getattr(row, "last_name", None), getattr(row, "name", None), row)


def test_people_and_specialties_are_suggested_side_by_side():
    both = suggest("dos")
    assert [person.last_name for person in both.practitioners] == ["Dos"]
    assert both.specialties


def test_every_specialty_is_found_by_its_own_names():
    practice = Practice.objects.get(postcode="37000")
    wrong = []
    for specialty in Specialty.objects.all():
        listed("Dr", "Une", f"Personne{specialty.code}", specialty.code, practice)
    for specialty in Specialty.objects.all():
        for typed in {specialty.name, specialty.name_en} - {""}:
            named = set(Specialty.objects.filter(name=typed).values_list("code", flat=True)) | set(
                Specialty.objects.filter(name_en=typed).values_list("code", flat=True)
            )
            page = found(typed)
            if not named & codes(page) or page.understood.level != "exact":
                wrong.append(typed)
    assert wrong == []


def test_a_results_page_and_suggestions_take_a_bounded_number_of_statements():
    url = reverse("practitioners:search")
    client = Client()
    for query in [
        {"quoi": "dermatologue", "ou": "Paris 12"}, {"quoi": "Rey"}, {"quoi": "Dr Rey Lyon"},
        {"quoi": "pédiatre Paris 12"}, {"quoi": "zzzz"}, {"quoi": "mal de dos", "suivi": "non"},
        {"quoi": "dentiste", "ou": "12 rue de Rivoli Paris"}, {"ou": "Zzzzville"},
        {"quoi": "un deux trois quatre cinq six sept huit neuf dix onze douze"},
        {"quoi": "allergologue", "ou": "Brest"},
    ]:  # fmt: skip
        client.get(url, query)
        with CaptureQueriesContext(
            connection,
        ) as statements:
            client.get(url, query)
        assert len(statements) <= 60, query
    for name, key in (("suggest-what", "quoi"), ("suggest-where", "ou")):
        with CaptureQueriesContext(connection) as statements:
            client.get(reverse(f"practitioners:{name}"), {key: "martin"})
        assert len(statements) <= 12
