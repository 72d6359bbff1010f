from partners.models.credential import AccessToken, Credential, CredentialKey, Grant, Partner
from partners.models.feed import CalendarFeed
from partners.models.patient import RegisteredPatient
from partners.models.request import IdempotentRequest

__all__ = [
    "AccessToken",
    "CalendarFeed",
    "Credential",
    "CredentialKey",
    "Grant",
    "IdempotentRequest",
    "Partner",
    "RegisteredPatient",
]
