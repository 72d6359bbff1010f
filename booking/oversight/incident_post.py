"""What incidents ask of the app that knows people: who is to be told, and the telling."""

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from smtplib import SMTPException
from socket import gaierror
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from audit.incidents import authority
from audit.incidents.exposure import Exposure, exposure_of
from audit.incidents.post import NotAtNight, NothingToSay, NotTaken, Post, Recipient
from audit.incidents.severity import Severity
from audit.incidents.words import in_words
from audit.models import Incident, Notice, NoticeKind
from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.accounts.accounts import site_url
from booking.models import Account, Patient
from booking.models.message import MessageChannel
from booking.outbox import sms
from booking.outbox.letters import Letter, hand_over, in_text
from booking.outbox.quiet_hours import is_quiet, morning_after, zone_of_number, zone_where
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
        "pk", "account_id", "email", "phone", "phone_index"
    )
    mails: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    texts: dict[tuple[uuid.UUID, bytes], set[uuid.UUID]] = defaultdict(set)
    for row in rows:
        through = row.account_id or row.pk
        if row.account_id or row.email is not None:
            mails[through].add(row.pk)
        if row.phone is not None:
            # Relatives often share a number: the index tells, without opening it.
            texts[through, bytes(row.phone_index or b"")].add(row.pk)
    return [
        *(
            Recipient(id=pk, channel=MessageChannel.EMAIL, subjects=tuple(sorted(subjects)))
            for pk, subjects in sorted(mails.items())
        ),
        *(
            Recipient(id=min(some), channel=MessageChannel.SMS, subjects=tuple(sorted(some)))
            for some in texts.values()
        ),
    ]


def practice_names(practice_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What practices are called."""
    return dict(Practice.objects.filter(pk__in=list(practice_ids)).values_list("pk", "name"))


def send(notice: Notice) -> None:
    """Compose one notice in its reader's language, and hand it over.

    Raises NotTaken and NothingToSay.
    """
    if notice.kind == NoticeKind.PATIENT:
        _tell_person(notice)
        return
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
    practice = Practice.objects.get(pk=notice.practice_id) if notice.practice_id else None
    context: dict[str, object] = {
        "incident": incident,
        "practice": practice,
        "software": ", ".join(authority.source_names(incident)),
        "is_person": authority.is_of_people(incident),
        "why": in_words(incident.signs),
        "link": _link(notice),
    }
    if notice.kind == NoticeKind.CONTROLLER:
        exposure = exposure_of(incident, now=notice.handed_at or timezone.now())
        mine = exposure.practices.get(notice.practice_id or uuid.UUID(int=0), set())
        fields = sorted({name for subject in mine for name in exposure.subjects[subject]})
        context |= {
            "people": len(mine),
            "data": ", ".join(authority.data_names(fields)),
            "severity": authority.severity_words(Severity.read(incident.assessment)),
        }
    return context


def _link(notice: Notice) -> str:
    if notice.kind == NoticeKind.STAFF:
        return site_url(reverse("incidents:incident", args=[notice.incident.number]))
    if notice.kind == NoticeKind.CONTROLLER:
        arguments = [notice.practice_id, notice.incident.number]
        return site_url(reverse("booking:practice-incident", args=arguments))
    if authority.is_of_people(notice.incident):
        return site_url(reverse("booking:members", args=[notice.practice_id]))
    return site_url(reverse("partners:software", args=[notice.practice_id]))


def staff_names(account_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Who decided: the addresses of people of the team, opened on the record."""
    rows = list(Account.objects.filter(pk__in=list(account_ids), is_staff=True))
    wanted = [(row, ("email",)) for row in rows]
    with reveal(wanted, actor=system_actor(), purpose=Purpose.ACCOUNT) as plain:
        return {row.pk: plain.text(row, "email") for row in rows}


def preview(incident: Incident, kind: str) -> str:
    """What a notice would say, to the first practice, or to somebody made up."""
    exposure = exposure_of(incident, now=timezone.now())
    if kind == NoticeKind.CONTROLLER:
        practice_id = min(exposure.practices, default=None)
        if practice_id is None:
            return ""
        notice = Notice(incident=incident, kind=kind, practice_id=practice_id)
        return in_text(f"booking/notices/{kind}.txt", _context(notice)).strip()
    seen = [
        {"name": name, "data": ", ".join(authority.data_names(exposure.fields)), "practices": "…"}
        for name in (_("Prénom"), _("Prénom du proche"))
    ]
    context = {
        "incident": incident, "is_person": authority.is_of_people(incident),
        "is_team": authority.is_of_the_team(incident), "seen": seen,
        "first_at": exposure.first_at,
        "last_at": exposure.last_at, "link": site_url(reverse("booking:my-incidents")),
    }  # fmt: skip
    return in_text(f"booking/notices/{kind}.txt", context).strip()


def _tell_person(notice: Notice) -> None:
    """Tell an account about all its people at once, or a patient who has none."""
    account = Account.objects.filter(pk=notice.recipient_id).first()
    patients = list(Patient.unscoped.filter(pk__in=notice.subjects).order_by("pk"))
    by_sms = notice.channel == MessageChannel.SMS
    # A text goes to the number of one of them; a mail to the account, or to the patient's own.
    if not patients:
        raise NothingToSay("no patient")
    holder = account if account is not None and not by_sms else patients[0]
    name = "phone" if by_sms else "email"
    if by_sms:
        _mind_the_night(notice, patients[0].phone_zone)
    wanted = [(row, ("first_name",)) for row in patients] + [(holder, (name,))]
    with reveal(
        wanted, actor=system_actor(), purpose=Purpose.LEGAL, object_id=notice.incident_id
    ) as plain:
        to = plain.text(holder, name)
        names = {row.pk: plain.text(row, "first_name") for row in patients}
    if not to or not any(names.values()):
        raise NothingToSay("erased")
    if by_sms:
        _mind_the_night(notice, zone_of_number(to))
    language = _language_of(account, patients)
    exposure = exposure_of(
        notice.incident, now=notice.handed_at or timezone.now(), only=notice.subjects
    )
    with translation.override(language):
        seen = [
            {
                "name": names[row.pk],
                "data": ", ".join(authority.data_names(sorted(exposure.subjects[row.pk]))),
                "practices": ", ".join(_practices_of(exposure, row.pk)),
            }
            for row in patients
            if names[row.pk] and row.pk in exposure.subjects
        ]
        context: dict[str, object] = {
            "incident": notice.incident,
            "is_person": authority.is_of_people(notice.incident),
            "is_team": authority.is_of_the_team(notice.incident),
            "seen": seen,
            "names": ", ".join(str(each["name"]) for each in seen),
            "first_at": exposure.first_at,
            "last_at": exposure.last_at,
            "link": site_url(reverse("booking:my-incidents")) if account or by_sms else "",
        }
        if by_sms:
            _text(notice, to, context)
        else:
            _mail(notice, to, context)


def _mind_the_night(notice: Notice, told: str) -> None:
    """Raise NotAtNight where a text would wake somebody; the mail of the same notice waits for
    nobody. It tells of several practices, so where a number tells nothing it is Paris' night.
    """
    now = notice.handed_at or timezone.now()
    zone = zone_where(told=told, practice_zone=ZoneInfo(settings.TIME_ZONE))
    if is_quiet(now, zone):
        raise NotAtNight(until=morning_after(now, zone))


def _language_of(account: Account | None, patients: list[Patient]) -> str:
    if account is None:
        account = next((row.account for row in patients if row.account is not None), None)
    return account.language if account is not None else settings.LANGUAGE_CODE


def _practices_of(exposure: Exposure, subject: uuid.UUID) -> list[str]:
    some = [pk for pk, subjects in exposure.practices.items() if subject in subjects]
    return sorted(practice_names(some).values())


def _text(notice: Notice, to: str, context: dict[str, object]) -> None:
    words = in_text("booking/notices/patient_sms.txt", context).split()
    _hand_over(notice, Letter(to=to, subject="", text=" ".join(words)))


def _mail(notice: Notice, to: str, context: dict[str, object]) -> None:
    rendered = in_text(f"booking/notices/{notice.kind}.txt", context).strip()
    subject, _break, text = rendered.partition("\n")
    letter = Letter(to=to, subject=subject.strip(), text=text.strip() + "\n")
    html_context = {
        "subject": letter.subject, "text": letter.text.strip(), "site": settings.BASE_URL,
        "language": translation.get_language() or settings.LANGUAGE_CODE,
    }  # fmt: skip
    # The text is safe already, and its own links are made anew.
    letter.html = str(render_to_string("booking/notices/_page.html", html_context))
    _hand_over(notice, letter)


def _hand_over(notice: Notice, letter: Letter) -> None:
    try:
        hand_over(letter, channel=notice.channel, key=str(notice.pk), message_id=notice.message_id)
    except (SMTPException, ConnectionRefusedError, gaierror, sms.SmsNotSent) as error:
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
    staff_names=staff_names,
    preview=preview,
    send=send,
    was_taken=was_taken,
)
