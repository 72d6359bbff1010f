"""Searching the directory: what, where, filters, order, paging."""

from datetime import time

import pytest
from django.test import Client
from django.urls import reverse

from practitioners.domain.directory.places import places
from practitioners.domain.directory.search import Filters, matching_specialties, search, suggest
from practitioners.domain.directory.text import search_text
from practitioners.domain.scheduling import next_slots
from practitioners.models import Commune, NextSlot, Specialty
from practitioners.tasks import drop_expired_holds, refresh_stale_next_slots
from tests.factories import make_agenda, make_opening, make_practice, make_reason

pytestmark = pytest.mark.django_db


def commune(code, name, postcode, population, latitude=47.39, longitude=0.69):
    return Commune.objects.create(
        code=code, name=name, search_name=search_text(name), department=code[:2], region="24",
        postcodes=[postcode], population=population, latitude=latitude, longitude=longitude,
    )  # fmt: skip


@pytest.fixture
def tours():
    return commune("37261", "Tours", "37000", 139259)


@pytest.fixture
def communes(tours):
    return [
        tours,
        commune("37262", "Tours-en-Savoie", "73790", 900, 45.6, 6.4),
        commune("29151", "Morlaix", "29600", 14837, 48.5, -3.8),
        commune("42218", "Saint-Étienne", "42000", 173821, 45.4, 4.3),
    ]


@pytest.fixture
def specialties():
    return [
        Specialty.objects.create(code=code, name=name, search_name=search_text(more))
        for code, name, more in [
            ("SM15", "Dermatologie et vénéréologie", "dermatologie et venereologie dermatologue"),
            ("SM54", "Médecine générale", "medecine generale medecin generaliste gp"),
            ("SM38", "Ophtalmologie", "ophtalmologie ophtalmologue ophtalmo"),
        ]
    ]


def bookable(now, *, starts=time(9), specialty=None, practice=None, reason=(), **values):
    agenda = make_agenda(practice=practice, **values)
    if specialty:
        agenda.practitioner.specialties.set([specialty])
    row = make_reason(agenda, **dict(reason))
    make_opening(agenda, row, from_time=starts, until_time=time(12))
    next_slots.refresh(agenda_ids=[agenda.pk], now=now)
    return agenda


def found(now, what="", place=None, order="soonest", page=1, **filters):
    return search(
        what=what, place=place, filters=Filters(**filters), order=order, page=page, now=now
    )


@pytest.mark.parametrize(
    "text",
    ["dermatologue", "DERMATO", "dermatolgue", "Dermatologie", "vénérologie", "dermathologue"],
)
def test_a_specialty_is_found_with_typos_and_without_accents(specialties, text):
    assert matching_specialties(text)[0].code == "SM15"


@pytest.mark.parametrize("text", ["", "d", "zzzz", "plombier"])
def test_nonsense_is_no_specialty(specialties, text):
    assert matching_specialties(text) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("tours", "37261"), ("TOURS", "37261"), ("37000", "37261"), ("tou", "37261"),
        ("Tours (37000)", "37261"), ("saint etienne", "42218"), ("St-Étiene", "42218"),
        ("morlais", "29151"), ("4200", "42218"),
    ],
)  # fmt: skip
def test_a_commune_is_found_by_name_or_postcode(communes, text, code):
    assert places.find_place(text).commune.code == code


@pytest.mark.parametrize("text", ["", "x", "99999", "qqqqqq"])
def test_an_unknown_place_is_none(communes, text):
    assert places.find_place(text) is None


def test_the_code_of_a_chosen_suggestion_counts_unless_the_text_was_changed(communes):
    assert places.find_place("Tours", code="37262").commune.code == "37262"
    assert places.find_place("Morlaix", code="37262").commune.code == "29151"


def test_names_of_practitioners_and_practices_are_suggested(specialties, now):
    agenda = make_agenda(practice=make_practice(name="Pôle Santé Gâtine"))
    person = agenda.practitioner
    person.first_name, person.last_name = "Hélène", "Quatrefages"
    person.search_name = search_text("Hélène Quatrefages")
    person.save()
    assert suggest("quatrefage").practitioners == [person]
    assert suggest("helene").practitioners == [person]
    assert suggest("gatine").practices == [agenda.practice]
    assert [a.agenda for a in found(now, "Quatrefages").hits] == [agenda]
    assert [a.agenda for a in found(now, "pole sante gatine").hits] == [agenda]


def test_soonest_first_with_the_next_real_slots(specialties, now):
    late = bookable(now, starts=time(11), specialty=specialties[0])
    early = bookable(now, starts=time(8), specialty=specialties[0])
    full = make_agenda()
    full.practitioner.specialties.set([specialties[0]])
    other = bookable(now, specialty=specialties[1])
    page = found(now, "dermatologue")
    assert [hit.agenda for hit in page.hits] == [early, late, full]
    assert other not in [hit.agenda for hit in page.hits]
    assert page.hits[0].slots[0].starts_at == page.hits[0].next_at
    assert len(page.hits[0].slots) == 6
    assert page.hits[2].slots == []


def test_what_is_shown_was_computed_now_even_when_the_projection_is_old(specialties, now):
    agenda = bookable(now, specialty=specialties[0])
    NextSlot.objects.update(starts_at=now.replace(hour=10))
    hit = found(now, "dermatologue").hits[0]
    assert hit.slots[0].starts_at.weekday() == 0
    assert next_slots.take_stale() == [agenda.pk]


def test_nearest_first(tours, specialties, now):
    far = bookable(now, practice=make_practice(commune=tours, latitude=47.5, longitude=0.7))
    near = bookable(
        now, starts=time(11), practice=make_practice(commune=tours, latitude=47.4, longitude=0.7)
    )
    place = places.find_place("Tours")
    # Free two hours later, and 11 km nearer.
    assert [h.agenda for h in found(now, place=place).hits] == [near, far]
    hits = found(now, place=place, order="nearest").hits
    assert [hit.agenda for hit in hits] == [near, far]
    # From 47.39 N 0.69 E to 47.5 N 0.7 E: 12.2 km by the haversine formula.
    assert round(hits[1].distance_km, 1) == 12.3


def test_beyond_the_radius_nothing_is_found_but_the_communes_own_is(tours, now):
    bookable(now, practice=make_practice(latitude=48.86, longitude=2.35))
    unplaced = bookable(now, practice=make_practice(commune=tours, latitude=None, longitude=None))
    assert [h.agenda for h in found(now, place=places.find_place("Tours")).hits] == [unplaced]


def test_filters_narrow(specialties, now):
    plain = bookable(now, specialty=specialties[1])
    video = bookable(now, specialty=specialties[1], reason={"teleconsultation": True, "name": "V"})
    full = bookable(now, specialty=specialties[1], accepts_new_patients=False)
    plain.practitioner.languages, plain.practitioner.sector = ["fr", "de"], "1"
    plain.practitioner.save()

    def agendas(**filters):
        return {hit.agenda for hit in found(now, "médecin", **filters).hits}

    assert agendas() == {plain, video, full}
    assert agendas(teleconsultation=True) == {video}
    assert agendas(reason="V") == {video}
    assert agendas(language="de") == {plain}
    assert agendas(sector="1") == {plain}
    assert agendas(new_patients=True) == {plain, video}
    assert agendas(language="de", teleconsultation=True) == set()


def test_pages_hold_ten_and_no_agenda_twice(specialties, now):
    made = {bookable(now, specialty=specialties[0]).pk for _ in range(23)}
    pages = [found(now, "dermatologue", page=n) for n in (1, 2, 3)]
    assert [len(page.hits) for page in pages] == [10, 10, 3]
    assert {hit.agenda.pk for page in pages for hit in page.hits} == made
    assert (pages[0].total, pages[0].pages) == (23, 3)
    assert found(now, "dermatologue", page=99).number == 3
    assert found(now, "dermatologue", page=-1).number == 1


def test_a_results_page_asks_the_database_as_often_for_ten_as_for_one(
    specialties, now, django_assert_max_num_queries
):
    for _ in range(10):
        bookable(now, specialty=specialties[0])
    client = Client()
    client.get("/recherche/", {"quoi": "dermatologue"})
    with django_assert_max_num_queries(14):
        answer = client.get("/recherche/", {"quoi": "dermatologue"})
    assert len(answer.context["page"].hits) == 10


@pytest.mark.parametrize(
    "query",
    [
        {"page": "x"}, {"page": "-3"}, {"ou": "%"}, {"lat": "x", "lon": "y"},
        {"lat": "999", "lon": "0"}, {"tri": "other"}, {"langue": "klingon"}, {"secteur": "9"},
        {"quoi": "x" * 5000}, {"lat": "nan", "lon": "inf"}, {"motif": "'; DROP TABLE x"},
    ],
)  # fmt: skip
def test_no_query_breaks_the_page(query):
    assert Client().get(reverse("practitioners:search"), query).status_code == 200


def test_the_empty_state_says_what_to_do(communes):
    page = Client().get(reverse("practitioners:search"), {"quoi": "zzzz", "ou": "Tours"})
    assert "Personne ne correspond" in page.content.decode()
    # Nobody is found in the whole country either: no link leads from one such page to the next.
    assert "Chercher partout en France" not in page.content.decode()
    assert "Nouvelle recherche" in page.content.decode()
    unknown = Client().get(reverse("practitioners:search"), {"ou": "Qqqqqqq"})
    assert "Nous ne connaissons pas de commune" in unknown.content.decode()


def test_the_projection_finds_what_was_forgotten(specialties, now, time_machine):
    """Redis lost the note, or the reason was made by hand: the next sweep computes it."""
    time_machine.move_to(now, tick=False)
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    refresh_stale_next_slots(some_newer_argument=1)
    assert NextSlot.objects.get().visit_reason == reason
    agenda.active = False
    agenda.save()
    next_slots.mark_stale(agenda.pk)
    refresh_stale_next_slots()
    assert not NextSlot.objects.exists()


def test_expired_holds_are_dropped_by_their_task(now, time_machine):
    from datetime import timedelta

    from practitioners.domain.scheduling.reservations import take
    from practitioners.models import Taken

    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    starts_at = now.replace(day=30, hour=8)
    hold = take.Hold(until=now + timedelta(minutes=7), key="k")
    take.take(visit_reason=reason, starts_at=starts_at, now=now, hold=hold)
    time_machine.move_to(now + timedelta(minutes=6), tick=False)
    drop_expired_holds()
    assert Taken.objects.count() == 1
    time_machine.move_to(now + timedelta(minutes=8), tick=False)
    drop_expired_holds(some_newer_argument=1)
    assert Taken.objects.count() == 0


def test_the_visit_reasons_to_filter_by_are_those_of_the_results(communes, now):
    """Of two who are called so, the one elsewhere has a reason that nobody here has."""
    offered = {
        (47.39, 0.69): [("Consultation", False), ("Bilan à distance", True)],
        (48.5, -3.8): [("Fond d’œil", False)],
    }
    for (latitude, longitude), reasons in offered.items():
        agenda = make_agenda(practice=make_practice(latitude=latitude, longitude=longitude))
        agenda.practitioner.last_name = "Schnabel"
        agenda.practitioner.search_name = search_text("Camille Schnabel")
        agenda.practitioner.save()
        for name, is_video in reasons:
            row = make_reason(agenda, name=name, teleconsultation=is_video)
            make_opening(agenda, row, from_time=time(9), until_time=time(12))
        next_slots.refresh(agenda_ids=[agenda.pk], now=now)

    def choices(**query):
        page = Client().get(reverse("practitioners:search"), {"quoi": "Schnabel", **query})
        form = page.context["form"]
        return [value for value, _label in form.fields["motif"].choices if value]

    assert choices(ou="Tours", code="37261") == ["Bilan à distance", "Consultation"]
    assert choices(ou="Morlaix", code="29151") == ["Fond d’œil"]
    assert choices(ou="Tours", code="37261", video="on") == ["Bilan à distance"]
    # Each of them finds somebody; the one that is chosen stays to be chosen.
    for name in choices(ou="Tours", code="37261"):
        given = {"quoi": "Schnabel", "ou": "Tours", "code": "37261", "motif": name}
        assert Client().get(reverse("practitioners:search"), given).context["page"].total == 1
    assert "Fond d’œil" in choices(ou="Tours", code="37261", motif="Fond d’œil")
