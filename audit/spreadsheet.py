"""CSV as spreadsheets open it: the one way in which the project writes tables for download.

A cell that begins like a formula, after whatever blanks a spreadsheet drops, is one to it, and a
line end in a cell begins a line to some (OWASP, CSV injection). What people typed is made a text
by an apostrophe before it; numbers, and telephone numbers in digits, stay what they are.
"""

import csv
import io
import re
from collections.abc import Iterable

DELIMITER = ";"
# Spreadsheets know UTF-8 by its mark.
MARK = "\ufeff"
# After blanks, quotes and what does not show, in any order; also as they are written at full width,
# which some take for the same.
_BEGINS_FORMULA = re.compile(r"[\s\x00-\x1f\x7f\ufeff\u200b'\"]*[=+\-@\uff1d\uff0b\uff0d\uff20|%]")
_NUMBER = re.compile(r"[+-]?\d[\d .,\u00a0\u202f]*")
_LINE_ENDS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")


def harmless(cell: object) -> str:
    """Return a cell's text in one line, which no spreadsheet takes for a formula."""
    text = _LINE_ENDS.sub(" ", str(cell))
    if not _BEGINS_FORMULA.match(text) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def as_typed(cell: str) -> str:
    """Return what a cell said before `harmless` was asked about it."""
    return cell[1:] if cell.startswith("'") and harmless(cell[1:]) == cell else cell


def line_of(cells: Iterable[object]) -> str:
    """Return one line of a table, with its end."""
    out = io.StringIO()
    csv.writer(out, delimiter=DELIMITER).writerow([harmless(cell) for cell in cells])
    return out.getvalue()


def table_of(rows: Iterable[Iterable[object]]) -> str:
    """Return a whole table as text, with the mark by which spreadsheets know its encoding."""
    return MARK + "".join(line_of(row) for row in rows)
