"""Imports go in no circle, and from no test to another."""

import ast
import graphlib

import grimp
import pytest

from doctolib.environment import PROJECT_DIR

APPS = ("doctolib", "partners", "booking", "practitioners", "audit")


def imports():
    graph = grimp.build_graph(*APPS, cache_dir=None)
    return {each: graph.find_modules_directly_imported_by(each) for each in graph.modules}


def test_there_are_no_circles():
    found = imports()
    assert len(found) > 500
    graphlib.TopologicalSorter(found).prepare()
    # What the check would find: a task that is imported by what it carries out.
    found["booking.outbox.sending"] |= {"booking.tasks"}
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(found).prepare()


def test_no_test_module_imports_another():
    """What several of them need is in tests/support: a test can be moved, renamed and left out."""
    found = []
    for path in (PROJECT_DIR / "tests").rglob("*.py"):
        for each in ast.walk(ast.parse(path.read_text())):
            if isinstance(each, ast.ImportFrom) and (each.module or "").startswith("tests"):
                names = [*each.module.split("."), *(alias.name for alias in each.names)]
                if any(name.startswith("test_") for name in names):
                    found.append(f"{path.relative_to(PROJECT_DIR)} imports {each.module}")
    assert found == []
