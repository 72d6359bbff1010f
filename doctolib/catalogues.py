"""Compiled catalogues of the pages' languages: made from the .po files, and kept in no repository.

`python -m doctolib.catalogues` makes those that are older than their source; `make` and the tests
do so by themselves, a deployment before it collects the static files (docs/operations.md).
"""

import os
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from doctolib.environment import PROJECT_DIR

LOCALE = PROJECT_DIR / "locale"


def compile_stale(directory: Path = LOCALE) -> list[Path]:
    """Compile each catalogue that is missing or older than its source; return what was made.

    Processes may do so at once: each file is replaced whole.
    """
    made = []
    for source in sorted(directory.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3])
        handle, name = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            write_mo(file, catalogue)
        Path(name).chmod(0o644)
        Path(name).replace(target)
        made.append(target)
    return made


if __name__ == "__main__":
    compile_stale()
