from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartnersConfig(AppConfig):
    """Partner software: credentials, grants and the API."""

    name = "partners"
    verbose_name = _("Partenaires")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit.record.entries import Channel
        from audit.record.privileges import register_inner_role
        from audit.software import register_names
        from audit.vault.guard import register_guard
        from audit.watch.holders import Holders, Kind, register_holders
        from booking.accounts.workplaces import register_workplaces
        from booking.pages.lost import practice_gone
        from partners import actions  # noqa: F401 - the record's actions register themselves
        from partners.domain import credentials, told_changes
        from partners.domain.walls import PARTNER_ROLE
        from partners.domain.watching import guard_api
        from partners.queries import names_of_credentials, vendors_of
        from partners.views import gone

        practice_gone.register_kinds(gone.KINDS)
        register_names(names_of_credentials)
        register_workplaces(vendors_of)
        register_inner_role(PARTNER_ROLE)
        register_guard(Channel.API, guard_api)
        told_changes.register_changes()
        register_holders(
            Kind.CREDENTIAL,
            Holders(
                stop=credentials.stop,
                let_in=credentials.let_in_again,
                is_stopped=credentials.is_suspended,
                names=names_of_credentials,
                practices=credentials.practices_of,
            ),
        )
