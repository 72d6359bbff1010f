"""What each process of the site loads as it begins: nothing that takes seconds and hardly ever works."""

import os
import subprocess
import sys

from doctolib.environment import PROJECT_DIR

# Seconds and some hundred megabytes in each process. Telephone numbers by place are not asked for
# at all, and the authority's form on paper is made once in an incident.
HEAVY = {"phonenumbers.geodata", "fpdf", "fontTools"}
PROGRAM = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doctolib.settings")
import django
django.setup()
import doctolib.urls, doctolib.asgi, doctolib.celery
print(*sorted(sys.modules))
"""


def test_a_process_begins_without_what_is_hardly_ever_needed():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=PROJECT_DIR,
        env=dict(os.environ),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "booking.web" in loaded
    assert loaded & HEAVY == set()
