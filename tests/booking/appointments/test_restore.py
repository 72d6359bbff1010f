"""A practice takes a cancellation back, and cancels the rest of a series with one message."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django_scopes import scope

from audit.models import Entry
from booking.appointments import change, former_time, undo
from booking.appointments.absences.absences import Booked, close_time
from booking.appointments.book import SlotTaken
from booking.appointments.queries.series import cancelled_with
from booking.appointments.several import series
from booking.appointments.values import By
from booking.models import Appointment, Message
from booking.models.appointment import Channel, Status
from booking.models.message import MessageKind, MessageState
from booking.outbox import sending
from practitioners.domain.scheduling import next_slots
from practitioners.domain.scheduling.availability import free_slots
from practitioners.domain.scheduling.reservations import holds, take
from practitioners.templatetags.doctolib import day
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.asked import asked
from tests.support.booked import NINE, booked

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def reason():
    agenda = make_agenda()
    row = make_reason(agenda, series_at_most=6)
    make_opening(agenda, row)
    return row


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def rows(reason, account, now):
    """Four visits in a row, a week apart, all in the future."""
    first = booked(reason, now, patient=make_patient(account))
    more = series.book_series(
        appointment=first,
        starts=[first.starts_at + n * WEEK for n in (1, 2, 3)],
        by=By(account=account, actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )
    return [first, *more]


def owed(row):
    found = Message.objects.filter(appointment=row, state=MessageState.OWED)
    return sorted((each.kind, each.turn) for each in found)


def cancelled(row, now, **values):
    how = asked(actor=practice_actor(), channel=Channel.PRACTICE, **values)
    return change.cancel(appointment=row, now=now, **how)


def starts(reason, now):
    found = free_slots(
        visit_reason=reason, since=now, until=now + timedelta(days=8), now=now, online=False
    )
    return [slot.starts_at for slot in found]


def test_what_is_taken_back_never_happened(rows, reason, now):
    row, before = rows[0], owed(rows[0])
    cancelled(row, now, undo_within=former_time.UNDO)
    # Meanwhile the time is nobody else's, and the patient's news waits.
    assert row.starts_at not in starts(reason, now)
    with pytest.raises(SlotTaken):
        take.hold(visit_reason=reason, starts_at=row.starts_at, key="k", now=now)
    news = Message.objects.get(appointment=row, kind=MessageKind.CANCELLATION)
    assert news.due_at == now + former_time.UNDO
    later = now + timedelta(seconds=20)
    restored = undo.restore(appointment=row, actor=practice_actor(), now=later)
    assert (restored.status, restored.taken_id) == (Status.BOOKED, row.taken_id)
    assert restored.taken.hold_until is None
    assert owed(row) == before
    actions = Entry.objects.filter(object_id=row.pk).order_by("at", "id")
    assert list(actions.values_list("action", flat=True))[-2:] == [
        "appointment-cancelled", "appointment-restored",
    ]  # fmt: skip
    # And it can be cancelled again.
    cancelled(row, later)
    assert [kind for kind, _turn in owed(row)] == [MessageKind.CANCELLATION]


def test_after_half_a_minute_the_time_is_everybodys(rows, reason, now):
    row = rows[0]
    cancelled(row, now, undo_within=former_time.UNDO)
    late = now + former_time.UNDO
    assert not former_time.can_restore(row, now=late)
    with pytest.raises(undo.TooLateToUndo):
        undo.restore(appointment=row, actor=practice_actor(), now=late)
    assert row.starts_at in starts(reason, late)
    # Who clears the hold asks for the search's next slots to be looked at again.
    next_slots.take_stale()
    assert holds.drop_expired_holds(now=late) == 1
    assert next_slots.take_stale() == [reason.agenda_id]


def test_a_cancellation_without_a_way_back_has_none(rows, now):
    cancelled(rows[0], now)
    with pytest.raises(undo.TooLateToUndo):
        undo.restore(appointment=rows[0], actor=practice_actor(), now=now)
    with pytest.raises(undo.TooLateToUndo):
        undo.restore(appointment=rows[1], actor=practice_actor(), now=now)


def test_the_rest_of_a_series_goes_with_one_message(rows, now):
    kept = rows[0]
    gone = series.cancel_with_following(
        appointment=rows[1], by=By(actor=practice_actor(), channel=Channel.PATIENT), now=now
    )
    assert [row.pk for row in gone] == [row.pk for row in rows[1:]]
    kept.refresh_from_db()
    assert kept.status == Status.BOOKED
    told = [owed(row) for row in gone]
    assert [[kind for kind, _turn in each] for each in told] == [[MessageKind.CANCELLATION], [], []]
    assert [each.pk for each in cancelled_with(gone[0])] == [row.pk for row in rows[2:]]


def test_each_of_a_series_is_late_by_its_own_hour(rows, now):
    rows[0].visit_reason.cancel_deadline_hours = 14 * 24
    rows[0].visit_reason.save()
    later = now + timedelta(hours=2)
    gone = series.cancel_with_following(
        appointment=rows[1], by=By(actor=practice_actor(), channel=Channel.PATIENT), now=later
    )
    assert [row.cancelled_late for row in gone] == [True, False, False]


def test_one_that_has_begun_keeps_all(rows):
    with pytest.raises(change.HasBegun):
        series.cancel_with_following(
            appointment=rows[1],
            by=By(actor=practice_actor(), channel=Channel.PATIENT),
            now=rows[1].starts_at,
        )
    assert Appointment.unscoped.filter(status=Status.CANCELLED).count() == 0


@pytest.mark.usefixtures("at_now")
def test_the_patients_page_offers_the_whole(rows, account):
    client = verified_client(account)
    url = reverse("booking:cancel", args=[rows[1].pk])
    assert (
        "Annuler aussi les 2 rendez-vous suivants de la série" in client.get(url).content.decode()
    )
    page = client.post(url, {"suivants": "on"}, follow=True).content.decode()
    assert "Ce rendez-vous et les suivants sont annulés." in page
    assert Appointment.unscoped.filter(status=Status.CANCELLED).count() == 3


@pytest.mark.usefixtures("at_now")
def test_the_dashboard_offers_the_way_back(rows, reason):
    member = make_member(reason.agenda.practice, role="secretary")
    client = verified_client(member.account)
    args = [reason.agenda.practice_id, rows[0].pk]
    page = client.post(
        reverse("booking:cancel-visit", args=args), {"suivants": "on"}, follow=True
    ).content.decode()
    assert "Revenir en arrière" in page
    assert Appointment.unscoped.filter(status=Status.CANCELLED).count() == 4
    page = client.post(reverse("booking:restore-visit", args=args), follow=True).content.decode()
    assert "Rien n’est annulé." in page
    assert "Revenir en arrière" not in page
    assert Appointment.unscoped.filter(status=Status.CANCELLED).count() == 0
    again = client.post(reverse("booking:restore-visit", args=args), follow=True)
    assert "Trop tard pour revenir en arrière" in again.content.decode()


def news_of(rows):
    found = Message.objects.filter(kind=MessageKind.CANCELLATION, state=MessageState.OWED)
    numbers = {row.pk: n for n, row in enumerate(rows)}
    return sorted(numbers[row.appointment_id] for row in found)


def test_where_the_first_has_begun_the_next_of_the_series_tells_of_all(rows):
    """Nobody is told of a visit that has begun, so that it cannot tell of the others either."""
    rows[0].refresh_from_db()
    begun = rows[0].starts_at + timedelta(minutes=1)
    series.cancel_with_following(
        appointment=rows[0], by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=begun
    )
    assert news_of(rows) == [1]


def test_closing_a_month_cancels_a_series_with_one_message(rows, now):
    mail.outbox.clear()
    Message.objects.all().delete()
    with scope(practice=rows[0].practice):
        close_time(
            agendas=[rows[0].agenda], starts_at=rows[0].starts_at - timedelta(hours=1),
            until=rows[-1].ends_at, label="", booked=Booked.CANCEL, actor=practice_actor(),
            now=now, words="À bientôt.",
        )  # fmt: skip
    assert news_of(rows) == [0]
    sending.send_owed(now=now)
    (letter,) = mail.outbox
    for row in rows:
        assert day(row.starts_at, row.practice).lower() in letter.body.lower()
    assert "À bientôt." in letter.body


def test_a_text_of_the_night_tells_of_what_is_still_to_come(reason, now, settings, tmp_path):
    """The first visit begins before 8:00, when a text may leave; the others do not."""
    settings.SMS_DIR = tmp_path
    patient = make_patient(practice=reason.agenda.practice, phone="+33639980001")
    early = NINE - timedelta(minutes=90)
    first = booked(
        reason, now, patient=patient, starts_at=early, anywhere=True, channel=Channel.PRACTICE
    )
    series.book_series(
        appointment=first,
        starts=[NINE + timedelta(weeks=n) for n in (1, 2)],
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=now + timedelta(minutes=1),
    )
    Message.objects.all().delete()
    first.refresh_from_db()
    evening = early - timedelta(hours=9)
    series.cancel_with_following(
        appointment=first, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=evening
    )
    sending.send_owed(now=evening + timedelta(minutes=1))
    assert not list(tmp_path.iterdir())
    sending.send_owed(now=NINE - timedelta(hours=1))
    (text,) = (json.loads(path.read_text())["text"] for path in tmp_path.iterdir())
    assert "lun. 7 déc." in text
    assert "lun. 14 déc." in text
