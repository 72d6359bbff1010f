"""Which reason the agenda gives for what a practice's people open, and what is told of it."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from audit.actions import REVEAL
from audit.models import Canary, Entry
from audit.record import entries
from audit.record.entries import Actor, ActorKind, Channel, Origin
from audit.vault.guard import Answer, NotOpened
from audit.vault.reveal import Purpose, reveal
from audit.watch.sighting import Reason
from booking.actions import APPOINTMENT_CANCELLED, APPOINTMENT_MOVED
from booking.appointments.book import book
from booking.appointments.values import By
from booking.models import Appointment, Conversation, Document, Wait
from booking.models.appointment import Channel as BookedThrough
from booking.oversight import watching
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
HERE = Origin(network="203.0.113.0/24", key="browser", token="t")
NAME, MORE = ("first_name", "last_name"), ("last_name", "phone")


@pytest.fixture
def agenda():
    return make_agenda()


@pytest.fixture
def patient(agenda):
    return make_patient(practice=agenda.practice)


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def look(agenda, account, monkeypatch):
    """Open fields of patients as somebody of the practice does; what the watch is told of it."""
    told = []
    guard = watching.containment.guard

    def telling(**values):
        told.append(values)
        return guard(**values)

    monkeypatch.setattr(watching.containment, "guard", telling)

    def looking(*patients, names=MORE, origin=HERE, purpose=Purpose.CARE, at=NOW, **details):
        told.clear()
        actor = Actor(
            kind=ActorKind.ACCOUNT, channel=Channel.DASHBOARD, id=account.pk,
            practice_id=agenda.practice_id, origin=origin,
        )  # fmt: skip
        wanted = [(patient, names) for patient in patients]
        with reveal(wanted, actor=actor, purpose=purpose, details=details, at=at):
            pass
        return told[0]["sightings"] if told else []

    looking.told = told
    return looking


def visit(agenda, patient, *, starts=20 * DAY, created=-90 * DAY, cancelled=None):
    """A visit by how long before or after now it is, was booked and was cancelled."""
    reason = agenda.visit_reasons.first() or make_reason(agenda)
    if not agenda.openings.exists():
        make_opening(agenda, reason)
    taken = Appointment.unscoped.filter(agenda=agenda).count()
    made = book(
        visit_reason=reason,
        patient=patient,
        starts_at=datetime(2026, 11, 30, 8, tzinfo=UTC) + taken * timedelta(minutes=30),
        by=By(actor=practice_actor(), channel=BookedThrough.PATIENT),
        now=NOW,
    )
    Appointment.unscoped.filter(pk=made.pk).update(
        starts_at=NOW + starts, ends_at=NOW + starts + timedelta(minutes=30),
        created_at=NOW + created, cancelled_at=None if cancelled is None else NOW + cancelled,
        **({} if cancelled is None else {"status": "cancelled", "taken": None}),
    )  # fmt: skip
    return Appointment.unscoped.get(pk=made.pk)


@pytest.mark.parametrize(
    ("reason", "times"),
    [
        (Reason.FRESH, {"created": -2 * DAY}),
        (Reason.AHEAD, {"created": -2 * DAY - SECOND}),
        (Reason.FRESH, {"cancelled": -2 * DAY}),
        (Reason.NONE, {"cancelled": -2 * DAY - SECOND}),
        (Reason.NEAR, {"starts": -36 * HOUR}),
        (Reason.NONE, {"starts": -36 * HOUR - SECOND}),
        (Reason.NEAR, {"starts": 4 * DAY}),
        (Reason.AHEAD, {"starts": 4 * DAY + SECOND}),
        (Reason.NONE, {"starts": -10 * DAY}),
    ],
)
def test_the_agenda_gives_a_reason_or_none(agenda, patient, look, reason, times):
    visit(agenda, patient, **times)
    (found,) = look(patient)
    assert found.reason == reason


def test_any_visit_may_explain_it_and_the_latest_says_where(agenda, patient, look):
    visit(agenda, patient, starts=-50 * DAY, created=-DAY)
    other = make_agenda(practice=agenda.practice)
    latest = visit(other, patient, starts=30 * DAY)
    (found,) = look(patient)
    assert found.reason == Reason.FRESH
    assert found.place == (other.pk.hex, latest.starts_at.timestamp())


def test_visits_elsewhere_and_of_others_explain_nothing(agenda, patient, look):
    visit(make_agenda(), patient, created=-DAY)
    visit(agenda, make_patient(practice=agenda.practice), created=-DAY)
    (found,) = look(patient)
    assert (found.reason, found.place) == (Reason.NONE, None)


def test_a_name_alone_is_a_part_and_less_is_asked_of_it(patient, look):
    (found,) = look(patient, names=NAME)
    assert (found.reason, found.part, found.use) == (Reason.LEAFED, 0.2, "2")
    (found,) = look(patient, names=("last_name", "phone", "email", "birth_date"))
    assert (found.reason, found.part, found.use) == (Reason.NONE, 1.0, "3")


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ({"starts": -10 * DAY}, Reason.SEARCHED),
        ({"starts": 10 * DAY}, Reason.SEARCHED),
        ({"starts": DAY}, Reason.NEAR),
        ({"created": -DAY}, Reason.FRESH),
    ],
)
def test_people_look_up_by_name(agenda, patient, look, times, reason):
    visit(agenda, patient, **times)
    (found,) = look(patient, search=True)
    assert found.reason == reason


def test_somebody_whom_no_visit_is_of_may_be_looked_up(patient, look):
    assert look(patient, search=True)[0].reason == Reason.SEARCHED


ELSEWHERE = Origin(network="198.51.100.0/24", key="browser")
OTHER_BROWSER = Origin(network="203.0.113.0/24", key="other")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # The same on the same day from the same place is nothing further.
        ((NAME, 1 * HOUR, HERE), NAME, None),
        ((MORE, 1 * HOUR, HERE), MORE, None),
        ((MORE, 9 * HOUR, HERE), MORE, None),
        # On another day, from another network, in another browser it is the same again.
        ((MORE, 9 * HOUR + SECOND, HERE), MORE, Reason.AGAIN),
        ((NAME, 9 * HOUR + SECOND, HERE), NAME, Reason.AGAIN),
        ((MORE, 1 * HOUR, ELSEWHERE), MORE, Reason.AGAIN),
        ((MORE, 1 * HOUR, OTHER_BROWSER), MORE, Reason.AGAIN),
        ((NAME, 1 * HOUR, None), NAME, Reason.AGAIN),
        # More than the name is not the same as the name.
        ((NAME, 1 * HOUR, HERE), MORE, Reason.NONE),
        ((MORE, 1 * HOUR, HERE), NAME, None),
        ((MORE, 62 * DAY, HERE), MORE, Reason.AGAIN),
        ((MORE, 62 * DAY + SECOND, HERE), MORE, Reason.NONE),
    ],
)
def test_what_was_opened_before(patient, look, first, second, expected):
    names, ago, origin = first
    look(patient, names=names, origin=origin, at=NOW - ago)
    found = look(patient, names=second)
    assert [each.reason for each in found] == ([expected] if expected else [])
    if expected is None:
        entry = Entry.objects.filter(action="reveal").latest("at", "id")
        assert entry.details["again"] is True


@pytest.mark.parametrize("more", ["phone", "email", "birth_date"])
def test_what_reaches_somebody_is_more_than_a_name(more, agenda, look):
    patient = make_patient(practice=agenda.practice, email="zoe@patients.example")
    look(patient, names=(more,), at=NOW - DAY)
    assert look(patient, names=MORE)[0].reason == Reason.AGAIN


def test_only_its_own_readings_here_count(agenda, patient, look, account):
    entries_of = {"subjects": [patient.pk], "fields": ["booking_patient.phone"], "at": NOW - DAY}
    mine = Actor(kind=ActorKind.ACCOUNT, channel=Channel.DASHBOARD, id=account.pk)
    for values in (
        {"actor": Actor(kind=ActorKind.ACCOUNT, channel=Channel.DASHBOARD, id=uuid.uuid4())},
        {"actor": Actor(kind=ActorKind.ACCOUNT, channel=Channel.WEB, id=account.pk)},
        {"actor": mine, "subjects": [uuid.uuid4()]},
        {"actor": mine, "at": NOW + SECOND},
    ):
        entries.write(REVEAL, **entries_of | values)
    entries.write(APPOINTMENT_MOVED, actor=mine, **entries_of)
    assert look(patient)[0].reason == Reason.NONE


def conversation(agenda, patient, *, changed, waits):
    Conversation.unscoped.create(
        practice=agenda.practice, agenda=agenda, patient=patient, waits_for_practice=waits,
        started_at=NOW - 90 * DAY, changed_at=NOW + changed,
    )  # fmt: skip


def document(agenda, patient, *, given, opened, by_practice=False):
    Document.unscoped.create(
        practice=agenda.practice, patient=patient, by_practice=by_practice, given_at=NOW + given,
        opened_at=opened, media_type="application/pdf", size=1, scanned=True,
    )  # fmt: skip


LONG = -30 * DAY
WROTE = {
    "a question": (conversation, {"changed": LONG, "waits": True}, Reason.FRESH),
    "an answer two days ago": (conversation, {"changed": -2 * DAY, "waits": False}, Reason.FRESH),
    "an old answer": (conversation, {"changed": -2 * DAY - SECOND, "waits": False}, Reason.NONE),
    "a new document": (document, {"given": LONG, "opened": None}, Reason.FRESH),
    "one of two days ago": (document, {"given": -2 * DAY, "opened": NOW}, Reason.FRESH),
    "an old one": (document, {"given": -2 * DAY - SECOND, "opened": NOW}, Reason.NONE),
    "one of the practice": (
        document, {"given": -DAY, "opened": None, "by_practice": True}, Reason.NONE,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "values", "reason"), WROTE.values(), ids=WROTE)
def test_whoever_has_written_waits_to_be_read(agenda, patient, look, make, values, reason):
    make(agenda, patient, **values)
    other = make_patient(practice=agenda.practice)
    assert [each.reason for each in look(patient, other)] == [reason, Reason.NONE]


def test_what_was_written_to_another_practice_explains_nothing(patient, look):
    elsewhere = make_agenda()
    conversation(elsewhere, patient, changed=-DAY, waits=True)
    document(elsewhere, patient, given=-DAY, opened=None)
    wait(elsewhere, patient)
    assert look(patient, names=NAME)[0].reason == Reason.LEAFED


def wait(agenda, patient, **values):
    Wait.unscoped.create(
        practice=agenda.practice, agenda=agenda, visit_reason=make_reason(agenda), patient=patient,
        weekdays=[0], first_day=NOW.date(), last_day=NOW.date(), created_at=NOW - 30 * DAY,
        **values,
    )  # fmt: skip


def test_the_names_of_a_waiting_list_are_read_and_nothing_else(agenda, patient, look):
    wait(agenda, patient)
    assert look(patient, names=NAME)[0].reason == Reason.FRESH
    assert look(patient, names=MORE)[0].reason == Reason.NONE


def test_whoever_waits_no_more_is_on_no_list(agenda, patient, look):
    wait(agenda, patient, ended_at=NOW - DAY)
    assert look(patient, names=NAME)[0].reason == Reason.LEAFED


def test_the_watch_is_told_who_where_and_by_whose_clock(agenda, patient, look, account):
    """Half past midnight of Wednesday in Paris, where it is still Tuesday by UTC."""
    night = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    (found,) = look(patient, at=night)
    assert (found.at, found.weekday, found.hour) == (night, 2, 0)
    assert (found.network, found.key) == ("203.0.113.0/24", "browser")
    assert (found.practice_id, found.is_canary) == (agenda.practice_id, False)
    (told,) = look.told
    assert (told["holder_id"], told["kind"]) == (account.pk, "account")
    assert (told["group_id"], told["origin"]) == (agenda.practice_id, HERE)
    details = Entry.objects.filter(action="reveal").latest("at", "id").details
    assert (details["weight"], details["odd"]) == (1.0, 1)


def test_without_an_origin_it_is_from_nowhere(patient, look):
    (found,) = look(patient, origin=None)
    assert (found.network, found.key, look.told[0]["origin"]) == ("", "", Origin())


def test_many_together_are_no_walk_and_each_is_told_of_once(agenda, look):
    patients = [make_patient(practice=agenda.practice) for _ in range(3)]
    for patient in patients:
        visit(agenda, patient)
    assert [each.place for each in look(*patients, patients[0])] == [None] * 3
    # What was opened already is left out.
    assert len(look(*patients[:2], make_patient(practice=agenda.practice))) == 1


def test_who_is_a_canary_is_told_of_each(agenda, look):
    patients = [make_patient(practice=agenda.practice) for _ in range(3)]
    for patient in patients:
        visit(agenda, patient)
    Canary.objects.create(subject_id=patients[1].pk, planted_at=NOW)
    with pytest.raises(NotOpened) as refused:
        look(*patients)
    assert refused.value.decision.answer is Answer.ASK
    (told,) = look.told
    assert [each.is_canary for each in told["sightings"]] == [False, True, False]
    # Nothing was opened, and so nothing is opened again.
    assert not Entry.objects.filter(action="reveal", subjects__contains=[patient.pk]).exists()


def test_a_canary_that_no_visit_is_of_is_none(patient, look):
    Canary.objects.create(subject_id=patient.pk, planted_at=NOW)
    assert not look(patient)[0].is_canary


def test_what_is_no_patients_is_not_watched(agenda, patient, look, account):
    assert look(patient, purpose=Purpose.LEGAL) == []
    assert look(account, names=("name",)) == []
    for values in ({"id": None}, {"practice_id": None}):
        actor = Actor(**{
            "kind": ActorKind.ACCOUNT, "channel": Channel.DASHBOARD, "id": account.pk,
            "practice_id": agenda.practice_id,
        } | values)  # fmt: skip
        with reveal([(patient, MORE)], actor=actor, purpose=Purpose.CARE, at=NOW):
            pass
    assert look.told == []


def test_the_changes_of_a_day_are_counted_by_who_made_them(account):
    mine = Actor(kind=ActorKind.ACCOUNT, channel=Channel.DASHBOARD, id=account.pk)
    web = Actor(kind=ActorKind.ACCOUNT, channel=Channel.WEB, id=account.pk)
    midnight = watching.midnight_of(NOW + timedelta(microseconds=5, seconds=7, minutes=3))
    assert midnight == datetime(2026, 11, 24, tzinfo=UTC)
    for actor, action, at in (
        (mine, APPOINTMENT_MOVED, midnight),
        (mine, APPOINTMENT_CANCELLED, NOW),
        (mine, REVEAL, NOW),
        (mine, APPOINTMENT_MOVED, midnight - SECOND),
        (mine, APPOINTMENT_MOVED, NOW + SECOND),
        (web, APPOINTMENT_MOVED, NOW),
        (practice_actor(make_practice()), APPOINTMENT_MOVED, NOW),
    ):
        entries.write(action, actor=actor, at=at)
    count = watching.writes_today(now=NOW, actor_id=account.pk, channel=Channel.DASHBOARD)
    assert count == 2
