"""All mutants of a file: where each is, what it changes, and its source."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider

from tests.mutation.groups import GROUPS, ROOT, files_of
from tests.mutation.operators import IN_FUNCTIONS, IN_MODULES

# What changes nothing that a caller could see: types, texts of the log, names for debugging.
_UNSEEN = (
    m.Annotation()
    | m.Decorator()
    | m.Import()
    | m.ImportFrom()
    | m.Expr(value=m.SimpleString() | m.ConcatenatedString())
    | m.Call(func=m.Attribute(value=m.Name("logger")))
    | m.Call(func=m.Name("ContextVar") | m.Name("TypeVar") | m.Attribute(attr=m.Name("getLogger")))
    | m.Call(func=m.Name("_") | m.Name("gettext_lazy"))
    | m.Assign(targets=[m.AssignTarget(target=m.Name("__all__"))])
)
LONG, NEAR = 100, 25
_CAST = m.Call(func=m.Name("cast"))


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change of one statement."""

    group: str
    path: Path
    # The function or method that holds it ("Class.method"); "" of a module's own statement.
    function: str
    # The first and last line of the function, its decorators included, and of the statement.
    function_lines: tuple[int, int]
    lines: tuple[int, int]
    before: str
    after: str
    _module: cst.Module
    _old: cst.CSTNode
    _new: cst.CSTNode

    @property
    def name(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.lines[0]} {self.function or '(module)'}"

    @property
    def change(self) -> str:
        """What is changed to what; of something long, the part that differs."""
        before, after = self.before, self.after
        if len(before) > LONG:
            start = _alike(before, after)
            end = _alike(before[start:][::-1], after[start:][::-1])
            around = slice(max(0, start - NEAR), start), max(0, end - NEAR)
            before, after = (
                f"…{text[around[0]]}{text[start : len(text) - end]}"
                f"{text[len(text) - end : len(text) - around[1]]}…"
                for text in (before, after)
            )
        return f"{before} → {after}"

    def source(self) -> str:
        """The whole file with this change."""
        return self._module.deep_replace(self._old, self._new).code  # type: ignore[union-attr]

    @property
    def is_of_head(self) -> bool:
        """Whether it changes what a function's definition says before its body, as a default."""
        return bool(self.function) and any(
            isinstance(each, cst.FunctionDef)
            and any(self._old is inner for inner in _inside(each.params))
            for each in self._module.body
        )

    def bare_function(self) -> str:
        """The definition of the module's function with this change, without its decorators."""
        module = self._module.deep_replace(self._old, self._new)
        for each in module.body:  # type: ignore[union-attr]
            if isinstance(each, cst.FunctionDef) and each.name.value == self.function:
                return self._module.code_for_node(each.with_changes(decorators=[]))
        raise LookupError(self.name)

    def statement(self) -> str:
        """A module's own statement with this change."""
        for each in self._module.body:
            if any(inner is self._old for inner in _inside(each)):
                return self._module.code_for_node(each.deep_replace(self._old, self._new))  # type: ignore[arg-type]
        raise LookupError(self.name)


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def _inside(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _inside(child)


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, group: str, path: Path, module: cst.Module) -> None:
        super().__init__()
        self.group, self.path, self.module = group, path, module
        self.found: list[Mutant] = []
        self._names: list[str] = []
        self._function: tuple[str, tuple[int, int]] = ("", (0, 0))
        self._depth = 0
        self._statements: list[tuple[int, int]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if m.matches(node, _UNSEEN) or self._is_of_class(node):
            return False
        if isinstance(node, cst.ClassDef):
            self._names.append(node.name.value)
        if isinstance(node, cst.FunctionDef):
            if not self._depth:
                self._function = (".".join([*self._names, node.name.value]), self._whole(node))
            self._depth += 1
        if isinstance(node, cst.BaseStatement | cst.BaseCompoundStatement):
            self._statements.append(self._span(node))
        self._mutate(node)
        return True

    def on_leave(self, node: cst.CSTNode) -> None:
        if m.matches(node, _UNSEEN) or self._is_of_class(node):
            return
        if isinstance(node, cst.ClassDef):
            self._names.pop()
        if isinstance(node, cst.FunctionDef):
            self._depth -= 1
            if not self._depth:
                self._function = ("", (0, 0))
        if isinstance(node, cst.BaseStatement | cst.BaseCompoundStatement):
            self._statements.pop()

    def _is_of_class(self, node: cst.CSTNode) -> bool:
        """A class's own attributes and bases: classes are made once, and stay."""
        in_class = bool(self._names) and not self._depth
        return in_class and isinstance(node, cst.SimpleStatementLine | cst.Arg)

    def _whole(self, node: cst.FunctionDef) -> tuple[int, int]:
        first = self.get_metadata(PositionProvider, node.decorators[0] if node.decorators else node)
        return first.start.line, self.get_metadata(PositionProvider, node).end.line

    def _span(self, node: cst.CSTNode) -> tuple[int, int]:
        """A statement's lines; of one that holds others, its head's."""
        position = self.get_metadata(PositionProvider, node)
        first, last = position.start.line, position.end.line
        body = getattr(node, "body", None)
        if isinstance(body, cst.IndentedBlock) and body.body:
            inner = self.get_metadata(PositionProvider, body.body[0]).start.line
            last = max(first, inner - 1)
        return first, last

    def _mutate(self, node: cst.CSTNode) -> None:
        for type_, operator in IN_FUNCTIONS if self._depth else IN_MODULES:
            if not isinstance(node, type_) or (
                operator.__name__ == "operator_arg_removal" and self._keeps_arguments(node)
            ):
                continue
            for new in operator(node):
                self._add(node, new)

    def _keeps_arguments(self, node: cst.CSTNode) -> bool:
        return m.matches(node, _CAST | m.Call(func=m.Name("len") | m.Name("isinstance")))

    def _add(self, old: cst.CSTNode, new: cst.CSTNode) -> None:
        lines = self._statements[-1] if self._statements else self._span(old)
        function, function_lines = self._function
        before, after = self._text(old), self._text(new)
        if before == after:
            return
        self.found.append(
            Mutant(
                group=self.group, path=self.path, function=function,
                function_lines=function_lines, lines=lines, before=before, after=after,
                _module=self.module, _old=old, _new=new,
            )
        )  # fmt: skip

    def _text(self, node: cst.CSTNode) -> str:
        if isinstance(node, cst.If | cst.While):
            node = node.test
        return " ".join(self.module.code_for_node(node).split())


def mutants_of(group: str) -> Iterator[Mutant]:
    """All mutants of a group's files, in the order of the files."""
    for path in files_of(group):
        wrapper = MetadataWrapper(cst.parse_module(path.read_text()))
        finder = _Finder(group, path, wrapper.module)
        wrapper.visit(finder)
        yield from finder.found


def sample(*, size: int | None, seed: str, groups: tuple[str, ...] = GROUPS) -> list[Mutant]:
    """All mutants, or of each group as many as `size` says, the same ones for the same seed."""
    chosen: list[Mutant] = []
    for group in groups:
        found = list(mutants_of(group))
        if size is not None and size < len(found):
            found = random.Random(f"{seed}|{group}").sample(found, size)
        chosen += found
    return chosen
