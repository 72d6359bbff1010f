"""Evidence for a complaint: one sealed file that an outsider checks with `verify_record.py`.

JSON lines. The first says what the incident is and what was done about it; the second is the
checkpoint; then each opening with its proof and the nonces of its subjects; the last seals all
bytes before it with the record's own key. Ids alone, no identity.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from audit.incidents.exposure import lines_of
from audit.models import Incident
from audit.record import content, notes, proofs, verify

FORMAT = "doctolib-evidence/1"


def evidence_lines(incident: Incident, *, now: datetime) -> Iterator[str]:
    """Yield the file's lines. Raises proofs.NotYetSealed while an opening waits for its seal."""
    digest = hashlib.sha256()

    def line(what: dict[str, Any]) -> str:
        text = json.dumps(what, ensure_ascii=False, separators=(",", ":")) + "\n"
        digest.update(text.encode())
        return text

    yield line({"format": FORMAT, "key": str(verify.public_key()), **_facts(incident, now=now)})
    yield line({"checkpoint": proofs.newest_note()})
    for opening in lines_of(incident, now=now):
        proof = proofs.inclusion(entry_id=opening.entry_id, subjects=opening.subjects)
        yield line({name: proof[name] for name in ("index", "entry", "path", "subjects")})
    key = content.signing_key()
    public = verify.public_key()
    sealed = f"{public.name}\nevidence {digest.hexdigest()}\n"
    yield line({"seal": sealed + "\n" + notes.signature_line(public, key.sign(sealed.encode()))})


def _facts(incident: Incident, *, now: datetime) -> dict[str, Any]:
    def instant(at: datetime | None) -> str | None:
        return at.astimezone(UTC).isoformat() if at else None

    return {
        "incident": incident.number,
        "made_at": instant(now),
        "began_at": instant(incident.began_at),
        "detected_at": instant(incident.detected_at),
        "contained_at": instant(incident.contained_at),
        "signs": incident.signs,
        "sources": [
            {
                "kind": source.kind,
                "holder": str(source.holder_id),
                "began_at": instant(source.began_at),
                "stopped_at": instant(source.stopped_at),
                "networks": source.networks,
                "keys": source.keys,
                "tokens": source.tokens,
                "odd_alone": source.odd_alone,
            }
            for source in incident.sources.order_by("began_at", "pk")
        ],
        "timeline": [
            {"at": instant(step.at), "action": step.action, "by": str(step.author_id or "")}
            for step in incident.steps.all()
        ],
    }
