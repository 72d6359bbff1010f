"""A request of software that fails after an identity was opened leaves its trace all the same."""

import pytest

from audit.models import Entry
from partners.api.views import appointments
from partners.domain import identities
from tests.partners.software import Software
from tests.partners.theft import OWN_KEY, make_visits, make_watched_grant, reveal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visit_and_software(now, at_now):
    visits = make_visits(now=now)
    grant = make_watched_grant(visits, now=now)
    return visits[0], Software(grant.credential, key=OWN_KEY)


def traces(visit):
    found = Entry.objects.filter(object_id=visit.pk, action="reveal")
    return [(entry.channel, bool(entry.details.get("rolled_back"))) for entry in found]


def fail(*_arguments, **_rest):
    raise RuntimeError("after the reveal")


def test_a_reveal_that_is_answered_is_there_once(visit_and_software):
    visit, software = visit_and_software
    assert reveal(software, visit).status_code == 200
    assert traces(visit) == [("api", False)]


def test_a_reveal_whose_answer_fails_is_there_too(visit_and_software, monkeypatch):
    visit, software = visit_and_software
    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(appointments, "Response", fail)
        reveal(software, visit)
    assert traces(visit) == [("api", True)]


def test_a_reveal_that_fails_within_the_rules_is_there_too(visit_and_software, monkeypatch):
    visit, software = visit_and_software
    plain_reveal = identities.reveal_identity

    def late(**arguments):
        plain_reveal(**arguments)
        raise identities.FieldsNotGranted(["phone"])

    monkeypatch.setattr(appointments.identities, "reveal_identity", late)
    assert reveal(software, visit).status_code == 403
    assert traces(visit) == [("api", True)]
