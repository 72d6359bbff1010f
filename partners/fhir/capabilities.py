"""GET [base]/metadata: the public description of this server."""

from typing import Any

from django.conf import settings
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from partners.fhir import appointments, slots
from partners.fhir.base import MEDIA_TYPE, FHIRRenderer, outcome_handler
from partners.fhir.directory import KINDS
from partners.fhir.mapping import PROFILE

GUIDE = "https://interop.esante.gouv.fr/ig/fhir/gap"
ARGONAUT = "http://fhir.org/guides/argonaut-scheduling/OperationDefinition"


def _resource(
    kind: str, interactions: str, parameters: dict[str, str], **more: Any
) -> dict[str, Any]:
    return {
        "type": kind,
        "interaction": [{"code": code} for code in interactions.split()],
        "versioning": "versioned-update" if "update" in interactions else "no-version",
        "searchParam": [{"name": name, "type": of} for name, of in parameters.items()],
        **more,
    }


def _resources() -> list[dict[str, Any]]:
    """What can be done with each resource type."""
    by_actor = dict.fromkeys(("actor", "practitioner", "location"), "reference")
    resources = [_resource(kind, "read search-type", {"_id": "token"} | by_actor) for kind in KINDS]
    resources[0] = _resource(
        "Schedule", "read search-type create update patch delete", {"_id": "token"} | by_actor,
        profile=f"{PROFILE}schedule",
    )  # fmt: skip
    resources.append(
        _resource(
            "Slot",
            "read search-type",
            {
                "schedule": "reference", "schedule.actor": "reference",
                "Schedule-actor": "reference", "start": "date", slots.EARLIEST: "date",
                slots.LATEST: "date", "service-type": "token", "status": "token",
                "identifier": "token",
            },
            profile=f"{PROFILE}slot",
        )
    )  # fmt: skip
    resources.append(
        _resource(
            "Appointment",
            "read search-type create update",
            {
                "date": "date", appointments.EARLIEST: "date", appointments.LATEST: "date",
                appointments.CREATED: "date", appointments.ACTOR: "reference",
                appointments.PRIORITY: "token", appointments.DESCRIPTION: "string",
                "actor": "reference", "patient": "reference", "status": "token",
                "identifier": "token", "service-type": "token",
            },
            profile=f"{PROFILE}appointment",
            conditionalUpdate=True,
            updateCreate=False,
            operation=[
                {"name": name, "definition": f"{ARGONAUT}/appointment-{name}"}
                for name in ("hold", "book")
            ],
        )
    )  # fmt: skip
    resources.append(
        _resource("Patient", "read search-type create", {"general-practitioner": "reference"})
    )
    return resources


def statement() -> dict[str, Any]:
    """The CapabilityStatement (https://hl7.org/fhir/R4/capabilitystatement.html)."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-25",
        "kind": "instance",
        "software": {"name": "Doctolib"},
        "implementation": {
            "description": "The agendas that practices have granted to your software",
            "url": f"{settings.BASE_URL}/fhir/r4",
        },
        "fhirVersion": "4.0.1",
        "format": [MEDIA_TYPE],
        "implementationGuide": [GUIDE],
        "rest": [
            {
                "mode": "server",
                "documentation": "JSON only: a request for XML is answered with 406.",
                "security": {
                    "cors": False,
                    "description": (
                        "OAuth 2 client credentials with private_key_jwt (RFC 7523), optionally"
                        f" with DPoP (RFC 9449), at {settings.BASE_URL}/api/v1/oauth/token."
                    ),
                },
                "resource": _resources(),
            }
        ],
    }


class Open(APIView):
    """A public route."""

    schema = None
    authentication_classes = ()
    permission_classes = ()
    renderer_classes = [FHIRRenderer]

    def get_exception_handler(self) -> Any:
        return outcome_handler


class Metadata(Open):
    """The statement itself."""

    def get(self, request: Request) -> Response:
        return Response(statement(), headers={"Cache-Control": "public, max-age=3600"})


class Unknown(Open):
    """Every address that the FHIR interface does not have: an OperationOutcome."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("This resource type is not supported: see /metadata.")
