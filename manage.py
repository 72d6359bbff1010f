#!/usr/bin/env python
"""Django's command line, with the embedded servers started on demand."""

import os
import sys

WITHOUT_SERVERS = {"help", "version", "--help", "--version"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doctolib.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("The environment is not set up yet: run 'make run' or 'make test' once.")
    if command not in WITHOUT_SERVERS:
        from doctolib.environment import InvalidEnvironment, read_environment
        from doctolib.servers import ServerProblem, ensure_servers

        try:
            environment = read_environment()
            fresh = not environment.is_production and ensure_servers(environment.data_dir)
        except (InvalidEnvironment, ServerProblem) as problem:
            sys.exit(str(problem))
        if fresh and command != "migrate":
            execute_from_command_line(["manage.py", "migrate", "--verbosity", "0"])
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
