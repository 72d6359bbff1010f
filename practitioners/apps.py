from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PractitionersConfig(AppConfig):
    """Directory, practices, agendas, openings, availability, dashboard shell."""

    name = "practitioners"
    verbose_name = _("Cabinets et agendas")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from practitioners import actions  # noqa: F401 - the record's actions register themselves
