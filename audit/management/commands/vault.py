from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.vault import erase, rotate
from audit.vault.providers import KeyUnavailable, NotHere, provider
from audit.whole_file import write_whole


class Command(BaseCommand):
    # Needs no page of the site, and so none is loaded and checked: keys are turned in a hurry.
    requires_system_checks: list[str] = []
    help = "The vault: which root key wraps how many data keys; rotate; retire an old root key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("status", help="how many subjects stand under which root key")
        rotating = actions.add_parser("rotate", help="a new root key, and everything under it")
        rotating.add_argument(
            "--no-new-key",
            action="store_true",
            help="only wrap anew under the current root key; also goes on after an interruption",
        )
        rotating.add_argument("--batch", type=int, default=rotate.BATCH)
        for name, words in (
            ("backup-keys", "write the wrapped data keys to a file, apart from the data"),
            ("restore-keys", "put them in the place of those that stand, after a restore"),
        ):
            actions.add_parser(name, help=words).add_argument("file", type=Path)
        retiring = actions.add_parser("retire", help="take away a root key that wraps nothing")
        retiring.add_argument("root_key_id")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            if action == "status":
                self._status()
            elif action == "rotate":
                self._rotate(**options)
            elif action == "backup-keys":
                self._backup(options["file"])
            elif action == "restore-keys":
                with options["file"].open(encoding="utf-8") as lines:
                    self.stdout.write(f"{erase.restore(lines)} data keys stand")
            else:
                rotate.retire(root_key_id=options["root_key_id"])
                self.stdout.write(f"root key {options['root_key_id']} is retired")
        except (KeyUnavailable, NotHere, rotate.StillInUse) as problem:
            raise CommandError(str(problem)) from None
        except (erase.UnreadableKeys, OSError) as problem:
            raise CommandError(f"{options['file']}: {problem}") from None

    def _backup(self, path: Path) -> None:
        count = write_whole(path, erase.backup_lines())
        self.stdout.write(f"{count - 1} data keys in {path}")

    def _status(self) -> None:
        current = provider().current_key_id()
        counts = {current: 0, **rotate.subjects_by_root_key()}
        for key_id, count in counts.items():
            mark = "  current" if key_id == current else ""
            self.stdout.write(f"{key_id}  {count} subjects{mark}")

    def _rotate(self, *, no_new_key: bool, batch: int, **options: Any) -> None:
        current = provider().current_key_id()
        waiting = sum(n for key, n in rotate.subjects_by_root_key().items() if key != current)
        if waiting and not no_new_key:
            self.stdout.write(f"{waiting} data keys wait from before: going on under {current}")
        elif not no_new_key:
            current = rotate.introduce()
            self.stdout.write(f"new root key {current}")
        done = rotate.rewrap(tell=self._tell, batch=batch)
        self.stdout.write(f"{done} data keys wrapped anew; all stand under {current}")
        self.stdout.write("older root keys open nothing any more: 'vault retire ID' removes them")

    def _tell(self, done: int, total: int) -> None:
        self.stdout.write(f"  {done} of {total}")
        self.stdout.flush()
