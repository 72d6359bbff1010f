"""Schedules that software declares: openings and absences made of them, changed and taken back."""

from datetime import UTC, datetime

import pytest

from audit.models import Entry
from partners.models import DeclaredSchedule
from practitioners.domain.scheduling.availability import free_slots
from practitioners.models import Absence, Opening
from tests.factories import make_agenda, make_credential, make_grant, make_reason
from tests.partners.software import Software
from tests.support.fhir import found, refused, valid

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
AVAILABILITY = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-schedule-availability-time"


@pytest.fixture
def agenda():
    agenda = make_agenda()
    make_reason(agenda)
    return agenda


@pytest.fixture
def software(agenda):
    credential = make_credential("AgendaPlus")
    make_grant(credential, agenda)
    return Software(credential, root="fhir/r4")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def entry(kind, start, end, *rule):
    parts = [
        {"url": "identifier", "valueIdentifier": {"system": "urn:x", "value": "d-1"}},
        {"url": "type", "valueCoding": {"code": kind}},
        {"url": "start", "valueDateTime": start},
        {"url": "end", "valueDateTime": end},
    ]
    if rule:
        parts.append({"url": "rrule", "extension": list(rule)})
    return {"url": AVAILABILITY, "extension": parts}


def freq(code):
    return {
        "url": "freq", "valueCoding": {"system": "https://www.ietf.org/rfc/rfc2445", "code": code}
    }  # fmt: skip


def schedule(agenda, *entries, **more):
    return {
        "resourceType": "Schedule",
        "actor": [{"reference": f"PractitionerRole/{agenda.pk}"}],
        "extension": list(entries),
    } | more


MORNING = entry("free", "2026-11-30T08:00:00+01:00", "2026-11-30T12:00:00+01:00", freq("WEEKLY"))


def starts(agenda, now, day):
    rows = free_slots(
        visit_reason=agenda.visit_reasons.get(), since=at(f"{day}T00:00"),
        until=at(f"{day}T23:59"), now=now,
    )  # fmt: skip
    return [f"{row.starts_at:%H:%M}" for row in rows]


def test_declared_time_can_be_booked_and_away_cannot(software, agenda, now):
    away = entry("busy-unavailable", "2026-12-07T09:00:00+01:00", "2026-12-07T12:00:00+01:00")
    made = valid(software.post("Schedule", schedule(agenda, MORNING, away)), 201)
    assert starts(agenda, now, "2026-11-30")[:2] == ["07:00", "07:30"]
    assert starts(agenda, now, "2026-12-07") == ["07:00", "07:30"]
    assert starts(agenda, now, "2026-12-01") == []
    assert valid(software.get(f"Schedule/{made['id']}")) == made
    opening = Opening.objects.get()
    assert (opening.every_weeks, opening.until_date) == (1, None)
    assert Entry.objects.filter(action="opening-saved", object_id=opening.pk).exists()


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ([freq("WEEKLY")], [30, 7, 14, 21]),
        ([freq("WEEKLY"), {"url": "interval", "valueInteger": 2}], [30, 14]),
        ([freq("WEEKLY"), {"url": "count", "valueInteger": 2}], [30, 7]),
        ([freq("WEEKLY"), {"url": "until", "valueDateTime": "2026-12-14T08:00:00+01:00"}],
         [30, 7, 14]),
        ([freq("WEEKLY"), {"url": "until", "valueDateTime": "2026-12-14T07:59:00+01:00"}], [30, 7]),
        ([freq("WEEKLY"), {"url": "byDay", "valueString": "MO"},
          {"url": "byDay", "valueString": "WE"}], [30, 2, 7, 9, 14, 16, 21, 23]),
        ([freq("WEEKLY"), {"url": "interval", "valueInteger": 2},
          {"url": "byDay", "valueString": "WE"}], [2, 16]),
        ([freq("WEEKLY"), {"url": "byDay", "valueString": "MO"},
          {"url": "byDay", "valueString": "WE"}, {"url": "count", "valueInteger": 3}], [30, 2, 7]),
        ([freq("DAILY"), {"url": "count", "valueInteger": 4}], [30, 1, 2, 3]),
        ([freq("DAILY"), {"url": "interval", "valueInteger": 3}], [30, 3, 6, 9, 12, 15, 18, 21, 24]),
        ([], [30]),
    ],
)  # fmt: skip
def test_rules_recur_as_calendars_do(software, agenda, now, rule, days):
    valid(
        software.post("Schedule", schedule(agenda, entry(
            "free", "2026-11-30T08:00:00+01:00", "2026-11-30T09:00:00+01:00", *rule
        ))), 201,
    )  # fmt: skip
    rows = free_slots(
        visit_reason=agenda.visit_reasons.get(), since=at("2026-11-29T00:00"),
        until=at("2026-12-25T00:00"), now=now,
    )  # fmt: skip
    found_days = list(dict.fromkeys(row.starts_at.day for row in rows))
    assert found_days == [day for day in days if day != 25]


def test_a_recurring_absence_is_one_of_the_wall_clock(software, agenda):
    lunch = entry(
        "busy-unavailable", "2026-12-01T12:00:00+01:00", "2026-12-01T14:00:00+01:00",
        freq("WEEKLY"), {"url": "until", "valueDateTime": "2027-04-30T00:00:00+02:00"},
    )  # fmt: skip
    valid(software.post("Schedule", schedule(agenda, lunch)), 201)
    hours = {f"{row.starts_at:%H:%M}" for row in Absence.objects.all()}
    assert hours == {"11:00", "10:00"}
    assert Absence.objects.count() == 22


def test_an_update_takes_the_place_of_what_was_there(software, agenda, now):
    made = valid(software.post("Schedule", schedule(agenda, MORNING)), 201)
    afternoon = entry(
        "free", "2026-11-30T14:00:00+01:00", "2026-11-30T16:00:00+01:00", freq("WEEKLY")
    )
    path = f"Schedule/{made['id']}"
    changed = valid(software.put(path, schedule(agenda, afternoon)))
    assert starts(agenda, now, "2026-11-30")[0] == "13:00"
    assert Opening.objects.count() == 1
    refused(software.put(path, schedule(agenda, MORNING), match=f'W/"{"0" * 32}"'), 412)
    other = make_agenda(practice=agenda.practice)
    software.credential.grants.get().agendas.add(other)
    refused(software.put(path, schedule(other, MORNING)), 422)
    assert valid(software.get(path)) == changed


def test_a_patch_changes_one_thing(software, agenda, now):
    made = valid(software.post("Schedule", schedule(agenda, MORNING)), 201)
    path = f"Schedule/{made['id']}"
    index = [p["url"] for p in made["extension"][0]["extension"]].index("end")
    patch = [{
        "op": "replace", "path": f"/extension/0/extension/{index}/valueDateTime",
        "value": "2026-11-30T09:00:00+01:00",
    }]  # fmt: skip
    valid(software.send("PATCH", path, patch))
    assert starts(agenda, now, "2026-11-30") == ["07:00", "07:30"]
    bomb = [{"op": "copy", "from": "/extension", "path": "/extension/-"}] * 60
    for wrong in (bomb, [{"op": "remove", "path": "/nothing"}], {"op": "x"}, [1], "no", [{"op": "test",
                  "path": "/active", "value": False}], [{"op": "replace", "path": "/actor",
                  "value": []}]):  # fmt: skip
        answer = software.send("PATCH", path, wrong if wrong != "no" else '"no"')
        assert answer.status_code == 400
    assert starts(agenda, now, "2026-11-30") == ["07:00", "07:30"]


def test_a_deleted_schedule_takes_its_times_along(software, agenda, now):
    away = entry("busy-unavailable", "2026-12-07T09:00:00+01:00", "2026-12-07T12:00:00+01:00")
    made = valid(software.post("Schedule", schedule(agenda, MORNING, away)), 201)
    assert software.delete(f"Schedule/{made['id']}").status_code == 204
    assert not Opening.objects.exists()
    assert not Absence.objects.exists()
    refused(software.get(f"Schedule/{made['id']}"), 404)
    refused(software.delete(f"Schedule/{made['id']}"), 404)


def test_the_practices_own_agenda_is_not_changed_so(software, agenda):
    path = f"Schedule/{agenda.pk}"
    assert "practice" in refused(software.put(path, schedule(agenda, MORNING)), 422)
    refused(software.send("PATCH", path, []), 422)
    refused(software.delete(path), 422)


def test_a_schedule_is_its_declarers_own(software, agenda):
    made = valid(software.post("Schedule", schedule(agenda, MORNING)), 201)
    other = make_credential("Other")
    make_grant(other, agenda)
    theirs = Software(other, root="fhir/r4")
    path = f"Schedule/{made['id']}"
    refused(theirs.get(path), 404)
    refused(theirs.put(path, schedule(agenda)), 404)
    refused(theirs.delete(path), 404)
    assert DeclaredSchedule.objects.count() == Opening.objects.count() == 1


def test_nothing_in_which_a_name_may_stand_is_kept(software, agenda):
    away = entry("busy-unavailable", "2026-12-07T09:00:00+01:00", "2026-12-07T12:00:00+01:00")
    away["extension"].append({"url": "unavailabilityReason",
                              "valueCodeableConcept": {"text": "Avec Mme Quatrefages"}})  # fmt: skip
    body = schedule(agenda, away, comment="Mme Quatrefages")
    answer = software.post("Schedule", body)
    valid(answer, 201)
    assert "Quatrefages" not in answer.content.decode()
    assert "Quatrefages" not in str(DeclaredSchedule.objects.values().get())
    assert Absence.objects.get().label == ""


@pytest.mark.parametrize(
    ("entries", "status"),
    [
        ([entry("busy", "2026-12-07T09:00:00+01:00", "2026-12-07T12:00:00+01:00")], 400),
        ([entry("free", "2026-12-07", "2026-12-08")], 400),
        ([entry("free", "2026-12-07T09:00:00+01:00", "2026-12-08T12:00:00+01:00")], 422),
        ([entry("free", "2026-12-07T12:00:00+01:00", "2026-12-07T09:00:00+01:00")], 422),
        ([entry("busy-unavailable", "2026-12-07T12:00:00+01:00", "2026-12-07T09:00:00+01:00")],
         422),
        ([entry("free", "2026-12-07T09:00:00+01:00", "2026-12-07T12:00:00+01:00",
                freq("SECONDLY"))], 422),
        ([entry("free", "2026-12-07T09:00:00+01:00", "2026-12-07T12:00:00+01:00",
                freq("WEEKLY"), {"url": "interval", "valueInteger": 0})], 400),
        ([entry("free", "2026-12-07T09:00:00+01:00", "2026-12-07T12:00:00+01:00",
                freq("WEEKLY"), {"url": "byDay", "valueString": "2MO"})], 422),
        ([entry("busy-unavailable", "2026-12-07T09:00:00+01:00", "2026-12-07T12:00:00+01:00",
                freq("DAILY"))], 422),
        ([MORNING, MORNING], 409),
        ([MORNING] * 51, 422),
    ],
)  # fmt: skip
def test_what_cannot_be_declared_leaves_nothing(software, agenda, entries, status):
    refused(software.post("Schedule", schedule(agenda, *entries)), status)
    assert not Opening.objects.exists()
    assert not Absence.objects.exists()
    assert not DeclaredSchedule.objects.exists()


def test_the_actors_name_one_granted_agenda(software, agenda):
    body = schedule(agenda, MORNING)
    foreign = make_agenda()
    for actors in ([], [f"PractitionerRole/{foreign.pk}"], ["Device/1"]):
        wrong = body | {"actor": [{"reference": text} for text in actors] or [{"display": "x"}]}
        refused(software.post("Schedule", wrong), 400)
    whole = [f"Practitioner/{agenda.practitioner_id}", f"Location/{agenda.practice_id}"]
    valid(software.post("Schedule", body | {"actor": [{"reference": t} for t in whole]}), 201)
    assert len(found(software.get("Schedule"))) == 1
