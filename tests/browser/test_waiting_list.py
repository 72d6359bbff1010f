"""The waiting list, from joining it to the slot that a tap on a link books."""

import re
from datetime import datetime, time, timedelta

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import expect

from booking.appointments import change
from booking.appointments.values import By
from booking.models import Appointment
from booking.models.appointment import Channel
from booking.outbox import sending
from practitioners.domain.scheduling.wall_clock import instant
from tests.browser.conftest import check_page
from tests.clock import today
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)
from tests.support.booked import booked
from tests.support.browser_sessions import signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agenda():
    """One slot in a week, and one in two."""
    agenda = make_agenda(open_on_holidays=True)
    reason = make_reason(agenda, name="Consultation de dermatologie", cancel_deadline_hours=0)
    make_opening(
        agenda, reason, starts_on=today() + timedelta(days=7), from_time=time(9),
        until_time=time(9, 30),
    )  # fmt: skip
    return agenda


def nine(agenda, days: int) -> datetime:
    return instant(today() + timedelta(days=days), time(9), agenda.practice.zone)


def test_join_be_offered_a_slot_and_take_it_by_the_link(live_server, new_page, agenda):
    reason = agenda.visit_reasons.get()
    account = make_account()
    now = timezone.now()
    first = booked(reason, now, starts_at=nine(agenda, 7))
    mine = booked(reason, now, starts_at=nine(agenda, 14), patient=make_patient(account))
    patient = signed_in(new_page(), live_server, account)
    patient.goto(f"{live_server.url}/rendez-vous/{mine.pk}/")
    check_page(patient)
    patient.get_by_role("link", name="Être prévenu si un créneau se libère").click()
    check_page(patient)
    for day in ("lundi", "mardi"):
        # By its label, as a finger does.
        patient.get_by_label(day, exact=True).uncheck()
        patient.get_by_label(day, exact=True).check()
    patient.get_by_role("button", name="Me prévenir").click()
    expect(patient.get_by_text("Nous vous écrirons")).to_be_visible()
    check_page(patient)

    member = make_member(agenda.practice, role="secretary")
    desk = signed_in(new_page(), live_server, member.account)
    desk.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/attente/")
    expect(desk.get_by_role("rowheader")).to_have_text("Zoé Lefèvre")
    check_page(desk)
    desk.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/rendez-vous/{first.pk}/")
    check_page(desk)

    # In the daytime, whenever the test runs.
    midday = instant(today() + timedelta(days=1), time(12), agenda.practice.zone)
    change.cancel(
        appointment=first, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=midday
    )
    sending.send_owed(now=midday)
    letter = next(each for each in mail.outbox if "Un créneau s’est libéré" in each.subject)
    link = live_server.url + re.search(r"/creneau/\S+", letter.body)[0]
    desk.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/attente/")
    expect(desk.get_by_text("gardé jusqu’à")).to_be_visible()
    check_page(desk)
    patient.goto(f"{live_server.url}/rendez-vous/")
    check_page(patient)

    # On another device, where nobody is signed in, and without JavaScript.
    phone = new_page(java_script_enabled=False)
    phone.goto(link)
    expect(phone.get_by_text(re.compile("vous est gardé jusqu’à"))).to_be_visible()
    phone.get_by_role("button", name="Prendre ce créneau").click()
    expect(phone.get_by_role("status")).to_contain_text("C’est réservé")
    assert Appointment.unscoped.get(pk=mine.pk).starts_at == nine(agenda, 7)
    # The same page, looked at where a page can be.
    patient.goto(link)
    check_page(patient)
