"""The protection of the record inside PostgreSQL: triggers, rights and defaults, as the migrations
made them.

The owner of the tables can remove a guard, change an entry that is not sealed yet, and restore the
guard. These checks find a guard that is missing at the moment, or a way left open.
"""

from collections.abc import Iterator
from typing import Any

from audit.record import privileges

_TABLES = """
    SELECT c.oid, c.oid::regclass::text AS name, c.relowner, c.relpersistence,
           c.relrowsecurity OR c.relforcerowsecurity AS hides,
           EXISTS (SELECT 1 FROM pg_rewrite w WHERE w.ev_class = c.oid) AS is_ruled
    FROM pg_class c
    WHERE c.oid = ANY(%(tables)s::text[]::regclass[])
       OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'audit_entry'::regclass)
    ORDER BY name
"""
# BEFORE UPDATE OR DELETE for each row, and BEFORE TRUNCATE for each statement (pg_trigger.h).
_EACH_ROW, _TRUNCATE = 27, 34
_TRIGGERS = """
    SELECT tgrelid, tgtype, tgfoid::regproc::text, tgenabled, tgqual IS NOT NULL, tgname
    FROM pg_trigger WHERE tgrelid = ANY(%(oids)s::oid[]) AND NOT tgisinternal
"""
# SHA-256 of the bodies of the functions on which the rest depends, as the migrations made them.
FUNCTIONS = {
    "audit_refuse_change": "c6983e3d548e250812f1e7e34bbc0e1d937079bda3e662e0ce8bfb432e9384fe",
    "audit_create_partition": "bda6051a5a82dd076bea6cace708b6ca2c3e247fe5e93b8225ffa520ab902252",
}
_FUNCTIONS = """
    SELECT proname, encode(sha256(convert_to(prosrc, 'UTF8')), 'hex')
    FROM pg_proc WHERE proname = ANY(%(names)s::text[]) AND pronamespace = 'public'::regnamespace
"""
# Of every role that somebody made, and that is neither a superuser nor the tables' owner: these may
# do anything anyway. Rights that come by way of the owner are told of as such.
_RIGHTS = """
    WITH roles AS (
        SELECT r.oid, r.rolname, EXISTS (
                   SELECT 1 FROM pg_roles i
                   WHERE i.rolname = ANY(%(inner)s) AND pg_has_role(r.oid, i.oid, 'MEMBER')
               ) AS is_application
        FROM pg_roles r WHERE r.oid >= 16384 AND NOT r.rolsuper
    ), tables AS (
        SELECT c.oid, c.oid::regclass::text AS name, c.relowner FROM pg_class c
        WHERE c.oid = ANY(%(oids)s::oid[])
    )
    SELECT r.rolname, t.name, p.word
    FROM roles r, tables t, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS p(word)
    WHERE NOT pg_has_role(r.oid, t.relowner, 'MEMBER') AND t.name <> %(row)s
      AND has_table_privilege(r.oid, t.oid, p.word)
    UNION ALL
    SELECT r.rolname, t.name, 'UPDATE'
    FROM roles r, tables t
    WHERE NOT pg_has_role(r.oid, t.relowner, 'MEMBER') AND t.name <> %(row)s
      AND has_any_column_privilege(r.oid, t.oid, 'UPDATE')
      AND NOT has_table_privilege(r.oid, t.oid, 'UPDATE')
    UNION ALL
    SELECT r.rolname, t.name, 'INSERT'
    FROM roles r, tables t
    WHERE NOT pg_has_role(r.oid, t.relowner, 'MEMBER') AND t.name = ANY(%(of_sealer)s)
      AND has_any_column_privilege(r.oid, t.oid, 'INSERT')
      AND has_any_column_privilege(r.oid, 'audit_entry', 'INSERT')
    UNION ALL
    SELECT r.rolname, t.name, 'UPDATE'
    FROM roles r, tables t
    WHERE NOT pg_has_role(r.oid, t.relowner, 'MEMBER') AND t.name = %(row)s
      AND has_any_column_privilege(r.oid, t.oid, 'UPDATE')
      AND has_any_column_privilege(r.oid, 'audit_entry', 'INSERT')
    UNION ALL
    SELECT r.rolname, 'audit_entry.xid', 'INSERT'
    FROM roles r, tables t
    WHERE NOT pg_has_role(r.oid, t.relowner, 'MEMBER') AND t.name = 'audit_entry'
      AND has_column_privilege(r.oid, t.oid, 'xid', 'INSERT')
    UNION ALL
    SELECT r.rolname, t.name, 'OWN'
    FROM roles r, tables t
    WHERE r.is_application AND r.oid <> t.relowner AND pg_has_role(r.oid, t.relowner, 'MEMBER')
    UNION ALL
    SELECT r.rolname, 'session_replication_role', 'SET'
    FROM roles r WHERE has_parameter_privilege(r.oid, 'session_replication_role', 'SET')
    ORDER BY 1, 2, 3
"""
_DEFAULT = """
    SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = 'audit_entry'::regclass AND a.attname = 'xid'
"""
# Triggers rest in a session that says replica: for one role, one database or all of them.
_SETTINGS = """
    SELECT setrole::regrole::text FROM pg_db_role_setting, unnest(setconfig) AS s(text)
    WHERE s.text ILIKE 'session_replication_role=%%' AND s.text NOT ILIKE '%%=origin'
      AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


def broken() -> Iterator[str]:
    """Name each guard that is not as it should be; reads only PostgreSQL's catalogue."""
    tables = privileges.asked(_TABLES, {"tables": [*privileges.APPEND_ONLY, privileges.SEALER_ROW]})
    guarded = [row for row in tables if row[1] != privileges.SEALER_ROW]
    for _oid, name, _owner, persistence, hides, is_ruled in tables:
        if persistence != "p":
            yield f"table {name}: a crash would empty it"
        if hides:
            yield f"table {name}: row-level security may hide rows"
        if is_ruled:
            yield f"table {name}: a rule rewrites what is asked of it"
    yield from _triggers({oid: name for oid, name, *_rest in guarded})
    yield from _functions()
    yield from _rights([row[0] for row in tables])
    default = privileges.asked(_DEFAULT)
    if default != [("pg_current_xact_id()",)]:
        yield "column audit_entry.xid: its default is not the transaction's own id"
    for (role,) in privileges.asked(_SETTINGS):
        yield f"role {role}: a setting puts the triggers to rest"


def _triggers(names: dict[int, str]) -> Iterator[str]:
    found: dict[int, list[tuple[Any, ...]]] = {oid: [] for oid in names}
    for oid, *rest in privileges.asked(_TRIGGERS, {"oids": list(names)}):
        found[oid].append(tuple(rest))
    for oid, name in names.items():
        kinds = {kind for kind, function, *_rest in found[oid] if function == "audit_refuse_change"}
        for kind, words in ((_EACH_ROW, "changes and deletions"), (_TRUNCATE, "truncation")):
            if kind not in kinds:
                yield f"table {name}: no trigger refuses {words}"
        for _kind, function, enabled, has_condition, trigger in found[oid]:
            if function != "audit_refuse_change":
                yield f"table {name}: the trigger {trigger} is none of ours"
            elif enabled not in ("O", "A") or has_condition:
                yield f"table {name}: the trigger {trigger} does not always fire"


def _functions() -> Iterator[str]:
    found = privileges.asked(_FUNCTIONS, {"names": list(FUNCTIONS)})
    for name, digest in FUNCTIONS.items():
        if [row[1] for row in found if row[0] == name] != [digest]:
            yield f"function {name}: not as the migrations made it"


def _rights(oids: list[int]) -> Iterator[str]:
    parameters = {
        "oids": oids,
        "inner": privileges.inner_roles(),
        "row": privileges.SEALER_ROW,
        "of_sealer": list(privileges.OF_THE_SEALER),
    }
    for role, name, word in privileges.asked(_RIGHTS, parameters):
        yield f"role {role}: may {word} {name}"
