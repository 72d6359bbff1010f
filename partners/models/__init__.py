from partners.models.credential import AccessToken, Credential, CredentialKey, Grant, Partner

__all__ = ["AccessToken", "Credential", "CredentialKey", "Grant", "Partner"]
