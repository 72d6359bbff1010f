"""Two practitioners in a row: both visits or neither, moved and cancelled together."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from booking.appointments import change
from booking.appointments.book import HeldSlot
from booking.appointments.desk import drag
from booking.appointments.values import By
from booking.models import Appointment, Message, Offer
from booking.models.appointment import Channel
from booking.models.message import MessageKind
from booking.outbox import kinds
from booking.waiting import offering, offers, waiting
from booking.waiting.offer_links import offer_token
from practitioners.domain.questions import QuestionSpec, save_questions
from practitioners.domain.scheduling import next_slots
from practitioners.domain.scheduling.availability import free_slots
from practitioners.domain.scheduling.reservations import holds, take
from practitioners.models import NextSlot, Taken, VisitReason
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_member,
    make_patient,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.partners.software import KEY, Software
from tests.support.chains import FOUR, HALF, NINE, account, after, booked, elsewhere, reasons  # noqa: F401

pytestmark = pytest.mark.django_db


def starts(reason, now):
    found = free_slots(visit_reason=reason, since=NINE, until=NINE + timedelta(hours=4), now=now)
    return [slot.starts_at for slot in found]


def test_only_what_can_be_followed_is_offered(reasons, now):
    first, second = reasons
    # The second begins at 9:30 at the earliest, and for the last time at 10:30.
    assert starts(first, now) == FOUR[:3]
    booked(second, NINE + 2 * HALF, now, channel=Channel.PRACTICE)
    # At ten it is taken; a quarter past ten is soon enough.
    assert starts(first, now) == FOUR[:3]
    booked(second, NINE + 2.5 * HALF, now, channel=Channel.PRACTICE)
    assert starts(first, now) == [FOUR[0], FOUR[2]]
    assert starts(second, now) == []


def test_both_are_booked_and_one_message_tells_of_both(reasons, account, now):
    row = booked(reasons[0], NINE, now, account)
    then = after(row)
    assert (then.starts_at, then.visit_reason, then.patient) == (
        NINE + HALF, reasons[1], row.patient,
    )  # fmt: skip
    assert set(Message.objects.values_list("appointment", flat=True)) == {row.pk}
    letter = kinds.compose(Message.objects.get(kind=MessageKind.CONFIRMATION), now=now)
    for text in (letter.text, letter.html):
        assert "Puis 09:30" in text
        assert str(then.agenda.practitioner) in text


def test_neither_where_the_second_has_no_place(reasons, account, now):
    first, second = reasons
    for n in (1, 1.5):
        booked(second, NINE + n * HALF, now, channel=Channel.PRACTICE)
    before = Appointment.unscoped.count()
    for channel in (Channel.PATIENT, Channel.PRACTICE):
        with pytest.raises(take.NothingFollows), transaction.atomic():
            booked(first, NINE, now, account, channel=channel)
    assert Appointment.unscoped.count() == before == Taken.objects.count()


def test_a_session_holds_both_and_gets_both(reasons, account, now):
    first, second = reasons
    hold_id, _until = take.hold(visit_reason=first, starts_at=NINE, key="k", now=now)
    assert Taken.objects.count() == 2
    with pytest.raises(take.SlotTaken), transaction.atomic():
        booked(second, NINE + HALF, now, channel=Channel.PRACTICE)
    row = booked(first, NINE, now, account, held=HeldSlot(id=hold_id, key="k"))
    assert after(row).starts_at == NINE + HALF
    assert Taken.objects.filter(hold_until__isnull=True).count() == 2
    with pytest.raises(take.OutsideOpening), transaction.atomic():
        take.hold(visit_reason=first, starts_at=FOUR[1], key="l", now=now, count=2)
    assert Taken.objects.count() == 2


def test_the_second_is_at_the_hour_that_was_shown(reasons, account, now):
    """Something sooner became free while the last page was open."""
    first, second = reasons
    sooner = booked(second, NINE + HALF, now, channel=Channel.PRACTICE)
    hold_id, _until = take.hold(visit_reason=first, starts_at=NINE, key="k", now=now)
    (shown,) = holds.held_by(key="k", visit_reason=second, now=now)
    assert shown.starts_at == NINE + 1.5 * HALF
    change.cancel(
        appointment=sooner, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now
    )
    row = booked(first, NINE, now, account, held=HeldSlot(id=hold_id, key="k"))
    assert after(row).starts_at == shown.starts_at
    assert not Taken.objects.filter(hold_until__isnull=False).exists()


def test_the_second_comes_along(reasons, account, now):
    row = booked(reasons[0], NINE, now, account)
    moved = change.move(
        appointment=row,
        starts_at=FOUR[1],
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )
    then = after(moved)
    assert then.starts_at == FOUR[2]
    assert set(Message.objects.values_list("appointment", flat=True)) == {row.pk}
    # Half a slot later it still is soon enough where it was.
    drag.drag(
        appointment=moved, agenda=moved.agenda, starts_at=FOUR[1] - timedelta(minutes=10),
        actor=practice_actor(), now=now,
    )  # fmt: skip
    assert after(moved).starts_at == FOUR[2]
    # A patient cannot go where it has no place; a practice can, and sees to it by hand.
    with pytest.raises(take.NothingFollows), transaction.atomic():
        change.move(
            appointment=row,
            starts_at=FOUR[3],
            by=By(actor=practice_actor(), channel=Channel.PATIENT),
            now=now,
        )
    change.move(
        appointment=row,
        starts_at=FOUR[3],
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=now,
    )
    assert after(row).starts_at == FOUR[2]


@pytest.mark.usefixtures("at_now")
def test_the_last_page_names_both_hours(reasons, account):
    client = verified_client(account)
    make_patient(account)
    at = {"motif": reasons[0].pk, "debut": NINE.isoformat(), "personnes": "1"}
    answer = client.post(reverse("booking:hold"), at)
    page = client.get(answer["Location"]).content.decode()
    assert "Puis" in page
    assert "<strong>09:30</strong>" in page


@pytest.mark.usefixtures("at_now")
def test_software_that_may_not_see_the_second_is_offered_nothing(reasons):
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, reasons[0].agenda, fields=["last_name"])
    software = Software(credential)
    path = f"visit-reasons/{reasons[0].pk}/slots"
    day = {"since": "2026-11-30T00:00:00Z", "until": "2026-12-01T00:00:00Z"}
    assert software.get(path, **day).json()["slots"] == []
    body = {
        "visit_reason": str(reasons[0].pk), "starts_at": "2026-11-30T08:00:00Z",
        "new_patient": {"first_name": "Z", "last_name": "Q", "phone": "06 12 34 56 78"},
    }  # fmt: skip
    assert software.post("appointments", body).status_code == 409
    assert not Appointment.unscoped.exists()


@pytest.mark.usefixtures("at_now")
def test_software_that_sees_both_books_both(reasons):
    credential = make_credential("AgendaPlus", key=KEY)
    grant = make_grant(credential, reasons[0].agenda, fields=["last_name"])
    grant.agendas.add(reasons[1].agenda)
    software = Software(credential)
    body = {
        "visit_reason": str(reasons[0].pk), "starts_at": "2026-11-30T08:00:00Z",
        "new_patient": {"first_name": "Z", "last_name": "Q", "phone": "06 12 34 56 78"},
    }  # fmt: skip
    assert software.post("appointments", body).status_code == 201
    assert Appointment.unscoped.count() == 2


def test_search_knows(reasons, now):
    first, second = reasons
    next_slots.refresh(agenda_ids=[first.agenda_id], now=now)
    assert NextSlot.objects.get(visit_reason=first).starts_at == NINE
    second.openings.clear()
    next_slots.refresh(agenda_ids=[first.agenda_id], now=now)
    assert NextSlot.objects.get(visit_reason=first).starts_at is None


@pytest.mark.usefixtures("at_now")
def test_a_practice_chains_two_reasons_and_no_more(reasons):
    first, second = reasons
    first.then = None
    first.save()
    client = verified_client(make_member(first.agenda.practice, role="owner").account)

    def page(reason):
        return reverse(
            "booking:reason", args=[reason.agenda.practice_id, reason.agenda_id, reason.pk]
        )

    form = {
        "name": "Mesure", "duration_minutes": 30, "buffer_before_minutes": 0,
        "buffer_after_minutes": 0, "colour": "blue", "minimum_notice_minutes": 0,
        "horizon_days": 60, "cancel_deadline_hours": 24, "patient_kind": "any", "active": "on",
    }  # fmt: skip
    client.post(page(first), {**form, "then": str(second.pk), "then_within_minutes": "20"})
    first.refresh_from_db()
    assert (first.then, first.then_within_minutes) == (second, 20)
    # What follows is followed by nothing, and what is followed follows nothing.
    assert 'name="then"' not in client.get(page(second)).content.decode()
    third = make_reason(make_agenda(practice=first.agenda.practice), name="Bilan")
    shown = client.get(page(third)).content.decode()
    assert str(second.pk) in shown
    assert str(first.pk) not in shown
    assert VisitReason.objects.filter(then=second).count() == 1


@pytest.fixture
def offered(reasons, now):
    """What the waiting list offers of a chain: the first of it that becomes free."""
    patient = make_patient(make_account())
    taken = [booked(reasons[0], at, now) for at in FOUR[:3]]
    waiting.join(visit_reason=reasons[0], patient=patient, actor=practice_actor(), now=now)
    change.cancel(
        appointment=taken[0], by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now
    )
    assert offering.offer_free(agenda_id=reasons[0].agenda_id, now=now) == 1
    return Offer.unscoped.get()


def test_an_offer_of_a_chain_keeps_both_and_tells_of_both(reasons, offered, client, now):
    held = Taken.objects.filter(hold_key=offered.hold_key)
    assert {row.visit_reason for row in held} == set(reasons)
    assert not free_slots(
        visit_reason=reasons[1], since=NINE, until=NINE + HALF + timedelta(minutes=1), now=now,
        online=False,
    )  # fmt: skip
    message = Message.objects.get(offer=offered, channel="email")
    letter = kinds.compose(message, now=now)
    page = client.get(reverse("booking:offer", args=[offer_token(offered)])).content.decode()
    for text in (letter.text, letter.html, page):
        assert "Puis" in text
        assert f"09:30</strong>, {reasons[1].agenda.practitioner}" in text or (
            f"09:30, {reasons[1].agenda.practitioner}" in text
        )
    row = offers.accept(offer=offered, actor=practice_actor(), now=now)
    assert (row.starts_at, after(row).starts_at) == (NINE, NINE + HALF)
    assert not Taken.objects.filter(hold_until__isnull=False).exists()


def test_accepting_an_offer_asks_about_what_the_second_visit_gets_in_the_way_of(
    reasons, offered, client, now
):
    elsewhere(offered.wait.patient, FOUR[1], now)
    address = reverse("booking:offer", args=[offer_token(offered)])
    page = client.get(address).content.decode()
    assert "Prendre ce créneau et garder l’autre" in page
    # A page from before the other visit was booked asks now.
    asked = client.post(address, {"reponse": "oui"})
    assert asked.status_code == 409
    assert 'name="les-deux"' in asked.content.decode()
    assert not Appointment.unscoped.filter(
        patient=offered.wait.patient, visit_reason__in=reasons
    ).exists()
    assert client.post(address, {"reponse": "oui", "les-deux": "oui"}).status_code in (200, 302)
    found = Appointment.unscoped.filter(patient=offered.wait.patient, visit_reason__in=reasons)
    assert {row.starts_at for row in found} == {NINE, FOUR[1]}


def test_an_offer_of_a_chain_that_is_declined_frees_both(offered, now):
    assert offers.decline(offer=offered, actor=practice_actor(), now=now)
    assert not Taken.objects.filter(hold_until__isnull=False).exists()


@pytest.mark.usefixtures("at_now")
def test_the_questions_of_the_second_are_announced_with_the_first(reasons, account, now):
    save_questions(
        visit_reason=reasons[1], specs=[QuestionSpec(text="Allergies ?", kind="line")],
        actor=practice_actor(),
    )  # fmt: skip
    first = booked(reasons[0], NINE, now, account)
    url = reverse("booking:answer-questions", args=[after(first).pk])
    page = verified_client(account).get(reverse("booking:appointment", args=[first.pk]))
    assert url in page.content.decode()
    row = Message.objects.get(kind="confirmation", channel="email")
    assert "pose quelques questions" in kinds.compose(row, now=now).text
