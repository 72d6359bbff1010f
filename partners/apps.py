from django.apps import AppConfig


class PartnersConfig(AppConfig):
    """Partner software: credentials, grants and the API."""

    name = "partners"
    default_auto_field = "django.db.models.BigAutoField"
