from django.apps import AppConfig


class BookingConfig(AppConfig):
    """Accounts, patients, appointments, holds, reminders and messages."""

    name = "booking"
    default_auto_field = "django.db.models.BigAutoField"
