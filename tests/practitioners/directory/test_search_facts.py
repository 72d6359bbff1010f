"""What people type into "what", and what must come first: a table of facts on real communes."""

import html
import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from practitioners.domain import reference_data
from practitioners.domain.directory.places.places import look_up
from practitioners.domain.directory.search import Filters, search, suggest
from practitioners.domain.directory.text import search_text
from practitioners.domain.scheduling import next_slots
from practitioners.models import Agenda, NextSlot, Practice, Practitioner, Specialty, VisitReason
from tests.factories import make_opening, make_practice, make_reason

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_communes")]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

# Town, postcode, latitude, longitude
PLACES = {
    "Paris": ("75056", "75012", 48.84, 2.39), "Paris 15": ("75056", "75015", 48.841, 2.30),
    "Lyon": ("69123", "69003", 45.76, 4.85), "Tours": ("37261", "37000", 47.39, 0.69),
    "Rennes": ("35238", "35000", 48.11, -1.68), "Nanterre": ("92050", "92000", 48.89, 2.2),
}  # fmt: skip
# Title, first name, last name, specialty, where
PEOPLE = [
    ("Dr", "Cécile", "Rey", "SM15", "Paris"), ("Dr", "Cécile", "Vincent", "SM40", "Paris"),
    ("Dr", "Paul", "Rey", "SM04", "Lyon"), ("Dr", "Anne", "Denis", "SM42", "Paris"),
    ("Dr", "Denis", "Moreau", "SM54", "Paris"), ("Dr", "Luc", "Carre", "SM44", "Lyon"),
    ("Dr", "Marie", "Faure", "SM20", "Tours"), ("Dr", "Jean", "Le Roux", "SM54", "Rennes"),
    ("Dr", "Zoé", "Roux", "P40", "Tours"), ("Dr", "Léa", "Dos", "SM39", "Tours"),
    ("Mme", "Julie", "Berger", "P93", "Paris 15"), ("M.", "Hugo", "Petit", "P70", "Tours"),
    ("Dr", "Rose", "Lambert", "SM38", "Paris"), ("Dr", "Max", "Garnier", "SM48", "Paris"),
    ("Dr", "Eva", "Marchand", "SM57", "Lyon"), ("Mme", "Inès", "Colin", "P50", "Tours"),
    ("Mme", "Ana", "Da Costa", "P95", "Lyon"), ("Mme", "Eve", "Noël", "P60", "Tours"),
    ("Mme", "Lou", "Caron", "P91", "Tours"), ("M.", "Éric", "Gaillard", "P80", "Tours"),
    ("Dr", "Martin", "Lopez", "SM16", "Tours"), ("Dr", "Nina", "Martin", "SM24", "Nanterre"),
    ("Dr", "Guy", "Paris", "SM54", "Tours"),
]  # fmt: skip
REASONS = {"P40": "Détartrage", "SM54": "Vaccination", "SM20": "Frottis", "SM38": "Fond d’œil"}


@pytest.fixture(autouse=True)
def directory(real_communes):
    """People whose names resemble specialties, each with a reason anybody may book."""
    reference_data.load_specialties()
    practices = {
        name: make_practice(
            name=f"Cabinet {search_text(name)} {postcode}", commune_id=code, postcode=postcode,
            town=name.split()[0], latitude=latitude, longitude=longitude,
        )
        for name, (code, postcode, latitude, longitude) in PLACES.items()
    }  # fmt: skip
    for title, first, last, code, where in PEOPLE:
        agenda = listed(title, first, last, code, practices[where])
        free(make_reason(agenda, name=REASONS.get(code, "Consultation")), hours=24)


def listed(title: str, first: str, last: str, code: str, practice: Practice) -> Agenda:
    person = Practitioner.objects.create(
        title=title, first_name=first, last_name=last, search_name=search_text(f"{first} {last}")
    )
    person.specialties.set([code])
    return Agenda.objects.create(practitioner=person, practice=practice)


def free(reason: VisitReason, *, hours: float) -> None:
    """Say in the projection that the reason's next slot is so many hours from now."""
    at = NOW + timedelta(hours=hours)
    NextSlot.objects.create(
        visit_reason=reason, agenda=reason.agenda, starts_at=at, bookable_until=at, computed_at=NOW
    )


def found(what, where="", **filters):
    place = look_up(where).place if where else None
    return search(
        what=what, place=place, filters=Filters(**filters), order="soonest", page=1, now=NOW
    )


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
    "typed", ["plombier", "zzzz", "xyzzy quux", "%", "_", "🩺", "اسم", "'", "& | !", "a" * 80]
)
def test_nonsense_finds_nobody_and_says_what_to_try(typed):
    page = Client().get(reverse("practitioners:search"), {"quoi": typed}).content.decode()
    assert "Personne ne correspond" in page
    assert "Nouvelle recherche" in page


def test_an_unknown_place_is_said_to_be_unknown_and_not_replaced():
    url = reverse("practitioners:search")
    page = Client().get(url, {"quoi": "dentiste", "ou": "Zzzzville"})
    text = page.content.decode()
    assert "Nous ne connaissons pas de commune" in text
    assert page.context["page"].hits == []
    near = Client().get(url, {"quoi": "dentiste", "ou": "Renes"}).content.decode()
    assert "nommé exactement «\u00a0Renes\u00a0»" in near
    assert "autour de Rennes (35000)" in near


def test_where_nobody_is_found_nearer_wider_and_video_are_offered():
    video = Agenda.objects.get(practitioner__last_name="Marchand")
    make_reason(video, name="Téléconsultation", teleconsultation=True)
    url = reverse("practitioners:search")
    page = Client().get(url, {"quoi": "allergologue", "ou": "Bourg-en-Bresse"})
    ways = page.context["ways"]
    assert [town.place.label for town in ways.nearest] == ["Lyon (69)"]
    assert [place.label for place in ways.wider] == ["Auvergne-Rhône-Alpes (région)"]
    assert ways.video
    text = page.content.decode()
    assert "En téléconsultation, de partout" in text
    other = Client().get(url, {"quoi": "dentiste", "motif": "Fond d’œil", "ou": "Tours"})
    assert other.context["ways"].reasons == ["Détartrage"]
    assert other.context["ways"].without_filters


def test_where_nobody_has_the_specialty_the_usual_ones_that_are_there_are_offered():
    page = Client().get(reverse("practitioners:search"), {"quoi": "stomatologue", "ou": "Tours"})
    offered = {specialty.code for specialty in page.context["ways"].specialties}
    assert offered
    assert offered <= {"SM54", "P40", "SM38", "SM15", "SM20", "SM40", "P70"}


def test_the_order_is_found_from_agendas_and_their_slots_alone():
    """People and practices are read for the page's ten, however many are found."""
    with CaptureQueriesContext(connection) as queries:
        page = found("", "")
    assert page.total > len(page.hits)
    ordering = [q["sql"] for q in queries if "next_at" in q["sql"] and "LIMIT 10" in q["sql"]]
    assert len(ordering) == 1
    assert '"practitioners_practitioner"' not in ordering[0]
    assert '"practitioners_practice"' not in ordering[0]
    assert page.hits[0].agenda.practitioner.last_name


LINK = re.compile(r'href="(\?[^"]+)"')


@pytest.mark.parametrize(
    "query",
    [
        {"quoi": "allergologue", "ou": "Bourg-en-Bresse"}, {"quoi": "allergologue Brest"},
        {"quoi": "Dr Rey Brest"}, {"quoi": "pneumologue", "ou": "Tours"}, {"quoi": "pneumologue"},
        {"quoi": "plombier"}, {"quoi": "plombier", "ou": "Tours"}, {"quoi": "dentiste en Corse"},
        {"quoi": "dentiste", "motif": "Fond d’œil", "ou": "Tours"}, {"quoi": "lunettes Brest"},
        {"quoi": "dentiste", "langue": "ar", "ou": "Tours"}, {"quoi": "IVG", "ou": "Nouméa"},
        {"quoi": "dentiste", "video": "on", "secteur": "2", "ou": "Tours"}, {"ou": "Nouméa"},
        {"quoi": "english speaking dentist Tours"}, {"quoi": "dermatologue", "ou": "98800"},
        {"quoi": "dermatologue", "lat": "48.39", "lon": "-4.48"}, {"ou": "2A"},
        {"quoi": "urologue", "lat": "47.39", "lon": "0.69"},
    ],
)  # fmt: skip
def test_every_way_out_leads_to_somebody(query):
    """Each link of the page without results is followed: none ends in another such page."""
    video = Agenda.objects.get(practitioner__last_name="Marchand")
    make_reason(video, name="Téléconsultation", teleconsultation=True)
    client, url = Client(), reverse("practitioners:search")
    page = client.get(url, query)
    assert page.context["page"].total == 0
    card = page.content.decode().partition("Personne ne correspond")[2]
    links = [html.unescape(link) for link in LINK.findall(card.partition("</section>")[0])]
    assert links
    empty = [link for link in links if not client.get(url + link).context["page"].total]
    assert not empty


def test_a_distant_practitioner_is_not_first_for_an_hour_but_is_for_days():
    tours = Practice.objects.get(postcode="37000")
    far = make_practice(commune_id="37003", postcode="37400", latitude=47.41, longitude=0.98)
    near = free_generalist(tours, "Proche", hours=30)
    distant = free_generalist(far, "Loin", hours=29)
    assert [h.agenda for h in found("médecin", "Tours").hits if h.agenda in (near, distant)] == [
        near, distant,
    ]  # fmt: skip
    NextSlot.objects.filter(agenda=near).update(starts_at=NOW + timedelta(days=5))
    order = [h.agenda for h in found("médecin", "Tours").hits]
    assert order.index(distant) < order.index(near)


@pytest.mark.parametrize(
    "link", ["Centre-Val de Loire", "En téléconsultation", "partout en France"]
)
def test_wider_places_and_video_still_weigh_the_distance(link):
    """From a town without anybody: the nearer one comes first in the region, by video, anywhere."""
    blois = make_practice(commune_id="41018", postcode="41000", latitude=47.58, longitude=1.33)
    dreux = make_practice(commune_id="28134", postcode="28100", latitude=48.73, longitude=1.36)
    for practice, last, hours in (blois, "Proche", 30), (dreux, "Loin", 29):
        agenda = listed("Dr", "Ève", last, "SM30", practice)
        reason = make_reason(agenda, name="Suivi", teleconsultation=True)
        free(reason, hours=hours)
    client, url = Client(), reverse("practitioners:search")
    page = client.get(url, {"quoi": "néphrologue", "ou": "Bourges"}).content.decode()
    links = re.findall(r'href="(\?[^"]+)"[^>]*>(.*?)</a>', page, re.DOTALL)
    href = next(html.unescape(href) for href, text in links if link in text and "quoi=n" in href)
    wider = client.get(url + href)
    hits = wider.context["page"].hits
    assert [hit.agenda.practitioner.last_name for hit in hits] == ["Proche", "Loin"]
    assert hits[0].distance_km < hits[1].distance_km
    assert "Les distances sont comptées depuis Bourges" in wider.content.decode()


def free_generalist(practice, last, *, hours):
    agenda = listed("Dr", "A", last, "SM54", practice)
    free(make_reason(agenda), hours=hours)
    return agenda


def test_first_time_patients_see_the_closed_last_and_no_slot_they_would_be_refused():
    tours = Practice.objects.get(postcode="37000")
    agendas = {}
    for last, accepts, kinds in [
        ("Fermé", False, ["any"]), ("Connus", True, ["known"]), ("Nouveaux", True, ["new"]),
        ("Mixte", True, ["known", "new"]),
    ]:  # fmt: skip
        agenda = agendas[last] = listed("Dr", "B", last, "SM41", tours)
        agenda.accepts_new_patients = accepts
        agenda.save()
        for kind in kinds:
            reason = make_reason(agenda, name=f"Motif {kind}", patient_kind=kind)
            make_opening(agenda, reason)
    next_slots.refresh(agenda_ids=[a.pk for a in agendas.values()], now=NOW)

    def seen(known):
        return {
            hit.agenda.practitioner.last_name: (
                hit.reason.patient_kind if hit.reason else None, bool(hit.slots), hit.restricted,
                hit.asks_first,
            )
            for hit in found("pneumologue", "Tours", known=known).hits
        }  # fmt: skip

    assert list(seen(False))[2:] in (["Fermé", "Connus"], ["Connus", "Fermé"])
    assert seen(False) == {
        "Nouveaux": ("new", True, False, False), "Mixte": ("new", True, False, False),
        "Fermé": (None, False, True, False), "Connus": (None, False, True, False),
    }  # fmt: skip
    assert seen(True)["Nouveaux"] == (None, False, True, False)
    assert seen(True)["Fermé"] == ("any", True, False, False)
    assert {asks for *_more, asks in seen(None).values()} == {True}
    page = Client().get(
        reverse("practitioners:search"), {"quoi": "pneumologue", "ou": "Tours", "suivi": "non"}
    )
    text = page.content.decode()
    assert "Pas de nouveaux patients" in text
    assert "Motif known\u00a0:" in text
    assert "suivi=non" in text


def test_a_first_visit_where_no_new_patient_is_taken_is_offered_to_nobody():
    """With or without an answer: it is refused to new patients, and to known ones."""
    tours = Practice.objects.get(postcode="37000")
    full, dead_end = (listed("Dr", "B", last, "SM41", tours) for last in ("Complet", "Impasse"))
    Agenda.objects.filter(pk__in=[full.pk, dead_end.pk]).update(accepts_new_patients=False)
    first = make_reason(full, name="Bilan initial", patient_kind="new")
    control = make_reason(full, name="Suivi", patient_kind="known")
    only = make_reason(dead_end, name="Bilan initial", patient_kind="new")
    for reason, hour in ((first, 9), (control, 14), (only, 9)):
        make_opening(reason.agenda, reason, from_time=time(hour), until_time=time(hour + 3))
    next_slots.refresh(agenda_ids=[full.pk, dead_end.pk], now=NOW)

    def seen(what, **filters):
        return {
            hit.agenda.practitioner.last_name: hit for hit in found(what, "Tours", **filters).hits
        }

    for what in ("pneumologue", "bilan initial"):
        hits = seen(what)
        assert hits["Complet"].reason == control and hits["Complet"].asks_first
        assert hits["Complet"].slots and hits["Complet"].kinds == [control]
        assert hits["Impasse"].reason is None and hits["Impasse"].restricted
        assert hits["Impasse"].kinds == []
    assert seen("pneumologue", known=True)["Complet"].reason == control
    assert not seen("pneumologue", reason="Bilan initial")
    assert not suggest("bilan ini").reasons
    asked = {"quoi": "pneumologue", "ou": "Tours"}
    text = Client().get(reverse("practitioners:search"), asked).content.decode()
    assert "première fois seulement" not in text
    assert "Ce praticien ne prend pas de nouveaux patients en ligne." in text


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
