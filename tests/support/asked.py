"""What a test says in flat keywords, as the values that booking, moving and cancelling take."""

from dataclasses import fields

from booking.appointments.values import By, Conditions, Telling

BY = {each.name for each in fields(By)}
CONDITIONS = {each.name for each in fields(Conditions)}
TELLING = {each.name for each in fields(Telling)}


def asked(**flat):
    """Group keywords; those that belong to no value stay as they are."""
    found = {name: value for name, value in flat.items() if name not in BY | CONDITIONS | TELLING}
    for name, kind, names in (
        ("by", By, BY), ("conditions", Conditions, CONDITIONS), ("telling", Telling, TELLING),
    ):  # fmt: skip
        if given := {key: value for key, value in flat.items() if key in names}:
            found[name] = kind(**given)
    return found
