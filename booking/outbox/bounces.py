"""Mail that came back: a provider said yes to a notice, and later that it cannot deliver it.

A delivery status notification (RFC 3464) carries our Message-ID in the headers that it returns.
"""

import email
import email.policy
import re
import uuid
from datetime import datetime
from email.message import EmailMessage

from audit.incidents import notices

_OURS = re.compile(
    r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@incident\.doctolib\.example>", re.IGNORECASE
)
# RFC 3463: 5 is a permanent failure; 4 is one that the provider goes on trying.
_FOR_GOOD = "5"


def note_bounce(raw: bytes, *, now: datetime) -> bool:
    """Note that a notice did not reach anybody; returns whether the mail was about one of ours.

    A delay, or what is no status notification at all, changes nothing.
    """
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    status = _status(mail)
    if not status.startswith(_FOR_GOOD):
        return False
    found = _OURS.search(" ".join(_returned_ids(mail)))
    if found is None:
        return False
    return notices.came_back(uuid.UUID(found[1]), problem=f"bounced {status}", now=now)


def _status(mail: EmailMessage) -> str:
    """The first recipient's status, as "5.1.1"; "" if it says none."""
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            for fields in part.iter_parts():
                if fields.get("Action", "").strip().lower() == "failed":
                    return str(fields.get("Status", "")).strip()[:12]
    return ""


def _returned_ids(mail: EmailMessage) -> list[str]:
    """The Message-IDs of what came back: a whole message, or its headers alone."""
    found = []
    for part in mail.walk():
        if part.get_content_type() == "text/rfc822-headers":
            headers = email.message_from_string(part.get_content(), policy=email.policy.default)
            found.append(str(headers.get("Message-ID", "")))
        elif part is not mail and part.get("Message-ID"):
            found.append(str(part["Message-ID"]))
    return found
