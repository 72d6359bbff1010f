"""A sealed name, as it is stored."""

from audit.vault.reveal import Purpose, reveal
from tests.factories import practice_actor


def last_name(patient):
    with reveal([(patient, ("last_name",))], actor=practice_actor(), purpose=Purpose.CARE) as plain:
        return plain.text(patient, "last_name")
