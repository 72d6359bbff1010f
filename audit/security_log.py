"""What the log says of signing in: which step, of whom by id, from which network, by what.

The record says what was read and changed. A wrong password reads and changes nothing, and anybody
could fill the record with them: it is a line of the log. No line holds a secret, an address of mail
or anything that was typed.
"""

import logging
import uuid
from enum import StrEnum

from audit.watch.sighting import network_of

logger = logging.getLogger("security")


class Step(StrEnum):
    """What happened at the door."""

    ENTERED = "entered"
    PROVED = "proved"
    LEFT = "left"
    REFUSED = "refused"
    LIMITED = "limited"
    TOKEN = "token-issued"  # noqa: S105 - the name of an event


_WARNS = {Step.REFUSED, Step.LIMITED}


def note(
    step: Step, *, by: str, address: str = "", account_id: uuid.UUID | None = None, of: str = ""
) -> None:
    """Write one line: a warning where somebody was refused, else an information.

    `by` is what was shown (a password, a kind of device), `address` the network address that asked,
    of which the network alone is written, `of` what a try without an account is counted under.
    """
    said = {
        "by": by,
        "network": network_of(address),
        "account_id": str(account_id or ""),
        "of": of,
    }
    logger.log(
        logging.WARNING if step in _WARNS else logging.INFO,
        "sign-in: %s",
        step.value,
        extra={name: text for name, text in said.items() if text},
    )
