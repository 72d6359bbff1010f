"""Tables for download: no cell is a formula to a spreadsheet, and each row is one line."""

import ast
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.spreadsheet import MARK, as_typed, harmless, line_of, table_of
from doctolib.environment import PROJECT_DIR

# What Excel, LibreOffice and Google Sheets read as the beginning of a formula, once they have
# dropped blanks before it; OWASP names tab and line ends besides.
BEGIN = "=+-@"
FORMULAS = [
    "=1+cmd|' /C calc'!A0", "-2+3", "+2+3", "@SUM(A1)", " =1+1", "\t=1+1", "\r=1+1", "\n=1+1",
    "\u00a0=1+1", "\u200b=1+1", "\ufeff=1+1", "＝1+1", "＋1+1", "－1+1", "＠SUM(A1)", "-cmd",
    "+33612345678|x", "'=1+1", '"=1+1', "=", "-", "--1", "-2\n=3",
]  # fmt: skip
TEXTS = [
    "Durand", "Jean-Paul", "06 12 34 56 78", "+33612345678", "+33 6 12 34 56 78", "-2", "-2,5",
    "12/05/1990", "a=b", "O’Brien", "", "'tis", "75 012",
]  # fmt: skip


def is_formula(cell):
    """As a spreadsheet judges it: the first character that is no blank."""
    return cell.lstrip()[:1] in BEGIN and bool(cell.strip())


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_like_a_formula_is_made_a_text(text):
    assert harmless(text).startswith("'")
    assert as_typed(harmless(text)) == harmless(text)[1:]


@pytest.mark.parametrize("text", TEXTS)
def test_everything_else_stays_as_it_was_typed(text):
    assert harmless(text) == text == as_typed(text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\v", "\x85"])
def test_a_line_end_begins_no_line(end):
    assert len(line_of([f"Durand{end}=1+1", "x"]).splitlines()) == 1


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_no_cell_of_any_text_is_a_formula_or_a_line(cells):
    table = table_of([cells, cells])
    assert table.startswith(MARK)
    assert len(table.splitlines()) == 2
    first, second = csv.reader(io.StringIO(table.removeprefix(MARK)), delimiter=";")
    assert first == second and len(first) == len(cells)
    for cell in first:
        digits = cell.lstrip("+-").replace(" ", "").replace(".", "").replace(",", "")
        assert not is_formula(cell) or digits.replace("\u00a0", "").replace("\u202f", "").isdigit()


@given(st.text(max_size=20))
def test_what_a_download_says_is_taken_back_as_it_was_typed(text):
    assert harmless(as_typed(harmless(text))) == harmless(text)


def test_nothing_else_writes_tables_for_download():
    """`csv.writer` is used where no spreadsheet opens what it wrote: for COPY and between steps."""
    inside = {
        "audit/spreadsheet.py", "booking/takeover/visit_calendar.py",
        "practitioners/domain/directory_import/load.py", "practitioners/data/make_places.py",
        "practitioners/data/make_communes.py",
    }  # fmt: skip
    found = set()
    for app in ("audit", "practitioners", "booking", "partners", "doctolib"):
        for file in (PROJECT_DIR / app).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Attribute) and ast.unparse(node) in (
                    "csv.writer", "csv.DictWriter",
                ):  # fmt: skip
                    found.add(str(file.relative_to(PROJECT_DIR)))
    assert found == inside
