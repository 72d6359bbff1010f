"""Every function of the project that takes something apart, found in its source.

What it finds is fuzzed by a target (its `reads`), tried by another test of hostile input (ELSEWHERE),
or reads only what we wrote ourselves (OUR_OWN). A new parser is in none of these, and its test fails.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Tried with hostile input by a test that needs more around it than a target has.
ELSEWHERE = {
    "booking.pages.session.taken_over.hold_again": "tests/fuzz/test_requests.py",
    "booking.dashboard.forms.hours.ReasonForm.clean_then_within_minutes": "tests/fuzz/test_requests.py",
    "booking.admin.people.PeopleAdmin.get_search_results": "tests/abuse/test_staff.py",
    "partners.domain.busy.main": "tests/partners/test_real_calendars.py",
    "partners.domain.busy.read_apart": "tests/partners/test_busy.py",
}
# What stands in the database, in Redis, in a session, under our own seal or signature, or in a file
# of the project: it was read and checked before we wrote it.
OUR_OWN = {
    "audit.incidents.overview.Clock.share", "audit.models.notice.Notice.message_id",
    "audit.record.content.plain_details", "audit.record.content.with_details",
    "audit.record.seal.cluster_id", "audit.record.tree.size", "audit.vault.files.open_part",
    "audit.vault.kept_fields.KeptSecretField.from_db_value",
    "audit.vault.providers.transit.TransitKeyProvider._version", "audit.views.factor.code_given_at",
    "audit.views.factor.has_just_proved", "audit.watch.past.is_known",
    "audit.watch.watcher._fill_group", "audit.watch.watcher._locked",
    "audit.watch.watcher.leak_of", "audit.watch.watcher.observe",
    "booking.appointments.calendar.calendar_file._event", "booking.oversight.canaries._invented",
    "booking.oversight.canaries.plant_due", "booking.oversight.incident_post._context",
    "booking.appointments.questionnaire.read",
    "booking.appointments.news.reminders._hours", "booking.exchange.scanning.with_clamd",
    "booking.oversight.staff_lookup.Found.born", "booking.oversight.staff_lookup._question",
    "booking.accounts.team._day", "booking.models.message.Message.message_id",
    "booking.models.waiting.Offer.hold_key", "booking.tasks.import_patients",
    "booking.dashboard.agenda.said.what_was_done", "booking.dashboard.hours.to_call.those_to_call",
    "booking.pages.session.entering.awaited_account", "booking.pages.reader.reader_of.persons",
    "booking.pages.session.unfinished._address", "booking.pages.session.work_session.is_idle",
    "booking.pages.session.work_session.note_use", "doctolib.once._Form.unseal",
    "doctolib.postgresql.base.InstantLoader.load", "doctolib.servers._forget_dead_users",
    "doctolib.servers.free_port", "doctolib.servers.postgresql_pid", "partners.api.scoped.plain",
    "partners.domain.usage.calls_of", "partners.domain.usage.failures_of",
    "partners.domain.webhooks.signed_headers", "practitioners.domain.directory.areas.arrondissements",
    "practitioners.domain.directory.areas.departments",
    "practitioners.domain.scheduling.availability_cases._Site.book",
    "practitioners.domain.scheduling.availability_cases._Site.outcomes",
    "practitioners.domain.scheduling.availability_cases.read_day",
    "practitioners.domain.scheduling.availability_cases.run_file", "practitioners.domain.live.follow",
    "practitioners.domain.scheduling.next_slots.take_stale", "practitioners.domain.reference_data._communes",
    "practitioners.domain.reference_data.table", "practitioners.domain.rounded.to_tenth",
    "practitioners.domain.scheduling.hours.week_templates.lines_of", "practitioners.templatetags.doctolib.born",
    "static.record.witness.Witness.__init__", "static.record.witness.serve",
}  # fmt: skip
# Calls of that name that read nothing: a query of the directory, a file opened.
NO_READING = {
    "booking.exchange.documents.check", "booking.dashboard.patients.patient_import.imports",
    "practitioners.views.results.results",
}  # fmt: skip
APPS = ("audit", "booking", "doctolib", "partners", "practitioners", "static/record")
# The demo and the drill make their data themselves; migrations and reference data are ours.
LEFT_OUT = ("migrations", "demo", "drill", "development", "settings", "data")
# Calls that read a text or bytes as something else.
READS = {
    "fromisoformat", "strptime", "b64decode", "b32decode", "urlsafe_b64decode", "fromhex", "loads",
    "UUID", "ip_address", "ip_network", "urlsplit", "urlparse", "parse_qs", "from_ical", "reader",
    "DictReader", "parse", "message_from_bytes", "message_from_string", "from_string",
    "parse_datetime", "parse_date", "extract_compact", "import_key", "unsign", "fullmatch",
    "match", "search", "finditer",
}  # fmt: skip
NUMBERS = {"int", "float", "Decimal"}
_NO_TEXT = {"total_seconds", "timestamp", "zcount"}


def parsers(root: Path = ROOT) -> set[str]:
    """The functions that read, by module and name."""
    return {f"{module}.{name}" for module, tree in _modules(root) for name in _readers(tree, ())}


def functions() -> set[str]:
    """Every function and method, by module and name."""
    return {f"{module}.{name}" for module, tree in _modules(ROOT) for name in _named(tree, ())}


def _modules(root: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in (path for app in APPS for path in (root / app).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if not set(LEFT_OUT) & set(parts):
            yield ".".join(parts), ast.parse(path.read_text(encoding="utf-8"))


def _named(node: ast.AST, inside: tuple[str, ...]) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield ".".join((*inside, child.name))
            yield from _named(child, (*inside, child.name))


def _readers(node: ast.AST, inside: tuple[str, ...]) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _readers(child, (*inside, child.name))
        else:
            if isinstance(child, ast.Call) and inside and _reads(child):
                yield ".".join(inside)
            yield from _readers(child, inside)


def _reads(call: ast.Call) -> bool:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr in READS
    if not isinstance(function, ast.Name):
        return False
    if function.id not in NUMBERS:
        return function.id in READS
    # int(x.total_seconds()) and int(a / b) read no text.
    given = call.args[0] if call.args else None
    if isinstance(given, ast.Call):
        return not (isinstance(given.func, ast.Attribute) and given.func.attr in _NO_TEXT)
    return isinstance(given, ast.Name | ast.Subscript | ast.Attribute)
