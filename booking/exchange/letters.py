"""The mails that tell of an answer or a document of a practice: neither is in the mail itself."""

from booking.accounts.account_letters import register_letter
from booking.models.message import MessageKind


def register_letters() -> None:
    """Say where these mails lead."""
    register_letter(MessageKind.REPLY, leads_to=("booking:my-conversations",))
    register_letter(MessageKind.DOCUMENT, leads_to=("booking:my-documents",))
