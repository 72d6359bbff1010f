from django.apps import AppConfig


class BookingConfig(AppConfig):
    """Accounts, patients, appointments, holds, reminders and messages."""

    name = "booking"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit.incidents.post import register_post
        from booking.domain.incident_post import POST

        register_post(POST)
