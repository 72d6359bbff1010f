"""The scripts of pages: ES modules under static/js, and what each of them imports.

There is no build step: a browser fetches a module and learns from it what to fetch next. So that it
does not learn it one step after the other, a page names all of them at once (`modulepreload`).
docs/subsystems/scripts.md says how scripts are organised.
"""

import posixpath
import re
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders

_IMPORT = re.compile(
    r"""^(?:import\s*|(?:import|export)\b[^;"']*\bfrom\s*)["'](\.[^"']+)["'];""", re.MULTILINE
)


class NoSuchScript(Exception):
    """A page or a module names a script that is not there."""


@cache
def imported_by(name: str) -> tuple[str, ...]:
    """Return the static names of all modules that a script imports, directly or not, in order.

    `name`: a static name such as "js/agenda.js". Raises NoSuchScript for one that is not there, and
    RecursionError where modules import each other, which their hashed names do not allow.
    """
    found: dict[str, None] = {}
    for each in _IMPORT.findall(_source(name)):
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), each))
        found[target] = None
        found |= dict.fromkeys(imported_by(target))
    return tuple(found)


def _source(name: str) -> str:
    path = finders.find(name)
    if path is None:
        raise NoSuchScript(name)
    return Path(str(path)).read_text(encoding="utf-8")
