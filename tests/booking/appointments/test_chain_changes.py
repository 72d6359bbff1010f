"""Both visits of a chain when one is cancelled or moved, or its time is closed."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django_scopes import scope

from booking.appointments import change, former_time
from booking.appointments.absences import absences
from booking.appointments.book import AlsoBooked
from booking.appointments.several import series
from booking.appointments.values import By, Conditions
from booking.models import Appointment, Message
from booking.models.appointment import Channel, Status
from booking.models.message import MessageKind
from booking.outbox import kinds
from booking.rights import erase
from tests.factories import make_member, practice_actor, verified_client
from tests.support.chains import FOUR, HALF, NINE, account, after, booked, elsewhere, reasons  # noqa: F401

pytestmark = pytest.mark.django_db


def test_both_are_cancelled_and_come_back_together(reasons, account, now):
    row = booked(reasons[0], NINE, now, account)
    then = after(row)
    change.cancel(
        appointment=row,
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=now,
        undo_within=former_time.UNDO,
    )
    then.refresh_from_db()
    assert then.status == Status.CANCELLED
    news = Message.objects.get(kind=MessageKind.CANCELLATION)
    assert "Puis 09:30" in kinds.compose(news, now=now).text
    series.restore(appointment=row, actor=practice_actor(), now=now)
    then.refresh_from_db()
    assert (then.status, after(row).pk) == (Status.BOOKED, then.pk)


@pytest.mark.usefixtures("at_now")
@pytest.mark.usefixtures("at_now")
def test_a_patient_changes_both_by_the_first(reasons, account, now):
    row = booked(reasons[0], NINE, now, account)
    then, client = after(row), verified_client(account)
    for act in (
        lambda: change.cancel(appointment=then, by=By(actor=practice_actor(), channel=Channel.PATIENT), now=now),
        lambda: change.move(appointment=then, starts_at=FOUR[2], by=By(actor=practice_actor(), channel=Channel.PATIENT), now=now),
    ):  # fmt: skip
        with pytest.raises(change.FollowsAnother), transaction.atomic():
            act()
    page = client.get(reverse("booking:appointment", args=[then.pk])).content.decode()
    assert "changez le premier" in page
    assert reverse("booking:cancel", args=[then.pk]) not in page
    page = client.get(reverse("booking:appointment", args=[row.pk])).content.decode()
    assert "Puis" in page
    assert str(then.agenda.practitioner) in page
    answer = client.post(reverse("booking:cancel", args=[then.pk]))
    assert answer.status_code == 409


@pytest.fixture
def closed(reasons, now):
    """Closes the time of a chain with both of its practitioners; returns whom the news reaches."""

    def close(**values):
        practice = reasons[0].agenda.practice
        with scope(practice=practice):
            changed = absences.close_time(
                agendas=[reason.agenda for reason in reasons], starts_at=NINE - HALF,
                until=NINE + 2 * HALF, label="", actor=practice_actor(practice), now=now, **values,
            )  # fmt: skip
        return [each.appointment for each in changed]

    return close


def news():
    owed = Message.objects.filter(state="owed").exclude(kind=MessageKind.REMINDER)
    return [(row.kind, row.appointment_id) for row in owed.order_by("created_at", "pk")]


@pytest.mark.parametrize("moves", [None, "nowhere"])
def test_closing_the_time_of_both_cancels_both_with_one_message(
    moves, closed, reasons, account, now
):
    row = booked(reasons[0], NINE, now, account)
    then = after(row)
    if moves is None:
        assert closed(booked=absences.Booked.CANCEL) == [row]
    else:
        moves = {row.pk: None, then.pk: None}
        assert closed(booked=absences.Booked.MOVE, moves=moves) == [row]
    for each in (row, then):
        each.refresh_from_db()
        assert each.status == Status.CANCELLED
    assert news() == [("cancellation", row.pk)]


def test_closing_the_time_of_both_moves_both_with_one_message(closed, reasons, account, now):
    row = booked(reasons[0], NINE, now, account)
    then = after(row)
    moves = {row.pk: NINE + 2 * HALF, then.pk: NINE + 3 * HALF}
    assert closed(booked=absences.Booked.MOVE, moves=moves) == [row]
    then.refresh_from_db()
    assert (then.starts_at, then.moves) == (NINE + 3 * HALF, 1)
    assert news() == [("change", row.pk)]


def test_closing_the_time_of_the_second_alone_leaves_the_first(reasons, account, now):
    row = booked(reasons[0], NINE, now, account)
    then = after(row)
    with scope(practice=row.practice):
        absences.close_time(
            agendas=[reasons[1].agenda], starts_at=NINE, until=NINE + 2 * HALF, label="",
            booked=absences.Booked.CANCEL, actor=practice_actor(row.practice), now=now,
        )  # fmt: skip
    row.refresh_from_db()
    then.refresh_from_db()
    assert (row.status, then.status) == (Status.BOOKED, Status.CANCELLED)


@pytest.mark.parametrize("has_begun", [False, True])
def test_an_account_with_a_chain_can_be_erased(has_begun, reasons, account, now):
    row = booked(reasons[0], NINE, now, account)
    then = after(row)
    at = NINE + HALF / 2 if has_begun else now
    erase.erase_account(account=account, actor=practice_actor(), now=at)
    row.refresh_from_db()
    then.refresh_from_db()
    assert then.status == Status.CANCELLED
    assert row.status == (Status.BOOKED if has_begun else Status.CANCELLED)


def test_a_visit_that_has_begun_leaves_the_news_to_the_one_that_follows(reasons, account, now):
    row = booked(reasons[0], NINE, now, account)
    then = after(row)
    change.cancel(
        appointment=row,
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=NINE + HALF / 2,
    )
    assert news() == [("cancellation", then.pk)]


def test_a_move_asks_about_what_the_second_visit_gets_in_the_way_of(reasons, account, client, now):
    row = booked(reasons[0], NINE, now, account)
    elsewhere(row.patient, FOUR[2], now)
    own = Appointment.unscoped.filter(patient=row.patient)
    moved = {"appointment": row, "starts_at": FOUR[1], "now": now}
    patient, practice = (
        By(actor=practice_actor(), channel=channel)
        for channel in (Channel.PATIENT, Channel.PRACTICE)
    )
    for by in (patient, practice):
        with pytest.raises(AlsoBooked) as asks, transaction.atomic():
            change.move(by=by, conditions=Conditions(heeding=own), **moved)
        assert [each.wanted.starts_at for each in asks.value.conflicts] == [FOUR[2]]
    client.force_login(account, backend="booking.backends.EmailBackend")
    address = reverse("booking:move", args=[row.pk])
    page = client.get(address, {"debut": FOUR[1].isoformat()}).content.decode()
    assert "a déjà rendez-vous à cette heure" in page
    assert 'name="les-deux"' in page
    change.move(by=patient, **moved)
    assert after(row).starts_at == FOUR[2]


def test_a_second_visit_that_stays_on_another_day_is_said_with_its_day(reasons, account, now):
    """A practice moves the first to where nothing follows: the second stays where it is."""
    row = booked(reasons[0], NINE, now, account)
    then = after(row)
    moved = change.move(
        appointment=row,
        starts_at=NINE + timedelta(days=1),
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        conditions=Conditions(anywhere=True),
        now=now,
    )
    then.refresh_from_db()
    assert then.starts_at == NINE + HALF
    for kind in ("change", "reminder"):
        values = {"appointment": moved, "due_at": now, "created_at": now, "turn": "24h/1"}
        letter = kinds.compose(Message(kind=kind, channel="email", **values), now=now)
        for text in (letter.text, letter.html):
            assert "Puis lundi 30 novembre 2026, 09:30" in " ".join(text.split())
        text = kinds.compose(Message(kind=kind, channel="sms", **values), now=now).text
        assert ", puis lun. 30 nov. 09:30 " in text
    for name in ("appointment", "cancel", "move"):
        page = verified_client(account).get(reverse(f"booking:{name}", args=[row.pk]))
        assert "lundi 30 novembre 2026, 09:30" in page.content.decode()


@pytest.mark.usefixtures("at_now")
def test_the_first_stays_when_the_practice_cancels_the_second(reasons, account, now):
    first = booked(reasons[0], NINE, now, account)
    second = after(first)
    desk = verified_client(make_member(first.practice).account)
    url = reverse("booking:cancel-visit", args=[first.practice_id, second.pk])
    said = "Le rendez-vous qui le précède, le lundi 30 novembre 2026 à 09:00 avec"
    assert said in desk.get(url).content.decode()
    Message.objects.all().delete()
    desk.post(url)
    first.refresh_from_db()
    assert first.status == "booked"
    row = Message.objects.get(kind="cancellation", channel="email")
    letter = kinds.compose(row, now=now + timedelta(minutes=1))
    assert said in letter.text and said in letter.html
