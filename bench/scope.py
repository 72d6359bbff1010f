"""What one credential exposed in 48 hours, out of a record of millions, beside a bare index scan.

The record holds `--entries` entries of two months by 2,000 credentials, and 6,128 openings of one
of them within 48 hours. Printed: the seconds that the exposure takes, those of a bare scan of the
same rows by the index (credential_id, at), fetched but not looked at, and the ratio (goal: at most
3 at 20,000,000 entries). The index over subjects is left out while the rows are made, and the
exposure does not use it.
"""

import gc
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median

from setting import arguments, own_servers, report

STOLEN, ROUNDS, CHUNK = 6128, 7, 1_000_000
BEGINS = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 60
FILL = """
INSERT INTO audit_entry (id, at, action, actor_kind, actor_id, practice_id, credential_id, channel,
                         purpose, subjects, fields, object_id, details)
SELECT gen_random_uuid(),
       %(begins)s::timestamptz + make_interval(secs => %(days)s::float * 86400.0 * random()),
       %(reading)s, 'credential', c.id, md5('practice ' || (i %% 5000))::uuid, c.id, 'api', 'care',
       ARRAY[gen_random_uuid()],
       '{booking_patient.first_name,booking_patient.last_name,booking_patient.phone}',
       gen_random_uuid(),
       '{"network": "198.51.100.0/24", "key": "0123456789abcdef", "token": "t", "weight": 0.0}'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i,
     LATERAL (SELECT md5('credential ' || (i %% 2000))::uuid AS id) AS c
"""
THEFT = """
INSERT INTO audit_entry (id, at, action, actor_kind, actor_id, practice_id, credential_id, channel,
                         purpose, subjects, fields, object_id, details)
SELECT gen_random_uuid(), %(at)s::timestamptz + make_interval(secs => i * 172800.0 / %(stolen)s::int), %(reading)s,
       'credential', %(thief)s::uuid, md5('practice ' || (i %% 12))::uuid, %(thief)s::uuid, 'api', 'care',
       ARRAY[gen_random_uuid()],
       '{booking_patient.first_name,booking_patient.last_name,booking_patient.phone}',
       gen_random_uuid(),
       '{"network": "203.0.113.0/24", "key": "fedcba9876543210", "token": "u", "weight": 4.0}'
FROM generate_series(0, %(stolen)s::int - 1) AS i
"""
BARE = """
SELECT id, at, practice_id, subjects, fields, object_id, purpose FROM audit_entry
WHERE credential_id = %s AND at >= %s AND at <= %s AND action = %s
"""


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def fill(entries: int, thief: uuid.UUID, at: datetime) -> None:
    from django.db import connection

    from audit.actions import REVEAL

    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_create_partition(date '2026-09-01')")
        cursor.execute("SELECT audit_create_partition(date '2026-10-01')")
        cursor.execute("DROP INDEX audit_entry_subjects")
        cursor.execute("SET synchronous_commit TO off")
        for first in range(0, entries, CHUNK):
            last = min(first + CHUNK, entries) - 1
            cursor.execute(
                FILL,
                {
                    "begins": BEGINS, "days": DAYS, "first": first, "last": last,
                    "reading": REVEAL.code,
                },
            )  # fmt: skip
        cursor.execute(THEFT, {"at": at, "thief": thief, "stolen": STOLEN, "reading": REVEAL.code})
        cursor.execute("ANALYZE audit_entry")


def main() -> None:
    options = arguments(__doc__ or "", entries=20_000_000)
    with own_servers():
        from django.db import connection

        from audit.actions import REVEAL
        from audit.incidents.exposure import exposure_of
        from audit.models import Incident, IncidentSource

        thief, at = uuid.uuid4(), BEGINS + timedelta(days=40)
        until = at + timedelta(hours=48)
        filled = seconds(lambda: fill(options.entries, thief, at))
        incident = Incident.objects.create(number=1, began_at=at, detected_at=until)
        IncidentSource.objects.create(
            incident=incident, kind="credential", holder_id=thief, began_at=at,
            stopped_at=until, networks=["203.0.113.0/24"],
        )  # fmt: skip

        def bare() -> int:
            with connection.cursor() as cursor:
                cursor.execute(BARE, [thief, at, until, REVEAL.code])
                return len(cursor.fetchall())

        def exposure() -> int:
            return len(exposure_of(incident, now=until).subjects)

        # A collection walks all that this process ever loaded, a tenth of a second now and then, and
        # falls on whichever of the two happens to be running.
        gc.collect()
        gc.freeze()
        assert bare() == exposure() == STOLEN
        times = [(seconds(bare), seconds(exposure)) for _ in range(ROUNDS)]
        scan, scope = (median(each) for each in zip(*times, strict=True))
        report(
            {
                "entries": options.entries,
                "filled_in_s": filled,
                "openings": STOLEN,
                "index_scan_s": scan,
                "exposure_s": scope,
                "ratio": scope / scan,
            },
            as_json=options.json,
        )


if __name__ == "__main__":
    main()
