from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """The ground: vault, record, watch, incidents. Knows none of the apps above it."""

    name = "audit"
    verbose_name = _("Registre et clés")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import actions  # noqa: F401 - the record's actions register themselves
