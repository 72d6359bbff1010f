"""The slots of one agenda for six weeks, against django-appointment computing the same days.

Both on the same server and the same days, in turn; the answers must be the same.
"""

import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall
from statistics import median
from typing import Any

from setting import arguments, own_servers, report

DAYS = 42
FILL = 0.6


def make_agenda(first: date, taken: list[datetime]) -> Any:
    """Make an agenda open on weekdays from 9 to 17 in UTC, with the taken half hours."""
    from practitioners.models import Agenda, Opening, Practice, Practitioner, Taken, VisitReason

    practice = Practice.objects.create(name="P", search_name="p", time_zone="UTC")
    person = Practitioner.objects.create(first_name="B", last_name="B", search_name="b")
    agenda = Agenda.objects.create(practice=practice, practitioner=person, open_on_holidays=True)
    reason = VisitReason.objects.create(
        agenda=agenda, name="Consultation", duration_minutes=30, minimum_notice_minutes=0
    )
    monday = first - timedelta(days=first.weekday())
    for weekday in range(5):
        opening = Opening.objects.create(
            agenda=agenda,
            number=weekday + 1,
            starts_on=monday + timedelta(days=weekday),
            from_time=wall(9),
            until_time=wall(17),
        )
        opening.visit_reasons.add(reason)
    Taken.objects.bulk_create(
        Taken(agenda=agenda, visit_reason=reason, period=(at, at + timedelta(minutes=30)), seat=0)
        for at in taken
    )
    return reason


def compute_ours(reason: Any, days: list[date]) -> dict[str, list[str]]:
    """Ask the one availability function, and lay its slots out by day."""
    from practitioners.domain.scheduling.availability import free_slots

    since = datetime.combine(days[0], wall.min, tzinfo=UTC)
    until = since + timedelta(days=len(days))
    found: dict[str, list[str]] = {day.isoformat(): [] for day in days}
    now = since - timedelta(days=1)
    for slot in free_slots(visit_reason=reason, since=since, until=until, now=now):
        found[slot.starts_at.date().isoformat()].append(f"{slot.starts_at:%H:%M}")
    return found


def compute_peer(task: dict[str, Any]) -> dict[str, Any]:
    """Run the peer in its own process, in a database of its own on the same server."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS peer")
        cursor.execute("CREATE DATABASE peer")
    script = os.path.join(os.path.dirname(__file__), "peer_slots.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    answer: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return answer


def main() -> None:
    options = arguments(__doc__ or "", rounds=15)
    with own_servers():
        from django.conf import settings

        # Far enough ahead that neither library sees any of it as past.
        first = date.today() + timedelta(days=14 - date.today().weekday())
        days = [first + timedelta(days=n) for n in range(DAYS)]
        rng = random.Random(1)
        taken = [
            datetime.combine(day, wall(9), tzinfo=UTC) + timedelta(minutes=30 * n)
            for day in days
            if day.weekday() < 5
            for n in range(16)
            if rng.random() < FILL
        ]
        reason = make_agenda(first, taken)
        database = settings.DATABASES["default"]
        task = {
            "database": {
                **{k: database[k] for k in ("USER", "PASSWORD", "HOST", "PORT")},
                "NAME": "peer",
            },
            "taken": [f"{at:%Y-%m-%dT%H:%M:%S}" for at in taken],
            "days": [day.isoformat() for day in days],
            "rounds": options.rounds,
        }
        ours = compute_ours(reason, days)
        seconds = []

        def measure() -> None:
            for _ in range(options.rounds):
                began = time.perf_counter()
                compute_ours(reason, days)
                seconds.append(time.perf_counter() - began)

        measure()
        peer = compute_peer(task)
        measure()
        figures: dict[str, object] = {
            "ratio": peer["seconds"] / median(seconds),
            "same_answers": peer["slots"] == ours,
            "ours_s": median(seconds),
            "peer_s": peer["seconds"],
            "slots": sum(len(slots) for slots in ours.values()),
            "days": DAYS,
        }
        report(figures, as_json=options.json)
        if not figures["same_answers"]:
            sys.exit("the answers differ")


if __name__ == "__main__":
    main()
