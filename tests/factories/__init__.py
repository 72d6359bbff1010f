"""Rows for tests, made by the same domain functions that the product uses where there are any."""

from django.contrib.auth.hashers import Argon2PasswordHasher

from tests.factories.directory import (
    make_agenda,
    make_opening,
    make_practice,
    make_reason,
    make_resource,
)
from tests.factories.partners import make_credential, make_grant
from tests.factories.people import (
    PASSWORD,
    make_account,
    make_member,
    make_patient,
    practice_actor,
    present,
    verified_client,
)

__all__ = [
    "PASSWORD",
    "FastArgon2",
    "make_account",
    "make_agenda",
    "make_credential",
    "make_grant",
    "make_member",
    "make_opening",
    "make_patient",
    "make_practice",
    "make_reason",
    "make_resource",
    "practice_actor",
    "present",
    "verified_client",
]


class FastArgon2(Argon2PasswordHasher):
    """The smallest parameters that argon2 takes."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
