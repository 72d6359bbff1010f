"""A document that a practice gives to a patient."""

from audit.vault.files import SealedFile
from booking.exchange import documents
from tests.factories import (
    practice_actor,
)

SECRET = b"Quatrefages, groupe A+"


PDF = b"%PDF-1.7\n" + SECRET


def sealed(content, name="analyse.pdf", step=10_000):
    file = SealedFile(name)
    for at in range(0, len(content), step):
        file.feed(content[at : at + step])
    file.finish()
    return file


def give(world, content=PDF, *, by_practice=False, name="analyse.pdf", now=None):
    practice, account, patient = world
    file = sealed(content, name)
    media_type, scanned = documents.check(file)
    return documents.give(
        file=file, media_type=media_type, scanned=scanned, patient=patient, practice=practice,
        author=account, by_practice=by_practice, actor=practice_actor(practice),
        now=now or patient.created_at,
    )  # fmt: skip
