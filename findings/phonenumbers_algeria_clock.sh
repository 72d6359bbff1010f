#!/bin/sh
# phonenumbers (PyPI 9.0.43, with tzdata 2026.6): the only time zone of an Algerian number is
# Europe/Paris, whose clock is an hour ahead of Algeria's from March to October.
#
# Belief: a zone that time_zones_for_number() gives has the wall clock of the number's country.
# Algeria has one zone, Africa/Algiers, at UTC+1 all year.
# Behaviour: +213 551 23 45 67 is valid, of region DZ, and its only zone is Europe/Paris. On 15 July
# 2027 at 19:30 UTC the library's zone says 21:30; in Algeria it is 20:30.
# What follows for us: quiet hours take the zones of a country from tzdata's zone.tab, and the
# library's answer only for countries with several (booking/outbox/quiet_hours.py).
#
# Fails when the behaviour changes. Needs Python 3.11 or newer and the package index.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check phonenumbers==9.0.43 tzdata==2026.6
PYTHONTZPATH="" "$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone

number = phonenumbers.parse("+213551234567", None)
zones = timezone.time_zones_for_number(number)
at = datetime(2027, 7, 15, 19, 30, tzinfo=UTC)
print(phonenumbers.is_valid_number(number), phonenumbers.region_code_for_number(number), zones)
for zone in (*zones, "Africa/Algiers"):
    print(zone, at.astimezone(ZoneInfo(zone)).strftime("%H:%M"))
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
True DZ ('Europe/Paris',)
Europe/Paris 21:30
Africa/Algiers 20:30
EXPECTED
echo "as described"
