"""Sending checkpoints to witnesses (C2SP tlog-witness), and storing their cosignatures.

A witness is a server of another organisation that remembers the last checkpoint it saw, and signs a
newer one only if a proof shows that the record has only grown. To rewrite the record, an attacker
would have to deceive it too; and if the database is rolled back together with its file of
checkpoints, the witness reveals it, because it has seen more.
"""

import base64
import logging
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from audit.models import Checkpoint, Cosignature, Sealer
from audit.plain_http import open_url
from audit.record import content, merkle, notes, tree
from audit.record.outside import keep_outside

logger = logging.getLogger(__name__)
TIMEOUT_S = 5.0
CONFLICT, UNPROCESSABLE = 409, 422
# Digits of a tree's size.
# tlog-witness: a decimal number and the end of its line; int() reads blanks beside it as well.
_SIZE = re.compile(r"[ \r\n]*[0-9]{1,18}[ \r\n]*")


class NotCosigned(Exception):
    """A witness refused, did not answer, or sent something other than its cosignature."""


class Contradicted(Exception):
    """A witness has cosigned a record that this one does not continue; the text says which.

    The record was rolled back or rewritten, or the witness is wrong: an operator must find out.
    """


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A witness as its operator publishes it."""

    key: notes.VerifierKey
    url: str


def witnesses() -> list[Witness]:
    """The witnesses in the settings, each as "verifier-key url". Raises NoteBroken."""
    found = []
    for text in settings.RECORD_WITNESSES:
        key, _, url = text.strip().partition(" ")
        parsed = notes.VerifierKey.parse(key)
        if parsed.type != notes.COSIGNATURE or not url.startswith(("https://", "http://")):
            raise notes.NoteBroken(f"{text!r} is no witness")
        found.append(Witness(key=parsed, url=url.strip().rstrip("/")))
    return found


def hand_out(*, now: datetime) -> int:
    """Ask each witness for a cosignature of the newest checkpoint; returns how many were stored.

    A witness that is unavailable is asked again at the next run, and delays nothing. A
    contradiction is logged as an error and stored in the sealer's row, until the witness cosigns.
    """
    checkpoint = Checkpoint.objects.order_by("-size").first()
    kept, contradicting = 0, ""
    for witness in witnesses():
        try:
            kept += checkpoint is not None and _ask_once(witness, checkpoint)
        except NotCosigned as problem:
            logger.warning("a witness did not cosign: %s", problem)
        except Contradicted as problem:
            logger.error("a witness contradicts the record: %s", problem)
            contradicting = contradicting or witness.key.name
    _remember(contradicting, now=now)
    return kept


def _ask_once(witness: Witness, checkpoint: Checkpoint) -> bool:
    """Get a witness's cosignature and keep it unless one is there. Raises as `ask`.

    It is asked in either case: of a record that was set back, every cosignature is there.
    """
    line = ask(witness, checkpoint)
    if checkpoint.cosignatures.filter(witness=witness.key.name).exists():
        return False
    at = notes.cosigned_at(checkpoint.note + line, witness.key)
    row = Cosignature(
        checkpoint=checkpoint,
        witness=witness.key.name,
        line=line,
        cosigned_at=datetime.fromtimestamp(at, tz=UTC),
    )
    row.mac = code_of(row)
    with transaction.atomic():
        row.save(force_insert=True)
        transaction.on_commit(lambda: keep_outside(checkpoint.note + line), robust=True)
    return True


def _remember(contradicting: str, *, now: datetime) -> None:
    row = Sealer.objects.get(pk=1)
    if row.contradicted_by != contradicting:
        row.contradicted_by = contradicting
        row.contradicted_at = now if contradicting else None
        row.save(update_fields=["contradicted_by", "contradicted_at"])


def code_of(row: Cosignature) -> bytes:
    """The code over a cosignature's row, which stays valid after the witness is gone."""
    return content.row_code(
        "cosignature", row.checkpoint_id, row.witness, row.line, row.cosigned_at
    )


def ask(witness: Witness, checkpoint: Checkpoint) -> str:
    """Return the witness's signature line under a checkpoint. Writes nothing.

    It may know another size than we remember, and is then asked from there. Raises NotCosigned,
    and Contradicted where it has cosigned what this record does not continue.
    """
    known = Cosignature.objects.filter(witness=witness.key.name, checkpoint_id__lte=checkpoint.size)
    old = known.aggregate(most=Max("checkpoint_id"))["most"] or 0
    status, text = _post(witness, _request(checkpoint, old))
    if status == CONFLICT and _is_size(text):
        seen = int(text)
        if seen > checkpoint.size:
            raise Contradicted(
                f"{witness.key.name} has cosigned {seen} entries, the record has {checkpoint.size}"
            )
        if seen != old:
            status, text = _post(witness, _request(checkpoint, seen))
    if status in (CONFLICT, UNPROCESSABLE):
        raise Contradicted(
            f"{witness.key.name} has cosigned other entries than the first ones of the record"
        )
    if status != 200:
        raise NotCosigned(f"{witness.key.name} answered {status}")
    for line in text.splitlines(keepends=True):
        try:
            notes.cosigned_at(checkpoint.note + line, witness.key)
        except notes.NoteBroken:
            continue
        return line
    raise NotCosigned(f"{witness.key.name} answered without its signature")


def _is_size(text: str) -> bool:
    return _SIZE.fullmatch(text) is not None


def _request(checkpoint: Checkpoint, old: int) -> bytes:
    stored = tree.StoredTree(checkpoint.size)
    path = merkle.consistency_path(old, checkpoint.size, stored.node)
    steps = "".join(f"{base64.b64encode(step).decode()}\n" for step in path)
    return f"old {old}\n{steps}\n{checkpoint.note}".encode()


def _post(witness: Witness, body: bytes) -> tuple[int, str]:
    request = urllib.request.Request(  # noqa: S310 - `witnesses` checked the scheme
        f"{witness.url}/add-checkpoint", data=body, headers={"Content-Type": "text/plain"}
    )
    try:
        with open_url(request, timeout=TIMEOUT_S) as answer:
            return int(answer.status), answer.read(65536).decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(1024).decode(errors="replace")
    except (OSError, HTTPException, UnicodeDecodeError) as error:
        raise NotCosigned(f"{witness.key.name}: {type(error).__name__}") from error
