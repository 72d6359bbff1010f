"""Every route of the partner API, asked by every kind of caller who may not: from the URL table."""

import pytest
from django.test import Client
from django.urls import get_resolver, resolve
from django.utils import timezone

from audit.models import Entry
from partners.domain import scopes
from partners.models import Grant
from practitioners.models import Agenda
from tests.abuse.test_access import API, address, verified_client, world  # noqa: F401
from tests.factories import make_account, make_agenda, make_grant, make_member
from tests.partners.software import proof
from tests.partners.test_appointments import credential, token_of  # noqa: F401

pytestmark = pytest.mark.django_db
ROUTES = sorted(API)
BASE = "http://localhost:8000"
BODY = {"purpose": "care", "fields": ["last_name"]}


def method_of(path):
    return "GET" if hasattr(resolve(path).func.view_class, "get") else "POST"


def scope_of(path):
    return resolve(path).func.view_class.required_scope


def ask(caller, path, **headers):
    if method_of(path) == "GET":
        return caller.get(path, headers=headers)
    return caller.post(path, BODY, content_type="application/json", headers=headers)


def with_token(path, token, **changed):
    text = proof(method_of(path), f"{BASE}{path}", token=token, **changed)
    return ask(Client(), path, Authorization=f"DPoP {token}", DPoP=text)


@pytest.fixture
def granted(world, credential):  # noqa: F811
    agendas = Agenda.objects.filter(practice=world["practice"])
    return make_grant(credential, *agendas, fields=["last_name"])


@pytest.fixture(autouse=True)
def _nothing_opens(world):  # noqa: F811
    before = Entry.objects.filter(action="reveal").count()
    yield
    assert Entry.objects.filter(action="reveal").count() == before


def test_every_route_of_the_api_declares_its_scope():
    _prefix, resolver = get_resolver().namespace_dict["api"]
    views = [p.callback.view_class for p in resolver.url_patterns if p.name != "token"]
    assert len(views) == len(API)
    assert {view.required_scope for view in views} <= set(scopes.SCOPES)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("who", ["nobody", "patient", "another patient", "owner of the practice",
                                 "secretary of another practice", "staff without second factor"])  # fmt: skip
def test_a_browser_session_is_no_credential(world, granted, route, who):  # noqa: F811
    caller = Client()
    if who == "patient":
        caller.force_login(world["owner"], backend="booking.backends.EmailBackend")
    elif who == "another patient":
        caller.force_login(make_account(), backend="booking.backends.EmailBackend")
    elif who == "owner of the practice":
        caller = verified_client(make_member(world["practice"], role="owner").account)
    elif who == "secretary of another practice":
        caller = verified_client(make_member(world["other"], role="secretary").account)
    elif who == "staff without second factor":
        staff = make_account()
        staff.is_staff = staff.is_superuser = True
        staff.save()
        caller.force_login(staff, backend="booking.backends.EmailBackend")
    assert ask(caller, address(route, world["ids"])).status_code == 401


@pytest.mark.parametrize("route", ROUTES)
def test_a_credential_without_a_grant_is_refused(world, credential, route):  # noqa: F811
    path = address(route, world["ids"])
    assert with_token(path, token_of(credential)).status_code == 403


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("what", ["revoked", "suspended", "wrong scope", "expired"])
def test_a_credential_that_may_no_longer_is_refused(world, credential, granted, route, what):  # noqa: F811
    path = address(route, world["ids"])
    wanted = [s for s in scopes.SCOPES if s != scope_of(path) or what != "wrong scope"]
    token = token_of(credential, wanted=wanted)
    if what == "revoked":
        Grant.objects.update(revoked_at=timezone.now())
    elif what == "suspended":
        type(credential).objects.update(suspended_at=timezone.now())
    elif what == "expired":
        credential.tokens.update(expires_at=timezone.now())
    expected = 403 if what in ("revoked", "wrong scope") else 401
    assert with_token(path, token).status_code == expected


@pytest.mark.parametrize("route", ROUTES)
def test_a_replayed_proof_and_one_for_another_audience_are_refused(
    world, credential, granted, route  # noqa: F811
):  # fmt: skip
    path = address(route, world["ids"])
    token = token_of(credential)
    assert with_token(path, token, htu=f"https://other.example{path}").status_code == 401
    # Used up by a request that opens nothing: another method of the same address.
    once = proof("OPTIONS", f"{BASE}{path}", token=token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": once}
    assert Client().options(path, headers=headers).status_code in (200, 403)
    assert Client().options(path, headers=headers).status_code == 401


@pytest.mark.parametrize("route", ROUTES)
def test_what_another_practice_has_is_not_found(world, credential, route):  # noqa: F811
    elsewhere = make_agenda(practice=world["other"])
    make_grant(credential, elsewhere, fields=["last_name"])
    path = address(route, world["ids"])
    answer = with_token(path, token_of(credential))
    if any(str(pk) in path for pk in world["ids"].values()):
        assert answer.status_code == 404
    else:
        assert str(world["ids"]["agenda_id"]) not in answer.content.decode()
        assert str(world["ids"]["appointment_id"]) not in answer.content.decode()


@pytest.mark.parametrize("route", ROUTES)
def test_state_changes_by_post_alone(world, credential, granted, route):  # noqa: F811
    """CVE-2026-23622: controllers that read GET where only POST was protected."""
    path = address(route, world["ids"])
    token = token_of(credential)
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {method_of(path)}:
        text = proof(method, f"{BASE}{path}", token=token)
        answer = Client().generic(
            method, path, headers={"Authorization": f"DPoP {token}", "DPoP": text}
        )
        assert answer.status_code == 405
    headers = {"X-HTTP-Method-Override": "POST", "DPoP": proof("GET", f"{BASE}{path}", token=token)}
    answer = Client().get(path, headers=headers | {"Authorization": f"DPoP {token}"})
    assert answer.status_code == (200 if method_of(path) == "GET" else 405)
