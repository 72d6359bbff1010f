"""Every address of the site, asked by everybody who may not: generated from the URL table."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from booking.models import Account, Appointment, CodeApp
from booking.rules import TABLE
from partners.models import PartnerMember
from practitioners.models.staff import Role
from tests.addresses import names
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_member,
    make_patient,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.routes import (  # noqa: F401
    API,
    KEYS,
    OWN,
    POST_ONLY,
    PRACTICE,
    PUBLIC,
    STAFF,
    VENDOR,
    _parameters,
    address,
    ask,
    built,
    world,
)

pytestmark = pytest.mark.django_db

# Only the two of a visit by video: tests/booking/web/test_video.py asks as everybody else.
ROOM = {
    # And what an open agenda follows: tests/booking/dashboard/test_drag.py.
    "booking:agenda-events", "booking:drag-visit",
    # It says of each session how it stands: tests/booking/dashboard/test_desk_session.py.
    "booking:desk-session",
    "booking:video", "booking:enter-video", "booking:signal-video", "booking:video-events",
    "booking:practice-video", "booking:enter-practice-video", "booking:signal-practice-video",
    "booking:start-video", "booking:end-video", "booking:invite-to-video", "booking:reopen-video",
    "booking:practice-video-events",
}  # fmt: skip

# Everybody's, of those that only take forms.
FORMS_OF_ALL = {
    "booking:hold", "booking:let-go", "booking:go-on", "booking:send-again", "booking:correct-address",
    "booking:sign-out", "booking:enter-video", "booking:start-video", "booking:end-video",
    "booking:invite-to-video", "booking:enter-practice-video", "booking:reopen-video",
    "booking:register-device", "booking:renew-device",
}  # fmt: skip


def test_every_address_has_a_declared_rule():
    assert set(names()) == PUBLIC | KEYS | OWN | set(PRACTICE) | ROOM | VENDOR | API | STAFF


def body(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def _somebody_who_may(world, name):
    if name in STAFF:
        return make_account(is_staff=True)
    if name in VENDOR:
        return Account.objects.get(partner_memberships__isnull=False)
    if name in PRACTICE or "practice_id" in str(_parameters(name)):
        return make_member(world["practice"], role="owner").account
    return world["owner"]


@pytest.mark.parametrize("name", sorted(POST_ONLY | FORMS_OF_ALL))
def test_what_only_takes_forms_leads_on_when_it_is_opened_as_a_page(world, name):
    """As after a change of language on a page that answered a form."""
    client = verified_client(_somebody_who_may(world, name))
    answer = client.get(address(name, world["ids"]), HTTP_ACCEPT="text/html")
    if answer.status_code == 302:
        assert not answer["Location"].startswith(reverse("booking:sign-in"))
    else:
        assert answer.status_code == 405
        assert b"<a href=" in answer.content
        assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("booking:hold", "practitioners:home"),
        ("booking:let-go", "practitioners:home"),
        ("booking:correct-address", "booking:check-mail"),
        ("booking:prove-new-email", "booking:change-email"),
        ("booking:new-recovery-codes", "booking:passkeys"),
    ],
)
def test_a_form_that_answers_with_its_page_leads_to_the_form(world, name, page):
    answer = verified_client(world["owner"]).get(reverse(name))
    assert answer["Location"] == reverse(page)


@pytest.mark.parametrize("name", sorted(OWN | VENDOR | set(PRACTICE)))
def test_nobody_gets_in_without_signing_in(world, name):
    answer = ask(Client(), name, world["ids"])
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("booking:sign-in"))


@pytest.mark.parametrize("name", sorted(OWN | VENDOR | STAFF | set(PRACTICE)))
def test_no_browser_or_proxy_keeps_what_is_somebodys(world, name):
    """Pages, files and calendars alike: on a shared machine the back button would show them."""
    answer = ask(verified_client(_somebody_who_may(world, name)), name, world["ids"])
    if answer.status_code < 400:
        assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "name",
    sorted(
        n
        for n in OWN
        if "appointment_id" in str(_parameters(n))
        or n in ("booking:person", "booking:proof", "booking:concern")
        or n in ("booking:leave-waiting-list", "booking:my-conversation", "booking:hand-over")
        or n in ("booking:my-document", "booking:withdraw-document")
    ),
)
def test_another_account_does_not_find_what_is_not_its_own(world, name):
    stranger = make_account()
    make_patient(stranger)
    client = Client()
    client.force_login(stranger, backend="booking.backends.EmailBackend")
    before = Entry.objects.filter(action="reveal").count()
    assert ask(client, name, world["ids"]).status_code == 404
    assert client.post(address(name, world["ids"])).status_code in (404, 405)
    assert Entry.objects.filter(action="reveal").count() == before


@pytest.mark.parametrize("name", sorted(VENDOR))
def test_a_vendors_pages_are_its_own_members(world, name):
    member = Account.objects.get(partner_memberships__isnull=False)
    without = Client()
    without.force_login(member, backend="booking.backends.EmailBackend")
    answer = ask(without, name, world["ids"])
    assert answer["Location"].startswith(reverse("booking:second-factor"))
    assert ask(verified_client(member), name, world["ids"]).status_code in (200, 302)
    if name == "partners:vendors":
        return
    other = make_member(world["practice"], role="owner").account
    own = make_credential("Autre")
    PartnerMember.objects.create(
        partner=own.partner, account=other, created_at=world["patient"].created_at
    )
    assert ask(verified_client(other), name, world["ids"]).status_code == 404
    # One's own vendor in the address, another's credential behind it; then another's key and so on.
    ids = world["ids"] | {"partner_id": own.partner_id}
    if name != "partners:vendor":
        assert ask(verified_client(other), name, ids).status_code == 404
    ids |= {"credential_id": own.pk}
    if {"key_id", "webhook_id", "delivery_id"} & set(_parameters(name)[0]):
        assert ask(verified_client(other), name, ids).status_code == 404


@pytest.mark.parametrize("name", sorted(STAFF))
def test_the_teams_pages_are_the_teams(world, name):
    login = reverse("admin:login")
    assert ask(Client(), name, world["ids"])["Location"].startswith(login)
    for stranger in (world["owner"], make_member(world["practice"], role="owner").account):
        assert ask(verified_client(stranger), name, world["ids"]).status_code == 404
    staff = make_account(is_staff=True)
    without = Client()
    without.force_login(staff, backend="booking.backends.EmailBackend")
    assert ask(without, name, world["ids"])["Location"].startswith(login)
    # What is not of the incident is not found, by the team either: the entry, here.
    expected = {404} if name == "incidents:proof" else {200, 302}
    assert ask(verified_client(staff), name, world["ids"]).status_code in expected
    ids = world["ids"] | {"number": 99}
    if "number" in _parameters(name)[0]:
        assert ask(verified_client(staff), name, ids).status_code == 404


@pytest.mark.parametrize("name", sorted(PRACTICE))
@pytest.mark.parametrize("who", ["patient", "member of another practice"])
def test_a_stranger_to_the_practice_finds_nothing(world, name, who):
    account = (
        world["owner"] if who == "patient" else make_member(world["other"], role="owner").account
    )
    assert ask(verified_client(account), name, world["ids"]).status_code == 404


@pytest.mark.parametrize("name", sorted(PRACTICE))
def test_a_member_needs_the_second_factor(world, name):
    account = make_member(world["practice"], role="owner").account
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    answer = ask(client, name, world["ids"])
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("booking:second-factor"))


@pytest.mark.parametrize("name", sorted(PRACTICE))
@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_what_the_table_says(world, name, role):
    account = make_member(world["practice"], role=role).account
    answer = ask(verified_client(account), name, world["ids"])
    allowed = role in TABLE[PRACTICE[name]]
    assert (answer.status_code == 403) is not allowed
    assert answer.status_code in ((200, 302) if allowed else (403,))


@pytest.mark.parametrize("name", sorted(n for n in PRACTICE if n not in {"booking:agenda"}))
def test_objects_of_another_practice_are_not_found_under_ones_own(world, name):
    """The address names my practice, the object is another's: broken object-level authorisation."""
    account = make_member(world["other"], role="owner").account
    ids = {**world["ids"], "practice_id": world["other"].pk}
    if not any(set(p) - {"practice_id"} for p in _parameters(name)):
        pytest.fail("list it") if name not in {
            "booking:find-patients", "booking:new-visit", "booking:week-plan", "booking:new-absence",
            "booking:members", "booking:practice-settings", "booking:practice-reads",
            "booking:practice-reads-csv", "booking:practice-incidents", "partners:software", "partners:feeds",
            "partners:import-calendar", "booking:waiting-list", "booking:practice-conversations",
            "booking:agenda-names", "booking:resume", "booking:resources", "booking:statistics", "booking:statistics-csv", "booking:practice-documents", "booking:imports", "booking:merge-patients",
        } else None  # fmt: skip
        answer = ask(verified_client(account), name, ids)
        assert b"Quatrefages" not in body(answer)
        return
    assert ask(verified_client(account), name, ids).status_code == 404


@pytest.mark.parametrize("name", sorted(PRACTICE))
def test_a_delegated_member_reaches_only_the_delegated_agendas(world, name):
    other_agenda = make_agenda(practice=world["practice"])
    member = make_member(world["practice"], role="owner")
    member.agendas.add(other_agenda)
    touches = {
        "agenda_id",
        "appointment_id",
        "absence_id",
        "feed_id",
        "calendar_id",
        "wait_id",
        "conversation_id",
        "document_id",
        "patient_id",
    }
    if any(touches & set(p) for p in _parameters(name)):
        assert ask(verified_client(member.account), name, world["ids"]).status_code == 404
    else:
        answer = ask(verified_client(member.account), name, world["ids"])
        assert b"Quatrefages" not in body(answer)


@pytest.mark.parametrize("text", ["Quatrefages", "+33612345678", "31/12/1980"])
def test_a_practice_cannot_find_another_practices_patient(world, text):
    account = make_member(world["other"], role="owner").account
    url = reverse("booking:find-patients", args=[world["other"].pk])
    answer = verified_client(account).post(url, {"q": text})
    assert answer.status_code == 200
    assert answer.context["found"] == []


def test_a_practice_cannot_book_for_another_practices_patient(world):
    agenda = make_agenda(practice=world["other"])
    reason = make_reason(agenda)
    account = make_member(world["other"], role="owner").account
    url = reverse("booking:new-visit", args=[world["other"].pk])
    data = {
        "patient": world["patient"].pk,
        "motif": reason.pk,
        "jour": "2026-12-01",
        "heure": "10:00",
    }
    assert verified_client(account).post(url, data).status_code == 404


def test_a_practice_cannot_book_into_another_practices_agenda(world):
    """CVE-2023-3700's analogue: the visit reason comes from the request."""
    account = make_member(world["other"], role="owner").account
    patient = make_patient(practice=world["other"])
    url = reverse("booking:new-visit", args=[world["other"].pk])
    data = {
        "patient": patient.pk,
        "motif": world["ids"]["reason_id"],
        "jour": "2026-12-01",
        "heure": "10:00",
    }
    answer = verified_client(account).post(url, data)
    assert answer.status_code == 200
    assert not Appointment.unscoped.filter(patient=patient).exists()


def test_changes_do_not_happen_by_get_or_without_a_token(world):
    """CVE-2026-23622's analogue."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world["owner"], backend="booking.backends.EmailBackend")
    url = address("booking:cancel", world["ids"])
    strict.get(url)
    assert strict.post(url).status_code == 403
    assert (
        strict.generic("POST", url, '{"a": 1}', content_type="application/json").status_code == 403
    )
    assert (
        strict.get(url, {"_method": "POST"}, headers={"X-HTTP-Method-Override": "POST"}).status_code
        == 200
    )
    assert Appointment.unscoped.get().status == "booked"


def test_an_invitation_is_no_way_into_another_account(world, now):
    from practitioners.domain.staff import invite

    inviter = make_member(world["practice"], role="owner").account
    victim = make_account("victime@exemple.fr")
    attacker = make_account("attaquant@exemple.fr")
    invitation = invite.invite(
        practice=world["practice"], email="victime@exemple.fr", role="owner", agendas=[],
        invited_by=inviter, actor=practice_actor(), now=datetime.now(UTC),
    )  # fmt: skip
    url = reverse("booking:accept-invitation", args=[invite.invitation_token(invitation)])
    assert verified_client(attacker).post(url).status_code == 400
    assert not attacker.memberships.exists()
    assert verified_client(victim).post(url).status_code == 302
    assert [m.practice for m in victim.memberships.all()] == [world["practice"]]
    assert verified_client(victim).post(url).status_code == 400


def test_staff_admin_is_closed_to_everybody_else(world):
    account = make_member(world["practice"], role="owner").account
    assert verified_client(account).get("/admin/").status_code == 302
    staff = make_account(is_staff=True, is_superuser=True)
    without = Client()
    without.force_login(staff, backend="booking.backends.EmailBackend")
    assert without.get("/admin/booking/patient/").status_code == 302
    CodeApp.objects.all().delete()
    assert verified_client(staff).get("/admin/booking/patient/").status_code == 200


@pytest.mark.parametrize("name", sorted(n for n in POST_ONLY if n.startswith("incidents:")))
def test_the_teams_forms_lead_to_their_incident(world, name):
    staff = verified_client(make_account(is_staff=True))
    answer = staff.get(address(name, world["ids"]))
    assert answer.status_code == 302
    assert answer["Location"] == reverse("incidents:incident", args=[world["ids"]["number"]])
