"""After a demo and a day of work on it: every patient is looked for in everything that is stored."""

import base64
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.record import seal
from audit.redis_client import redis_client
from audit.vault.reveal import Purpose, reveal
from booking.models import Account, Patient
from booking.outbox.sending import send_owed
from booking.tasks import send_owed_messages
from doctolib.demo import accounts, load
from practitioners.domain.directory.text import search_text
from practitioners.models import Membership, Practitioner
from tests.audit.many_needles import Needles
from tests.audit.stored import encodings, everything_stored
from tests.factories import practice_actor, verified_client

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
UUID = rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def telephones(e164: str) -> list[str]:
    digits = e164.removeprefix("+33")
    pairs = re.findall("..", "0" + digits)
    return [digits, " ".join(pairs), ".".join(pairs), "-".join(pairs)]


def needles() -> dict[bytes, str]:
    """What would give a patient away, with the patient's id."""
    people = list(Patient.unscoped.order_by("pk"))
    wanted = [(p, ("first_name", "last_name", "phone", "email", "birth_date")) for p in people]
    texts_of: dict[bytes, str] = {}
    public = "\n".join(Practitioner.objects.values_list("search_name", flat=True))
    with reveal(wanted, actor=practice_actor(), purpose=Purpose.SUPPORT) as plain:
        for person in people:
            first, last = plain.text(person, "first_name"), plain.text(person, "last_name")
            # Names alone are also those of practitioners and streets, which are public; some
            # patients even share both names with a practitioner, or nearly: Simone Blanc, Blanchet.
            names = [f"{first} {last}", f"{last} {first}"]
            texts = [name for name in names if search_text(name) not in public]
            texts.append(plain.text(person, "email"))
            texts += telephones(plain.text(person, "phone"))
            for text in filter(None, texts):
                texts_of.update(dict.fromkeys(encodings(text), str(person.pk)))
    accounts_ = list(Account.objects.order_by("pk"))
    with reveal(
        [(a, ("email",)) for a in accounts_], actor=practice_actor(), purpose=Purpose.SUPPORT
    ) as plain:
        for account in accounts_:
            texts_of.update(dict.fromkeys(encodings(plain.text(account, "email")), str(account.pk)))
    return texts_of


def found(stored: bytes, wanted: dict[bytes, str]) -> Iterator[tuple[bytes, int]]:
    """Needles and positions, without digits that stand in a ciphertext or a UUID by chance.

    PostgreSQL dumps bytes in hexadecimal, where a given nine digits come up once in 70 million
    places, and 24,000 telephones are looked for. A telephone that was stored as bytes would be
    there as "36..", which is another needle.
    """
    for needle, at in Needles(wanted).found_in(stored):
        end = at + len(needle)
        before = re.search(rb"[0-9a-f]*$", stored[max(0, at - 16) : at])
        after = re.match(rb"[0-9a-f]*", stored[end : end + 16])
        around = (before[0] if before else b"") + (after[0] if after else b"")
        is_chance = re.search(rb"[a-f]", around) or in_uuid(stored, at, end)
        if not (needle.isdigit() and is_chance):
            yield needle, at


def in_uuid(stored: bytes, at: int, end: int) -> bool:
    """Whether a place lies within a UUID, whose random digits may be anything."""
    since = max(0, at - 36)
    uuids = re.finditer(UUID, stored[since : end + 36])
    return any(since + each.start() <= at and end <= since + each.end() for each in uuids)


def hits(stored: bytes, wanted: dict[bytes, str]) -> set[str]:
    return {wanted[needle] for needle, _at in found(stored, wanted)}


def work(tmp_path, settings) -> logging.Handler:
    """What a day does: pages, searches, bookings, messages, a failing form, the record."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    handler = logging.FileHandler(tmp_path / "all.log")
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG)
    by_role = {
        a.email: Account.objects.get(email_index=accounts_index(a.email)) for a in accounts.ACCOUNTS
    }
    patient = Client()
    patient.force_login(
        by_role[accounts.ACCOUNTS[0].email], backend="booking.backends.EmailBackend"
    )
    for name in ("my-appointments", "people", "my-data", "reads", "account", "erase-account"):
        assert patient.get(reverse(f"booking:{name}")).status_code == 200
    patient.post(reverse("booking:new-person"), {"first_name": "", "last_name": "Nobody"})
    Client().post(
        reverse("booking:sign-in"), {"email": accounts.ACCOUNTS[0].email, "password": "x"}
    )
    membership = Membership.objects.select_related("account").first()
    secretary = verified_client(membership.account)
    page = reverse("booking:agenda", args=[membership.practice_id])
    assert secretary.get(page).status_code == 200
    someone = Patient.unscoped.filter(practice_links__practice_id=membership.practice_id).first()
    with reveal([(someone, ("last_name",))], actor=practice_actor(), purpose=Purpose.CARE) as plain:
        last_name = plain.text(someone, "last_name")
    found = secretary.post(
        reverse("booking:find-patients", args=[membership.practice_id]), {"q": last_name}
    )
    assert last_name in found.content.decode()
    send_owed(now=timezone.now())
    send_owed_messages.delay()
    seal.seal_entries(now=timezone.now())
    return handler


def accounts_index(email):
    from booking.models.accounts.account import email_index

    return email_index(email)


def test_no_patient_of_the_demo_is_found_in_anything_that_is_stored(tmp_path, settings):
    settings.RECORD_CHECKPOINT_FILE = tmp_path / "checkpoints.txt"
    load.load(now=NOW, say=lambda text: None)
    level = logging.getLogger().level
    handler = work(tmp_path, settings)
    try:
        stored = everything_stored(tmp_path)
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(level)
        handler.close()
    wanted = needles()
    assert len(set(wanted.values())) > 20_000
    assert len(stored) > 100_000_000
    for part in (b"booking_patient", b"doctolib:stale", b"booking.send_owed_messages"):
        assert part in stored
    leaks = ((n, stored[max(0, at - 60) : at + 60]) for n, at in found(stored, wanted))
    assert list(islice(leaks, 20)) == []
    # The search itself: one patient's name planted in each place and encoding is found.
    needle, owner = next(iter(wanted.items()))
    assert hits(stored + needle, {needle: owner}) == {owner}
    plant(tmp_path, wanted)


def plant(tmp_path, wanted):
    """Somebody else in each place and encoding: all of them are found, and nobody else."""
    people = list(Patient.unscoped.order_by("pk")[:2])
    accounts_ = list(Account.objects.order_by("pk")[:4])
    opened = [(each, ("phone",)) for each in people] + [(each, ("email",)) for each in accounts_]
    with reveal(opened, actor=practice_actor(), purpose=Purpose.CARE) as plain:
        phones = [plain.text(each, "phone") for each in people]
        emails = [plain.text(each, "email") for each in accounts_]
    # A telephone may be several people's: one of them stands for it.
    texts = [*(telephones(phone)[0] for phone in phones), *emails]
    planted = {wanted[text.encode()] for text in texts}
    assert len(planted) == 6
    # The whole search was made above; here it is enough to look for those who are planted.
    wanted = {needle: owner for needle, owner in wanted.items() if owner in planted}
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE planted (a text, b bytea, c jsonb)")
        try:
            for row in (
                [phones[0], None, None], [None, emails[0].encode(), None],
                [None, None, f'{{"who": "{emails[1]}"}}'],
                [base64.b64encode(b"x" + emails[2].encode()).decode(), None, None],
            ):  # fmt: skip
                cursor.execute("INSERT INTO planted VALUES (%s, %s, %s)", row)
            redis_client().set("planted", emails[3])
            (tmp_path / "planted.log").write_text(f"sent to {phones[1]}")
            assert hits(everything_stored(tmp_path), wanted) == planted
        finally:
            cursor.execute("DROP TABLE planted")
