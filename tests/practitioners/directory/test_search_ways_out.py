"""What a search offers where nobody is found, and in which order it lists whom it finds."""

import html
import re
from datetime import time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from practitioners.domain.directory.search import suggest
from practitioners.domain.scheduling import next_slots
from practitioners.models import Agenda, NextSlot, Practice
from tests.factories import make_opening, make_practice, make_reason
from tests.support.searched_directory import NOW, directory, found, free, listed  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_communes")]


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
