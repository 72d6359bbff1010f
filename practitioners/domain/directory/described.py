"""What search engines are told of a practitioner, in schema.org's words: public facts alone."""

from collections.abc import Iterable
from typing import Any

from practitioners.domain import telephone
from practitioners.models import Agenda, Practice, Practitioner


def person(practitioner: Practitioner, agendas: Iterable[Agenda], *, url: str) -> dict[str, Any]:
    """A practitioner and where they work, as schema.org's Person, JSON-LD.

    A Person and not a Physician: for schema.org that is a business or a place.
    """
    return {
        "@context": "https://schema.org",
        "@type": "Person",
        "@id": url,
        "url": url,
        "name": str(practitioner),
        "givenName": practitioner.first_name,
        "familyName": practitioner.last_name,
        "jobTitle": [specialty.label for specialty in practitioner.specialties.all()],
        "knowsLanguage": list(practitioner.languages),
        "worksFor": [_clinic(agenda.practice) for agenda in agendas],
        **_reservation(agendas, url=url),
    }


def _clinic(practice: Practice) -> dict[str, Any]:
    found: dict[str, Any] = {
        "@type": "MedicalClinic",
        "name": practice.name,
        "address": {
            "@type": "PostalAddress",
            "streetAddress": practice.address,
            "postalCode": practice.postcode,
            "addressLocality": practice.town,
            "addressCountry": "FR",
        },
    }
    if practice.phone:
        found["telephone"] = (
            telephone.for_calling(practice.phone).removeprefix("tel:") or practice.phone
        )
    if practice.latitude is not None and practice.longitude is not None:
        found["geo"] = {
            "@type": "GeoCoordinates",
            "latitude": practice.latitude,
            "longitude": practice.longitude,
        }
    return found


def _reservation(agendas: Iterable[Agenda], *, url: str) -> dict[str, Any]:
    if not any(agenda.active for agenda in agendas):
        return {}
    return {"potentialAction": {"@type": "ReserveAction", "target": url}}
