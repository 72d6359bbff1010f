"""Queries whose text never changes: written once, run often, giving ordinary model instances.

Building and compiling a queryset costs several times what PostgreSQL needs to answer it. On the
few reads that every booking makes, that is a third of the whole (bench/booking.py). Everywhere
else querysets are the better tool.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.db import connection, models


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Which columns of a row make one model's instance."""

    model: type[models.Model]
    columns: slice
    key: int
    names: list[str]
    converted: list[tuple[int, Any]]


class FixedQuery:
    """SELECT of every column of some models, in the order given, by one fixed statement.

    `tail` is what follows the column list; it names the models' tables by their position:
    `FROM {0} JOIN {1} ON {1}.id = {0}.agenda_id WHERE {0}.id = %s`. A model whose row an outer
    join did not find comes out as None.
    """

    def __init__(
        self, tables: Sequence[type[models.Model]], tail: str, *, more: Sequence[str] = ()
    ) -> None:
        """`more` are expressions whose values come after the instances, as the driver has them."""
        self._tables = tables
        self._tail = tail
        self._more = more

    @cached_property
    def _statement(self) -> tuple[str, list[_Part]]:
        """Written out at the first use, when every model is loaded."""
        columns: list[str] = []
        parts: list[_Part] = []
        for model in self._tables:
            fields = model._meta.concrete_fields
            start = len(columns)
            columns += [f'"{model._meta.db_table}"."{field.column}"' for field in fields]
            parts.append(
                _Part(
                    model=model,
                    columns=slice(start, len(columns)),
                    key=start + fields.index(model._meta.pk),
                    names=[field.attname for field in fields],
                    converted=[
                        (start + index, field)
                        for index, field in enumerate(fields)
                        if hasattr(field, "from_db_value")
                    ],
                )
            )
        names = [f'"{model._meta.db_table}"' for model in self._tables]
        wanted = ", ".join([*columns, *self._more])
        return f"SELECT {wanted} {self._tail}".format(*names), parts

    def first(self, *parameters: Any) -> tuple[Any, ...] | None:
        """Return the first row as one instance of each model, or None."""
        statement, parts = self._statement
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            found = cursor.fetchone()
        if found is None:
            return None
        row = list(found)
        for part in parts:
            for index, field in part.converted:
                row[index] = field.from_db_value(row[index], None, connection)
        instances = tuple(
            part.model.from_db(connection.alias, part.names, row[part.columns])
            if row[part.key] is not None
            else None
            for part in parts
        )
        return (*instances, *row[parts[-1].columns.stop :])


# psycopg takes these as they are: asking Django's fields to prepare them costs as much as the
# driver's own work.
_AS_THEY_ARE = (
    models.UUIDField, models.CharField, models.DateTimeField, models.IntegerField,
    models.BooleanField, models.ForeignKey,
)  # fmt: skip


@lru_cache(maxsize=32)
def _columns(model: type[models.Model]) -> tuple[tuple[str, str, Any], ...]:
    """Each column's attribute and name, and the field where it has to prepare the value."""
    return tuple(
        (
            field.attname,
            str(field.column),
            None if isinstance(field, _AS_THEY_ARE) and not _fills_itself(field) else field,
        )
        for field in model._meta.concrete_fields
    )


def _fills_itself(field: Any) -> bool:
    return getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)


_Block = tuple[type[models.Model], int]


@lru_cache(maxsize=64)
def _insert_into(before: str, blocks: tuple[_Block, ...]) -> str:
    inserts = [before] if before else []
    for model, count in blocks:
        columns = _columns(model)
        row = f"({', '.join(['%s'] * len(columns))})"
        names = ", ".join(f'"{column}"' for _attribute, column, _field in columns)
        rows = ", ".join([row] * count)
        inserts.append(f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {rows}')  # noqa: S608
    *first, last = inserts
    if not first:
        return last
    together = ", ".join(f"i{number} AS ({insert})" for number, insert in enumerate(first))
    return f"WITH {together} {last}"


def insert_rows(
    rows: Sequence[models.Model], *, before: str = "", parameters: Sequence[Any] = ()
) -> None:
    """Insert unsaved rows by one fixed statement, as a `bulk_create` for each model would.

    Rows of one model stand next to each other, and their primary keys are set already. Foreign
    keys between them are fine: Django's are checked at commit. `before` is an INSERT, with its
    parameters, that goes along in the same statement. Database errors propagate.
    """
    counts: dict[type[models.Model], int] = {}
    values = [*parameters]
    for row in rows:
        model = type(row)
        counts[model] = counts.get(model, 0) + 1
        values += [
            getattr(row, attribute)
            if field is None
            else field.get_db_prep_save(field.pre_save(row, True), connection)
            for attribute, _column, field in _columns(model)
        ]
    if not values:
        return
    with connection.cursor() as cursor:
        cursor.execute(_insert_into(before, tuple(counts.items())), values)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias
