"""What sealing and the record cost, each beside its baseline of the same run.

1. Seals and reveals a second, over bare AES-256-GCM of the same bytes.
2. A practice's day view of 40 appointments, over the same page with plain names and no record
   (goal: at most 1.5).
3. Entries sealed into the tree a second, over plain inserts of entries (goal: 5,000 a second).
4. Verifying the whole record: CPU seconds of this process and of PostgreSQL's (goal: under 60 for
   1,000,000 entries).
"""

import json
import os
import time
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from setting import arguments, own_servers, report

VISITS, PAGES, ROUNDS = 40, 60, 5
TEXTS = {
    "first_name": "Zénobie", "last_name": "Quatrefages", "sex": "F", "birth_date": "1980-12-31",
    "phone": "+33612345678", "email": "zenobie.quatrefages@exemple.fr",
}  # fmt: skip


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def sealing(count: int) -> dict[str, float]:
    """Fields sealed and revealed a second, and the same bytes by the bare primitive."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from audit.record.entries import Channel, system_actor
    from audit.vault import keys
    from audit.vault.reveal import Purpose, reveal
    from audit.vault.sealing import seal_with
    from booking.models import Patient

    rows, made = [Patient() for _ in range(count)], []
    for row in rows:
        key_row, data_key = keys.new_data_key(row.pk)
        made.append((key_row, data_key))
    type(made[0][0]).objects.bulk_create([key_row for key_row, _ in made])
    fields = count * len(TEXTS)

    def seal_all() -> None:
        for row, (_key_row, data_key) in zip(rows, made, strict=True):
            seal_with(data_key, row, **TEXTS)

    def bare_seal() -> list[bytes]:
        cipher = AESGCM(made[0][1])
        return [
            cipher.encrypt(os.urandom(12), text.encode(), b"bound to a row")
            for _ in range(count) for text in TEXTS.values()
        ]  # fmt: skip

    def reveal_all() -> None:
        for start in range(0, count, VISITS):
            some = rows[start : start + VISITS]
            wanted = [(row, tuple(TEXTS)) for row in some]
            actor = system_actor(Channel.SHELL)
            with reveal(wanted, actor=actor, purpose=Purpose.CARE) as plain:
                for row in some:
                    for name in TEXTS:
                        plain.text(row, name)

    nonce = os.urandom(12)
    cipher = AESGCM(made[0][1])
    blobs = [cipher.encrypt(nonce, text.encode(), b"bound") for text in TEXTS.values()] * count

    def bare_open() -> None:
        for blob in blobs:
            cipher.decrypt(nonce, blob, b"bound")

    figures = {
        name: fields / median(seconds(work) for _ in range(ROUNDS))
        for name, work in (
            ("seals_per_s", seal_all),
            ("bare_seals_per_s", bare_seal),
            ("reveals_per_s", reveal_all),
            ("bare_opens_per_s", bare_open),
        )
    }
    figures["seal_ratio"] = figures["seals_per_s"] / figures["bare_seals_per_s"]
    figures["reveal_ratio"] = figures["reveals_per_s"] / figures["bare_opens_per_s"]
    return figures


def make_day(now: datetime) -> tuple[Any, date]:
    """A practice with VISITS visits on one day; returns both."""
    from datetime import time as wall

    from audit.record.entries import Channel, system_actor
    from booking.appointments import book
    from booking.appointments.values import By
    from booking.models.appointment import Channel as BookedBy
    from booking.patients import patients
    from practitioners.models import Agenda, Opening, Practice, Practitioner, VisitReason

    practice = Practice.objects.create(name="P", search_name="p")
    person = Practitioner.objects.create(first_name="B", last_name="C", search_name="b")
    agenda = Agenda.objects.create(practice=practice, practitioner=person, open_on_holidays=True)
    reason = VisitReason.objects.create(agenda=agenda, name="Consultation", duration_minutes=15)
    day = now.date() + timedelta(days=2)
    opening = Opening.objects.create(
        agenda=agenda, number=1, starts_on=day, from_time=wall(8), until_time=wall(19)
    )
    opening.visit_reasons.add(reason)
    actor = system_actor(Channel.SHELL)
    for n in range(VISITS):
        identity = patients.Identity(
            first_name=TEXTS["first_name"], last_name=f"{TEXTS['last_name']}{n}",
            birth_date=day, phone=TEXTS["phone"], email=TEXTS["email"],
        )  # fmt: skip
        patient = patients.create_patient(
            identity=identity, actor=actor, now=now, practice=practice
        )
        starts_at = datetime.combine(day, wall(8), tzinfo=practice.zone) + timedelta(minutes=15 * n)
        book.book(
            visit_reason=reason,
            starts_at=starts_at,
            patient=patient,
            by=By(actor=actor, channel=BookedBy.PRACTICE),
            now=now,
        )
    return practice, day


def secretary_of(practice: Any, *, now: datetime) -> Any:
    """A browser in which somebody of the practice is signed in with a second factor."""
    from django.conf import settings
    from django.test import Client
    from django_otp import DEVICE_ID_SESSION_KEY

    from audit.views.factor import CODE_GIVEN_AT
    from booking.accounts import accounts
    from booking.models import CodeApp
    from practitioners.models import Membership

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ALLOWED_HOSTS = ["*"]
    account = accounts.create_account(email="s@b.fr", password="x", language="fr", verified_at=now)
    Membership.objects.create(account=account, practice=practice, role="secretary")
    device = CodeApp.objects.create(user=account, name="t", confirmed=True)
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session[CODE_GIVEN_AT] = now.timestamp()
    session.save()
    return client


def day_view() -> dict[str, float]:
    """The dashboard's day with 40 visits; the baseline shows plain names and writes no entry."""
    from booking.appointments.queries.appointments import Shown
    from booking.dashboard.queries import agenda_grid

    now = datetime.now(UTC)
    practice, day = make_day(now)
    client = secretary_of(practice, now=now)
    url = f"/cabinet/{practice.pk}/?jour={day}"

    def get() -> None:
        page = client.get(url).content
        assert page.count(TEXTS["last_name"].encode()) >= VISITS

    def in_plain(rows: Any, **_rest: Any) -> list[Shown]:
        return [
            Shown(appointment=row, name=f"{TEXTS['first_name']} {TEXTS['last_name']}{n}")
            for n, row in enumerate(rows)
        ]

    sealed_show = agenda_grid.show
    get()
    times: dict[str, list[float]] = {"sealed": [], "plain": []}
    for _ in range(PAGES):
        for name, show in (("sealed", sealed_show), ("plain", in_plain)):
            agenda_grid.show = show
            times[name].append(seconds(get))
    agenda_grid.show = sealed_show
    sealed, plain = median(times["sealed"]), median(times["plain"])
    return {"day_view_ms": 1000 * sealed, "plain_day_view_ms": 1000 * plain,
            "day_view_ratio": sealed / plain}  # fmt: skip


def fill_record(count: int) -> None:
    """Put authentic entries in by COPY: what the application would have written, in bulk."""
    from django.db import connection

    from audit.actions import REVEAL
    from audit.ids import new_id
    from audit.record import content

    now = datetime.now(UTC)
    practice, actor = uuid.uuid4(), uuid.uuid4()
    columns = ", ".join((*content.COLUMNS, "mac"))
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY audit_entry ({columns}) FROM STDIN") as copy,
    ):
        for n in range(count):
            values = (
                new_id(), now, REVEAL.code, "account", actor, practice, None, "dashboard", "care",
                [uuid.uuid4()], ["booking_patient.first_name", "booking_patient.last_name"],
                None, None, {"n": n},
            )  # fmt: skip
            code = content.authentication_code(content.canonical(values))
            copy.write_row((*values[:-1], json.dumps(values[-1]), code))


def sealing_entries(count: int) -> dict[str, float]:
    """Entries sealed a second, and single inserts of entries a second (in one transaction)."""
    from django.db import transaction

    from audit.actions import REVEAL
    from audit.record import entries, seal
    from audit.record.entries import Channel, system_actor

    seal.seal_entries(now=datetime.now(UTC))
    actor = system_actor(Channel.SHELL)

    def insert() -> None:
        with transaction.atomic():
            for n in range(count):
                entries.write(
                    REVEAL, actor=actor, purpose="care", subjects=[uuid.uuid4()],
                    fields=["booking_patient.last_name"], details={"n": n},
                )  # fmt: skip

    inserted = count / seconds(insert)
    sealed = count / seconds(lambda: seal.seal_entries(now=datetime.now(UTC)))
    return {"entries_sealed_per_s": sealed, "entries_inserted_per_s": inserted,
            "seal_over_insert": sealed / inserted}  # fmt: skip


def verifying(count: int) -> dict[str, float]:
    """Fill up to `count` entries, seal, verify; CPU of this process and of its PostgreSQL backend."""
    from django.db import connection

    from audit.record import seal, tree, verify

    fill_record(count - tree.size())
    filled = count - tree.size()
    took = seconds(lambda: seal.seal_entries(now=datetime.now(UTC)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_leaf, audit_entry")
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]

    def backend_cpu() -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    ours, theirs = time.process_time(), backend_cpu()
    found = verify.verify(held=seal.kept_outside())
    return {
        "bulk_sealed_per_s": filled / took,
        "verified_entries": float(found.entries),
        "verify_cpu_s": time.process_time() - ours + backend_cpu() - theirs,
    }


def main() -> None:
    options = arguments(__doc__ or "", entries=1_000_000)
    with own_servers():
        figures: dict[str, object] = {}
        figures |= sealing(400)
        figures |= day_view()
        figures |= sealing_entries(20_000)
        figures |= verifying(options.entries)
        figures["ratio"] = figures["day_view_ratio"]
        report(figures, as_json=options.json)


if __name__ == "__main__":
    main()
