"""An account's own people, by name: what forms let one choose among."""

from django.http import HttpRequest

from audit.vault.reveal import Purpose, reveal
from booking.models import Patient
from booking.views.access import web_actor


def named_people(request: HttpRequest) -> list[tuple[Patient, str]]:
    """Each of them with the name, opened for the account itself; whoever came first is first."""
    rows = list(Patient.objects.order_by("created_at", "pk"))
    wanted = [(row, ("first_name", "last_name")) for row in rows]
    with reveal(wanted, actor=web_actor(request), purpose=Purpose.OWN_DATA) as plain:
        return [
            (row, f"{plain.text(row, 'first_name')} {plain.text(row, 'last_name')}") for row in rows
        ]
