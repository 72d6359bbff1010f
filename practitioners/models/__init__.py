from practitioners.models.agenda import (
    Absence,
    Agenda,
    Opening,
    OpeningTemplate,
    Question,
    VisitReason,
)
from practitioners.models.directory import Practice, Practitioner, Specialty
from practitioners.models.place import Commune
from practitioners.models.resources import Resource, ResourceUse
from practitioners.models.staff import Invitation, Membership, Role, Substitution
from practitioners.models.taken import NextSlot, Taken

__all__ = [
    "Absence",
    "Agenda",
    "Commune",
    "Invitation",
    "Membership",
    "NextSlot",
    "Opening",
    "OpeningTemplate",
    "Practice",
    "Practitioner",
    "Question",
    "Resource",
    "ResourceUse",
    "Role",
    "Specialty",
    "Substitution",
    "Taken",
    "VisitReason",
]
