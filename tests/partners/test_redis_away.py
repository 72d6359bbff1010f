"""Redis is away: agendas can be read and written without identities, and none opens."""

import pytest
import redis
from django.utils import timezone

from audit import redis_client as module
from audit.models import Entry
from partners.domain import used_once
from partners.models import UsedStatement
from tests.factories import make_credential, make_grant
from tests.partners.software import KEY, Software, ask, assertion, proof
from tests.support.reveal_budget import BODY, booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def credential(agenda):
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, agenda, fields=["last_name"])
    return credential


@pytest.fixture
def away(monkeypatch):
    """A client whose server is not there: every command fails as it would in life."""
    nowhere = module._client.__wrapped__("unix:///nonexistent/redis.sock")
    monkeypatch.setattr(module, "_client", lambda url: nowhere)
    with pytest.raises(redis.RedisError):
        module.redis_client().ping()


def test_agendas_work_and_no_identity_opens(agenda, credential, now, away):
    appointment = booked(agenda, 8, 0, now)
    software = Software(credential)
    assert software.get("agendas").status_code == 200
    assert software.get("appointments").status_code == 200
    body = {"visit_reason": str(agenda.visit_reasons.get().pk), "starts_at": "2026-11-30T09:00:00Z"}
    held = software.post(f"agendas/{agenda.pk}/holds", body)
    assert held.status_code < 500, held.content
    before = Entry.objects.filter(action="reveal").count()
    assert software.post(f"appointments/{appointment.pk}/reveal", BODY).status_code == 503
    assert Entry.objects.filter(action="reveal").count() == before


def test_a_token_can_be_had_and_nothing_is_taken_twice(agenda, credential, away):
    text = assertion(credential)
    answer = ask(text, dpop=proof())
    assert answer.status_code == 200, answer.content
    assert ask(text, dpop=proof()).json()["error"] == "invalid_client"
    again = proof()
    assert ask(assertion(credential), dpop=again).status_code == 200
    assert ask(assertion(credential), dpop=again).json()["error"] == "invalid_dpop_proof"


def test_what_was_kept_is_dropped(away):
    assert used_once.first_use("dpop", "a", seconds=60)
    assert not used_once.first_use("dpop", "a", seconds=60)
    assert used_once.first_use("assertion", "a", seconds=60)
    assert UsedStatement.objects.count() == 2
    used_once.drop_old(now=timezone.now())
    assert UsedStatement.objects.count() == 2
    UsedStatement.objects.update(until=timezone.now())
    used_once.drop_old(now=timezone.now())
    assert not UsedStatement.objects.exists()
