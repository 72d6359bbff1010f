"""A member's session on the dashboard."""

import pytest
from django.urls import reverse

from tests.factories import make_agenda, make_member, make_opening, make_reason, verified_client


@pytest.fixture
def agenda():
    agenda = make_agenda()
    make_opening(agenda, make_reason(agenda))
    return agenda


@pytest.fixture
def member(agenda):
    return make_member(agenda.practice)


@pytest.fixture
def client(member):
    return verified_client(member.account)


def url(agenda, name, *ids):
    return reverse(f"booking:{name}", args=[agenda.practice_id, *ids])
