"""Real advisories of booking and health systems, each replayed as the analogous attack on us.

Some are whole suites of their own: CVE-2023-3285 to -3290, CVE-2023-38047 to -38055,
CVE-2026-25164 and CVE-2026-33915 are test_access.py and test_partner_access.py, whose questions
come from the table of addresses.
"""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import reverse
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.models import Entry
from booking.appointments.book import SlotTaken, book
from booking.appointments.values import By
from booking.models import Account, Appointment, Patient
from booking.models.appointment import Channel
from partners.api.scoped import ScopedView
from practitioners.models import Taken
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.partners.software import KEY, Software, proof
from tests.support.race import race

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
NINE = datetime(2026, 11, 30, 9, tzinfo=UTC)
SECRETS = ("Quatrefages", "+33612345678", "31/12/1980", "1980-12-31")


@pytest.fixture
def elsewhere(world):
    """Software that may do everything at the other practice."""
    agenda = make_agenda(practice=world["other"])
    make_opening(agenda, make_reason(agenda))
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, agenda, fields=["last_name"])
    return credential


def signed_in(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def unchanged(world):
    row = Appointment.unscoped.get(pk=world["ids"]["appointment_id"])
    return (row.agenda_id, row.status, row.moves) == (world["ids"]["agenda_id"], "booked", 0)


def test_july_2020_a_stolen_token_walks_the_api_and_fhir_and_reads_no_name(world):
    """The token without its key opens nothing; with it, lists hold ids alone."""
    credential = make_credential("AgendaPlus", key=KEY)
    agendas = [Appointment.unscoped.get().agenda]
    make_grant(credential, *agendas, fields=["last_name"])
    software = Software(credential)
    for path in ("/api/v1/appointments", "/api/v1/changes", "/fhir/r4/Appointment"):
        for scheme in ("DPoP", "Bearer"):
            headers = {"Authorization": f"{scheme} {software.token}"}
            assert Client().get(path, headers=headers).status_code == 401
    # Shown without its key it is dead, for whoever has it.
    assert software.get("appointments").status_code == 401
    software = Software(credential)
    before = Entry.objects.filter(action="reveal").count()
    window = {"since": "2026-11-01T00:00:00Z", "until": "2026-12-20T00:00:00Z"}
    texts = [
        software.get("appointments", **window).content.decode(),
        software.get("changes").content.decode(),
        software.get("patients", practice=str(world["practice"].pk)).content.decode(),
    ]
    fhir = Software(credential, root="fhir/r4")
    texts += [
        fhir.get("Appointment").content.decode(),
        fhir.get(f"Patient/{world['patient'].pk}").content.decode(),
    ]
    assert all(str(world["patient"].pk) in text for text in texts)
    assert not [secret for secret in SECRETS for text in texts if secret in text]
    assert Entry.objects.filter(action="reveal").count() == before


def test_cve_2023_3700_ids_in_the_body_move_nothing_to_anybodys_agenda(world, elsewhere):
    software = Software(elsewhere)
    theirs = {"visit_reason": str(world["ids"]["reason_id"]), "starts_at": NINE.isoformat()}
    assert software.post("holds", theirs).status_code == 400
    who = {"new_patient": {"first_name": "Anne", "last_name": "Onyme"}}
    assert software.post("appointments", theirs | who).status_code == 400
    reason = elsewhere.grants.get().agendas.get().visit_reasons.get()
    own = {"visit_reason": str(reason.pk), "starts_at": NINE.isoformat()}
    # Their patient at our practice, by an id that somebody learnt.
    answer = software.post("appointments", own | {"patient": str(world["patient"].pk)})
    assert answer.status_code == 400
    made = software.post("appointments", own | who).json()
    moved = software.post(
        f"appointments/{made['id']}/move",
        {"starts_at": "2026-11-30T10:00:00Z", "visit_reason": str(world["ids"]["reason_id"])},
        match="*",
    )
    assert moved.status_code == 400
    fhir = Software(elsewhere, root="fhir/r4")
    body = {
        "resourceType": "Appointment", "status": "booked",
        "slot": [{"reference": f"Slot/{world['ids']['slot_id']}"}],
        "participant": [
            {"actor": {"reference": f"Patient/{made['patient']}"}, "status": "accepted"}
        ],
    }  # fmt: skip
    assert fhir.put(f"Appointment/{made['id']}", body, match="*").status_code == 400
    assert Appointment.unscoped.filter(agenda=world["ids"]["agenda_id"]).count() == 1
    assert unchanged(world)


def test_cve_2023_3700_a_patient_books_for_nobody_elses_patient(world):
    stranger = make_account()
    own = make_patient(stranger)
    client = signed_in(stranger)
    reason_id = world["ids"]["reason_id"]
    held = client.post(
        reverse("booking:hold"), {"motif": reason_id, "debut": NINE.isoformat(), "suivi": "non"}
    )
    assert held.status_code == 302
    client.post(held["Location"], {"patient": world["patient"].pk, "note": ""})
    assert Appointment.unscoped.filter(patient=world["patient"]).count() == 1
    assert not Appointment.unscoped.filter(patient=own).exists()


@pytest.mark.parametrize("name", ["booking:cancel", "booking:move", "booking:mark-visit"])
def test_cve_2026_23622_nothing_changes_by_get_or_from_another_site(world, name):
    address = reverse(name, kwargs={
        key: world["ids"][key]
        for key in (("practice_id",) if name == "booking:mark-visit" else ()) + ("appointment_id",)
    })  # fmt: skip
    account = (
        make_member(world["practice"], role="owner").account
        if name == "booking:mark-visit"
        else world["owner"]
    )
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(account, backend="booking.backends.EmailBackend")
    for method in ("GET", "HEAD", "OPTIONS"):
        strict.generic(method, f"{address}?status=seen&confirm=1&debut={NINE:%Y-%m-%dT%H:%MZ}")
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
        assert strict.post(address, "status=seen", content_type=kind).status_code == 403
    assert unchanged(world)


def test_cve_2026_2262_a_route_that_declares_nothing_answers_nobody(elsewhere):
    class Forgotten(APIView):
        def get(self, request):
            return Response({"customers": list(Patient.unscoped.values())})

    class Undeclared(ScopedView):
        def get(self, request):
            return Response({"customers": list(Patient.unscoped.values())})

    token = Software(elsewhere).token
    for view in (Forgotten, Undeclared):
        text = proof("GET", "http://localhost:8000/x", token=token)
        request = RequestFactory().get(
            "/x", headers={"Authorization": f"DPoP {token}", "DPoP": text}
        )
        assert view.as_view()(request).status_code == 403
        assert view.as_view()(RequestFactory().get("/x")).status_code == 401


@pytest.mark.parametrize(
    "extra",
    [
        {"email": "victime@exemple.fr"}, {"email_index": "x"}, {"is_staff": "on"},
        {"is_superuser": "on"}, {"id": "x"}, {"account": "x"}, {"email_verified_at": "2026-01-01"},
    ],
)  # fmt: skip
def test_cve_2026_23478_no_profile_or_session_leads_into_another_account(world, extra):
    victim, attacker = make_account("victime@exemple.fr"), make_account("attaquant@exemple.fr")
    wanted = {key: str(victim.pk) if value == "x" else value for key, value in extra.items()}
    before = Account.objects.filter(pk=attacker.pk).values().get()
    client = signed_in(attacker)
    for address in (reverse("booking:account"), reverse("booking:people")):
        client.post(address, {"language": before["language"]} | wanted)
        client.post(f"{address}?email=victime@exemple.fr", wanted)
    after = Account.objects.filter(pk=attacker.pk).values().get()
    assert {k: v for k, v in after.items() if k != "last_login"} == {
        k: v for k, v in before.items() if k != "last_login"
    }
    assert client.get(reverse("booking:account")).wsgi_request.user.pk == attacker.pk


def test_gecko_2026_signing_up_with_a_known_address_captures_nothing(world):
    """Cal.com Cloud, January 2026: an invitation's sign-up took existing accounts over."""
    victim = make_account("victime@exemple.fr")
    before = Account.objects.filter(pk=victim.pk).values("password", "email_verified_at").get()
    accounts = Account.objects.count()
    answer = Client().post(
        reverse("booking:sign-up"),
        {"email": "Victime@Exemple.fr", "password": "un-autre-mot-de-passe-2026", "terms": "on"},
    )
    # The same answer as for an address that nobody has.
    assert answer.status_code == 302
    after = Account.objects.filter(pk=victim.pk).values("password", "email_verified_at").get()
    assert after == before
    assert Account.objects.count() == accounts
    assert "_auth_user_id" not in answer.wsgi_request.session
    assert not mail.outbox or all("victime@exemple.fr" in m.to for m in mail.outbox)


def test_gecko_2026_no_list_filter_or_export_crosses_practices(world):
    client = verified_client(make_member(world["other"], role="owner").account)
    for name in ("practice-reads", "practice-reads-csv", "find-patients", "week-plan", "members"):
        address = reverse(f"booking:{name}", args=[world["other"].pk])
        for query in (
            {}, {"practice": world["practice"].pk}, {"practice_id": world["practice"].pk},
            {"agenda": world["ids"]["agenda_id"]}, {"patient": world["patient"].pk},
            {"q": "Quatrefages"}, {"include": "patient"},
        ):  # fmt: skip
            answer = client.get(address, query)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert not [s for s in SECRETS if s in body.decode() and s not in query.values()]
            assert str(world["ids"]["appointment_id"]) not in body.decode()


def test_cve_2026_9349_parameters_of_public_pages_disclose_no_booking(world):
    stranger = signed_in(make_account())
    pk = world["ids"]["appointment_id"]
    practitioner = reverse("practitioners:practitioner", args=[world["ids"]["practitioner_id"]])
    for query in (
        {"appointment": pk}, {"rescheduleUid": pk}, {"hold": pk}, {"motif": pk},
        {"patient": world["patient"].pk}, {"email": "z@example.org"}, {"debug": 1},
    ):  # fmt: skip
        for client in (Client(), stranger):
            answers = [client.get(practitioner, query), client.get("/", query)]
            answers.append(client.get(reverse("booking:confirm", args=[pk]), query))
            for answer in answers:
                assert not [secret for secret in SECRETS if secret in answer.content.decode()]
    for name in ("appointment", "move", "cancel"):
        assert stranger.get(reverse(f"booking:{name}", args=[pk])).status_code == 404
        assert Client().get(reverse(f"booking:{name}", args=[pk])).status_code == 302


@pytest.mark.parametrize("name", ["verify-email", "reset-password", "accept-invitation"])
def test_cve_2026_9349_links_are_not_guessed(world, name):
    client = verified_client(make_account())
    for token in ("1", "null", str(world["ids"]["appointment_id"]), "a:b:c", "x" * 400):
        answer = client.get(reverse(f"booking:{name}", args=[token]))
        assert answer.status_code in (400, 404, 200)
        assert not [secret for secret in SECRETS if secret in answer.content.decode()]
        assert str(world["practice"].name) not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_cal_diy_29958_every_channel_at_once_and_one_booking(now):
    """Also calcom #5820, #10789, #23988 and LibreBooking#147: the losers are told that they lost."""
    agenda = make_agenda()
    make_opening(agenda, make_reason(agenda))
    reason = agenda.visit_reasons.get()
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, agenda)
    who = itertools.count()
    refusals = []

    def direct(channel):
        patient = make_patient()

        def job():
            book(
                visit_reason=reason,
                starts_at=NINE,
                patient=patient,
                by=By(actor=practice_actor(), channel=channel),
                now=now,
            )

        return job

    def software(root):
        caller = Software(credential, root=root)
        body = {
            "visit_reason": str(reason.pk), "starts_at": NINE.isoformat(),
            "new_patient": {"first_name": "Anne", "last_name": f"Onyme{next(who)}"},
        }  # fmt: skip

        def job():
            answer = caller.post("appointments", body)
            if answer.status_code == 409:
                refusals.append(answer.json())
                raise SlotTaken
            assert answer.status_code == 201, answer.content

        return job

    jobs = [direct(channel) for channel in (Channel.PATIENT, Channel.PRACTICE) * 4]
    jobs += [software("api/v1") for _n in range(8)]
    outcomes = race(jobs)
    assert outcomes == {"won": 1, "SlotTaken": len(jobs) - 1}
    assert Appointment.unscoped.count() == Taken.objects.count() == 1
    assert all(refusal["type"].endswith("slot-taken") for refusal in refusals)
    # No file of somebody who was not booked is left behind by the API.
    booked_by_api = Appointment.unscoped.get().channel == Channel.PARTNER
    assert Patient.unscoped.count() == 8 + booked_by_api


@pytest.mark.parametrize(
    ("kind", "parameter"),
    [
        ("Appointment", "actor"), ("Appointment", "GAP_Appointment_Actor"),
        ("Appointment", "patient"), ("Appointment", "identifier"), ("Appointment", "_id"),
        ("Appointment", "service-type"), ("Slot", "schedule"), ("Slot", "schedule.actor"),
        ("Slot", "Schedule-actor"), ("Slot", "service-type"), ("Slot", "identifier"),
        ("Patient", "general-practitioner"), ("Schedule", "actor"), ("Schedule", "_id"),
        ("PractitionerRole", "practitioner"), ("PractitionerRole", "location"),
        ("Practitioner", "_id"), ("Location", "_id"), ("HealthcareService", "_id"),
    ],
)  # fmt: skip
def test_cve_2026_24487_no_fhir_search_leaves_the_compartment(world, elsewhere, kind, parameter):
    """Every resource and every search parameter with every id of another's."""
    fhir = Software(elsewhere, root="fhir/r4")
    ids = world["ids"]
    foreign = {
        "Patient": world["patient"].pk, "PractitionerRole": ids["agenda_id"],
        "Practitioner": ids["practitioner_id"], "Location": world["practice"].pk,
        "HealthcareService": ids["reason_id"], "Schedule": ids["agenda_id"],
    }  # fmt: skip
    texts = [f"{name}/{pk}" for name, pk in foreign.items()]
    texts += [str(pk) for pk in foreign.values()]
    texts += [ids["slot_id"], str(ids["appointment_id"]), f"urn:uuid:{ids['appointment_id']}"]
    for text in texts:
        answer = fhir.get(kind, **{parameter: text})
        assert answer.status_code in (200, 400)
        if answer.status_code == 200:
            found = [e for e in answer.json()["entry"] if e["search"]["mode"] == "match"]
            assert found == []
    for name, pk in foreign.items():
        assert fhir.get(f"{name}/{pk}").status_code == 404
    assert fhir.get(f"Slot/{ids['slot_id']}").status_code == 404
    assert fhir.get(f"Slot/taken.{Taken.objects.get().pk}").status_code == 404
    assert unchanged(world)
    later = NINE + timedelta(days=1)
    assert fhir.get("Slot", schedule=str(ids["agenda_id"]), start=later.isoformat()).json()[
        "total"
    ] == 0  # fmt: skip
