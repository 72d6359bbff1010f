"""No file, function or folder grows beyond what a reader takes in at once."""

import ast
from pathlib import Path

from doctolib.environment import PROJECT_DIR

FILE_LINES, FUNCTION_LINES, FOLDER_LINES = 400, 60, 1_500
CODE = ("audit", "bench", "booking", "doctolib", "docs", "partners", "practitioners", "static",
        "templates", "tests")  # fmt: skip
KINDS = (".py", ".js", ".css", ".html", ".txt")
# Data is as long as it is: the list of the internet's top-level domains.
DATA = {"audit/top_level_domains.txt"}


def sources(*top: str, kinds: tuple[str, ...] = KINDS) -> dict[str, Path]:
    """Files by their path in the project, without migrations and data."""
    found = {
        path.relative_to(PROJECT_DIR).as_posix(): path
        for name in top
        for path in (PROJECT_DIR / name).rglob("*")
        if path.suffix in kinds and "migrations" not in path.parts
    }
    return {name: path for name, path in found.items() if name not in DATA}


def lines_of(path: Path) -> int:
    return len(path.read_text().splitlines())


def function_lines(source: str) -> dict[str, int]:
    """Lines of each function and method, from `def` to its end, by its name within its classes."""
    found: dict[str, int] = {}

    def visit(node: ast.AST, within: str) -> None:
        for each in ast.iter_child_nodes(node):
            name = within
            if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{within}.{each.name}" if within else each.name
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (each.end_lineno or each.lineno) - each.lineno + 1
                found[name] = max(lines, found.get(name, 0))
            visit(each, name)

    visit(ast.parse(source), "")
    return found


def over(found: dict[str, int], bound: int) -> dict[str, int]:
    return {name: lines for name, lines in found.items() if lines > bound}


def all_functions() -> dict[str, int]:
    return {
        f"{file}::{name}": lines
        for file, path in sources(*CODE, kinds=(".py",)).items()
        for name, lines in function_lines(path.read_text()).items()
    }


def folder_lines(files: dict[str, Path]) -> dict[str, int]:
    """Lines of each folder's own files, without those of its folders."""
    found: dict[str, int] = {}
    for name, path in files.items():
        folder = name.rpartition("/")[0]
        found[folder] = found.get(folder, 0) + lines_of(path)
    return found


def test_no_file_is_longer_than_the_bound():
    files = {name: lines_of(path) for name, path in sources(*CODE).items()}
    assert len(files) > 1000
    assert over(files, FILE_LINES) == {}


def test_no_function_is_longer_than_the_bound():
    functions = all_functions()
    assert len(functions) > 4000
    assert over(functions, FUNCTION_LINES) == {}


def test_no_folder_of_booking_holds_more_than_the_bound():
    folders = folder_lines(sources("booking", kinds=(".py",)))
    assert len(folders) > 20
    assert over(folders, FOLDER_LINES) == {}


def test_what_is_one_line_too_long_is_noticed(tmp_path):
    """At the bound nothing is found; one line more is found in a file, a method and a folder."""
    body = "        pass\n" * (FUNCTION_LINES - 1)
    method = f"class One:\n    @property\n    async def two(self):\n{body}"
    assert over(function_lines(method), FUNCTION_LINES) == {}
    assert over(function_lines(method + "        pass\n"), FUNCTION_LINES) == {
        "One.two": FUNCTION_LINES + 1
    }
    nested = "def outer():\n    def inner():\n" + body + "        pass\n    return inner\n"
    assert over(function_lines(nested), FUNCTION_LINES) == {"outer": 63, "outer.inner": 61}
    long, short = tmp_path / "long.py", tmp_path / "short.py"
    long.write_text("pass\n" * (FILE_LINES + 1))
    short.write_text("pass\n" * FILE_LINES)
    lengths = {path.name: lines_of(path) for path in (long, short)}
    assert over(lengths, FILE_LINES) == {"long.py": FILE_LINES + 1}
    assert folder_lines({"a/long.py": long, "a/short.py": short, "a/b/short.py": short}) == {
        "a": 2 * FILE_LINES + 1,
        "a/b": FILE_LINES,
    }
