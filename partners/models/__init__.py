from partners.models.credential import Credential, Grant, Partner

__all__ = ["Credential", "Grant", "Partner"]
