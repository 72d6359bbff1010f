"""The pages of rooms and devices."""

import pytest
from django.urls import reverse

from booking.appointments.book import book
from booking.appointments.values import By
from booking.models.appointment import Channel
from practitioners.models import Resource, VisitReason
from tests.factories import (
    make_agenda,
    make_member,
    make_patient,
    make_resource,
    practice_actor,
    verified_client,
)
from tests.support.resources import NINE, needing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def practice():
    return make_agenda().practice


@pytest.fixture
def owner(practice):
    return verified_client(make_member(practice, role="owner").account)


def test_adding_naming_and_putting_out_of_service(practice, owner):
    url = reverse("booking:resources", args=[practice.pk])
    page = owner.post(url, {"name": " Salle 1 ", "pieces": "2", "active": "on"}, follow=True)
    assert "Cochez-le dans les motifs" in page.content.decode()
    row = Resource.objects.get()
    assert (row.name, row.pieces, row.practice) == ("Salle 1", 2, practice)
    again = owner.post(url, {"name": "salle 1", "pieces": "1", "active": "on"})
    assert "Ce nom est déjà donné." in again.content.decode()
    wrong = owner.post(url, {"name": "Salle 2", "pieces": "0", "active": "on"})
    assert 'aria-invalid="true"' in wrong.content.decode()
    assert Resource.objects.count() == 1
    owner.post(
        reverse("booking:resource", args=[practice.pk, row.pk]), {"name": "A", "pieces": "3"}
    )
    row.refresh_from_db()
    assert (row.name, row.pieces, row.active) == ("A", 3, False)
    assert "hors service" in owner.get(url).content.decode()


def test_a_reason_asks_for_a_room_and_the_visit_says_which(practice, owner, now):
    room = make_resource(practice, name="Salle bleue")
    reason = needing(room)
    VisitReason.objects.update(needs=[])
    row = book(
        visit_reason=VisitReason.objects.get(),
        starts_at=NINE,
        patient=make_patient(),
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=now,
    )
    url = reverse("booking:reason", args=[practice.pk, reason.agenda_id, reason.pk])
    assert "Salle bleue" in owner.get(url).content.decode()
    form = {
        "name": "Échographie", "duration_minutes": 30, "buffer_before_minutes": 0,
        "buffer_after_minutes": 0, "colour": "blue", "minimum_notice_minutes": 0,
        "horizon_days": 60, "cancel_deadline_hours": 24, "patient_kind": "any", "active": "on",
    }  # fmt: skip
    assert (
        owner.post(
            url, {**form, "needs": str(make_resource(make_agenda().practice).pk)}
        ).status_code
        == 200
    )
    page = owner.post(url, {**form, "needs": str(room.pk)}, follow=True).content.decode()
    assert "Le motif est enregistré." in page
    reason.refresh_from_db()
    assert reason.needs == [room.pk]
    visit = owner.get(reverse("booking:visit", args=[practice.pk, row.pk])).content.decode()
    assert "Salle bleue" in visit
    shown = owner.get(reverse("booking:resource", args=[practice.pk, room.pk])).content.decode()
    assert "09:00–09:30" in shown
    assert "Échographie" in shown


def test_what_is_out_of_service_is_said_wherever_it_is_missed(practice, owner, now):
    room = make_resource(practice, name="Salle bleue")
    reason = needing(room)
    book(
        visit_reason=reason,
        starts_at=NINE,
        patient=make_patient(),
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=now,
    )
    url = reverse("booking:resource", args=[practice.pk, room.pk])
    page = owner.post(url, {"name": "Salle bleue", "pieces": "1"}, follow=True).content.decode()
    assert "1 rendez-vous à venir en a besoin" in page
    assert "09:00–09:30" in page
    plan = owner.get(reverse("booking:week-plan", args=[practice.pk])).content.decode()
    assert "aucun créneau : hors service, Salle bleue" in plan
    new = reverse("booking:new-visit", args=[practice.pk])
    form = owner.get(new, {"agenda": reason.agenda_id, "motif": reason.pk}).content.decode()
    assert "hors service, Salle bleue" in form
    data = {
        "motif": reason.pk, "patient": "new", "first_name": "Élise", "last_name": "Moreau",
        "birth_date": "1990-05-04", "sex": "F", "email": "elise@exemple.fr",
        "jour": "2026-11-30", "heure": "10:00",
    }  # fmt: skip
    asked = owner.post(new, data)
    assert asked.status_code == 409
    assert "Confirmez que le rendez-vous se prend sans" in asked.content.decode()
    mark = asked.content.decode().split('name="heure-voulue" value="')[1].split('"')[0]
    assert owner.post(new, data | {"heure-voulue": mark}).status_code == 302


@pytest.mark.parametrize("name", ["resources", "practice-settings"])
def test_a_thing_has_a_name_and_no_last_name(practice, owner, name):
    owner.cookies["django_language"] = "en"
    page = owner.get(reverse(f"booking:{name}", args=[practice.pk]))
    assert "Name</label>" in page.content.decode()
    assert "Last name" not in page.content.decode()


def test_saving_a_reason_forgets_nothing_that_is_out_of_service(practice, owner):
    room = make_resource(practice, name="Salle bleue", active=False)
    reason = needing(room)
    url = reverse("booking:reason", args=[practice.pk, reason.agenda_id, reason.pk])
    assert "Salle bleue (hors service)" in owner.get(url).content.decode()
    form = {
        "name": "Échographie", "duration_minutes": 30, "buffer_before_minutes": 0,
        "buffer_after_minutes": 0, "colour": "blue", "minimum_notice_minutes": 0,
        "horizon_days": 60, "cancel_deadline_hours": 24, "patient_kind": "any", "active": "on",
    }  # fmt: skip
    page = owner.post(url, {**form, "needs": str(room.pk)}, follow=True).content.decode()
    reason.refresh_from_db()
    assert reason.needs == [room.pk]
    assert "Aucun créneau n’est proposé tant que ceci est hors service : Salle bleue." in page


def test_who_finds_no_rooms(practice):
    room = make_resource(practice)
    url = reverse("booking:resource", args=[practice.pk, room.pk])
    delegated = make_member(practice, role="practitioner")
    delegated.agendas.add(make_agenda(practice=practice))
    assert verified_client(delegated.account).get(url).status_code == 404
    elsewhere = make_member(make_agenda().practice, role="owner")
    own = reverse("booking:resource", args=[elsewhere.practice_id, room.pk])
    assert verified_client(elsewhere.account).get(own).status_code == 404
