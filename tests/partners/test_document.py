"""The OpenAPI document says what the API does: asked in thousands of ways, by schemathesis."""

from collections import Counter
from datetime import UTC, datetime

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase
from hypothesis.strategies import sampled_from
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from booking.appointments.book import book
from booking.appointments.values import By, Conditions
from booking.models.appointment import Channel
from partners.domain import bookings
from practitioners.models import Absence, Agenda
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)
from tests.partners.software import KEY, Software, proof

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
CASES_AN_OPERATION = 210
CONFIG = SchemathesisConfig.from_dict(
    {
        # Whoever has no token is asked about in tests/abuse; here it would be most cases.
        "generation": {"with-security-parameters": False},
        "checks": {
            # What a body must be and a schema cannot say (an id that is granted, an end after its
            # start) is refused with 400; what stands in the way, with 409, 412 or 422.
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", 400, 403, 404, 409, 412, 422],
            },
        },
    }
)


@pytest.fixture
def real(now, credential):
    """Ids of things that are there: an address and a body made up at random name none."""
    agenda = make_agenda()
    reason = make_reason(agenda)
    opening = make_opening(agenda, reason)
    absence = Absence.objects.create(
        agenda=agenda, starts_at=now, until=datetime(2026, 12, 1, tzinfo=UTC)
    )
    appointment = book(
        visit_reason=reason,
        starts_at=datetime(2026, 11, 30, 8, tzinfo=UTC),
        patient=make_patient(make_account()),
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        conditions=Conditions(anywhere=True),
        now=now,
    )
    hold_id, _until = bookings.keep_slot(
        credential=credential, visit_reason=reason, now=now,
        starts_at=datetime(2026, 12, 7, 10, tzinfo=UTC),
    )  # fmt: skip
    ids = {
        "agenda_id": agenda.pk, "reason_id": reason.pk, "opening_id": opening.pk,
        "absence_id": absence.pk, "hold_id": hold_id, "appointment_id": appointment.pk,
        "patient_id": appointment.patient_id, "visit_reason": reason.pk,
        "patient": appointment.patient_id, "practice": agenda.practice_id,
    }  # fmt: skip
    return {name: str(pk) for name, pk in ids.items()}


@pytest.fixture
def credential():
    return make_credential("AgendaPlus", key=KEY)


@pytest.fixture
def software(real, credential):
    make_grant(credential, Agenda.objects.get(pk=real["agenda_id"]), fields=["last_name"])
    return Software(credential)


def name_what_is_there(case, real):
    """Put real ids into a case that keeps to the document; it still does."""
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part.update({name: pk for name, pk in real.items() if name in part})
    if isinstance(case.body, dict):
        if "visit_reasons" in case.body:
            case.body["visit_reasons"] = [real["visit_reason"]]
        if "starts_at" in case.body and "until" not in case.body:
            case.body["starts_at"] = f"2026-12-07T{8 + len(str(case.body)) % 3:02}:30:00Z"
        for who in (case.body.get("new_patient"), case.body.get("identity")):
            if who:
                who.pop("phone", None)
        if "last_name" in case.body.get("fields", []):
            # The one that is granted; with any other beside it, nothing opens.
            case.body["fields"] = ["last_name"]
    if "If-Match" in case.headers:
        case.headers["If-Match"] = "*"


@pytest.fixture(autouse=True)
def _one_connection():
    """The test's transaction goes on over all its requests, as with Django's own client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


schema = schemathesis.openapi.from_wsgi(
    "/api/v1/openapi.json", get_wsgi_application(), config=CONFIG
)


OPERATIONS = [found.ok() for found in schema.get_all_operations()]


@pytest.mark.parametrize("operation", OPERATIONS, ids=[each.label for each in OPERATIONS])
def test_every_answer_is_as_the_document_says(operation, software, real, settings):
    settings.PARTNER_REQUESTS_A_MINUTE = 10**9
    answers = Counter()

    @hypothesis.settings(
        max_examples=CASES_AN_OPERATION, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    @hypothesis.given(
        case=operation.as_strategy(GenerationMode.POSITIVE)
        | operation.as_strategy(GenerationMode.NEGATIVE),
        is_real=sampled_from([True, True, True, False]),
    )
    def ask(case, is_real):
        if is_real and case.meta.generation.mode == GenerationMode.POSITIVE:
            name_what_is_there(case, real)
        url = f"{software.base}/api/v1{case.formatted_path}"
        signed = proof(case.method, url, token=software.token)
        headers = {"Authorization": f"DPoP {software.token}", "DPoP": signed}
        answers[case.call_and_validate(headers=headers).status_code] += 1

    ask()
    print(operation.label, dict(answers))
    assert min(answers) < 300, "none of the cases was carried out"
