"""Notes which statements of the mutated files run, at a price that tests of tight loops can pay.

coverage.py with a context for each test takes minutes for some of the tests of the Merkle tree
alone; here each statement sets one byte.
"""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

from tests.mutation.put_in import Living, codes, module_name

NAME = "_mutation_probes"


class Probes:
    """A byte for each statement of these files, set when it runs."""

    def __init__(self, files: list[Path]) -> None:
        self.lines: list[tuple[Path, int, int]] = []
        trees = {path: self._with_probes(path) for path in files}
        self.hit = bytearray(len(self.lines))
        self._none = bytes(self.hit)
        for path in files:
            vars(importlib.import_module(module_name(path)))[NAME] = self.hit
        living = Living.find(set(files))
        for path, tree in trees.items():
            for code in codes(compile(tree, str(path), "exec", dont_inherit=True)):
                for function in living.functions.get((str(path), code.co_qualname), ()):
                    if function.__code__.co_firstlineno == code.co_firstlineno:
                        function.__code__ = code

    def take(self) -> Iterator[tuple[Path, int, int]]:
        """The first and last lines of what has run since the last time."""
        found = bytes(self.hit)
        self.hit[:] = self._none
        at = found.find(1)
        while at >= 0:
            yield self.lines[at]
            at = found.find(1, at + 1)

    def _with_probes(self, path: Path) -> ast.Module:
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self._probe(path, node)
        return ast.fix_missing_locations(tree)

    def _probe(self, path: Path, node: ast.AST) -> None:
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if not isinstance(block, list):
                continue
            probed: list[ast.stmt] = []
            for statement in block:
                probed += [self._set(path, statement), statement]
                # What stands in a function within is met on its own.
                if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    self._probe(path, statement)
            block[:] = probed
        for each in [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]:
            self._probe(path, each)

    def _set(self, path: Path, statement: ast.stmt) -> ast.stmt:
        number = len(self.lines)
        inner = getattr(statement, "body", None)
        last = statement.end_lineno or statement.lineno
        if isinstance(inner, list) and inner:
            last = max(statement.lineno, inner[0].lineno - 1)
        self.lines.append((path, statement.lineno, last))
        probe = ast.parse(f"{NAME}[{number}] = 1").body[0]
        for each in ast.walk(probe):
            ast.copy_location(each, statement)
        return probe
