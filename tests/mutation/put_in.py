"""Puts a mutant into a process that runs already, in the place of what stands there.

A function keeps its identity and gets another code: code that has imported it, decorated it or
keeps it in a table calls the mutant. Of a module's constant, everyone who has imported it gets
the new value. Only for a forked process: nothing takes a mutant out again.
"""

import functools
import gc
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import cachetools

from tests.mutation.groups import ROOT
from tests.mutation.mutants import Mutant


class CannotBePutIn(Exception):
    """The function that the mutant is of does not live in this process as it stands there."""


@dataclass(kw_only=True)
class Living:
    """The functions and caches of mutated files that this process has."""

    functions: dict[tuple[str, str], list[FunctionType]] = field(
        default_factory=lambda: defaultdict(list)
    )
    caches: list[Any] = field(default_factory=list)

    @classmethod
    def find(cls, files: set[Path]) -> "Living":
        """Look through everything there is; before the process is forked, once."""
        found = cls()
        names = {str(path) for path in files}
        gc.unfreeze()
        for each in gc.get_objects():
            if type(each) is FunctionType and each.__code__.co_filename in names:
                key = (each.__code__.co_filename, each.__code__.co_qualname)
                found.functions[key].append(each)
            # By its type: a weak reference whose object is gone raises where it is asked.
            elif issubclass(type(each), functools._lru_cache_wrapper):
                found.caches.append(each)
        return found


def put_in(mutant: Mutant, living: Living) -> None:
    """Make this process run the mutant. Raises CannotBePutIn."""
    module = sys.modules.get(module_name(mutant.path))
    if module is None:
        raise CannotBePutIn("its module is not imported")
    if mutant.function:
        _replace_function(mutant, living, module)
    else:
        _replace_constant(mutant, module)
    for cache in living.caches:
        if cache.__module__ == module.__name__:
            cache.cache_clear()
    for value in vars(module).values():
        if isinstance(value, cachetools.Cache):
            value.clear()


def module_name(path: Path) -> str:
    """The name by which a file is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def codes(code: CodeType) -> Iterator[CodeType]:
    """The codes of all functions and classes in a code."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from codes(each)


def _replace_function(mutant: Mutant, living: Living, module: ModuleType) -> None:
    file = str(mutant.path)
    tree = compile(mutant.source(), file, "exec", dont_inherit=True)
    first = mutant.function_lines[0]
    outer = [
        code
        for code in codes(tree)
        if code.co_qualname == mutant.function and code.co_firstlineno == first
    ]
    if len(outer) != 1:
        raise CannotBePutIn("it is not found in its own file")
    replaced = 0
    for code in (outer[0], *codes(outer[0])):
        for function in living.functions.get((file, code.co_qualname), ()):
            if code is outer[0] and function.__code__.co_firstlineno != first:
                continue
            try:
                function.__code__ = code
            except ValueError as error:
                raise CannotBePutIn(str(error)) from error
            replaced += code is outer[0]
    if not replaced:
        raise CannotBePutIn("the function is not alive")
    _replace_defaults(mutant, living, module)


def _replace_defaults(mutant: Mutant, living: Living, module: ModuleType) -> None:
    """Give a function the mutant's defaults, where it is its defaults that differ."""
    names: dict[str, Any] = dict(vars(module))
    if "." in mutant.function or not mutant.is_of_head:
        return
    exec(compile(mutant.bare_function(), str(mutant.path), "exec"), names)
    new = names[mutant.function]
    for function in living.functions[(str(mutant.path), mutant.function)]:
        function.__defaults__, function.__kwdefaults__ = new.__defaults__, new.__kwdefaults__


def _replace_constant(mutant: Mutant, module: ModuleType) -> None:
    before = dict(vars(module))
    names = dict(before)
    exec(compile(mutant.statement(), str(mutant.path), "exec"), names)
    changed = [
        name
        for name, value in names.items()
        if name != "__builtins__" and name in before and value is not before[name]
    ]
    if not changed:
        raise CannotBePutIn("it gives no name another value")
    for name in changed:
        old, new = before[name], names[name]
        if _change_within(old, new):
            continue
        for each in list(sys.modules.values()):
            if getattr(each, "__dict__", {}).get(name) is old:
                setattr(each, name, new)


def _change_within(old: Any, new: Any) -> bool:
    """Make a container what another one is, so that each holder sees it; False if it is none."""
    if type(old) is not type(new) or not isinstance(old, dict | set | list):
        return False
    if isinstance(old, list):
        old[:] = new
    elif isinstance(old, set):
        old.clear()
        old.update(new)
    else:
        for key in set(old) - set(new):
            del old[key]
        for key, value in new.items():
            if key not in old or not _change_within(old[key], value):
                old[key] = value
    return True
