"""Patients: ids, and the fields on file. Identities are returned by the reveal route only."""

import uuid

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from booking.models import Patient
from partners.api import resources, serializers
from partners.api.document import describe
from partners.api.fields import Id
from partners.api.paging import CURSOR, LIMIT, Page
from partners.api.scoped import ScopedView
from partners.domain import bookings, scopes
from partners.models import Grant
from partners.queries import granted_patients


class Patients(ScopedView):
    """The patients of a practice whom your grant covers: ids, and the fields on file."""

    scopes = {"get": scopes.APPOINTMENTS_READ, "post": scopes.APPOINTMENTS_WRITE}

    @describe(
        "Patients of a practice", answer=serializers.PatientsOut, tag="patients",
        parameters=[
            OpenApiParameter("practice", OpenApiTypes.UUID, required=True),
            LIMIT,
            CURSOR,
        ],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        grant = self._grant(Id().run_validation(request.query_params.get("practice")))
        pages = Page()
        pages.ordering = ("pk",)  # type: ignore[assignment]
        page = pages.paginate_queryset(granted_patients(grant), request, view=self)
        return Response(
            {
                "patients": [resources.patient(row, granted=grant.fields) for row in page or ()],
                "next": pages.get_next_link(),
            }
        )

    @describe(
        "Register a patient", answer=serializers.PatientOut, tag="patients",
        body=serializers.PatientIn, status=201,
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        given = serializers.PatientIn(data=request.data)
        given.is_valid(raise_exception=True)
        grant = self._grant(given.validated_data["practice"])
        patient = bookings.register_patient(
            credential=self.credential,
            practice=grant.practice,
            identity=serializers.identity_of(given.validated_data["identity"]),
            actor=self.actor(grant.practice_id),
            now=timezone.now(),
        )
        data = resources.patient(patient, granted=grant.fields)
        return Response(data, status=status.HTTP_201_CREATED)

    def _grant(self, practice_id: uuid.UUID) -> Grant:
        grants = self.credential.grants.in_force(self.required_scope)
        found = grants.filter(practice=practice_id).select_related("practice").first()
        if found is None:
            raise ValidationError({"practice": "Unknown, or not covered by your grants."})
        return found


class OnePatient(ScopedView):
    """One patient, without identity: the id, and the granted fields that are on file."""

    scopes = {"get": scopes.APPOINTMENTS_READ}

    @describe("A patient", answer=serializers.PatientOut, tag="patients")
    def get(self, request: Request, patient_id: uuid.UUID) -> Response:
        row: Patient | None = None
        fields: set[str] = set()
        for grant in self.credential.grants.in_force(self.required_scope):
            found = granted_patients(grant).filter(pk=patient_id).first()
            if found is not None:
                row = found
                fields |= set(grant.fields)
        if row is None:
            raise NotFound
        return Response(resources.patient(row, granted=fields))
