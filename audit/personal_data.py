"""What the rows of a model are to a person, declared on the model itself.

A model with a sealed field, or whose rows belong to a patient or to an account, has an attribute
`personal_data`. Merging two files, erasing, exporting and the watch read it; none of them has a
list of models of its own. tests/doctolib/test_personal_data.py finds a model without one.

Paths are lookups of Django (`appointment__patient`); the models that they lead to are not named
here, since the ground knows persons by id alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q

from audit.vault.sealing import SealedField


@dataclass(frozen=True)
class Follows:
    """Whatever happens to the row that this path names happens to this one with it."""

    row: str


@dataclass(frozen=True)
class Stays:
    """Merging two files leaves the row where it is."""

    because: str


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Merging takes the rows of the practice to the file that is kept, and parting takes them back.

    The row's column is `patient_id`. Its sealed fields are sealed anew.
    """

    # What a merge calls these rows (`PatientMerge.moved`): never changed.
    kind: str
    # A file has one row for each value of these columns. Of a double, the kept file's own wins:
    # the other one is ended (this column is set), or deleted where there is no such column.
    once: tuple[str, ...] = ()
    ended: str = ""


class When(Enum):
    """When the rows are deleted, where an account is erased."""

    AT_ONCE = "at once"
    # With the file of the patient, if no practice must keep it.
    WITH_FILE = "with the file"
    # At once, but for those of a practice that must keep the file.
    UNLESS_KEPT = "unless kept"


@dataclass(frozen=True)
class Erased:
    """The rows are deleted."""

    when: When


@dataclass(frozen=True)
class Emptied:
    """The rows stay and these columns are emptied, with the file or the account."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class Kept:
    """The rows stay as they are."""

    because: str


@dataclass(frozen=True)
class ByService:
    """A function of its own ends the row, since there is more to do, such as an entry."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Read:
    """A sealed column whose text has a structure, with the function that reads it."""

    column: str
    by: Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class Exported:
    """The rows are a section of the export (GDPR articles 15 and 20).

    `fields` gives each name in the file and what stands there: an attribute of the row, sealed or
    not, or one of a row that it points at (`practice.name`).
    """

    section: str
    fields: Mapping[str, str | Read]
    order: tuple[str, ...] = ("pk",)
    # The section stands inside the row that this column names, and not by itself.
    within: str = ""
    # The person has one such row: the section is that one.
    is_single: bool = False
    # Sealed columns that are not exported, each with the reason.
    withheld: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportedBy:
    """A function of the export writes this section."""

    section: str


@dataclass(frozen=True)
class NotExported:
    """The rows are not part of the export."""

    because: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """While such a row is there, a practice has a reason to open the patient's data.

    `where` is given the instant since which something counts as new.
    """

    where: Callable[[datetime], Q]
    # It explains that a name is shown, and nothing more.
    of_names: bool = False


class Visits(Enum):
    """The visit itself explains it, by when it takes place and when it was booked."""

    BY_TIME = "by time"


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """How rows belong to a person, and what becomes of them.

    With a path to a patient, sealed fields are sealed for that patient; else for the account.
    """

    erasing: Erased | Emptied | Follows | Kept | ByService
    export: Exported | ExportedBy | NotExported
    # Every way by which a row belongs to a patient, and the way to its account, if it has its own.
    patient: tuple[str, ...] = ()
    account: str = ""
    # The way to the practice whose row it is.
    practice: str = ""
    merging: Moved | Follows | Stays | None = None
    evidence: Evidence | Visits | None = None


@dataclass(frozen=True)
class OfNobody:
    """What is sealed here is no account's and no patient's."""

    because: str


def declared() -> Iterator[tuple[Any, PersonalData]]:
    """Every model whose rows belong to a person, with what it declares."""
    for model in apps.get_models():
        data = declaration_of(model)
        if isinstance(data, PersonalData):
            yield model, data


def declaration_of(model: type[models.Model]) -> PersonalData | OfNobody | None:
    """What a model declares; None for a model that declares nothing."""
    found: PersonalData | OfNobody | None = getattr(model, "personal_data", None)
    return found


def sealed_fields(model: type[models.Model]) -> tuple[str, ...]:
    """The names of a model's sealed fields."""
    return tuple(field.name for field in model._meta.fields if isinstance(field, SealedField))
