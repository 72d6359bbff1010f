"""At which time a visit is booked on the phone: what is proposed, and why a time is refused."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse

from booking.appointments.desk.unusual import mark_of
from booking.models import Appointment
from practitioners.models import Absence
from tests.factories import (
    make_agenda,
    make_member,
    make_opening,
    make_practice,
    make_reason,
    make_resource,
    verified_client,
)
from tests.support.booked import NINE, booked
from tests.support.dashboard import agenda, reason  # noqa: F401
from tests.support.new_visit import client, page, when, zoe  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def two(agenda, reason):
    """A colleague with other reasons, and one of the same name."""
    other = make_agenda(practice=agenda.practice)
    same, own = make_reason(other), make_reason(other, name="Bilan annuel", duration_minutes=60)
    make_opening(other, same, own, from_time=time(14), until_time=time(16))
    return other, same, own


def options(answer):
    return [str(value) for value, _label in answer.context["when"].fields["motif"].choices]


def test_a_free_block_offers_its_own_agendas_reasons(client, page, reason, two, agenda):
    other, same, own = two
    at = "2026-11-30T13:00:00Z"
    answer = client.get(page, {"agenda": other.pk, "debut": at})
    assert options(answer) == [str(own.pk), str(same.pk)]
    assert 'value="2026-11-30"' in answer.content.decode()
    answer = client.get(page, {"agenda": agenda.pk, "debut": "2026-11-30T08:00:00Z"})
    assert options(answer) == [str(reason.pk)]


def test_a_reason_that_is_offered_there_is_chosen(agenda, client, page, now):
    """In the morning consultations, on Monday afternoon vaccinations; a reason nobody can have."""
    make_reason(agenda, name="Ancien motif", patient_kind="new", active=False)
    nowhere = make_reason(agenda, name="Bilan", patient_kind="new")
    consultation = make_reason(agenda, name="Consultation")
    vaccine = make_reason(agenda, name="Vaccination", duration_minutes=10)
    make_opening(agenda, consultation, vaccine)
    make_opening(
        agenda, vaccine, from_time=time(14), until_time=time(15), slot_minutes=10, capacity=4
    )

    def chosen(at, **given):
        answer = client.get(page, {"agenda": agenda.pk, "debut": at, **given})
        return answer.context["when"]["motif"].value()

    assert chosen("2026-11-30T08:00:00Z") == consultation.pk
    assert chosen("2026-11-30T08:00:00Z", motif=vaccine.pk) == vaccine.pk
    assert chosen("2026-11-30T08:00:00Z", motif=nowhere.pk) == consultation.pk
    assert chosen("2026-11-30T13:10:00Z") == vaccine.pk
    assert chosen("2026-11-30T08:10:00Z") == vaccine.pk, "of the two, it begins just then"
    # The agenda's free blocks say so, too.
    day = client.get(reverse("booking:agenda", args=[agenda.practice_id]), {"jour": "2026-11-30"})
    free = [b for b in day.context["grid"].columns[0].blocks if b.kind == "free"]
    assert [b.reason for b in free] == [consultation] * 6 + [vaccine] * 6
    assert f"motif={vaccine.pk}&amp;debut=2026-11-30T13:50:00Z" in day.content.decode()


def test_an_agenda_without_reasons_breaks_nothing(client, agenda, page, zoe):
    assert client.get(page).status_code == 200
    assert (
        client.get(page, {"agenda": agenda.pk, "debut": "2026-11-30T08:00:00Z"}).status_code == 200
    )
    data = {"patient": zoe.pk, "jour": "2026-11-30", "heure": "09:00"}
    assert client.post(page, data).status_code in (200, 409)


def shown(answer):
    return [(each["reason"], each["slot"].starts_at) for each in answer.context["slots"]]


def test_without_a_time_the_next_free_ones_are_proposed_page_by_page(client, page, reason, now):
    booked(reason, now)
    first = client.get(page)
    times = [at for _reason, at in shown(first)]
    assert times[0] == NINE + timedelta(minutes=30)
    assert len(times) == 12
    seen, answer = list(times), first
    for _page in range(3):
        answer = client.post(page, {"depuis": answer.context["later"], "motif": reason.pk})
        assert answer.status_code == 200
        seen += [at for _reason, at in shown(answer)]
    assert seen == sorted(set(seen))
    assert len(seen) >= 48
    assert "Revenir au premier" in answer.content.decode()


def test_with_any_agenda_the_first_free_over_the_practice_comes_first(
    client, page, reason, two, now
):
    _other, same, own = two
    for n in range(6):
        booked(reason, now, starts_at=NINE + timedelta(minutes=30 * n))
    answer = client.get(page)
    assert answer.context["when"]["agenda"].value() == "tous"
    assert len(options(answer)) == 2, "each name once"
    by_any = client.post(page, {"agenda": "tous", "motif": reason.pk, "montrer": "1"})
    assert shown(by_any)[0] == (same, datetime(2026, 11, 30, 13, tzinfo=UTC))
    assert {found for found, _at in shown(by_any)} == {reason, same}
    of_one = client.post(page, {"agenda": reason.agenda_id, "motif": reason.pk, "montrer": "1"})
    assert {found for found, _at in shown(of_one)} == {reason}
    assert (
        shown(client.post(page, {"agenda": "tous", "motif": own.pk, "montrer": "1"}))[0][0] == own
    )


def test_a_practitioner_begins_with_their_own_agenda(page, two):
    other, _same, _own = two
    member = make_member(other.practice, role="practitioner", practitioner=other.practitioner)
    answer = verified_client(member.account).get(page)
    assert answer.context["when"]["agenda"].value() == str(other.pk)


def test_a_proposed_slot_fills_the_form_in(client, page, reason, two, zoe):
    _other, same, _own = two
    answer = client.post(
        page,
        {"agenda": "tous", "motif": reason.pk, "patient": zoe.pk,
         "creneau": f"{same.pk}@2026-11-30T13:30:00+00:00"},
    )  # fmt: skip
    text = answer.content.decode()
    assert 'value="2026-11-30"' in text and 'value="14:30"' in text
    assert answer.context["when"]["agenda"].value() == str(same.agenda_id)
    assert "Cette heure est libre." in text
    assert f'id="p-{zoe.pk}" checked' in text
    assert not Appointment.unscoped.exists()
    # What a script puts in its place brings the two choices along.
    part = client.post(
        page,
        {"agenda": "tous", "motif": reason.pk, "creneau": f"{same.pk}@2026-11-30T13:30:00+00:00"},
        headers={"HX-Request": "true", "HX-Target": "creneaux", "HX-Trigger-Name": "creneau"},
    ).content.decode()
    assert 'id="choix" hx-swap-oob' in part
    assert "<html" not in part


def test_a_typed_time_with_any_agenda_asks_with_whom(client, page, reason, two, zoe):
    _other, _same, own = two
    data = when(reason, agenda="tous", patient=zoe.pk)
    answer = client.post(page, data)
    assert answer.status_code == 409
    assert "avec qui" in answer.content.decode()
    assert (reason, NINE) in shown(answer)
    assert not Appointment.unscoped.exists()
    # Where one alone has the reason, there is nothing to ask.
    meant = {**data, "motif": own.pk, "heure-voulue": mark_of(own, NINE)}
    assert client.post(page, meant).status_code == 302
    assert Appointment.unscoped.get().visit_reason == own


def test_a_reason_of_another_agenda_is_not_booked_silently(client, page, reason, two, zoe):
    other, same, own = two
    data = when(reason, agenda=other.pk, patient=zoe.pk)
    answer = client.post(page, data)
    assert answer.status_code == 409
    assert "Vérifiez le motif" in answer.content.decode()
    assert answer.context["when"]["motif"].value() == str(same.pk), "the one of the same name"
    assert not Appointment.unscoped.exists()
    part = client.post(page, data, headers={"HX-Request": "true", "HX-Target": "creneaux"})
    assert 'id="choix" hx-swap-oob' in part.content.decode()
    assert own.name in part.content.decode()


def test_a_delegated_member_books_on_no_other_agenda(page, reason, two, zoe):
    other, same, _own = two
    member = make_member(other.practice)
    member.agendas.add(other)
    client = verified_client(member.account)
    assert client.post(page, when(reason, patient=zoe.pk)).status_code == 200
    assert (
        client.post(page, when(reason, agenda=reason.agenda_id, patient=zoe.pk)).status_code == 200
    )
    slot = f"{reason.pk}@2026-11-30T08:00:00+00:00"
    assert client.post(page, when(same, creneau=slot)).status_code == 200
    assert not Appointment.unscoped.exists()


def why(client, page, reason, **changed):
    answer = client.post(page, when(reason, montrer="1", **changed))
    return answer.context["standing"].why, answer


def test_a_time_that_is_taken_says_so_and_offers_the_nearest(client, page, reason, zoe, now):
    booked(reason, now, starts_at=NINE + timedelta(hours=1))
    answer = client.post(page, when(reason, heure="10:10", patient=zoe.pk))
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "un autre rendez-vous prend de 10:00 à 10:30" in text
    assert f'id="p-{zoe.pk}" checked' in text
    assert 'value="10:10"' in text
    assert [at for _reason, at in shown(answer)] == [
        NINE, NINE + timedelta(minutes=30), *(NINE + timedelta(minutes=30 * n) for n in (3, 4, 5)),
        NINE + timedelta(days=7),
    ][: len(shown(answer))]  # fmt: skip
    assert len(shown(answer)) == 6
    # Of whom the other visit is, nobody is told.
    assert "Moreau" not in text


def test_each_other_reason_why_is_said(client, page, agenda, reason, now):
    assert why(client, page, reason)[0] == "free"
    assert why(client, page, reason, heure="09:10")[0] == "free", "off the grid, but open"
    assert why(client, page, reason, heure="19:00")[0] == "outside"
    assert why(client, page, reason, jour="2026-11-01")[0] == "outside"
    agenda.openings.update(starts_on=date(2026, 11, 2))
    assert why(client, page, reason, jour="2026-11-09")[0] == "past"
    make_opening(agenda, reason, starts_on=date(2026, 12, 25), every_weeks=0)
    assert why(client, page, reason, jour="2026-12-25")[0] == "holiday"
    Absence.objects.create(agenda=agenda, starts_at=NINE, until=NINE + timedelta(days=2))
    kind, answer = why(client, page, reason)
    assert kind == "absent"
    assert "Le praticien est absent à cette heure" in answer.content.decode()
    assert answer.context["are_nearest"]


def test_a_room_in_use_and_a_full_session_are_said(client, page, agenda, reason, now):
    room = make_resource(agenda.practice)
    needing = make_reason(agenda, name="Échographie", needs=[room.pk])
    other = make_agenda(practice=agenda.practice)
    others = make_reason(other, needs=[room.pk])
    make_opening(other, others)
    agenda.openings.first().visit_reasons.add(needing)
    booked(others, now)
    assert why(client, page, needing)[0] == "resource"
    vaccine = make_reason(agenda, name="Vaccination", duration_minutes=10)
    make_opening(agenda, vaccine, from_time=time(14), until_time=time(15), slot_minutes=10)
    assert why(client, page, vaccine, heure="14:00")[0] == "free"
    booked(vaccine, now, starts_at=datetime(2026, 11, 30, 13, tzinfo=UTC))
    assert why(client, page, vaccine, heure="14:00")[0] == "full"


def test_times_follow_the_practices_own_clock(now):
    practice = make_practice(time_zone="America/Guadeloupe", postcode="97100", town="Basse-Terre")
    agenda = make_agenda(practice=practice)
    make_opening(agenda, make_reason(agenda))
    client = verified_client(make_member(practice).account)
    page = reverse("booking:new-visit", args=[practice.pk])
    answer = client.get(page, {"agenda": agenda.pk, "debut": "2026-11-30T13:00:00Z"})
    assert 'value="09:00"' in answer.content.decode()
    assert answer.context["standing"].why == "free"
