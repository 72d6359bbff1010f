"""Appointments through the API: no identity in lists, one at a time with a purpose, on the record."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from audit.vault.erase import erase
from partners.domain import identities
from partners.models import Grant
from tests.factories import (
    make_account,
    make_agenda,
    make_grant,
    make_member,
    make_opening,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.partners.software import proof
from tests.support.partner_appointments import (  # noqa: F401
    BASE,
    WHEN,
    booked,
    credential,
    listed,
    revealed,
    token_of,
)

pytestmark = pytest.mark.django_db
SECRETS = ["Zénobie", "Quatrefages", "+33612345678", "z@example.org"]


@pytest.fixture
def owner():
    return make_account()


@pytest.fixture
def appointment(agenda, owner, now):
    return booked(agenda, owner, now)


@pytest.fixture
def grant(credential, agenda):
    return make_grant(credential, agenda, fields=["first_name", "last_name", "phone"])


def reveals():
    return Entry.objects.filter(action="reveal").count()


def test_a_list_carries_no_identity_and_reveals_nothing(credential, grant, appointment):
    before = reveals()
    answer = listed(credential)
    row = answer.json()["appointments"][0]
    assert row["id"] == str(appointment.pk)
    assert row["starts_at"] == "2026-11-30T08:00:00Z"
    assert not [text for text in [*SECRETS, "Toux"] if text in answer.content.decode()]
    assert reveals() == before


def test_lists_come_in_pages_in_a_bounded_number_of_queries(
    credential, grant, agenda, owner, now, django_assert_max_num_queries
):
    made = [booked(agenda, owner, now, hour) for hour in (8, 9, 10)]
    first = listed(credential, limit="2").json()
    assert [row["id"] for row in first["appointments"]] == [str(a.pk) for a in made[:2]]
    path, _, query = first["next"].removeprefix("http://testserver").partition("?")
    headers = {"DPoP": proof("GET", f"{BASE}{path}", token=(token := token_of(credential)))}
    with django_assert_max_num_queries(6):
        second = Client(headers=headers | {"Authorization": f"DPoP {token}"}).get(f"{path}?{query}")
    assert [row["id"] for row in second.json()["appointments"]] == [str(made[2].pk)]
    assert second.json()["next"] is None


def test_only_granted_agendas_are_listed(credential, grant, agenda, owner, now, appointment):
    sibling = make_agenda(practice=agenda.practice)
    make_opening(sibling, make_reason(sibling))
    hidden = booked(sibling, owner, now, 9)
    assert str(hidden.pk) not in listed(credential).content.decode()
    assert revealed(credential, hidden).status_code == 404


def test_an_identity_is_opened_with_a_purpose_and_stands_on_the_record(
    credential, grant, appointment
):
    answer = revealed(credential, appointment)
    assert answer.status_code == 200
    assert answer.json() == {
        "appointment": str(appointment.pk), "patient": str(appointment.patient_id),
        "first_name": "Zénobie", "last_name": "Quatrefages",
    }  # fmt: skip
    assert answer["Cache-Control"] == "no-store"
    entry = Entry.objects.filter(action="reveal").latest("at")
    assert (entry.actor_kind, entry.channel, entry.purpose) == ("credential", "api", "care")
    assert (entry.credential_id, entry.practice_id) == (credential.pk, grant.practice_id)
    assert entry.subjects == [appointment.patient_id]
    assert entry.object_id == appointment.pk
    assert entry.fields == ["booking_patient.first_name", "booking_patient.last_name"]


def test_fields_that_were_not_granted_open_nothing(credential, grant, appointment):
    before = reveals()
    answer = revealed(
        credential, appointment, {"purpose": "care", "fields": ["last_name", "email", "note"]}
    )
    assert answer.status_code == 403
    assert "email, note" in answer.json()["detail"]
    assert reveals() == before


def test_the_patients_word_is_a_field_of_its_own(credential, grant, appointment):
    Grant.objects.update(fields=list(identities.FIELDS))
    body = {"purpose": "booking", "fields": list(identities.FIELDS)}
    answer = revealed(credential, appointment, body).json()
    assert (answer["note"], answer["email"]) == ("Toux", "z@example.org")


@pytest.mark.parametrize(
    "body",
    [
        {"fields": ["last_name"]}, {"purpose": "care"}, {"purpose": "care", "fields": []},
        {"purpose": "legal", "fields": ["last_name"]}, {"purpose": "care", "fields": ["password"]},
        {"purpose": "care", "fields": "last_name"}, ["care"], {"purpose": ["care"], "fields": [7]},
    ],
)  # fmt: skip
def test_a_request_that_says_too_little_is_refused_clearly(credential, grant, appointment, body):
    before = reveals()
    answer = revealed(credential, appointment, body)
    assert answer.status_code == 400
    assert answer.json()
    assert reveals() == before


def test_a_bearer_token_opens_no_identity(credential, grant, appointment):
    token = token_of(credential, thumbprint="")
    caller = Client(headers={"Authorization": f"Bearer {token}"})
    before = reveals()
    answer = caller.post(
        f"/api/v1/appointments/{appointment.pk}/reveal",
        {"purpose": "care", "fields": ["last_name"]}, content_type="application/json",
    )  # fmt: skip
    assert answer.status_code == 403
    assert "DPoP" in answer.json()["detail"]
    assert reveals() == before


def test_a_withdrawn_grant_ends_with_the_next_request(credential, grant, appointment):
    assert revealed(credential, appointment).status_code == 200
    grant.revoked_at = timezone.now()
    grant.save()
    assert revealed(credential, appointment).status_code == 403
    assert listed(credential).status_code == 403


def test_an_erased_patient_opens_as_nothing(credential, grant, appointment):

    erase(subject_ids=[appointment.patient_id], actor=practice_actor())
    answer = revealed(credential, appointment)
    assert (answer.json()["first_name"], answer.json()["last_name"]) == ("", "")


def test_patient_and_practice_see_through_which_software(credential, grant, appointment, owner):
    revealed(credential, appointment)
    patient = Client()
    patient.force_login(owner, backend="booking.backends.EmailBackend")
    page = patient.get(reverse("booking:reads")).content.decode()
    assert f"{grant.practice.name} — par le logiciel AgendaPlus" in page
    member = make_member(grant.practice, role="owner")
    page = reverse("booking:practice-reads", args=[grant.practice_id])
    assert "AgendaPlus" in verified_client(member.account).get(page).content.decode()


def test_a_stolen_credential_walks_appointments_and_gets_no_name(
    credential, grant, agenda, owner, now
):
    """July 2020: 6,128 appointments read through a partner API that showed identities decrypted."""
    made = [booked(agenda, owner, now, hour) for hour in (8, 9, 10)]
    token = token_of(credential)
    thief = Client(headers={"Authorization": f"DPoP {token}"})
    for path in ("/api/v1/appointments", "/api/v1/agendas"):
        assert thief.get(path, WHEN).status_code == 401
    for appointment in made:
        answer = thief.post(f"/api/v1/appointments/{appointment.pk}/reveal", {})
        assert answer.status_code == 401
    everything = listed(credential, limit="500").content.decode()
    assert not [text for text in SECRETS if text in everything]
    long = {"until": (now + timedelta(days=400)).isoformat()}
    assert listed(credential, **long).status_code == 400
