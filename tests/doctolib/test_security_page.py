"""docs/security.md names tests and files that are there."""

import ast
import re

from doctolib.environment import PROJECT_DIR

PAGE = PROJECT_DIR / "docs/security.md"
# A later "::name" of a paragraph is of the file that was named before it.
NAMED = re.compile(r"(tests/[\w/]+\.py)?::(\w+)")
FILE = re.compile(
    r"(?:tests|audit|booking|partners|practitioners|doctolib|static|docs)/[\w./-]+\.(?:py|js|md)"
)


def named_tests(text):
    """The tests that a text names, each as file and function."""
    found, file = [], ""
    for match in NAMED.finditer(text):
        file = match[1] or file
        found.append((file, match[2]))
    return found


def functions_of(file):
    path = PROJECT_DIR / file
    tree = ast.parse(path.read_text()) if path.exists() else ast.Module(body=[], type_ignores=[])
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_test_that_the_page_names_is_there():
    named = named_tests(PAGE.read_text())
    assert len(named) > 25
    assert [f"{file}::{name}" for file, name in named if name not in functions_of(file)] == []


def test_each_file_that_the_page_names_is_there():
    named = set(FILE.findall(PAGE.read_text()))
    assert len(named) > 60
    assert sorted(name for name in named if not (PROJECT_DIR / name).exists()) == []
