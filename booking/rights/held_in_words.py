"""What is held about an account, as people read it: the file of `held_data` without its codes."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from booking.models.accounts.account import Reminders
from booking.models.appointment import Status
from booking.models.patient import Relation, Sex


def held_in_words(held: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page of one's own data shows, in the language that is active.

    A visit's time is its practice's wall clock, with no zone that could move it again.
    """
    account = held["account"]
    return {
        "account": {
            **account,
            "language": str(dict(settings.LANGUAGES).get(account["language"], "")),
            "reminders": _label(Reminders, account["reminders"]),
        },
        "people": [_person(each) for each in held["people"]],
        "appointments": [_visit(each) for each in held["appointments"]],
        "messages": held["messages"],
    }


def _person(person: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **person,
        "full_name": f"{person['first_name']} {person['last_name']}".strip(),
        "relation": _label(Relation, person["relation"]),
        "sex": _label(Sex, person["sex"]),
    }


def _visit(visit: Mapping[str, Any]) -> dict[str, Any]:
    begins: datetime = visit["starts_at"]
    local = begins.astimezone(ZoneInfo(visit["time_zone"])).replace(tzinfo=None)
    return {**visit, "begins": local, "status": _label(Status, visit["status"])}


def _label(choices: Any, value: str) -> str:
    """What a choice is called; nothing for what is not given or not known."""
    found: Iterable[tuple[str, object]] = choices.choices
    return str(dict(found).get(value, ""))
