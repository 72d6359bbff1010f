"""What practice software does all day: hold, book, move, cancel, mark; openings and absences."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from audit.models import Entry
from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.appointments.book import book
from booking.appointments.change import cancel
from booking.appointments.values import By
from booking.models import Appointment, Message, Patient
from booking.models.appointment import Channel
from partners.domain import bookings, once
from partners.models import IdempotentRequest
from practitioners.models import Absence, Opening, Taken
from tests.factories import (
    make_agenda,
    make_credential,
    make_grant,
    make_opening,
    make_patient,
    make_reason,
    make_resource,
    practice_actor,
)
from tests.partners.software import KEY, Software

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
NINE = "2026-11-30T08:00:00Z"
WHO = {
    "first_name": "Zénobie", "last_name": "Quatrefages", "birth_date": "1979-05-04", "sex": "F",
    "phone": "06 12 34 56 78", "email": "z@example.org",
}  # fmt: skip


@pytest.fixture
def reason(agenda):
    return agenda.visit_reasons.get()


@pytest.fixture
def software(agenda):
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, agenda, fields=["first_name", "last_name", "phone"])
    return Software(credential)


@pytest.fixture
def slot(reason):
    return {"visit_reason": str(reason.pk), "starts_at": NINE}


def booked(software, slot, **changed):
    answer = software.post("appointments", slot | {"new_patient": WHO} | changed)
    assert answer.status_code == 201, answer.content
    return answer


def code_of(answer):
    return answer.status_code, answer.json()["type"].removeprefix("urn:doctolib:problem:")


def test_booking_for_somebody_new_makes_their_file(software, slot, agenda):
    answer = booked(software, slot, note="Toux")
    row = Appointment.unscoped.get()
    assert answer.json()["id"] == str(row.pk)
    assert answer.json()["status"] == "booked"
    assert answer.json()["new_patient"] is True
    assert row.channel == "partner"
    assert row.practice_id == agenda.practice_id
    assert "Zénobie" not in answer.content.decode()
    with reveal(
        [(row, ["note"]), (row.patient, ["last_name", "phone"])], actor=system_actor(),
        purpose=Purpose.SUPPORT,
    ) as plain:  # fmt: skip
        assert plain.text(row, "note") == "Toux"
        assert plain.text(row.patient, "last_name") == "Quatrefages"
        assert plain.text(row.patient, "phone") == "+33612345678"
    entry = Entry.objects.get(action="appointment-booked")
    assert entry.credential_id == software.credential.pk
    assert Message.objects.filter(kind="confirmation", appointment=row).exists()


def test_booking_again_for_the_same_patient(software, slot):
    first = booked(software, slot).json()
    body = slot | {"patient": first["patient"], "starts_at": "2026-11-30T09:00:00Z"}
    second = software.post("appointments", body).json()
    assert second["patient"] == first["patient"]
    assert second["new_patient"] is False
    assert Patient.unscoped.count() == 1


def test_a_patient_is_registered_first_and_found_by_id_alone(software, slot, agenda):
    made = software.post("patients", {"practice": str(agenda.practice_id), "identity": WHO})
    assert made.status_code == 201
    known = made.json()
    assert known["on_file"] == ["first_name", "last_name", "phone"]
    assert software.get(f"patients/{known['id']}").json() == known
    listed = software.get("patients", practice=str(agenda.practice_id)).json()
    assert listed == {"patients": [known], "next": None}
    answer = software.post("appointments", slot | {"patient": known["id"], "note": "Toux"})
    assert answer.json()["patient"] == known["id"]
    row = Appointment.unscoped.get()
    with reveal([(row, ["note"])], actor=system_actor(), purpose=Purpose.SUPPORT) as plain:
        assert plain.text(row, "note") == "Toux"


def test_a_taken_slot_is_refused_and_leaves_no_file(software, slot):
    booked(software, slot)
    again = software.post("appointments", slot | {"new_patient": WHO})
    assert code_of(again) == (409, "slot-taken")
    assert Patient.unscoped.count() == 1


def test_a_room_that_another_agenda_uses_is_neither_offered_nor_booked(software, slot, reason, now):
    """The software sees when a room is in use, though not by whom: that agenda is not granted."""
    room = make_resource(reason.agenda.practice)
    other = make_reason(make_agenda(practice=reason.agenda.practice), needs=[room.pk])
    make_opening(other.agenda, other)
    reason.needs = [room.pk]
    reason.save()
    first = book(
        visit_reason=other,
        starts_at=datetime.fromisoformat(NINE),
        patient=make_patient(),
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )
    path = f"visit-reasons/{reason.pk}/slots"
    slots = software.get(path, since="2026-11-30T00:00:00Z", until="2026-12-01T00:00:00Z").json()
    assert slots["slots"]
    assert NINE not in [each["starts_at"] for each in slots["slots"]]
    assert code_of(software.post("appointments", slot | {"new_patient": WHO})) == (
        409,
        "slot-taken",
    )
    assert code_of(software.post("holds", slot)) == (409, "slot-taken")
    cancel(appointment=first, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now)
    hold = software.post("holds", slot).json()
    booked(software, slot, hold=hold["id"])
    assert room.uses.get().hold_until is None


def test_outside_openings_only_when_it_says_so(software, slot):
    evening = slot | {"starts_at": "2026-11-30T19:00:00Z", "new_patient": WHO}
    assert code_of(software.post("appointments", evening)) == (409, "outside-openings")
    answer = software.post("appointments", evening | {"outside_openings": True})
    assert answer.status_code == 201


def test_a_held_slot_is_kept_and_booked(software, slot):
    held = software.post("holds", slot)
    assert held.status_code == 201
    hold = held.json()
    assert software.get(f"holds/{hold['id']}").json() == hold
    assert code_of(software.post("holds", slot)) == (409, "slot-taken")
    answer = booked(software, slot, hold=hold["id"])
    assert Taken.objects.get().pk == Appointment.unscoped.get().taken_id
    assert answer.json()["starts_at"] == NINE
    assert software.get(f"holds/{hold['id']}").status_code == 404


def test_a_hold_expires_and_is_let_go(software, slot, now):
    hold = software.post("holds", slot).json()
    assert software.delete(f"holds/{hold['id']}").status_code == 204
    assert not Taken.objects.exists()
    hold = software.post("holds", slot).json()
    with time_machine.travel(now + timedelta(minutes=8)):
        late = Software(software.credential)
        answer = late.post("appointments", slot | {"new_patient": WHO, "hold": hold["id"]})
        assert code_of(answer) == (409, "hold-gone")


def test_another_credentials_hold_is_not_found(software, slot, agenda):
    other = make_credential("Autre", key=KEY)
    make_grant(other, agenda)
    hold = software.post("holds", slot).json()
    stranger = Software(other)
    assert stranger.get(f"holds/{hold['id']}").status_code == 404
    assert stranger.delete(f"holds/{hold['id']}").status_code == 404
    answer = stranger.post("appointments", slot | {"new_patient": WHO, "hold": hold["id"]})
    assert code_of(answer) == (409, "hold-gone")


def test_nobody_can_hold_a_whole_agenda(software, slot, monkeypatch):
    monkeypatch.setattr(bookings, "MOST_HOLDS", 2)
    for minute in ("00", "30"):
        assert software.post(
            "holds", slot | {"starts_at": f"2026-11-30T08:{minute}:00Z"}
        ).status_code == 201  # fmt: skip
    third = software.post("holds", slot | {"starts_at": "2026-11-30T09:00:00Z"})
    assert code_of(third) == (409, "too-many-holds")


def test_moving_needs_the_version_that_was_read(software, slot):
    made = booked(software, slot)
    path = f"appointments/{made.json()['id']}/move"
    later = {"starts_at": "2026-11-30T09:00:00Z"}
    assert code_of(software.post(path, later)) == (428, "if-match-required")
    assert code_of(software.post(path, later, match='"another"')) == (412, "version-changed")
    moved = software.post(path, later, match=made["ETag"])
    assert moved.status_code == 200
    assert moved.json()["starts_at"] == later["starts_at"]
    assert moved["ETag"] != made["ETag"]
    # Somebody else's change is not overwritten by who read before it.
    lost = software.post(path, {"starts_at": "2026-11-30T10:00:00Z"}, match=made["ETag"])
    assert code_of(lost) == (412, "version-changed")
    assert Appointment.unscoped.get().starts_at == datetime(2026, 11, 30, 9, tzinfo=UTC)


def test_moving_to_another_practice_is_refused(software, slot):
    made = booked(software, slot)
    elsewhere = make_agenda()
    reason = make_reason(elsewhere)
    make_opening(elsewhere, reason)
    make_grant(software.credential, elsewhere)
    body = {"starts_at": NINE, "visit_reason": str(reason.pk)}
    answer = software.post(f"appointments/{made.json()['id']}/move", body, match=made["ETag"])
    assert code_of(answer) == (400, "invalid")


def test_cancelling_and_marking(software, slot, time_machine):
    made = booked(software, slot)
    path = f"appointments/{made.json()['id']}"
    time_machine.move_to(datetime.fromisoformat(NINE) - timedelta(hours=1))
    software = software.renewed()
    arrived = software.post(f"{path}/status", {"status": "arrived"}, match=made["ETag"])
    assert arrived.json()["status"] == "arrived"
    assert code_of(
        software.post(f"{path}/status", {"status": "cancelled"}, match=arrived["ETag"])
    ) == (400, "invalid")
    gone = software.post(f"{path}/cancel", {}, match=arrived["ETag"])
    assert gone.json()["status"] == "cancelled"
    assert not Taken.objects.exists()
    again = software.post(f"{path}/cancel", {}, match=gone["ETag"])
    assert code_of(again) == (409, "not-active")
    assert software.get(path)["ETag"] == gone["ETag"]


def test_openings_are_made_changed_and_deleted(software, agenda, reason):
    path = f"agendas/{agenda.pk}/openings"
    body = {
        "starts_on": "2026-12-01", "from_time": "14:00", "until_time": "17:30",
        "visit_reasons": [str(reason.pk)],
    }  # fmt: skip
    made = software.post(path, body)
    assert made.status_code == 201
    row = made.json()
    assert row["until_time"] == "17:30"
    assert len(software.get(path).json()["openings"]) == 2
    assert code_of(software.post(path, body | {"from_time": "13:00"})) == (409, "overlaps-opening")
    one = f"openings/{row['id']}"
    changed = software.put(one, body | {"until_time": "18:00"}, match=made["ETag"])
    assert changed.json()["until_time"] == "18:00"
    assert code_of(software.delete(one, match=made["ETag"])) == (412, "version-changed")
    assert software.delete(one, match=changed["ETag"]).status_code == 204
    assert Opening.objects.count() == 1
    assert Entry.objects.filter(
        action="opening-deleted", credential_id=software.credential.pk
    ).exists()  # fmt: skip


def test_an_opening_serves_reasons_of_its_own_agenda_alone(software, agenda):
    other = make_reason(make_agenda(practice=agenda.practice))
    body = {
        "starts_on": "2026-12-01", "from_time": "14:00", "until_time": "13:00",
        "visit_reasons": [str(other.pk)],
    }  # fmt: skip
    answer = software.post(f"agendas/{agenda.pk}/openings", body)
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/until_time"]
    answer = software.post(f"agendas/{agenda.pk}/openings", body | {"until_time": "15:00"})
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/visit_reasons"]


def test_absences_name_what_stays_booked(software, agenda, slot):
    made = booked(software, slot).json()
    path = f"agendas/{agenda.pk}/absences"
    body = {"starts_at": "2026-11-30T07:00:00Z", "until": "2026-11-30T12:00:00Z"}
    absence = software.post(path, body).json()
    assert absence["appointments_inside"] == [made["id"]]
    listed = software.get(path, since=body["starts_at"], until=body["until"]).json()["absences"]
    assert [row["id"] for row in listed] == [absence["id"]]
    assert software.delete(f"absences/{absence['id']}").status_code == 204
    assert not Absence.objects.exists()


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"starts_at": "tomorrow"}, "/starts_at"),
        ({"starts_at": 7}, "/starts_at"),
        ({"visit_reason": "x"}, "/visit_reason"),
        ({"new_patient": WHO | {"phone": "12"}}, "/new_patient/phone"),
        ({"new_patient": WHO | {"birth_date": "2030-01-01"}}, "/new_patient/birth_date"),
        ({"new_patient": {"first_name": "A"}}, "/new_patient/last_name"),
        ({"status": "seen"}, "/status"),
        ({"agenda": "01a00000-0000-7000-8000-000000000001"}, "/agenda"),
        ({"practice": "01a00000-0000-7000-8000-000000000001"}, "/practice"),
        ({"patient": "01a00000-0000-7000-8000-000000000001"}, ""),
        ({"outside_openings": "yes"}, "/outside_openings"),
        ({"note": "a\x00b"}, "/note"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_taken_from_the_request_unasked(
    software, slot, changed, pointer
):
    """CVE-2023-3700: agenda, practice, patient and status ids are not taken from the request."""
    answer = software.post("appointments", slot | {"new_patient": WHO} | changed)
    assert code_of(answer) == (400, "invalid")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert not Appointment.unscoped.exists()


# The same request again -------------------------------------------------------------------------


def test_the_same_key_books_once_and_answers_alike(software, slot):
    first = software.post("appointments", slot | {"new_patient": WHO}, key="a")
    again = software.post("appointments", slot | {"new_patient": WHO}, key="a")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["ETag"] == first["ETag"]
    assert again["Idempotent-Replayed"] == "true"
    assert Appointment.unscoped.count() == 1
    kept = IdempotentRequest.objects.get()
    assert "Quatrefages" not in str(kept.body)


def test_a_key_of_another_request_is_refused(software, slot):
    software.post("appointments", slot | {"new_patient": WHO}, key="a")
    other = software.post("holds", slot, key="a")
    assert code_of(other) == (422, "idempotency-key-reused")


def test_another_credentials_key_is_another_key(software, slot, agenda):
    other = make_credential("Autre", key=KEY)
    make_grant(other, agenda)
    assert software.post("holds", slot, key="a").status_code == 201
    later = slot | {"starts_at": "2026-11-30T09:00:00Z"}
    assert Software(other).post("holds", later, key="a").status_code == 201


def test_what_failed_may_be_tried_again_under_its_key(software, slot):
    hold = software.post("holds", slot).json()
    refused = software.post("appointments", slot | {"new_patient": WHO}, key="a")
    assert code_of(refused) == (409, "slot-taken")
    software.delete(f"holds/{hold['id']}")
    assert software.post("appointments", slot | {"new_patient": WHO}, key="a").status_code == 201


def test_keys_are_forgotten_after_a_day_and_identities_never_kept(software, slot):
    made = software.post("appointments", slot | {"new_patient": WHO}, key="a").json()
    assert once.drop_old(now=timezone.now() + timedelta(hours=23)) == 0
    assert once.drop_old(now=timezone.now() + timedelta(hours=25)) == 1
    body = {"purpose": "care", "fields": ["last_name"]}
    answer = software.post(f"appointments/{made['id']}/reveal", body, key="b")
    assert code_of(answer) == (400, "idempotency-key-invalid")
    assert not Entry.objects.filter(action="reveal", credential_id=software.credential.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_under_one_key_book_once(software, slot):
    def book(_n):
        try:
            return Software(software.credential).post(
                "appointments", slot | {"new_patient": WHO}, key="a"
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(book, range(4)))
    assert [a.status_code for a in answers] == [201] * 4
    assert len({a.json()["id"] for a in answers}) == 1
    assert Appointment.unscoped.count() == 1


# How many ----------------------------------------------------------------------------------------


def test_the_request_limit_is_told_and_held(software, settings):
    settings.PARTNER_REQUESTS_A_MINUTE = 2
    answers = [software.get("agendas") for _n in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[0]["RateLimit-Policy"] == '"requests";q=2;w=60'
    assert answers[1]["RateLimit"].startswith('"requests";r=0;t=')
    assert code_of(answers[2]) == (429, "throttled")
    assert 0 < int(answers[2]["Retry-After"]) <= 60


def test_an_agendas_dates_are_dates(software, agenda):
    row = software.get(f"agendas/{agenda.pk}/openings").json()["openings"][0]
    assert date.fromisoformat(row["starts_on"]) == date(2026, 11, 23)
    assert row["until_date"] is None
