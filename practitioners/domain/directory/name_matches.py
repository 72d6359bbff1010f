"""People, practices and visit reasons by the whole words of their names: one indexed query each."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Q, QuerySet

from practitioners.domain.scheduling.rules.restrictions import never
from practitioners.models import Agenda, Practice, Practitioner, VisitReason
from practitioners.models.folded import FoldedName

SIMPLE = "simple"
NAMES_AT_MOST = 500


def _query(words: Sequence[str], *, prefix: bool) -> SearchQuery:
    """All the words, in any order; with `prefix` the beginnings of words. They are folded text.

    Beside a word, one letter is an initial: "J. Martin".
    """
    initials = any(len(word) > 1 for word in words)
    return SearchQuery(
        " & ".join(
            f"{word}:*" if prefix or (initials and len(word) == 1) else word for word in words
        ),
        config=SIMPLE, search_type="raw",
    )  # fmt: skip


def holds(field: str, words: Sequence[str]) -> Q:
    """The same as a condition on a folded name: every word, and the initials."""
    every = Q()
    for word in words:
        every &= Q(**{f"{field}__regex": rf"(^| ){word}" + ("( |$)" if len(word) > 1 else "")})
    return every


def people(words: Sequence[str], *, prefix: bool = False) -> "QuerySet[Practitioner]":
    """Practitioners whose name holds all these words."""
    return _matching(Practitioner.objects.all(), words, prefix=prefix)


def practices(words: Sequence[str], *, prefix: bool = False) -> "QuerySet[Practice]":
    """Practices whose name holds all these words."""
    return _matching(Practice.objects.all(), words, prefix=prefix)


def among(rows: "QuerySet[Any]", words: Sequence[str], *, prefix: bool = False) -> "QuerySet[Any]":
    """Keep the rows whose `search_name` holds all these words."""
    return _matching(rows, words, prefix=prefix)


def _matching(rows: "QuerySet[Any]", words: Sequence[str], *, prefix: bool) -> "QuerySet[Any]":
    if not words:
        return rows.none()
    named = rows.alias(words=SearchVector("search_name", config=SIMPLE))
    found: QuerySet[Any] = named.filter(words=_query(words, prefix=prefix))
    return found


def any_of(rows: "QuerySet[Any]") -> bool:
    """Whether there is such a row, found by the index of words.

    Under a LIMIT PostgreSQL walks through the table instead, in the hope of an early match, and
    reads all of it where there is none. It plans a materialized expression as if for every row,
    and reads no more of it than it needs.
    """
    try:
        sql, params = rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return False
    with connections[rows.db].cursor() as cursor:
        # Django compiled the inner statement; its values are parameters.
        cursor.execute(
            f"WITH found AS MATERIALIZED ({sql}) SELECT 1 FROM found LIMIT 1",  # noqa: S608
            params,
        )
        return cursor.fetchone() is not None


def listed(
    *, people: "QuerySet[Practitioner] | None" = None, practices: "QuerySet[Practice] | None" = None
) -> bool:
    """Whether the directory lists one of these."""
    agendas = Agenda.objects.filter(listed=True)
    if people is not None:
        agendas = agendas.filter(practitioner__in=people.order_by().values("pk"))
    if practices is not None:
        agendas = agendas.filter(practice__in=practices.order_by().values("pk"))
    return any_of(agendas)


def reasons(alternatives: Sequence[Sequence[str]]) -> "QuerySet[VisitReason]":
    """Visit reasons on offer whose name begins its words with those of some alternative."""
    queries = [_query(words, prefix=True) for words in alternatives if words]
    return _reasons(reduce(or_, queries)) if queries else VisitReason.objects.none()


def few_names(rows: "QuerySet[VisitReason]") -> list[str] | None:
    """The names of these reasons, or None if they are many.

    Practices call the same thing by a few names, which the index of words finds at once; a row is
    then compared with the names, and not word by word.
    """
    names = list(rows.order_by().values_list("name", flat=True).distinct()[: NAMES_AT_MOST + 1])
    return names if len(names) <= NAMES_AT_MOST else None


def reasons_named(words: Sequence[str]) -> "QuerySet[VisitReason]":
    """Visit reasons on offer whose name holds all these words, in the singular or the plural."""
    if not words:
        return VisitReason.objects.none()
    forms = [{word, f"{word}s", word.removesuffix("s")} - {""} for word in words]
    text = " & ".join(f"({' | '.join(sorted(some))})" for some in forms)
    return _reasons(SearchQuery(text, config=SIMPLE, search_type="raw"))


def _reasons(query: Any) -> "QuerySet[VisitReason]":
    named = VisitReason.objects.alias(words=SearchVector(FoldedName("name"), config=SIMPLE))
    return named.filter(~never(), words=query, active=True)
