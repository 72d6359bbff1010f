"""What binding each entry to its writer's last one costs a booking (goal: at most 3 %).

Bookings in one process, alternately with and without the link, in the same run: time taken,
availability, sealed note, entry, messages owed, one durable commit. Counted is the CPU time of this
process and of its PostgreSQL backend, which does not depend on what else the machine does. Request
and answer are not in it: the share of a booking that comes through a browser is smaller still.
"""

import json
import runpy
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

from setting import arguments, own_servers, report


def unlinked(values: Sequence[Any], details: dict[str, Any], rows: Sequence[Any] = ()) -> None:
    """Insert an entry as it was before there were links."""
    from audit.fixed_query import insert_rows
    from audit.record import content, entries

    linked = (*values, None)
    code = content.authentication_code(content.canonical((*linked, details)))
    insert_rows(
        rows,
        before=entries._INSERT,
        parameters=(*linked, json.dumps(details, sort_keys=True), code),
    )


def cpu_clock() -> Callable[[], float]:
    """A clock of the CPU seconds of this process and of the backend that works for it."""
    from django.db import connection

    connection.ensure_connection()
    backend = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return lambda: time.process_time() + int(backend.read_text().split()[0]) / 1e9


def bookings(count: int) -> tuple[list[float], list[float]]:
    """CPU seconds of each booking with and of each without the link."""
    from audit.record import entries
    from audit.record.entries import Channel, system_actor
    from booking.appointments.book import book
    from booking.appointments.values import By, Conditions
    from booking.models import Appointment, Patient
    from booking.models.appointment import Channel as BookedBy
    from practitioners.models import VisitReason

    now = datetime.now(UTC)
    # By its path: its name is also that of the app.
    made_by = runpy.run_path(str(Path(__file__).with_name("booking.py")))
    slots, sessions = made_by["make_slots"](now), made_by["make_sessions"](now)
    reasons = VisitReason.objects.select_related("agenda__practice").in_bulk()
    by_id = {str(pk): reason for pk, reason in reasons.items()}
    patients = cycle([Patient.unscoped.get(pk=patient) for _, _, patient in sessions])
    clock = cpu_clock()
    actor = system_actor(Channel.SHELL)
    nobody = Appointment.unscoped.all()
    linked: Callable[..., None] = entries._insert
    times: dict[Any, list[float]] = {linked: [], unlinked: []}
    pairs = [
        (reason, at) for reason, starts in slots for at in starts[:: max(1, len(starts) // 40)]
    ]
    for number, (reason, starts_at) in enumerate(pairs[: 2 * count + 100]):
        # Of two in a row each comes first as often as the other.
        way = (linked, unlinked, unlinked, linked)[number % 4]
        entries._insert = way
        began = clock()
        book(
            visit_reason=by_id[reason],
            starts_at=starts_at,
            patient=next(patients),
            by=By(actor=actor, channel=BookedBy.PRACTICE),
            conditions=Conditions(heeding=nobody),
            note="Une question sur mon traitement",
            now=now,
        )
        took = clock() - began
        if number >= 100:
            times[way].append(took)
    entries._insert = linked
    return times[linked], times[unlinked]


def entries_alone(count: int) -> tuple[float, float]:
    """Microseconds of an entry with and without the link, in one transaction."""
    from django.db import transaction

    from audit.actions import REVEAL
    from audit.record import entries
    from audit.record.entries import Channel, system_actor

    actor, linked, clock = system_actor(Channel.SHELL), entries._insert, cpu_clock()
    times: dict[Any, list[float]] = {linked: [], unlinked: []}
    with transaction.atomic():
        for number in range(2 * count):
            way = (linked, unlinked, unlinked, linked)[number % 4]
            entries._insert = way
            began = clock()
            entries.write(REVEAL, actor=actor, purpose="care", details={"n": number})
            times[way].append(clock() - began)
    entries._insert = linked
    return 1e6 * median(times[linked]), 1e6 * median(times[unlinked])


def main() -> None:
    options = arguments(__doc__ or "", bookings=3000)
    with own_servers():
        with_link, without = bookings(options.bookings)
        entry, bare = entries_alone(options.bookings)
        figures: dict[str, object] = {
            "booking_cpu_ms": 1000 * median(with_link),
            "unlinked_booking_cpu_ms": 1000 * median(without),
            "ratio": median(with_link) / median(without),
            "mean_ratio": mean(with_link) / mean(without),
            "error_of_mean": stdev(without) / mean(without) / len(without) ** 0.5,
            "entry_cpu_us": entry,
            "unlinked_entry_cpu_us": bare,
            "bookings": len(with_link),
        }
        report(figures, as_json=options.json)


if __name__ == "__main__":
    main()
