"""The agenda by hand: moved, resized, taken back; and what an open page is told."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from booking.appointments import marking
from booking.models import Message
from booking.models.appointment import Channel
from practitioners.domain import live
from practitioners.domain.scheduling.next_slots import mark_stale
from practitioners.models import Taken
from tests.asgi import Stream, run_async
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    verified_client,
)
from tests.support.booked import NINE, booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
DAY = "2026-11-30"


@pytest.fixture
def visit(now):
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    return booked(reason, now, patient=make_patient(make_account()), channel=Channel.PRACTICE)


@pytest.fixture
def desk(visit):
    return verified_client(make_member(visit.practice).account)


def drag(desk, visit, **place):
    url = reverse("booking:drag-visit", args=[visit.practice_id, visit.pk])
    place = {"agenda": visit.agenda_id, "jour": DAY, "minute": 9 * 60} | place
    return desk.post(url, place)


def news(visit):
    return {
        (m.kind, m.state)
        for m in Message.objects.filter(appointment=visit).exclude(kind="reminder")
        if m.state != "void"
    }


def test_a_visit_is_put_elsewhere_and_its_patient_hears_of_it_a_little_later(visit, desk):
    answer = drag(desk, visit, minute=10 * 60 + 5)
    assert answer.json() == {
        "text": "09:00 → 10:05 – 10:35. Le patient en sera prévenu par e-mail dans 30 secondes.",
        "former": {"agenda": str(visit.agenda_id), "jour": DAY, "minute": 540, "duree": 30},
    }
    visit.refresh_from_db()
    assert visit.starts_at == datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
    change_owed = Message.objects.get(appointment=visit, kind="change")
    assert change_owed.due_at - change_owed.created_at == timedelta(seconds=30)
    assert news(visit) == {("change", "owed")}


def test_what_is_taken_back_at_once_reaches_nobody(visit, desk):
    reminders = Message.objects.filter(appointment=visit, kind="reminder", state="owed").count()
    former = drag(desk, visit, minute=11 * 60).json()["former"]
    drag(desk, visit, **former, retour="1")
    visit.refresh_from_db()
    assert visit.starts_at == NINE
    assert news(visit) == {("confirmation", "owed")}
    owed = Message.objects.filter(appointment=visit, kind="reminder", state="owed")
    assert owed.count() == reminders > 0
    moved = Entry.objects.filter(action="appointment-moved", object_id=visit.pk)
    assert moved.count() == 2, "the record keeps both"


def test_what_is_taken_back_after_its_news_left_is_news_again(visit, desk):
    Message.objects.filter(appointment=visit).update(state="sent")
    former = drag(desk, visit, minute=11 * 60).json()["former"]
    Message.objects.filter(appointment=visit, kind="change").update(state="sent")
    drag(desk, visit, **former, retour="1")
    changes = Message.objects.filter(appointment=visit, kind="change").order_by("turn")
    assert [m.state for m in changes] == ["sent", "owed"]


def test_a_visit_is_made_longer_and_says_nothing_to_its_patient(visit, desk, now):
    before = news(visit)
    assert drag(desk, visit, duree=50).json()["text"] == "09:00 – 09:50"
    visit.refresh_from_db()
    assert visit.ends_at == NINE + timedelta(minutes=50)
    assert Taken.objects.get(pk=visit.taken_id).period.upper == visit.ends_at
    assert news(visit) == before
    entry = Entry.objects.get(action="appointment-resized")
    assert (entry.details["from"], entry.details["to"]) == (30, 50)
    # Its length stays when it is moved.
    assert drag(desk, visit, minute=10 * 60).json()["text"].startswith("09:00 → 10:00 – 10:50.")
    other = booked(visit.visit_reason, now, starts_at=NINE, channel=Channel.PRACTICE)
    refused = drag(desk, other, duree=90)
    assert refused.status_code == 409
    assert "pris" in refused.json()["problem"]
    other.refresh_from_db()
    assert other.ends_at == NINE + timedelta(minutes=30)
    assert drag(desk, other, minute=10 * 60 + 30).status_code == 409
    for minutes in (1, 481):
        assert drag(desk, other, duree=minutes).status_code == 409


def test_a_seat_of_a_session_is_as_long_as_the_session_says(now):
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason, capacity=3, slot_minutes=30)
    seat = booked(reason, now, channel=Channel.PRACTICE)
    desk = verified_client(make_member(agenda.practice).account)
    assert drag(desk, seat, duree=60).status_code == 409
    assert "09:00 → 09:30 – 10:00" in drag(desk, seat, minute=9 * 60 + 30).json()["text"]
    seat.refresh_from_db()
    assert seat.taken.seat >= 1000


def test_on_another_agenda_it_becomes_that_agendas_reason(visit, desk):
    other = make_agenda(practice=visit.practice)
    refused = drag(desk, visit, agenda=other.pk)
    assert refused.status_code == 409 and "motif" in refused.json()["problem"]
    reason = make_reason(other, duration_minutes=45)
    make_opening(other, reason)
    assert drag(desk, visit, agenda=other.pk).status_code == 200
    visit.refresh_from_db()
    assert (visit.agenda, visit.visit_reason) == (other, reason)
    assert visit.ends_at - visit.starts_at == timedelta(minutes=30), "as long as it was"


@pytest.mark.parametrize(
    "place",
    [{"agenda": "x"}, {"jour": "demain"}, {"minute": 1440}, {"minute": ""}, {"duree": "long"}],
)
def test_nowhere_is_refused(visit, desk, place):
    assert drag(desk, visit, **place).status_code == 400
    strangers = make_agenda()
    assert drag(desk, visit, agenda=strangers.pk).status_code == 400


def test_nobody_else_puts_it_anywhere(visit, desk):
    delegated = make_member(visit.practice, role="owner")
    delegated.agendas.add(make_agenda(practice=visit.practice))
    strangers = [make_account(), make_member(make_agenda().practice, role="owner").account]
    for account in (*strangers, delegated.account):
        assert drag(verified_client(account), visit).status_code == 404
    assert drag(Client(), visit).status_code == 302
    without = Client()
    without.force_login(
        make_member(visit.practice).account, backend="booking.backends.EmailBackend"
    )
    assert drag(without, visit).status_code == 302
    url = reverse("booking:drag-visit", args=[visit.practice_id, visit.pk])
    assert desk.get(url).status_code == 405
    visit.refresh_from_db()
    assert visit.moves == 0


def test_a_page_that_stays_open_opens_the_new_names_alone(visit, desk, now):
    agenda = reverse("booking:agenda", args=[visit.practice_id])
    page = desk.get(agenda, {"jour": DAY, "sans-noms": "1"}).content.decode()
    assert f'data-visit="{visit.pk}"' in page and "Lefèvre" not in page
    assert not Entry.objects.filter(action="reveal", channel="dashboard").exists()
    names = reverse("booking:agenda-names", args=[visit.practice_id])
    strange = booked(make_reason(make_agenda()), now, channel=Channel.PRACTICE, anywhere=True)
    answer = desk.get(names, {"rdv": [visit.pk, strange.pk, "x"]})
    assert answer.json() == {str(visit.pk): "Zoé Lefèvre"}
    (entry,) = Entry.objects.filter(action="reveal", channel="dashboard")
    assert entry.subjects == [visit.patient_id]
    delegated = make_member(visit.practice)
    delegated.agendas.add(make_agenda(practice=visit.practice))
    assert verified_client(delegated.account).get(names, {"rdv": visit.pk}).json() == {}


def test_only_who_may_change_is_offered_to(visit, desk):
    page = desk.get(reverse("booking:agenda", args=[visit.practice_id]), {"jour": DAY})
    assert 'data-may-change="1"' in page.content.decode()
    assert "/direct/cabinet/" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_an_open_page_is_told_that_its_agenda_changed(visit, desk, monkeypatch, time_machine):
    monkeypatch.setattr(live, "BEAT_S", 1)
    path = reverse("booking:agenda-events", args=[visit.practice_id])
    other = make_agenda(practice=visit.practice)
    time_machine.move_to(datetime.now(UTC))

    async def follow(client, agenda):
        page = Stream(client, path, f"agenda={agenda.pk}")
        status, _head = await page.begin()
        if status == 200:
            await page.until("listening")
            # Somebody else's agenda is nobody's news here.
            await sync_to_async(mark_stale)(other.pk)
            await page.until(": \n\n")
            assert "changed" not in page.text
            await sync_to_async(marking.mark)(
                appointment=visit, status="arrived", actor=_actor(visit), now=visit.starts_at
            )
            await page.until("changed")
            await sync_to_async(client.session.flush)()
            await page.until("closed")
        await page.end()
        return status, page.text

    status, text = run_async(follow(desk, visit.agenda))
    assert status == 200 and str(visit.pk) not in text
    desk = verified_client(make_member(visit.practice).account)
    assert run_async(follow(desk, make_agenda()))[0] == 404
    stranger = verified_client(make_member(make_agenda().practice).account)
    assert run_async(follow(stranger, visit.agenda))[0] == 404


def _actor(visit):
    from tests.factories import practice_actor

    return practice_actor(visit.practice)
