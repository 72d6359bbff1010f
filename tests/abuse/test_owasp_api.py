"""OWASP API Security Top 10 (2023), item by item, against the partner API and its FHIR face.

https://owasp.org/API-Security/editions/2023/en/0x11-t10/
"""

import json

import pytest
from django.test import Client
from django.urls import get_resolver

from audit.models import Entry
from booking.models import Appointment
from partners.domain import outgoing, request_limit
from partners.domain.bookings import MOST_HOLDS
from partners.fhir.capabilities import statement
from tests.factories import make_agenda, make_credential, make_grant, make_opening, make_reason
from tests.partners.conftest import receiver  # noqa: F401
from tests.partners.software import KEY, Software

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
WHO = {"first_name": "Anne", "last_name": "Onyme"}


@pytest.fixture
def software(world):
    """It may do everything at the other practice, and nothing at the one of the world."""
    agenda = make_agenda(practice=world["other"])
    make_opening(agenda, make_reason(agenda))
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, agenda, fields=["last_name"])
    return Software(credential)


@pytest.fixture
def reason(software):
    return software.credential.grants.get().agendas.get().visit_reasons.get()


@pytest.fixture
def appointment(software, reason):
    answer = software.post("appointments", slot(reason) | {"new_patient": WHO})
    assert answer.status_code == 201
    return answer.json()


def slot(reason, hour=9):
    return {"visit_reason": str(reason.pk), "starts_at": f"2026-11-30T{hour:02}:00:00Z"}


def test_api1_another_practices_objects_open_by_no_id(software, world):
    """Every route and every kind of caller: test_partner_access.py."""
    before = Entry.objects.filter(action="reveal").count()
    pk = world["ids"]["appointment_id"]
    for path in (f"appointments/{pk}/reveal", f"appointments/{str(pk).upper()}/reveal"):
        answer = software.post(path, {"purpose": "care", "fields": ["last_name"]})
        assert answer.status_code == 404
    assert Entry.objects.filter(action="reveal").count() == before


def test_api2_a_token_counts_in_its_header_alone(software):
    for path in ("/api/v1/agendas", "/fhir/r4/Schedule"):
        assert Client().get(path, {"access_token": software.token}).status_code == 401
        caller = Client()
        caller.cookies["access_token"] = caller.cookies["sessionid"] = software.token
        assert caller.get(path).status_code == 401
        # A token that was bound to a key is worth nothing without it.
        bearer = {"Authorization": f"Bearer {software.token}"}
        assert Client().get(path, headers=bearer).status_code == 401


@pytest.mark.parametrize(
    "extra",
    [
        {"status": "seen"}, {"agenda": "x"}, {"practice": "x"}, {"booked_by": "x"},
        {"channel": "patient"}, {"credential": "x"}, {"id": "x"}, {"is_staff": True},
    ],
)  # fmt: skip
def test_api3_no_property_is_set_or_opened_that_is_not_offered(
    software, reason, appointment, extra
):
    body = slot(reason, 10) | {"new_patient": WHO} | extra
    assert software.post("appointments", body).status_code == 400
    path = f"appointments/{appointment['id']}"
    moved = software.post(f"{path}/move", {"starts_at": "2026-11-30T10:00:00Z"} | extra, match="*")
    assert moved.status_code == 400
    for field in ("birth_date", "phone", "password", "email_index"):
        asked = {"purpose": "care", "fields": ["last_name", field]}
        assert software.post(f"{path}/reveal", asked).status_code in (400, 403)
    row = Appointment.unscoped.get(pk=appointment["id"])
    assert (row.status, row.moves, row.booked_by_id) == ("booked", 0, None)


def test_api4_every_list_and_every_body_has_an_end(software, reason):
    for query in ({"limit": "1000000000"}, {"limit": "-1"}, {"limit": "9" * 5000}):
        assert software.get("changes", **query).status_code == 400
    year = {"since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}
    assert software.get(f"visit-reasons/{reason.pk}/slots", **year).status_code == 400
    fhir = Software(software.credential, root="fhir/r4")
    bounds = {"start": "ge2026-01-01T00:00:00Z", "GAP_Slot_latestStart": "2027-01-01T00:00:00Z"}
    assert fhir.get("Slot", schedule=str(reason.agenda_id), **bounds).status_code == 400
    assert len(fhir.get("Slot", schedule=str(reason.agenda_id), _count=10**9).content) < 1_000_000
    long = software.post("appointments", slot(reason) | {"note": "x" * 3_000_000})
    assert long.status_code in (400, 413)


@pytest.mark.parametrize("path", ["/api/v1/appointments", "/fhir/r4/Appointment"])
def test_api4_a_body_that_is_nested_without_end_is_refused(software, path):
    root, _slash, name = path[1:].rpartition("/")
    caller = Software(software.credential, root=root)
    for levels in (500, 100_000):
        body = '{"resourceType": "Appointment", "extension": ' + "[" * levels + "]" * levels + "}"
        assert caller.post(name, body).status_code == 400


def test_api4_requests_are_counted(software, settings):
    settings.PARTNER_REQUESTS_A_MINUTE = 3
    answers = [software.get("agendas") for _n in range(5)]
    assert [a.status_code for a in answers][:3] == [200, 200, 200]
    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1]["Retry-After"]) <= request_limit.WINDOW_SECONDS
    assert Software(software.credential, root="fhir/r4").get("Schedule").status_code == 429


def test_api5_a_token_opens_no_page_of_people(software, world):
    for path in (
        f"/cabinet/{world['other'].pk}/", f"/cabinet/{world['other'].pk}/membres/", "/admin/",
        f"/editeur/{software.credential.partner_id}/", "/compte/",
    ):  # fmt: skip
        answer = Client().get(path, headers={"Authorization": f"Bearer {software.token}"})
        assert answer.status_code == 302
        assert "connexion" in answer["Location"] or "login" in answer["Location"]


def test_api6_nobody_keeps_an_agenda_from_its_patients(software, reason):
    """Holding every slot and letting none go, as ticket touts do."""
    found = software.get(
        f"visit-reasons/{reason.pk}/slots", since="2026-11-30T00:00:00Z",
        until="2027-01-20T00:00:00Z",
    ).json()["slots"]  # fmt: skip
    assert len(found) > MOST_HOLDS
    answers = [
        software.post("holds", {"visit_reason": str(reason.pk), "starts_at": each["starts_at"]})
        for each in found[: MOST_HOLDS + 3]
    ]
    assert [a.status_code for a in answers] == [201] * MOST_HOLDS + [409] * 3


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data/", "https://localhost/", "https://127.1/",
        "https://2130706433/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/", "https://0/", "https://10.0.0.1/", "https://192.168.0.1/",
        "https://100.64.0.1/", "http://example.org/", "file:///etc/passwd", "gopher://127.0.0.1/",
        "https://user:pass@example.org/", "https://[fe80::1]/", "https://[fd00::1]/",
    ],
)  # fmt: skip
def test_api7_no_address_leads_inside(url):
    """Redirects and DNS rebinding: tests/partners/test_webhooks.py."""
    with pytest.raises(outgoing.NotCalled):
        outgoing.check(url)


def test_api8_answers_are_plain_and_tell_nothing_of_the_inside(software):
    for answer in (software.get("agendas"), Client().get("/api/v1/agendas"),
                   Client().get("/fhir/r4/Nothing"), software.post("holds", {"x": 1})):  # fmt: skip
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in answer
        assert "Server" not in answer
        text = answer.content.decode()
        for inside in ("Traceback", "django", "psycopg", "/home/", ".py"):
            assert inside not in text
        json.loads(text)


def test_api8_cross_site_requests_ride_on_no_session(software, world):
    """The API asks for no CSRF token because it heeds no cookie."""
    caller = Client(enforce_csrf_checks=True)
    caller.force_login(world["owner"], backend="booking.backends.EmailBackend")
    for path in ("/api/v1/holds", "/fhir/r4/Appointment"):
        for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
            answer = caller.post(path, "{}", content_type=kind)
            assert answer.status_code in (401, 415)


def test_api9_every_route_is_described():
    paths = Client().get("/api/v1/openapi.json").json()["paths"]
    spaces = get_resolver().namespace_dict
    routes = {
        str(p.pattern).replace("<uuid:", "{").replace(">", "}")
        for p in spaces["api"][1].url_patterns
        if p.name not in ("schema", "token", "unknown")
    }
    assert {path.removeprefix("/").removeprefix("api/v1/") for path in paths} == routes
    resources = {r["type"] for r in statement()["rest"][0]["resource"]}
    kinds = {str(p.pattern).partition("/")[0] for p in spaces["fhir"][1].url_patterns}
    assert kinds - {"", "metadata"} == resources
    for old in ("/api/", "/api/v0/agendas", "/api/v2/agendas", "/fhir/", "/fhir/r3/Slot"):
        assert Client().get(old).status_code == 404


def test_api10_what_others_answer_is_neither_believed_nor_kept(receiver):
    receiver.status, receiver.content = 200, b"x" * 200_000
    assert outgoing.post(receiver.url, body=b"{}", headers={}) == 200
    with pytest.raises(outgoing.Unreachable):
        outgoing.fetch(receiver.url, most_bytes=100_000)
    receiver.status = 307
    assert outgoing.post(receiver.url, body=b"{}", headers={}) == 307
    assert len(receiver.received) == 3
