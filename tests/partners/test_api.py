from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from partners.models import AccessToken
from partners.tasks import drop_expired_tokens
from tests.factories import (
    make_agenda,
    make_credential,
    make_grant,
    make_opening,
    make_practice,
    make_reason,
)
from tests.support.partner_clients import NOBODY, client

pytestmark = pytest.mark.django_db


@pytest.fixture
def credential():
    return make_credential()


def granted(credential, agenda, *scopes):
    return make_grant(credential, agenda, scopes=scopes)


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer"}, {"Authorization": "Bearer x.y"},
                                    {"Authorization": "DPoP x"}, {"Authorization": "Basic eDp5"}])  # fmt: skip
@pytest.mark.parametrize("path", ["/api/v1/agendas", f"/api/v1/visit-reasons/{NOBODY}/slots"])
def test_nobody_without_a_credential(header, path, credential):
    assert Client(headers=header).get(path).status_code == 401


def test_an_expired_token_and_a_suspended_credential_are_refused(credential):
    granted(credential, make_agenda(), "agendas:read")
    caller = client(credential)
    with time_machine.travel(timezone.now() + timedelta(seconds=301)):
        assert caller.get("/api/v1/agendas").status_code == 401
    assert caller.get("/api/v1/agendas").status_code == 200
    credential.suspended_at = timezone.now()
    credential.save()
    assert caller.get("/api/v1/agendas").status_code == 401


def test_a_token_carries_no_more_than_the_scopes_it_was_asked_for(credential):
    granted(credential, make_agenda(), "agendas:read", "slots:read")
    assert client(credential, "slots:read").get("/api/v1/agendas").status_code == 403


def test_expired_tokens_are_cleared_away(credential):
    client(credential)
    drop_expired_tokens()
    assert AccessToken.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(seconds=301)):
        drop_expired_tokens()
    assert AccessToken.objects.count() == 0


def test_only_granted_agendas_are_listed(credential):
    mine, other = make_agenda(), make_agenda()
    sibling = make_agenda(practice=mine.practice)
    granted(credential, mine, "agendas:read")
    agendas = client(credential).get("/api/v1/agendas").json()["agendas"]
    assert [a["id"] for a in agendas] == [str(mine.pk)]
    assert str(other.pk) not in str(agendas)
    assert str(sibling.pk) not in str(agendas)


def test_a_scope_is_needed_and_a_revoked_grant_gives_none(credential):
    grant = granted(credential, make_agenda(), "slots:read")
    assert client(credential).get("/api/v1/agendas").status_code == 403
    grant.scopes, grant.revoked_at = ["agendas:read"], timezone.now()
    grant.save()
    assert client(credential).get("/api/v1/agendas").status_code == 403


def test_slots_come_from_the_one_function(credential):
    agenda = make_agenda(practice=make_practice(time_zone="Indian/Reunion"))
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    granted(credential, agenda, "slots:read")
    url = f"/api/v1/visit-reasons/{reason.pk}/slots"

    with time_machine.travel("2026-11-24T09:00:00Z", tick=False):
        answer = client(credential).get(
            url, {"since": "2026-12-07T00:00:00Z", "until": "2026-12-08T00:00:00Z"}
        )
    slots = answer.json()["slots"]
    assert slots[0] == {
        "starts_at": "2026-12-07T05:00:00Z",
        "ends_at": "2026-12-07T05:30:00Z",
        "places": 1,
    }
    assert len(slots) == 6


def test_slots_of_an_agenda_that_was_not_granted_are_not_found(credential):
    granted(credential, make_agenda(), "slots:read")
    reason = make_reason(make_agenda())
    assert client(credential).get(f"/api/v1/visit-reasons/{reason.pk}/slots").status_code == 404


@pytest.mark.parametrize("query", [{"since": "yesterday"}, {"since": "2026-12-07"},
                                   {"since": "2026-12-07T00:00:00Z", "until": "2027-12-07T00:00:00Z"}])  # fmt: skip
def test_bad_times_get_a_clear_error(credential, query):
    agenda = make_agenda()
    reason = make_reason(agenda)
    granted(credential, agenda, "slots:read")
    answer = client(credential).get(f"/api/v1/visit-reasons/{reason.pk}/slots", query)
    assert answer.status_code == 400
    assert {e["pointer"] for e in answer.json()["errors"]} <= {"/since", "/until"}
