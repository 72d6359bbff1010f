from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The ground: vault, record, watch, incidents. Knows none of the apps above it."""

    name = "audit"
    default_auto_field = "django.db.models.BigAutoField"
