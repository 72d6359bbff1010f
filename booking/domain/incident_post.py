"""What incidents ask of the app that knows people: who is to be told, and the telling."""

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from audit.incidents.post import NothingToSay, NotTaken, Post, Recipient
from audit.incidents.words import in_words
from audit.models import Notice, NoticeKind
from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from audit.watch import holders
from booking.domain.accounts import site_url
from booking.models import Account, Patient
from booking.models.message import MessageChannel
from practitioners.models import Membership, Practice
from practitioners.models.staff import Role


def staff() -> list[Recipient]:
    """Everybody of the platform's own team."""
    found = Account.objects.filter(is_staff=True, is_active=True).values_list("pk", flat=True)
    return [Recipient(id=pk, channel=MessageChannel.EMAIL) for pk in found.order_by("pk")]


def owners(practice_ids: Iterable[uuid.UUID]) -> list[Recipient]:
    """Who answers for each practice, once for each of their practices."""
    found = Membership.objects.filter(
        practice__in=list(practice_ids), role=Role.OWNER, account__is_active=True
    ).values_list("account", "practice")
    return [
        Recipient(id=account, channel=MessageChannel.EMAIL, practice_id=practice)
        for account, practice in found.order_by("practice", "account")
    ]


def people(subject_ids: Iterable[uuid.UUID]) -> list[Recipient]:
    """Through whom subjects are told: an account for all its people, else the patient itself.

    By every way there is: e-mail, and SMS where a number is known.
    """
    rows = Patient.unscoped.filter(pk__in=list(subject_ids)).only(
        "pk", "account_id", "email", "phone"
    )
    about: dict[tuple[uuid.UUID, str], set[uuid.UUID]] = defaultdict(set)
    for row in rows:
        if row.account_id or row.email is not None:
            about[(row.account_id or row.pk, MessageChannel.EMAIL)].add(row.pk)
        if row.phone is not None:
            # Relatives often share a number; who it reaches is known only when it is opened.
            about[(row.pk, MessageChannel.SMS)].add(row.pk)
    return [
        Recipient(id=pk, channel=channel, subjects=tuple(sorted(subjects)))
        for (pk, channel), subjects in sorted(about.items())
    ]


def practice_names(practice_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What practices are called."""
    return dict(Practice.objects.filter(pk__in=list(practice_ids)).values_list("pk", "name"))


def send(notice: Notice) -> None:
    """Compose one notice in its reader's language, and hand it over.

    Raises NotTaken and NothingToSay.
    """
    account = Account.objects.filter(pk=notice.recipient_id, is_active=True).first()
    if account is None:
        raise NothingToSay("no account")
    wanted = [(account, ("email",))]
    with reveal(
        wanted, actor=system_actor(), purpose=Purpose.LEGAL, object_id=notice.incident_id
    ) as plain:
        to = plain.text(account, "email")
    if not to:
        raise NothingToSay("erased")
    with translation.override(account.language):
        _mail(notice, to, _context(notice))


def _context(notice: Notice) -> dict[str, object]:
    incident = notice.incident
    sources = incident.sources.order_by("stopped_at")
    names = {
        holder: name
        for source in sources
        for holder, name in holders.names(source.kind, [source.holder_id]).items()
    }
    practice = Practice.objects.get(pk=notice.practice_id) if notice.practice_id else None
    return {
        "incident": incident,
        "practice": practice,
        "software": ", ".join(sorted(set(names.values()))),
        "why": in_words(incident.signs),
        "link": _link(notice),
    }


def _link(notice: Notice) -> str:
    if notice.kind == NoticeKind.STAFF:
        return site_url(reverse("admin:index"))
    return site_url(reverse("partners:software", args=[notice.practice_id]))


def _mail(notice: Notice, to: str, context: dict[str, object]) -> None:
    rendered = str(render_to_string(f"booking/notices/{notice.kind}.txt", context)).strip()
    subject, _, text = rendered.partition("\n")
    mail = EmailMultiAlternatives(
        subject.strip(),
        text.strip() + "\n",
        to=[to],
        headers={"Message-ID": notice.message_id, "Auto-Submitted": "auto-generated"},
    )
    html_context = {"subject": subject.strip(), "text": text.strip(), "site": settings.BASE_URL}
    html_context["language"] = translation.get_language() or settings.LANGUAGE_CODE
    mail.attach_alternative(
        str(render_to_string("booking/notices/_page.html", html_context)), "text/html"
    )
    try:
        mail.send()
    except (SMTPException, ConnectionRefusedError) as error:
        raise NotTaken(type(error).__name__) from error


def was_taken(notice: Notice) -> bool | None:
    """Whether the provider has a notice whose sender died.

    The same SMS key twice reaches a person once, so it may be sent again. A mail relay cannot be
    asked by SMTP; the development sink can.
    """
    if notice.channel == MessageChannel.SMS:
        return False
    if settings.MODE == "production":
        return None
    name = hashlib.sha256(notice.message_id.encode()).hexdigest()[:24]
    return (Path(settings.MAIL_SINK_DIR) / f"{name}.eml").exists()


POST = Post(
    staff=staff,
    owners=owners,
    people=people,
    practice_names=practice_names,
    send=send,
    was_taken=was_taken,
)
