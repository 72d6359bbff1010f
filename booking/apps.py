from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingConfig(AppConfig):
    """Accounts, patients, appointments, holds, reminders and messages."""

    name = "booking"
    verbose_name = _("Patients et rendez-vous")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit.incidents.post import register_post
        from audit.record.entries import Channel
        from audit.vault.guard import register_guard
        from audit.watch.holders import Kind, register_holders
        from booking import actions  # noqa: F401 - the record's actions register themselves
        from booking.accounts import account_letters, invitation_letter, team
        from booking.appointments.freed import register_offering
        from booking.appointments.news import letter
        from booking.exchange import letters
        from booking.oversight.dashboard_access import MEMBERS
        from booking.oversight.incident_post import POST
        from booking.oversight.staff_reveals import TEAM_MEMBERS, guard_admin
        from booking.oversight.watching import guard_dashboard
        from booking.pages.reader import reader_of
        from booking.patients import handover_letter
        from booking.rights import last_letters
        from booking.waiting import offer_letter, offering
        from practitioners.readers import register_readers

        register_post(POST)
        register_holders(Kind.ACCOUNT, MEMBERS)
        register_holders(Kind.STAFF, TEAM_MEMBERS)
        register_guard(Channel.DASHBOARD, guard_dashboard)
        register_guard(Channel.ADMIN, guard_admin)
        register_readers(reader_of)
        team.register_changes()
        register_offering(offering.offer_free)
        for each in (
            account_letters, invitation_letter, letter, letters, handover_letter, last_letters,
            offer_letter,
        ):  # fmt: skip
            each.register_letters()
