"""Everything that is held about an account and its people (GDPR articles 15 and 20).

Which rows that is, and what of them, stands on their models (audit/personal_data.py).
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import Model, QuerySet
from django_scopes import scope

from audit.personal_data import Exported, PersonalData, Read, declared, sealed_fields
from audit.record.entries import Actor
from audit.vault.reveal import Purpose, reveal
from booking.accounts.factors import passkeys
from booking.accounts.sessions.sign_ins import live
from booking.models import Account, Patient
from booking.oversight.queries.reads import reads_of_account
from booking.patients.favourites import practitioners_of

FORMAT = "doctolib-export/1"
# What was opened, by model, key and column.
_Texts = Mapping[tuple[Any, Any, str], str]


def held_data(*, account: Account, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return all that is held, in plain text; one reveal, on the record.

    Instants in UTC (ISO 8601). The record's lines are the newest ones, as the account's page
    shows them.
    """
    with scope(account=account):
        people = list(Patient.objects.order_by("pk").values_list("pk", flat=True))
        found = [
            (model, export, _rows(model, data, export, account=account, people=people))
            for model, data, export in _exported()
        ]
        wanted = [(row, _opened(model, export)) for model, export, rows in found for row in rows]
        with reveal(wanted, actor=actor, purpose=Purpose.OWN_DATA, object_id=account.pk) as plain:
            texts = {
                (row._meta.model, row.pk, name): plain.text(row, name)
                for row, names in wanted
                for name in names
            }
    sections = _sections(found, texts)
    held: dict[str, Any] = {"format": FORMAT, "made_at": now, "account": sections.pop("account")}
    return held | sections | {name: write(account, now) for name, write in BY_FUNCTION.items()}


def _exported() -> Iterator[tuple[Any, PersonalData, Exported]]:
    for model, data in declared():
        if isinstance(data.export, Exported):
            yield model, data, data.export


def _rows(
    model: Any, data: PersonalData, export: Exported, *, account: Account, people: list[uuid.UUID]
) -> list[Any]:
    """The rows of a model that are the account's or its people's, in the order of the export.

    One statement for each way by which a row belongs to them, since no index serves several.
    """
    ways: list[dict[str, Any]] = [{f"{path}__in": people} for path in data.patient if people]
    if data.account:
        ways.append({data.account: account.pk})
    related = {path for source in _sources(export) if (path := _related(model, source))}
    rows: dict[Any, Any] = {}
    for way in ways:
        found: QuerySet[Any] = model._default_manager.filter(**way).order_by(*export.order)
        rows |= {row.pk: row for row in found.select_related(*related)}
    found_rows = list(rows.values())
    return sorted(found_rows, key=attrgetter(*export.order)) if len(ways) > 1 else found_rows


def _sources(export: Exported) -> Iterable[str]:
    for source in export.fields.values():
        yield source.column if isinstance(source, Read) else source


def _related(model: Any, source: str) -> str:
    """The rows that must be read with one for an attribute such as `agenda.practitioner`."""
    path: list[str] = []
    for name in source.split("."):
        field = next((each for each in model._meta.fields if each.name == name), None)
        if field is None or not field.is_relation:
            break
        path.append(name)
        model = field.related_model
    return "__".join(path)


def _opened(model: Any, export: Exported) -> tuple[str, ...]:
    sources = set(_sources(export))
    return tuple(name for name in sealed_fields(model) if name in sources)


def _sections(found: Iterable[tuple[Any, Exported, list[Any]]], texts: _Texts) -> dict[str, Any]:
    """Every row as the file has it, those of an inner section within their own row."""
    found = list(found)
    sections: dict[str, Any] = {}
    written: dict[tuple[type[Model], Any], dict[str, Any]] = {}
    for model, export, rows in found:
        for row in rows:
            written[model, row.pk] = {
                name: _value(row, source, texts) for name, source in export.fields.items()
            }
        if not export.within:
            lines = [written[model, row.pk] for row in rows]
            sections[export.section] = lines[0] if export.is_single else lines
    for model, export, rows in found:
        if export.within:
            column = model._meta.get_field(export.within)
            inner: dict[Any, list[Any]] = defaultdict(list)
            for row in rows:
                inner[getattr(row, column.attname)].append(written[model, row.pk])
            for (outer, pk), line in written.items():
                if outer is column.related_model:
                    line[export.section] = inner[pk]
    return sections


def _value(row: Any, source: str | Read, texts: _Texts) -> object:
    column = source.column if isinstance(source, Read) else source
    text = texts.get((row._meta.model, row.pk, column))
    if isinstance(source, Read):
        return source.by(text) if text else []
    if text is not None:
        return text
    value = attrgetter(column)(row)
    return str(value) if isinstance(value, Model) else value


def _favourites(account: Account, now: datetime) -> list[str]:
    return [str(each) for each in practitioners_of(account)]


def _sessions(account: Account, now: datetime) -> list[dict[str, object]]:
    return [
        {
            "browser": row.browser, "network": row.network, "began_at": row.began_at,
            "seen_at": row.seen_at,
        }
        for row in live(account, now=now)
    ]  # fmt: skip


def _passkeys(account: Account, now: datetime) -> list[dict[str, object]]:
    return [
        {"name": row.name, "added_at": row.created_at, "used_at": row.last_used_at}
        for row in passkeys.of_account(account)
    ]


def _record(account: Account, now: datetime) -> list[dict[str, object]]:
    with scope(account=account):
        return [
            {
                "id": line.id, "at": line.at, "action": str(line.action), "who": str(line.who),
                "purpose": str(line.purpose), "fields": [str(name) for name in line.fields],
            }
            for line in reads_of_account(account)
        ]  # fmt: skip


# The sections that are more than the rows of one model.
BY_FUNCTION: Mapping[str, Callable[[Account, datetime], list[Any]]] = {
    "favourites": _favourites,
    "sessions": _sessions,
    "passkeys": _passkeys,
    "record": _record,
}
