"""How to reach people: the apps above know accounts and addresses, incidents know ids."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from audit.models import Incident, Notice


class NotTaken(Exception):
    """The provider certainly did not take the message: it may be tried again."""


class NotAtNight(Exception):
    """A text would wake somebody: it waits."""

    def __init__(self, *, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class NothingToSay(Exception):
    """There is nobody to tell any more: the account is gone, the person was erased."""


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """One way to reach one person, and whom they are told about."""

    id: uuid.UUID
    channel: str
    practice_id: uuid.UUID | None = None
    subjects: tuple[uuid.UUID, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class Post:
    """What the app that knows people offers.

    `staff` are the platform's own people; `owners` who answers for each practice; `people` those
    whom subjects are told through, one for an account with all its relatives. `send` composes and
    hands over one notice, and raises NotTaken, NotAtNight or NothingToSay. `was_taken` says of a
    notice whose sender died whether the provider has it; None where nobody can say. `preview` is
    what a kind of notice would say, with made-up people.
    """

    staff: Callable[[], list[Recipient]]
    owners: Callable[[Iterable[uuid.UUID]], list[Recipient]]
    people: Callable[[Iterable[uuid.UUID]], list[Recipient]]
    practice_names: Callable[[Iterable[uuid.UUID]], dict[uuid.UUID, str]]
    staff_names: Callable[[Iterable[uuid.UUID]], dict[uuid.UUID, str]]
    preview: Callable[[Incident, str], str]
    send: Callable[[Notice], None]
    was_taken: Callable[[Notice], bool | None]


_posts: list[Post] = []


def register_post(post: Post) -> None:
    """Called once by the app that knows people, when it is ready."""
    _posts.append(post)


def post() -> Post:
    """The one that was registered."""
    return _posts[-1]
