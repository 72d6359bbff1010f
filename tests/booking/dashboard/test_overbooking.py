"""Overbooking is asked for after the refusal, and stands out on the agenda."""

import pytest
from django.urls import reverse

from booking.models import Appointment
from booking.models.appointment import Channel
from tests.factories import (
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    verified_client,
)
from tests.support.booked import booked

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("allowed", [0, 2])
def test_it_is_offered_where_the_agenda_allows_it(now, time_machine, allowed):
    agenda = make_agenda(overbooks_at_most=allowed)
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    booked(reason, now, channel=Channel.PRACTICE)
    patient = make_patient(practice=agenda.practice, first_name="Berthe")
    desk = verified_client(make_member(agenda.practice).account)
    url = reverse("booking:new-visit", args=[agenda.practice_id])
    data = {"patient": patient.pk, "motif": reason.pk, "jour": "2026-11-30", "heure": "09:00"}
    refused = desk.post(url, data)
    assert refused.status_code == 409
    assert ("Le prendre quand même" in refused.content.decode()) is bool(allowed)
    answer = desk.post(url, data | {"overbook": "1"})
    assert (answer.status_code == 302) is bool(allowed)
    assert Appointment.unscoped.count() == 1 + bool(allowed)
    page = desk.get(reverse("booking:agenda", args=[agenda.practice_id]), {"jour": "2026-11-30"})
    assert ("block visit extra" in page.content.decode()) is bool(allowed)
    assert ("en plus ·" in page.content.decode()) is bool(allowed)
