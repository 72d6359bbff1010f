"""docs/security.md names tests, functions and files that are there, and answers each requirement."""

import ast
import csv
import re
from functools import lru_cache

from doctolib.environment import PROJECT_DIR

PAGE = PROJECT_DIR / "docs/security.md"
APPS = ("audit", "practitioners", "booking", "partners", "doctolib")
# A later "::name" of a paragraph or a row is of the file that was named before it.
NAMED = re.compile(
    r"((?:tests|audit|practitioners|booking|partners|doctolib)/[\w/]+\.py)?::([\w.]+)"
)
FILE = re.compile(
    r"(?:tests|audit|booking|partners|practitioners|doctolib|static|docs)/[\w./-]+\.(?:py|js|md)"
)
ROW = re.compile(r"\| v5\.0\.0-(\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|")
# OWASP ASVS 5.0.0: numbers and levels alone.
LEVELS = PROJECT_DIR / "tests/doctolib/asvs.csv"
# Authentication, sessions, authorization, cryptography, logging: up to level 3.
STRICT = {"6", "7", "8", "11", "16"}


def named(text):
    """What a text names as file::name, each as a pair."""
    found, file = [], ""
    for match in NAMED.finditer(text):
        file = match[1] or file
        found.append((file, match[2]))
    return found


@lru_cache
def names_of(file):
    """The functions, classes, methods and assignments of a module."""
    path = PROJECT_DIR / file
    found = set()
    for node in ast.parse(path.read_text()).body if path.exists() else []:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{each.name}" for each in node.body if hasattr(each, "name")}
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {
                each.id
                for target in targets
                for each in ast.walk(target)
                if isinstance(each, ast.Name)
            }
    return found


def rows():
    """The table's rows: number, subject, verdict, proof or reason."""
    return [match.groups() for match in map(ROW.match, PAGE.read_text().splitlines()) if match]


def required():
    with LEVELS.open() as file:
        everything = list(csv.DictReader(file))
    assert len(everything) == 345
    return {
        each["requirement"]
        for each in everything
        if each["level"] != "3" or each["requirement"].partition(".")[0] in STRICT
    }


def test_each_test_and_name_that_the_page_names_is_there():
    pairs = named(PAGE.read_text())
    assert len(pairs) > 200
    assert [f"{file}::{name}" for file, name in pairs if name not in names_of(file)] == []


def test_each_file_that_the_page_names_is_there():
    files = set(FILE.findall(PAGE.read_text()))
    assert len(files) > 100
    assert sorted(name for name in files if not (PROJECT_DIR / name).exists()) == []


def test_each_requirement_has_one_row():
    numbers = [number for number, *_rest in rows()]
    assert len(required()) == 283
    assert sorted(required() - set(numbers)) == []
    assert sorted(set(numbers) - required()) == []
    assert len(numbers) == len(set(numbers))


def test_each_row_is_proved_or_says_why_not():
    odd = []
    for number, subject, verdict, why in rows():
        if verdict not in ("met", "not met", "not applicable") or not subject.strip():
            odd.append(number)
        is_shown = bool(named(why) or FILE.search(why) or "on this page" in why)
        is_more = re.search(r"the same|lint|Python|uv\.lock|SECURITY\.md", why)
        if verdict == "met" and not (is_shown or is_more):
            odd.append(number)
        if verdict != "met" and len(why.split()) < 2:
            odd.append(number)
    assert odd == []


def test_the_sections_that_rows_lead_to_are_there():
    text = PAGE.read_text()
    titles = set(re.findall(r"^#+ (.+)$", text, re.M))
    led_to = {
        title for *_row, why in rows() for title in re.findall(r'"([A-Z][^"]+)" on this page', why)
    }
    assert len(led_to) > 5
    assert led_to - titles == set()


# What encrypts, signs, hashes or draws a secret.
CRYPTOGRAPHY = {
    "cryptography", "hashlib", "hmac", "secrets", "joserfc", "authlib", "django_cryptography",
    "argon2",
}  # fmt: skip
# Of development and of the drill, which never run in production; verifiers for others.
ASIDE = ("doctolib/development/", "doctolib/demo/", "doctolib/drill/", "doctolib/servers.py")


def imports_cryptography(text):
    for node in ast.walk(ast.parse(text)):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if any(module.partition(".")[0] in CRYPTOGRAPHY for module in modules):
            return True
    return False


def test_each_module_with_cryptography_is_in_the_inventory():
    inventory = PAGE.read_text().partition("\n## Keys and algorithms")[2].partition("\n## ")[0]
    listed = set(FILE.findall(inventory))
    using = {
        str(file.relative_to(PROJECT_DIR))
        for app in APPS
        for file in (PROJECT_DIR / app).rglob("*.py")
        if "/migrations/" not in str(file) and imports_cryptography(file.read_text())
    }
    assert len(using) > 40
    assert sorted(each for each in using - listed if not each.startswith(ASIDE)) == []
