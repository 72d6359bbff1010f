"""A composed message, and handing it to whoever carries it."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import escape

from audit.plain_text import without_links
from booking.models.message import MessageChannel
from booking.outbox import sms


class NothingToSay(Exception):
    """The message has become pointless: the visit was cancelled, the person was erased."""


class SiteLink(str):
    """An address of this site that we made: nothing else becomes a link in a message."""

    __slots__ = ()


def in_text(template: str, context: Mapping[str, object]) -> str:
    """Render a message in plain text: of what anybody wrote, nothing becomes a link."""
    return _rendered(template, context, write=without_links, write_link=str)


def in_html(template: str, context: Mapping[str, object]) -> str:
    """Render a message in HTML: programs look for addresses in the text of one, too."""
    return _rendered(template, context, write=_html_without_links, write_link=escape)


def _rendered(
    template: str,
    context: Mapping[str, object],
    *,
    write: Callable[[str], str],
    write_link: Callable[[str], str],
) -> str:
    """Render with a word of chance for each link, which takes its place once the rest is safe."""
    words = {secrets.token_hex(16): v for v in context.values() if isinstance(v, SiteLink) and v}
    stand_ins = {link: word for word, link in words.items()}
    shown = {
        name: stand_ins[value] if isinstance(value, SiteLink) and value else value
        for name, value in context.items()
    }
    text = write(str(render_to_string(template, shown)))
    for word, link in words.items():
        text = text.replace(word, write_link(link))
    return text


def _html_without_links(text: str) -> str:
    parts = re.split(r"(<[^>]*>)", text)
    return "".join(part if part.startswith("<") else without_links(part) for part in parts)


@dataclass(frozen=True, kw_only=True)
class CalendarPart:
    """A calendar object of a mail; `method` is the one that it states itself."""

    content: bytes
    method: str
    name: str = "rendez-vous.ics"

    @property
    def mimetype(self) -> str:
        """As RFC 6047 section 2.4 asks; the mail adds the charset."""
        return f"text/calendar; method={self.method}"


@dataclass(kw_only=True)
class Letter:
    """A composed message, in plain text: only ever in memory."""

    to: str
    subject: str
    text: str
    html: str = ""
    # What mail programs act upon (RFC 6047), and the files that come with the mail.
    invite: CalendarPart | None = None
    files: list[CalendarPart] = field(default_factory=list)
    # Where a mail program stops further mails of this kind, with one click (RFC 8058).
    unsubscribe: str = ""


def rendered(
    kind: str, to: str, language: str, context: dict[str, object], *, by_sms: bool = False
) -> Letter:
    """Render a message of a kind in its reader's language. Raises NothingToSay for no address."""
    if not to:
        raise NothingToSay
    with translation.override(language):
        if by_sms:
            # The alphabet of texts has no no-break space either.
            words = in_text(f"booking/sms/{kind}.txt", context).split()
            return Letter(to=to, subject="", text=sms.in_gsm(" ".join(words)))
        mail = in_text(f"booking/mail/{kind}.txt", context)
        subject, _, text = re.sub(r"\n{3,}", "\n\n", mail).strip().partition("\n")
        html_context = {**context, "subject": subject, "language": language}
        html = in_html(f"booking/mail/{kind}.html", html_context)
        return Letter(to=to, subject=subject.strip(), text=text.strip() + "\n", html=html)


def hand_over(letter: Letter, *, channel: str, key: str, message_id: str) -> None:
    """Give a letter to the mail relay, or to the SMS provider under an idempotency key.

    Raises SMTPException, OSError and sms.SmsNotSent.
    """
    if channel == MessageChannel.SMS:
        sms.provider().send(to=letter.to, text=letter.text, key=key)
        return
    headers = {"Message-ID": message_id, "Auto-Submitted": "auto-generated"}
    if letter.unsubscribe:
        headers |= {
            "List-Unsubscribe": f"<{letter.unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    mail = EmailMultiAlternatives(letter.subject, letter.text, to=[letter.to], headers=headers)
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    if letter.invite:
        mail.attach_alternative(letter.invite.content.decode(), letter.invite.mimetype)
    for each in letter.files:
        mail.attach(each.name, each.content.decode(), each.mimetype)
    mail.send()
