"""The glossary has one row for each term, and names classes and modules that exist."""

import importlib
import re

from doctolib.environment import PROJECT_DIR

GLOSSARY = PROJECT_DIR / "docs/glossary.md"
NAMED = re.compile(r"`((?:audit|practitioners|booking|partners)\.[\w.]+)`")


def terms():
    """The cells of each term's row."""
    text = GLOSSARY.read_text().split("## Renamings")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    return [row for row in cells if row[0] != "term"]


def exists(dotted: str) -> bool:
    """Whether a module, or an attribute of one, has this name."""
    module, _dot, name = dotted.rpartition(".")
    try:
        importlib.import_module(dotted)
    except ModuleNotFoundError:
        try:
            return hasattr(importlib.import_module(module), name)
        except ModuleNotFoundError:
            return False
    return True


def test_each_term_is_in_both_languages_and_in_the_code():
    rows = terms()
    assert len(rows) > 80
    assert [row[0] for row in rows if len(row) != 5 or not all(row[:4])] == []
    assert [row[0] for row in rows if not NAMED.search(row[3])] == []


def test_each_term_stands_there_once():
    names = [name.strip() for row in terms() for name in row[0].split(",")]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_each_class_and_module_exists():
    named = sorted({name for row in terms() for name in NAMED.findall(row[3])})
    assert [name for name in named if not exists(name)] == []
    assert not exists("practitioners.models.agenda.NoSuchClass")
    assert not exists("practitioners.no_such_module.NoSuchClass")
