"""An account's own people, by name: what forms let one choose among."""

from collections.abc import Sequence

from django.http import HttpRequest

from audit.vault.reveal import Purpose, reveal
from booking.models import Patient
from booking.models.patient import Relation
from booking.pages.access import web_actor


def named_people(request: HttpRequest) -> list[tuple[Patient, str]]:
    """Each of them with the name, opened for the account itself; whoever came first is first."""
    rows = list(Patient.objects.order_by("created_at", "pk"))
    wanted = [(row, ("first_name", "last_name")) for row in rows]
    with reveal(wanted, actor=web_actor(request), purpose=Purpose.OWN_DATA) as plain:
        return [
            (row, f"{plain.text(row, 'first_name')} {plain.text(row, 'last_name')}") for row in rows
        ]


def chosen_first(people: Sequence[Patient], *, wished: str) -> str:
    """Return whom a form has chosen at first: the person asked for; unasked, the account's owner.

    Empty where neither is there: whom a visit is for is not guessed, not even where a child is the
    only one, whose parent may mean themselves. `people` are all of the account's, of whom some may
    be refused.
    """
    ids = [str(row.pk) for row in people]
    if wished:
        return wished if wished in ids else ""
    own = [str(row.pk) for row in people if row.relation == Relation.SELF]
    return next(iter(own), "")
