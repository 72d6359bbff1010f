from partners.models.credential import AccessToken, Credential, CredentialKey, Grant, Partner
from partners.models.feed import CalendarFeed
from partners.models.identifier import OwnIdentifier
from partners.models.imported import ImportedCalendar
from partners.models.member import PartnerMember
from partners.models.patient import RegisteredPatient
from partners.models.request import IdempotentRequest
from partners.models.schedule import DeclaredSchedule
from partners.models.used import UsedStatement
from partners.models.webhook import Delivery, DeliveryState, Webhook

__all__ = [
    "AccessToken",
    "CalendarFeed",
    "Credential",
    "CredentialKey",
    "DeclaredSchedule",
    "Delivery",
    "DeliveryState",
    "Grant",
    "IdempotentRequest",
    "ImportedCalendar",
    "OwnIdentifier",
    "Partner",
    "PartnerMember",
    "RegisteredPatient",
    "UsedStatement",
    "Webhook",
]
