"""The page on which a practice books a visit on the phone."""

import pytest
from django.urls import reverse

from tests.factories import (
    make_member,
    make_patient,
    verified_client,
)


@pytest.fixture
def client(agenda):
    return verified_client(make_member(agenda.practice).account)


@pytest.fixture
def page(agenda):
    return reverse("booking:new-visit", args=[agenda.practice_id])


@pytest.fixture
def zoe(agenda):
    return make_patient(practice=agenda.practice)


def when(reason, **changed):
    return {"motif": reason.pk, "jour": "2026-11-30", "heure": "09:00", **changed}
