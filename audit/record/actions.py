"""The actions of the record: what each is called in both languages, and which pages show it.

Each app registers its own in its module `actions`, and `entries.write` takes nothing else. A code
is stored for ever and says the same for ever: one that is no longer written stays registered, as
retired, so that old lines can still be read. Pages take labels and visibility from here alone.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise

# As wide as the column.
CODE_AT_MOST = 40


class ReadBy(StrEnum):
    """Pages that show lines of the record."""

    # "Who saw my data": the lines that name the account or one of its patients as a subject.
    PATIENT = "patient"
    # The practice's record, and what each of a member's sessions did: the lines of that practice.
    PRACTICE = "practice"
    # An incident's timeline, on the team's pages.
    TEAM = "team"


class NotRegistered(Exception):
    """An action is not in the registry, is there twice, or is retired: a fault of the code."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Action:
    """What an entry of the record says was done.

    `read_by`: the pages that show it; where there is none, `why_unread` says why, and the line is
    for auditors and the team's list of entries alone. `is_reading`: its subjects' data was read,
    so that it counts for an incident's exposure. `is_retired`: read, but no longer written.
    """

    code: str
    label: str | Promise
    read_by: frozenset[ReadBy] = frozenset()
    why_unread: str = ""
    is_reading: bool = False
    is_retired: bool = False


_registered: dict[str, Action] = {}


def register(
    code: str,
    label: str | Promise,
    *read_by: ReadBy,
    why_unread: str = "",
    is_reading: bool = False,
    is_retired: bool = False,
) -> Action:
    """Add an action, at import of an app's module `actions`. Raises NotRegistered."""
    if code in _registered or not 0 < len(code) <= CODE_AT_MOST:
        raise NotRegistered(f"{code!r} is registered already, or is no code")
    if bool(read_by) == bool(why_unread):
        raise NotRegistered(f"{code}: say which pages show it, or why none does")
    action = _registered[code] = Action(
        code=code, label=label, read_by=frozenset(read_by), why_unread=why_unread,
        is_reading=is_reading, is_retired=is_retired,
    )  # fmt: skip
    return action


def code_to_write(action: Action) -> str:
    """Return what an entry stores. Raises NotRegistered."""
    if not isinstance(action, Action) or _registered.get(action.code) is not action:
        raise NotRegistered(f"{action!r} is not in the registry of actions")
    if action.is_retired:
        raise NotRegistered(f"{action.code} is no longer written")
    return action.code


def every() -> Collection[Action]:
    """Every action, those of all apps once Django has started."""
    return _registered.values()


def label_of(code: str) -> object:
    """An entry's action in words; the code itself where it is unknown, so that no line is lost."""
    action = _registered.get(code)
    return code if action is None else action.label


def hidden_from(reader: ReadBy) -> list[str]:
    """The codes that a page leaves out. Unknown codes are shown."""
    return [action.code for action in every() if reader not in action.read_by]


def readings() -> list[str]:
    """The codes of what reads its subjects' data."""
    return [action.code for action in every() if action.is_reading]
