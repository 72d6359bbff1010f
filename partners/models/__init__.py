from partners.models.credential import AccessToken, Credential, CredentialKey, Grant, Partner
from partners.models.feed import CalendarFeed

__all__ = ["AccessToken", "CalendarFeed", "Credential", "CredentialKey", "Grant", "Partner"]
