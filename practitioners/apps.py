from django.apps import AppConfig


class PractitionersConfig(AppConfig):
    """Directory, practices, agendas, openings, availability, dashboard shell."""

    name = "practitioners"
    default_auto_field = "django.db.models.BigAutoField"
