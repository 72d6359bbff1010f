"""The FHIR R4 face: what it shows is valid, and what it does is what the API does."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from audit.models import Entry
from booking.appointments import change
from booking.appointments.values import By
from booking.models import Appointment
from booking.models.appointment import Channel
from partners.models import OwnIdentifier
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_patient,
    practice_actor,
)
from tests.partners.software import Software
from tests.support.fhir import (
    START,
    SYSTEM,
    found,
    named,
    parameters,
    put,
    refused,
    slot,
    valid,
    wanted,
)
from tests.support.partner_appointments import booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def reason(agenda):
    return agenda.visit_reasons.get()


@pytest.fixture
def software(agenda):
    credential = make_credential("AgendaPlus")
    make_grant(credential, agenda, fields=["last_name"])
    return Software(credential, root="fhir/r4")


@pytest.fixture
def patient(software, agenda):
    """Somebody whose file the software makes."""
    answer = software.post("Patient", {
        "resourceType": "Patient",
        "name": [{"family": "Quatrefages", "given": ["Zénobie"]}],
        "birthDate": "1980-12-31", "gender": "female",
        "telecom": [{"system": "phone", "value": "+33612345678"}],
        "generalPractitioner": [{"reference": f"PractitionerRole/{agenda.pk}"}],
    })  # fmt: skip
    assert answer.status_code == 201, answer.content
    assert answer["Location"].endswith(f"/fhir/r4/Patient/{answer.json()['id']}")
    return answer.json()["id"]


@pytest.mark.parametrize(
    "kind", ["Schedule", "PractitionerRole", "Practitioner", "Location", "HealthcareService"]
)
def test_the_directory_is_read_and_searched(software, agenda, kind):
    (row,) = found(software.get(kind))
    read = valid(software.get(f"{kind}/{row['id']}"))
    assert read == row
    assert found(software.get(kind, _id=row["id"])) == [row]
    assert found(software.get(kind, actor=f"PractitionerRole/{agenda.pk}")) == [row]
    assert found(software.get(kind, location=str(agenda.practice_id))) == [row]
    other = make_agenda()
    assert found(software.get(kind, practitioner=f"Practitioner/{other.practitioner_id}")) == []


def test_a_schedule_says_whose_it_is_and_how_long_things_take(software, agenda, reason):
    row = valid(software.get(f"Schedule/{agenda.pk}"))
    assert {"reference": f"PractitionerRole/{agenda.pk}"} in row["actor"]
    (extension,) = row["extension"]
    duration = {part["url"]: part for part in extension["extension"]}["duration"]
    assert duration["valueDuration"]["value"] == reason.duration_minutes
    end = datetime.fromisoformat(row["planningHorizon"]["end"])
    assert end - datetime.now(UTC) > timedelta(days=reason.horizon_days - 1)


def test_free_slots_are_those_of_the_api(software, agenda, reason):
    rows = found(software.get("Slot", schedule=f"Schedule/{agenda.pk}", status="free", _count=500))
    plain = Software(software.credential).get(f"visit-reasons/{reason.pk}/slots").json()["slots"]
    assert [row["start"] for row in rows] == [s["starts_at"] for s in plain]
    assert valid(software.get(f"Slot/{rows[0]['id']}"))["status"] == "free"
    assert found(software.get("Slot", identifier=rows[0]["id"])) == [rows[0]]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"GAP_Slot_earliestStart": "2026-11-30T09:00:00Z"}, ["09:00", "09:30", "10:00"]),
        ({"start": "ge2026-11-30T09:00:00Z"}, ["09:00", "09:30", "10:00"]),
        ({"start": "gt2026-11-30T09:00:00Z"}, ["09:30", "10:00", "10:30"]),
        ({"start": "2026-11-30T09:00:00Z"}, ["09:00"]),
        ({"start": "lt2026-11-30T09:00:00Z"}, ["08:00", "08:30"]),
        ({"GAP_Slot_latestStart": "2026-11-30T09:00:00Z"}, ["08:00", "08:30", "09:00"]),
    ],
)
def test_slots_are_bounded_by_their_start(software, agenda, bounds, expected):
    asked = {"start": "ge2026-11-30T00:00:00Z"} if "start" not in bounds else {}
    if asked and "GAP_Slot_earliestStart" in bounds:
        asked = {}
    rows = found(software.get("Slot", schedule=str(agenda.pk), status="free", **asked, **bounds))
    starts = [row["start"][11:16] for row in rows if row["start"].startswith("2026-11-30")]
    assert starts[: len(expected)] == expected
    if len(expected) < 3 or "GAP_Slot_latestStart" in bounds:
        assert len(starts) == len(expected)


def test_taken_time_is_shown_without_whom(software, agenda, reason, now):
    booked(agenda, make_account(), now)
    answer = software.get("Slot", schedule=str(agenda.pk), status="busy")
    (row,) = found(answer)
    assert row["status"] == "busy"
    assert "Patient" not in answer.content.decode()
    assert valid(software.get(f"Slot/{row['id']}")) == row
    assert valid(software.get(slot(reason)))["status"] == "busy-unavailable"


def test_nothing_and_too_much_are_said(software, agenda):
    answer = valid(software.get("Slot", schedule=str(agenda.pk), status="busy"))
    (entry,) = answer["entry"]
    assert (entry["search"]["mode"], answer["total"]) == ("outcome", 0)
    answer = valid(software.get("Slot", schedule=str(agenda.pk), status="free", _count=2))
    assert [e["search"]["mode"] for e in answer["entry"]] == ["match", "match", "outcome"]


def test_an_appointment_is_held_and_booked(software, agenda, reason, patient, settings):
    (held,) = found(software.post("Appointment/$hold", parameters(wanted(reason, patient))))
    assert held["status"] == "pending"
    assert slot(reason)[5:] not in [
        row["id"] for row in found(software.get("Slot", schedule=str(agenda.pk), status="free"))
    ]
    ready = wanted(reason, patient, id=held["id"])
    (row,) = found(software.post("Appointment/$book", parameters(ready)))
    assert row["status"] == "booked"
    assert row["start"] == "2026-11-30T08:00:00Z"
    appointment = Appointment.unscoped.get()
    assert str(appointment.pk) == row["id"]
    assert Entry.objects.filter(object_id=appointment.pk, action="appointment-booked").exists()
    assert valid(software.get(f"Appointment/{row['id']}")) == row


def test_a_taken_slot_is_a_conflict(software, reason, patient, agenda, now):
    booked(agenda, make_account(), now)
    refused(software.post("Appointment", wanted(reason, patient)), 409, "slot-taken")
    answer = software.post("Appointment/$hold", parameters(wanted(reason, patient)))
    refused(answer, 409, "slot-taken")


def test_conditional_update_creates_updates_and_refuses_several(software, reason, patient):
    """Flow 6b of the French guide."""
    body = wanted(reason, patient, **named())
    made = valid(put(software, body, f"{SYSTEM}|A-1"), 201)
    later = START + timedelta(hours=1)
    moved = valid(put(software, wanted(reason, patient, later, **named()), f"{SYSTEM}|A-1"))
    assert (moved["id"], moved["start"]) == (made["id"], "2026-11-30T09:00:00Z")
    assert Appointment.unscoped.get().moves == 1
    # The same again changes nothing.
    assert valid(put(software, wanted(reason, patient, later, **named()), "A-1")) == moved
    assert Appointment.unscoped.get().moves == 1
    other = wanted(reason, patient, START, identifier=[{"system": "urn:other", "value": "A-1"}])
    valid(put(software, other, "urn:other|A-1"), 201)
    refused(put(software, body, "A-1"), 412, "several-match")
    refused(put(software, body, f"{SYSTEM}|A-1,urn:other|A-1"), 412, "several-match")
    assert OwnIdentifier.objects.count() == 2
    cancelled = valid(put(software, body | {"status": "cancelled"}, f"{SYSTEM}|A-1"))
    assert cancelled["status"] == "cancelled"
    refused(put(software, body, f"{SYSTEM}|A-1"), 409, "not-active")


def test_a_late_cancellation_is_called_late(software, reason, patient):
    body = wanted(reason, patient, **named())
    made = valid(put(software, body, f"{SYSTEM}|A-1"), 201)
    assert "extension" not in made
    row = Appointment.unscoped.get()
    change.cancel(
        appointment=row,
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=row.starts_at - timedelta(minutes=1),
    )
    found = valid(software.get(f"Appointment/{row.pk}"))
    late = {"url": "urn:doctolib:fhir:cancelled-late", "valueBoolean": True}
    assert (found["status"], found["extension"]) == ("cancelled", [late])


def test_a_conditional_update_heeds_a_version(software, reason, patient, time_machine):
    body = wanted(reason, patient, **named())
    made = valid(put(software, body, f"{SYSTEM}|A-1"), 201)
    time_machine.move_to(START - timedelta(hours=1))
    software = software.renewed()
    stale = body | {"status": "arrived"}
    refused(put(software, stale, f"{SYSTEM}|A-1", match='W/"other"'), 412, "version-changed")
    fresh = f'W/"{made["meta"]["versionId"]}"'
    assert valid(put(software, stale, f"{SYSTEM}|A-1", match=fresh))["status"] == "arrived"


def test_an_identifier_is_the_credentials_own(software, reason, patient, agenda):
    valid(put(software, wanted(reason, patient, **named()), f"{SYSTEM}|A-1"), 201)
    other = make_credential("Other")
    make_grant(other, agenda)
    theirs = Software(other, root="fhir/r4")
    assert found(theirs.get("Appointment", identifier=f"{SYSTEM}|A-1")) == []
    (row,) = found(theirs.get("Appointment", date="ge2026-11-30T00:00:00Z"))
    assert len(row["identifier"]) == 1
    refused(
        software.post("Appointment", wanted(reason, patient, START + timedelta(hours=1), **named())),
        409, "identifier-used",
    )  # fmt: skip
    assert Appointment.unscoped.count() == 1


def test_an_update_by_id_asks_what_was_read(software, reason, patient, time_machine):
    made = valid(software.post("Appointment", wanted(reason, patient)), 201)
    time_machine.move_to(START - timedelta(hours=1))
    software = software.renewed()
    path = f"Appointment/{made['id']}"
    refused(software.put(path, wanted(reason, patient, status="arrived")), 428)
    refused(software.put(path, made | {"meta": {"versionId": "0"}}), 412)
    marked = valid(software.put(path, made | {"status": "arrived"}))
    assert marked["status"] == "arrived"
    assert marked["meta"] != made["meta"]
    assert software.get(path)["ETag"] == f'W/"{marked["meta"]["versionId"]}"'


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 1), ({"status": "booked"}, 1), ({"status": "cancelled,noshow"}, 0),
        ({"status": "nonsense"}, 0), ({"date": "ge2026-11-30T08:00:00Z"}, 1),
        ({"date": "gt2026-11-30T08:00:00Z"}, 0), ({"date": "2026-11-30T08:00:00Z"}, 1),
        ({"GAP_Appointment_earliestStart": "2026-11-30T09:00:00+01:00"}, 1),
        ({"GAP_Appointment_latestStart": "2026-11-30T07:59:00Z"}, 0),
        ({"GAP_Appointment_created": "ge2026-01-01T00:00:00Z"}, 1),
        ({"GAP_Appointment_created": "lt2026-01-01T00:00:00Z"}, 0),
        ({"GAP_Appointment_description": "consul"}, 1),
        ({"GAP_Appointment_description": "vaccin"}, 0), ({"GAP_Appointment_priority": "1"}, 0),
    ],
)  # fmt: skip
def test_appointments_are_searched(software, agenda, reason, query, count, now):
    reason.name = "Consultation"
    reason.save()
    booked(agenda, make_account(), now)
    assert len(found(software.get("Appointment", **query))) == count


def test_appointments_are_searched_by_actor_and_in_pages(software, agenda, reason, now):
    row = booked(agenda, make_account(), now)
    for kind, pk in [
        ("Patient", row.patient_id), ("PractitionerRole", agenda.pk),
        ("Practitioner", agenda.practitioner_id), ("Location", agenda.practice_id),
        ("HealthcareService", reason.pk),
    ]:  # fmt: skip
        for name in ("actor", "GAP_Appointment_Actor"):
            assert len(found(software.get("Appointment", **{name: f"{kind}/{pk}"}))) == 1
        assert found(software.get("Appointment", actor=f"{kind}/{make_patient().pk}")) == []
    booked(agenda, make_account("b@example.org"), now, hour=9)
    first = valid(software.get("Appointment", _count=1))
    (following,) = [link["url"] for link in first["link"] if link["relation"] == "next"]
    second = valid(software.get("Appointment?" + following.partition("?")[2]))
    ids = {page["entry"][0]["resource"]["id"] for page in (first, second)}
    assert len(ids) == 2
    assert not [link for link in second["link"] if link["relation"] == "next"]


def test_nothing_shows_an_identity(software, agenda, reason, patient):
    made = valid(software.post("Appointment", wanted(reason, patient)), 201)
    paths = [
        f"Appointment/{made['id']}", f"Patient/{patient}", "Appointment",
        f"Patient?general-practitioner=PractitionerRole/{agenda.pk}",
        f"Slot?schedule={agenda.pk}", "Schedule",
    ]  # fmt: skip
    before = Entry.objects.filter(action="reveal").count()
    for path in paths:
        text = software.get(path).content.decode()
        for secret in ("Quatrefages", "Zénobie", "612345678", "1980-12-31"):
            assert secret not in text
    assert Entry.objects.filter(action="reveal").count() == before


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"status": "nonsense"}, "status"),
        ({"participant": []}, "participant"),
        ({"slot": []}, "slot"),
        ({"slot": [{"reference": "Slot/nothing"}]}, "slot"),
        ({"slot": [{"reference": "Schedule/x"}]}, "slot"),
        ({"start": "2026-11-30T11:00:00Z", "end": "2026-11-30T11:30:00Z"}, "start"),
        ({"unheardOf": 1}, "unheardOf"),
        ({"resourceType": "Patient"}, "resourceType"),
        ({"identifier": [{"system": "x", "value": "y" * 201}]}, "identifier"),
    ],
)
def test_a_body_that_cannot_be_used_says_where(software, reason, patient, change, where):
    answer = software.post("Appointment", wanted(reason, patient) | change)
    assert answer.status_code in (400, 422)
    assert where in refused(answer, answer.status_code)
    assert not Appointment.unscoped.exists()


def test_an_appointment_is_not_made_as_over(software, reason, patient):
    refused(software.post("Appointment", wanted(reason, patient, status="fulfilled")), 422)


def test_a_patient_of_another_practice_is_nobody(software, reason):
    answer = software.post("Appointment", wanted(reason, make_patient().pk))
    assert "participant" in refused(answer, 400)


def test_xml_is_not_spoken(software):
    for query, accept in [({"_format": "xml"}, "*/*"), ({}, "application/fhir+xml")]:
        answer = software.get("Schedule", accept=accept, **query)
        refused(answer, 406)
    valid(software.get("Schedule", _format="json"))
    assert software.get("Schedule", accept="application/json").status_code == 200


def test_unknown_addresses_and_parameters_are_outcomes(software):
    refused(Client().get("/fhir/r4/Observation"), 404)
    refused(software.get("Schedule", colour="red"), 400)
    refused(software.get("Slot", schedule="x"), 400)
    refused(software.get("Slot"), 400)


def test_the_statement_names_what_the_routes_do(software):
    data = valid(Client().get("/fhir/r4/metadata"))
    assert data["fhirVersion"] == "4.0.1"
    assert data["format"] == ["application/fhir+json"]
    resources = {r["type"]: r for r in data["rest"][0]["resource"]}
    assert set(resources) == {
        "Schedule", "Slot", "Appointment", "Practitioner", "PractitionerRole", "Location",
        "HealthcareService", "Patient",
    }  # fmt: skip
    assert resources["Appointment"]["conditionalUpdate"] is True
    # Every parameter that the statement names is taken.
    for kind, resource in resources.items():
        for parameter in resource["searchParam"]:
            answer = software.get(kind, **{parameter["name"]: "x"})
            assert "is not a parameter of this route" not in json.dumps(answer.json())
