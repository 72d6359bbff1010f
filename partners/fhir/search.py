"""FHIR's search parameters: prefixed instants, tokens and references.

https://hl7.org/fhir/R4/search.html
"""

import re
import uuid
from datetime import datetime, timedelta

from django.db.models import Q
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from audit.ids import read_id
from practitioners.domain.scheduling.wall_clock import read_instant

COUNT, MOST = 100, 500
DAYS, MOST_DAYS = 7, 60
_PREFIXED = re.compile(r"(eq|ge|gt|le|lt|sa|eb)?(\d.*)", re.ASCII)
_MINUTE = timedelta(minutes=1)


def read_count(request: Request) -> int:
    """`_count`, 100 if not given, 500 at most; raises ValidationError."""
    text = request.query_params.get("_count", str(COUNT))
    if not (text.isascii() and text.isdigit() and int(text[:9]) >= 1):
        raise ValidationError({"_count": "must be a whole number from 1"})
    return min(int(text[:9]), MOST)


def read_period(
    request: Request, *, date: str, earliest: str, latest: str
) -> tuple[datetime | None, datetime | None]:
    """[since, until) as the given parameters bound it; raises ValidationError.

    `date` takes prefixes and may come twice; `earliest` and `latest` are the French guide's, both
    inclusive. An instant without a prefix means its minute.
    """
    since: list[datetime] = []
    until: list[datetime] = []
    for name in (date, earliest, latest):
        for text in request.query_params.getlist(name):
            found = _PREFIXED.fullmatch(text)
            at = read_instant(found[2].replace(" ", "+")) if found else None
            if found is None or at is None:
                raise ValidationError({name: "must be an instant with an offset"})
            prefix = {earliest: "ge", latest: "le"}.get(name) or found[1] or "eq"
            if prefix in ("eq", "ge"):
                since.append(at)
            if prefix in ("gt", "sa"):
                since.append(at + timedelta(microseconds=1))
            if prefix == "eq":
                until.append(at + _MINUTE)
            if prefix == "le":
                until.append(at + timedelta(microseconds=1))
            if prefix in ("lt", "eb"):
                until.append(at)
    return max(since, default=None), min(until, default=None)


def window_of(
    since: datetime | None, until: datetime | None, *, now: datetime
) -> tuple[datetime, datetime]:
    """The period to search: by default a week from now, at most sixty days."""
    since = since or now
    until = until or since + timedelta(days=DAYS)
    if until > since + timedelta(days=MOST_DAYS):
        raise ValidationError({"start": f"may span at most {MOST_DAYS} days"})
    return since, until


def read_reference(text: object, *kinds: str, default: str = "") -> tuple[str, uuid.UUID] | None:
    """`Type/id`, an absolute address that ends so, or an id alone of the `default` type."""
    kind, _slash, ident = str(text or "").rpartition("/")
    kind = kind.rpartition("/")[2] or default
    pk = read_id(ident)
    return (kind, pk) if kind in kinds and pk is not None else None


def references(request: Request, name: str, *kinds: str) -> list[tuple[str, uuid.UUID]]:
    """The references of a parameter, separated by commas; raises ValidationError."""
    found = []
    for text in request.query_params.get(name, "").split(","):
        reference = read_reference(
            text.strip(), *kinds, default=kinds[0] if len(kinds) == 1 else ""
        )
        if reference is None:
            raise ValidationError({name: f"must reference a {' or '.join(kinds)}"})
        found.append(reference)
    return found


def names_any(request: Request, name: str, fields: dict[str, str]) -> Q:
    """The condition that a row has one of the references; `fields` maps each type to a field."""
    wanted = Q(pk__in=[])
    for kind, pk in references(request, name, *fields):
        wanted |= Q(**{fields[kind]: pk})
    return wanted


def ids(request: Request, name: str) -> list[uuid.UUID]:
    """The ids among the codes of a token parameter."""
    found = [read_id(code) for code in tokens(request, name)]
    return [pk for pk in found if pk is not None]


def tokens(request: Request, name: str) -> list[str]:
    """The codes of a token parameter, without their systems."""
    texts = request.query_params.get(name, "").split(",")
    return [text.rpartition("|")[2] for text in texts if text]
