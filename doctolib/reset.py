"""Erase the demo's data: `make reset`."""

import shutil
import sys

from doctolib.environment import read_environment
from doctolib.servers import postgresql_pid


def main() -> None:
    data_dir = read_environment().data_dir
    if postgresql_pid(data_dir / "postgresql"):
        sys.exit("The demo is running: stop it first (Ctrl-C where 'make run' runs).")
    shutil.rmtree(data_dir, ignore_errors=True)
    sys.stdout.write(f"Erased {data_dir}. 'make run' starts afresh.\n")


if __name__ == "__main__":
    main()
