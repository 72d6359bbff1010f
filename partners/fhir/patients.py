"""Patients: ids only, and registering a new one."""

import uuid
from typing import Any

from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from partners.api import serializers
from partners.domain import bookings, scopes
from partners.fhir import mapping
from partners.fhir.base import FHIRView, bundle, created, one, takes, valid
from partners.fhir.search import read_count, read_reference, references
from partners.models import Grant
from partners.queries import grant_of, granted_patients

SEXES = {"male": "M", "female": "F"}


def grant_on(view: FHIRView, agenda_id: uuid.UUID, *, where: str) -> Grant:
    """The grant on an agenda; raises ValidationError."""
    grant = grant_of(view.credential, agenda_id=agenda_id, scope=view.required_scope)
    if grant is None:
        raise ValidationError({where: "Unknown, or not covered by your grants."})
    return grant


class PatientSearch(FHIRView):
    """GET and POST [base]/Patient."""

    scopes = {"get": scopes.APPOINTMENTS_READ, "post": scopes.APPOINTMENTS_WRITE}

    @takes("general-practitioner", "_count")
    def get(self, request: Request) -> Response:
        """The patients of the agenda's practice whom the grant covers."""
        name = "general-practitioner"
        ((_kind, agenda_id), *_more) = references(request, name, "PractitionerRole")
        grant = grant_on(self, agenda_id, where=name)
        count = read_count(request)
        rows = list(granted_patients(grant).order_by("pk")[: count + 1])
        found = [mapping.patient(row) for row in rows[:count]]
        return bundle(request, found, more=len(rows) > count)

    @takes()
    def post(self, request: Request) -> Response:
        """Register a patient at the practice of the agenda that `generalPractitioner` names."""
        given = valid(request.data, "Patient")
        references_given = given.get("generalPractitioner") or [{}]
        named = read_reference(
            references_given[0].get("reference"), "PractitionerRole", default="PractitionerRole"
        )
        if named is None:
            raise ValidationError({"generalPractitioner": "must reference a PractitionerRole"})
        grant = grant_on(self, named[1], where="generalPractitioner")
        identity = serializers.IdentityIn(data=_identity_of(given))
        identity.is_valid(raise_exception=True)
        row = bookings.register_patient(
            credential=self.credential,
            practice=grant.practice,
            identity=serializers.identity_of(identity.validated_data),
            actor=self.actor(grant.practice_id),
            now=timezone.now(),
        )
        return created(request, mapping.patient(row))


def _identity_of(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of a Patient, as the API's IdentityIn takes them."""
    name = (given.get("name") or [{}])[0]
    contact = {each.get("system"): each.get("value") for each in given.get("telecom") or ()}
    identity = {
        "first_name": " ".join(name.get("given") or ()),
        "last_name": name.get("family"),
        "birth_date": given.get("birthDate"),
        "sex": SEXES.get(given.get("gender", "")),
        "phone": contact.get("phone"),
        "email": contact.get("email"),
    }
    return {key: value for key, value in identity.items() if value is not None}


class PatientRead(FHIRView):
    """GET [base]/Patient/ID."""

    scopes = {"get": scopes.APPOINTMENTS_READ}

    @takes()
    def get(self, request: Request, patient_id: uuid.UUID) -> Response:
        for grant in self.credential.grants.in_force(self.required_scope):
            row = granted_patients(grant).filter(pk=patient_id).first()
            if row is not None:
                return one(mapping.patient(row))
        raise NotFound
