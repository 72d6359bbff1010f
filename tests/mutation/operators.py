"""What a mutant changes, one thing each: mutmut's operators and those that it lacks.

mutmut has no operator that leaves out a statement, turns a condition round or takes an element
away, and it leaves SQL and Lua alone. Just these matter here: an entry that is not written, a
check that is not made, a role too few.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import libcst as cst
import libcst.matchers as m
from mutmut.mutation import mutators

Operator = Callable[[Any], Iterable[cst.CSTNode]]

# A string is changed in one way, not in three that the same test finds.
_LEFT_OUT = {mutators.operator_string, mutators.operator_assignment}
_OF_MUTMUT: list[tuple[type, Operator]] = [
    (type_, operator)
    for type_, operator in mutators.mutation_operators
    if operator not in _LEFT_OUT
]
_EMBEDDED = re.compile(r" (?:<=|>=|<|>|=|AND|and) |\b(?:NOT|not) |\b(?:min|max)\b|\b\d+\b")
_SWAPPED = {
    "<=": "<", ">=": ">", "<": "<=", ">": ">=", "=": "<>", "AND": "OR", "and": "or",
    "NOT": "", "not": "", "min": "max", "max": "min",
}  # fmt: skip


def _string(node: cst.SimpleString) -> Iterator[cst.CSTNode]:
    """Another text; of SQL and Lua, one operator or number at a time is another one."""
    if not node.quote.startswith(('"""', "'''")):
        value, end = node.value, len(node.quote)
        start = len(node.prefix) + end
        yield node.with_changes(value=f"{value[:start]}XX{value[start:-end]}XX{value[-end:]}")
        return
    for found in _EMBEDDED.finditer(node.value):
        old = found.group().strip()
        new = str(int(old) + 1) if old.isdigit() else _SWAPPED[old]
        # Lua writes "is not" in another way than SQL.
        if old == "=" and "redis.call" in node.value:
            continue
        text = found.group().replace(old, new)
        yield node.with_changes(
            value=node.value[: found.start()] + text + node.value[found.end() :]
        )


def _assignment(node: cst.Assign | cst.AnnAssign) -> Iterator[cst.CSTNode]:
    """None in the place of what is assigned."""
    if node.value is not None and not m.matches(node.value, m.Name("None")):
        yield node.with_changes(value=cst.Name("None"))


def _statement(node: cst.SimpleStatementLine) -> Iterator[cst.CSTNode]:
    """Leave out a call or a raise; return nothing."""
    for index, small in enumerate(node.body):
        if m.matches(small, m.Expr(value=m.Call() | m.Await()) | m.Raise() | m.Del()):
            yield _with_small(node, index, cst.Pass())
        elif m.matches(small, m.Return(value=~m.Name("None"))) and small.value is not None:
            yield _with_small(node, index, cst.Return(value=cst.Name("None")))


def _with_small(
    node: cst.SimpleStatementLine, index: int, new: cst.BaseSmallStatement
) -> cst.CSTNode:
    return node.with_changes(body=[*node.body[:index], new, *node.body[index + 1 :]])


def _condition(node: cst.If | cst.While) -> Iterator[cst.CSTNode]:
    """The opposite of a condition; comparisons have operators of their own."""
    test = node.test
    if m.matches(test, m.UnaryOperation(operator=m.Not()) | m.NamedExpr()):
        return
    wrapped = test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    space = cst.SimpleWhitespace(" ")
    yield node.with_changes(
        test=cst.UnaryOperation(operator=cst.Not(), expression=wrapped),
        **({"whitespace_before_test": space} if isinstance(node, cst.If) else {}),
    )


def _element(node: cst.Set | cst.Tuple | cst.List) -> Iterator[cst.CSTNode]:
    """One element less."""
    elements: Sequence[cst.BaseElement] = node.elements
    if len(elements) < 2 or (isinstance(node, cst.Tuple) and not node.lpar):
        return
    for index in range(len(elements)):
        rest = [*elements[:index], *elements[index + 1 :]]
        if len(rest) == 1:
            rest[0] = rest[0].with_changes(comma=cst.Comma())
        yield node.with_changes(elements=rest)


IN_FUNCTIONS: list[tuple[type, Operator]] = [
    *_OF_MUTMUT,
    (cst.SimpleString, _string),
    (cst.Assign, _assignment),
    (cst.AnnAssign, _assignment),
    (cst.SimpleStatementLine, _statement),
    (cst.If, _condition),
    (cst.While, _condition),
    (cst.Set, _element),
    (cst.Tuple, _element),
    (cst.List, _element),
]
_CALLS = {mutators.operator_arg_removal, mutators.operator_dict_arguments}
# A module's own constants: their values, and neither which calls made them nor their names.
IN_MODULES = [
    (type_, operator)
    for type_, operator in IN_FUNCTIONS
    if operator not in _CALLS | {_assignment, _statement, _condition}
]
