"""Documents: sealed from the first byte, scanned by a real ClamAV, read by ranges."""

import io
import shutil
import subprocess
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Entry
from audit.vault.files import PART_BYTES, count_parts, open_part
from audit.vault.sealing import SealBroken
from booking.exchange import documents
from booking.models import Document, DocumentPart, Message, PracticePatient
from booking.rights import erase
from booking.rights.held_data import held_data
from doctolib.servers import free_port
from tests.browser.conftest import wait_for_port
from tests.factories import (
    make_account,
    make_member,
    make_patient,
    make_practice,
    practice_actor,
    verified_client,
)
from tests.support.documents import PDF, SECRET, give, sealed

pytestmark = pytest.mark.django_db
# What scanners agree to find (EICAR), in two halves so that this file is not found itself.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + rb"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@given(st.integers(0, 3), st.integers(-1, 1), st.sampled_from([1000, PART_BYTES, PART_BYTES + 1]))
def test_what_is_sealed_in_parts_is_read_whole(parts, more, step):
    content = bytes(range(256)) * (parts * PART_BYTES // 256)
    content = content + b"x" if more == 1 else content[: len(content) + more if more else None]
    file = sealed(content, step=step)
    assert file.size == len(content)
    assert len(list(file.parts())) == count_parts(file.size)
    assert file.reader().read() == content
    file.close()


def test_a_part_opens_in_its_place_alone():
    content = b"a" * (2 * PART_BYTES) + b"b"
    file, other = sealed(content), sealed(content)
    parts = list(file.parts())

    def opens(sealed_part, number=0, size=file.size, of=file):
        return open_part(of.key, file_id=of.id, number=number, size=size, sealed=sealed_part)

    assert opens(parts[2], 2) == b"b"
    changed = bytes([parts[0][0] ^ 1]) + parts[0][1:]
    for attempt in (
        lambda: opens(parts[1], 0),
        lambda: opens(changed),
        # Cut off after the second part: that one is not the last.
        lambda: opens(parts[1], 1, size=2 * PART_BYTES),
        lambda: opens(parts[0], of=other),
    ):
        with pytest.raises(SealBroken):
            attempt()


@pytest.fixture
def world():
    practice, account = make_practice(), make_account()
    patient = make_patient(account, practice=practice)
    return practice, account, patient


def signed_in(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def upload(client, url, *contents, **values):
    files = [SimpleUploadedFile(f"analyse {n}.pdf", c) for n, c in enumerate(contents)]
    return client.post(url, {"uploads": files, **values})


def whole(answer):
    return b"".join(answer.streaming_content)


def test_a_patient_gives_and_the_practice_opens(world, now):
    practice, account, patient = world
    link = PracticePatient.objects.get(patient=patient)
    client, desk = signed_in(account), verified_client(make_member(practice).account)
    answer = upload(client, reverse("booking:my-documents"), PDF, PDF, receiver=link.pk)
    assert answer.status_code == 302
    first = Document.unscoped.order_by("pk").first()
    assert Document.unscoped.count() == 2
    assert Entry.objects.filter(action="document-given", subjects=[patient.pk]).count() == 2
    page = desk.get(reverse("booking:practice-documents", args=[practice.pk])).content.decode()
    assert page.count("analyse 0.pdf</strong>") == 1 and "Zoé Lefèvre" in page
    url = reverse("booking:practice-document", args=[practice.pk, first.pk])
    before = Entry.objects.filter(action="reveal", object_id=first.pk).count()
    answer = desk.get(url)
    # The reading is on the record before its first byte leaves.
    entry = Entry.objects.filter(action="reveal", object_id=first.pk).get()
    assert before == 0 and "booking_document.content_key" in entry.fields
    assert whole(answer) == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    first.refresh_from_db()
    assert first.opened_at is not None
    seen = client.get(reverse("booking:reads")).content.decode()
    assert "contenu d’un document" in seen


def test_nothing_of_it_stands_in_the_database(world):
    give(world, PDF * 3000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed FROM booking_documentpart")
        stored = b"".join(bytes(row[0]) for row in cursor.fetchall())
        cursor.execute("SELECT title, content_key FROM booking_document")
        row = b"".join(bytes(value) for value in cursor.fetchone())
    assert len(stored) > 3000 * len(PDF)
    assert SECRET not in stored and b"analyse" not in row


def test_a_practice_gives_and_the_patient_is_told_without_a_word_of_it(world, now):
    practice, account, patient = world
    desk = verified_client(make_member(practice).account)
    url = reverse("booking:patient-documents", args=[practice.pk, patient.pk])
    assert upload(desk, url, PDF).status_code == 302
    assert upload(desk, url, PDF).status_code == 302
    (message,) = Message.objects.filter(kind="document")
    assert message.account_id == account.pk
    client = signed_in(account)
    assert (
        "2 documents de cabinets à ouvrir"
        in client.get(reverse("booking:my-appointments")).content.decode()
    )
    row = Document.unscoped.order_by("pk").first()
    answer = client.get(reverse("booking:my-document", args=[row.pk]))
    assert whole(answer) == PDF
    assert Entry.objects.filter(object_id=row.pk, purpose="own-data").exists()


def test_another_practice_and_another_account_find_nothing(world):
    row = give(world)
    other = make_practice()
    desk = verified_client(make_member(other, role="owner").account)
    for name in ("practice-document", "withdraw-practice-document"):
        url = reverse(f"booking:{name}", args=[other.pk, row.pk])
        assert desk.get(url).status_code in (404, 405)
        assert desk.post(url).status_code in (404, 405)
    stranger = signed_in(make_account())
    assert stranger.get(reverse("booking:my-document", args=[row.pk])).status_code == 404
    url = reverse("booking:patient-documents", args=[other.pk, world[2].pk])
    assert upload(desk, url, PDF).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=65530-65545", 206, slice(65530, 65546)),
        ("bytes=150000-", 206, slice(150_000, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=-999999", 206, slice(0, None)),
        ("bytes=0-999999", 206, slice(0, None)),
        ("bytes=999999-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=9-3", 200, slice(0, None)),
        ("bytes=-", 200, slice(0, None)),
        ("bytes=0-1,4-5", 200, slice(0, None)),
        ("pages=1", 200, slice(0, None)),
        # More digits than a number may have: no range.
        (f"bytes={'9' * 5000}-", 200, slice(0, None)),
        (f"bytes=0-{'9' * 5000}", 200, slice(0, None)),
        (f"bytes=-{'9' * 5000}", 200, slice(0, None)),
    ],
)
def test_a_range_is_read(world, asked, status, part):
    content = b"%PDF" + bytes(range(256)) * 700
    row = give(world, content)
    client = signed_in(world[1])
    url = reverse("booking:my-document", args=[row.pk])
    answer = client.get(url, headers={"Range": asked})
    assert answer.status_code == status
    if part is None:
        assert answer["Content-Range"] == f"bytes */{len(content)}"
        assert not Entry.objects.filter(action="reveal", object_id=row.pk).exists()
        return
    body = whole(answer)
    assert body == content[part]
    assert int(answer["Content-Length"]) == len(body)
    if status == 206:
        start = part.indices(len(content))[0]
        assert answer["Content-Range"] == f"bytes {start}-{start + len(body) - 1}/{len(content)}"
    other = client.get(url, headers={"Range": "bytes=0-1", "If-Range": '"another"'})
    assert other.status_code == 200


def test_asking_for_the_head_opens_nothing(world):
    row = give(world, by_practice=True)
    client, url = signed_in(world[1]), reverse("booking:my-document", args=[row.pk])
    answer = client.head(url)
    assert answer["Content-Length"] == str(len(PDF))
    assert client.get(url, headers={"Range": "bytes=9999-"}).status_code == 416
    row.refresh_from_db()
    assert row.opened_at is None, "so that it can still be withdrawn"
    assert not Entry.objects.filter(action="reveal", object_id=row.pk).exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "est vide"),
        (b"MZ\x90\x00" + b"\x00" * 100, "PDF ou une photo"),
        (b"<html><script>alert(1)</script>", "PDF ou une photo"),
        (b"%PDF" + b"x" * documents.LARGEST_BYTES, "15 Mo au plus"),
    ],
)
def test_what_cannot_be_taken_says_why(world, content, words):
    _practice, account, patient = world
    link = PracticePatient.objects.get(patient=patient)
    answer = upload(
        signed_in(account), reverse("booking:my-documents"), PDF, content, receiver=link.pk
    )
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Document.unscoped.exists() and not DocumentPart.objects.exists()


def test_no_more_than_ten_at_once_and_none_is_no_choice(world):
    link = PracticePatient.objects.get(patient=world[2])
    client, url = signed_in(world[1]), reverse("booking:my-documents")
    assert "Dix fichiers" in upload(client, url, *[PDF] * 11, receiver=link.pk).content.decode()
    assert (
        "Choisissez au moins un fichier" in client.post(url, {"receiver": link.pk}).content.decode()
    )
    assert "Dix" not in upload(client, url, PDF, receiver="x").content.decode()
    assert not Document.unscoped.exists()


def test_a_form_from_elsewhere_is_refused(world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(world[1], backend="booking.backends.EmailBackend")
    link = PracticePatient.objects.get(patient=world[2])
    assert upload(client, reverse("booking:my-documents"), PDF, receiver=link.pk).status_code == 403
    assert not Document.unscoped.exists()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "etc passwd.pdf"), ("a\u202efdp.exe", "a fdp.pdf"), ("", "document.pdf"),
        ("x" * 300 + ".pdf", "x" * 120 + ".pdf"), ("Ordonnance du 3.12.pdf", "Ordonnance du 3.12.pdf"),
    ],
)  # fmt: skip
def test_names_are_made_harmless(name, kept):
    assert documents.title_of(name, "application/pdf") == kept


def test_what_nobody_has_opened_can_be_withdrawn(world, now):
    practice, account, _patient = world
    row, opened = give(world), give(world)
    documents.opened(document=opened, by_practice=False, now=now)
    opened.refresh_from_db()
    assert opened.opened_at is None, "who gave it does not open it for the other side"
    documents.opened(document=opened, by_practice=True, now=now)
    client = signed_in(account)
    client.post(reverse("booking:withdraw-document", args=[row.pk]))
    client.post(reverse("booking:withdraw-document", args=[opened.pk]))
    assert list(Document.unscoped.all()) == [opened]
    assert Entry.objects.get(action="document-withdrawn").object_id == row.pk
    of_practice = give(world, by_practice=True)
    assert (
        client.post(reverse("booking:withdraw-document", args=[of_practice.pk])).status_code == 404
    )
    desk = verified_client(make_member(practice).account)
    desk.post(reverse("booking:withdraw-practice-document", args=[practice.pk, of_practice.pk]))
    assert list(Document.unscoped.all()) == [opened]


def test_there_is_room_for_so_much(world, monkeypatch):
    monkeypatch.setattr(documents, "ROOM_BYTES", len(PDF) + 1)
    give(world)
    with pytest.raises(documents.CannotTake, match="plus de place"):
        give(world)
    stranger = (make_practice(), *world[1:])
    with pytest.raises(documents.CannotTake, match="ne vous connaît pas"):
        give(stranger)


def test_documents_are_part_of_what_is_held_and_go_with_the_account(world, now):
    _practice, account, _patient = world
    give(world)
    held = held_data(account=account, actor=practice_actor(), now=now)
    assert [each["title"] for each in held["documents"]] == ["analyse.pdf"]
    erase.erase_account(account=account, actor=practice_actor(), now=now)
    assert not Document.unscoped.exists() and not DocumentPart.objects.exists()


@pytest.fixture(scope="module")
def clamd(tmp_path_factory):
    """A real clamd that knows one signature: the official ones cannot be fetched everywhere."""
    if not shutil.which("clamd"):
        pytest.skip("clamd is not installed, and only root can install it")
    directory, port = tmp_path_factory.mktemp("clamav"), free_port()
    (directory / "test.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
    (directory / "clamd.conf").write_text(
        f"DatabaseDirectory {directory}\nTCPSocket {port}\nTCPAddr 127.0.0.1\nForeground yes\n"
        f"StreamMaxLength 20M\n"
    )
    command = ["clamd", "--config-file", str(directory / "clamd.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_port(port, 60)
    yield f"127.0.0.1:{port}"
    process.kill()
    process.wait()


@pytest.fixture
def scanned_by(settings):
    def use(address):
        settings.CLAMD = address
        settings.DOCUMENT_SCANNER = "booking.exchange.scanning.with_clamd"

    return use


def test_a_scanner_refuses_what_it_knows(world, clamd, scanned_by):
    scanned_by(clamd)
    link = PracticePatient.objects.get(patient=world[2])
    client, url = signed_in(world[1]), reverse("booking:my-documents")
    # Far inside a large file, so that all of it is seen.
    bad = b"%PDF-1.7\n" + b"\n" * 200_000 + EICAR
    assert "logiciel malveillant" in upload(client, url, bad, receiver=link.pk).content.decode()
    assert not Document.unscoped.exists()
    assert upload(client, url, PDF, receiver=link.pk).status_code == 302
    assert Document.unscoped.get().scanned is True
    assert "non analysé" not in client.get(url).content.decode()


@pytest.mark.parametrize(
    ("language", "said"),
    [("fr", "x.pdf\u00a0: Envoyez un PDF"), ("en", "x.pdf: Send a PDF")],
)
def test_a_refused_file_is_named_as_its_readers_language_punctuates(world, language, said):
    link = PracticePatient.objects.get(patient=world[2])
    client, url = signed_in(world[1]), reverse("booking:my-documents")
    client.cookies["django_language"] = language
    file = SimpleUploadedFile("x.pdf", b"no document")
    answer = client.post(url, {"uploads": [file], "receiver": link.pk})
    assert said in answer.content.decode()


def test_nothing_is_taken_while_the_scanner_is_away(world, scanned_by):
    scanned_by(f"127.0.0.1:{free_port()}")
    link = PracticePatient.objects.get(patient=world[2])
    answer = upload(signed_in(world[1]), reverse("booking:my-documents"), PDF, receiver=link.pk)
    assert "Réessayez dans quelques minutes" in answer.content.decode()
    assert not Document.unscoped.exists()


def test_without_a_scanner_the_reader_is_told(world):
    give(world)
    assert (
        "non analysé" in signed_in(world[1]).get(reverse("booking:my-documents")).content.decode()
    )


def test_another_scanner_can_be_named(world, settings):
    settings.DOCUMENT_SCANNER = "tests.booking.exchange.test_documents.finds_everything"
    with pytest.raises(documents.CannotTake, match="malveillant"):
        documents.check(sealed(PDF))


def finds_everything(file: io.BufferedReader) -> str:
    return "All" if file.read() == PDF else ""


def test_a_new_document_explains_its_opening_to_the_watch(world, now):
    """A practice's people who open what a patient just gave are no thieves."""
    from booking.oversight.watching import _ask_for_it

    practice, _account, patient = world
    assert _ask_for_it(practice.pk, [patient.pk], now=now) == (set(), set())
    row = give(world, now=now - timedelta(days=9))
    assert _ask_for_it(practice.pk, [patient.pk], now=now) == ({patient.pk}, set())
    documents.opened(document=row, by_practice=True, now=now)
    assert _ask_for_it(practice.pk, [patient.pk], now=now) == (set(), set())
