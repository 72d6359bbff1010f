"""Handing checkpoints to witnesses (C2SP tlog-witness), and keeping what they cosign.

A witness is somebody else's server that remembers the last checkpoint it saw, and signs a newer
one only when a proof shows that the record has just grown. With its signature a rewritten record
would have to fool it too.
"""

import base64
import logging
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException

from django.conf import settings
from django.db.models import Max

from audit.models import Checkpoint, Cosignature
from audit.record import merkle, notes, tree

logger = logging.getLogger(__name__)
TIMEOUT_S = 5.0
CONFLICT = 409


class NotCosigned(Exception):
    """A witness refused, did not answer, or answered something else than its cosignature."""


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A witness as its operator publishes it."""

    key: notes.VerifierKey
    url: str


def witnesses() -> list[Witness]:
    """The witnesses that the settings name, each as "verifier-key url". Raises NoteBroken."""
    found = []
    for text in settings.RECORD_WITNESSES:
        key, _, url = text.strip().partition(" ")
        parsed = notes.VerifierKey.parse(key)
        if parsed.type != notes.COSIGNATURE or not url.startswith(("https://", "http://")):
            raise notes.NoteBroken(f"{text!r} is no witness")
        found.append(Witness(key=parsed, url=url.strip().rstrip("/")))
    return found


def hand_out() -> int:
    """Ask each witness for a cosignature of the newest checkpoint; returns how many were kept.

    A witness that is away is asked again at the next run; it holds up nothing.
    """
    checkpoint = Checkpoint.objects.order_by("-size").first()
    if checkpoint is None:
        return 0
    kept = 0
    for witness in witnesses():
        known = Cosignature.objects.filter(witness=witness.key.name)
        if known.filter(checkpoint=checkpoint).exists():
            continue
        old = known.aggregate(most=Max("checkpoint_id"))["most"] or 0
        try:
            line = _cosignature(witness, checkpoint, old)
        except NotCosigned as problem:
            logger.warning("a witness did not cosign: %s", problem)
            continue
        at = notes.cosigned_at(checkpoint.note + line, witness.key)
        Cosignature.objects.create(
            checkpoint=checkpoint,
            witness=witness.key.name,
            line=line,
            cosigned_at=datetime.fromtimestamp(at, tz=UTC),
        )
        kept += 1
    return kept


def _cosignature(witness: Witness, checkpoint: Checkpoint, old: int) -> str:
    """Return the witness's own signature line. It may know another size than we remember."""
    status, text = _post(witness, _request(checkpoint, old))
    if status == CONFLICT and text.strip().isdigit() and int(text) <= checkpoint.size:
        status, text = _post(witness, _request(checkpoint, int(text)))
    if status != 200:
        raise NotCosigned(f"{witness.key.name} answered {status}")
    for line in text.splitlines(keepends=True):
        try:
            notes.cosigned_at(checkpoint.note + line, witness.key)
        except notes.NoteBroken:
            continue
        return line
    raise NotCosigned(f"{witness.key.name} answered without its signature")


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
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return int(answer.status), answer.read(65536).decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(1024).decode(errors="replace")
    except (OSError, HTTPException, UnicodeDecodeError) as error:
        raise NotCosigned(f"{witness.key.name}: {type(error).__name__}") from error
