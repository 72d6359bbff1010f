"""The file of checkpoints outside the database, on another disk if there is one.

It reveals a database that was rolled back to an earlier state. If an attacker rolls back both, the
witnesses reveal it (witness.py).
"""

from pathlib import Path

from django.conf import settings

from audit.record import notes


class FileBroken(Exception):
    """The file does not consist of checkpoints; the text gives the position of the error."""


def keep_outside(note: str) -> None:
    """Append a checkpoint with its cosignatures, for a later comparison."""
    path = Path(settings.RECORD_CHECKPOINT_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{note}\n")


def kept_outside() -> list[str]:
    """The checkpoints in the file, oldest first; empty without a file. Raises FileBroken."""
    path = Path(settings.RECORD_CHECKPOINT_FILE)
    if not path.exists():
        return []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileBroken(f"{path.name} cannot be read") from error
    # Each note ends with signature lines and the blank line that `keep_outside` adds.
    found: list[str] = []
    current: list[str] = []
    for line in text.split("\n"):
        if not line and current and current[-1].startswith(notes.DASH):
            found.append("\n".join(current) + "\n")
            current = []
        else:
            current.append(line)
    if any(current):
        raise FileBroken(f"{path.name} ends in the middle of a checkpoint")
    return found
