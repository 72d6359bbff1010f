"""What the record says about an account's own people."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from audit.incidents.authority import DATA_NAMES
from audit.models import Entry
from audit.record.actions import ReadBy, hidden_from, label_of
from audit.record.proofs import sealed_ids
from audit.software import software_names
from booking.models import Account, Concern, Patient
from practitioners.models import Practice

LIMIT = 200

FIELD_NAMES = DATA_NAMES | {
    "words": _("explication demandée"),
    "answer": _("explication donnée"),
    "name": _("nom du compte"),
    "title": _("nom d’un document"),
    "content_key": _("contenu d’un document"),
}
PURPOSES = {
    "own-data": _("consultation par vous-même"),
    "care": _("prise en charge"),
    "booking": _("prise de rendez-vous"),
    "message": _("envoi d’un message"),
    "support": _("assistance"),
    "account": _("gestion du compte"),
    "legal": _("obligation légale"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of "who saw my data"."""

    id: uuid.UUID
    at: datetime
    action: object
    who: object
    purpose: object
    fields: list[object]
    is_sealed: bool
    concern: Concern | None = None


def subjects_of_account(account: Account) -> list[uuid.UUID]:
    """The account itself and the patients it books for."""
    return [account.pk, *Patient.objects.filter(account=account).values_list("pk", flat=True)]


def entry_of_account(account: Account, entry_id: uuid.UUID) -> Entry | None:
    """An entry of the record, if it names one of the account's subjects."""
    return Entry.objects.filter(pk=entry_id, subjects__overlap=subjects_of_account(account)).first()


def field_names(entry: Entry) -> list[object]:
    """The columns that an entry names, in the reader's words, each once."""
    short = dict.fromkeys(name.partition(".")[2] for name in entry.fields)
    return list(dict.fromkeys(str(FIELD_NAMES.get(name, name)) for name in short))


def reads_of_account(account: Account, *, only: Entry | None = None) -> list[Line]:
    """Return the newest entries about the account and its patients, newest first.

    Nothing is revealed, so that looking again and again adds no line. `only` asks for one entry.
    """
    subjects = subjects_of_account(account)
    shown = Entry.objects.exclude(action__in=hidden_from(ReadBy.PATIENT))
    newest = shown.filter(subjects__overlap=subjects).order_by("-at", "-id")
    entries = [only] if only else list(newest[:LIMIT])
    practices = dict(
        Practice.objects.filter(
            pk__in={e.practice_id for e in entries if e.practice_id}
        ).values_list("pk", "name")
    )
    software = software_names(entry.credential_id for entry in entries)
    concerns = {c.entry_id: c for c in Concern.objects.filter(account=account)}
    sealed = sealed_ids(entry.pk for entry in entries)
    return [
        Line(
            id=entry.pk,
            at=entry.at,
            action=label_of(entry.action),
            who=_who(entry, account, practices, software),
            purpose=PURPOSES.get(entry.purpose, entry.purpose),
            fields=field_names(entry),
            is_sealed=entry.pk in sealed,
            concern=concerns.get(entry.pk),
        )
        for entry in entries
    ]


def _who(
    entry: Entry,
    account: Account,
    practices: dict[uuid.UUID, str],
    software: dict[uuid.UUID, str],
) -> object:
    if entry.actor_kind == "system":
        return _("Doctolib (automatique)")
    if entry.actor_kind == "staff":
        return _("l’équipe de Doctolib")
    if entry.practice_id and entry.channel in ("dashboard", "api", "link"):
        practice = practices.get(entry.practice_id, _("un cabinet"))
        if entry.credential_id is None:
            return practice
        name = software.get(entry.credential_id, _("logiciel partenaire"))
        return format_lazy("{} — {} {}", practice, _("par le logiciel"), name)
    if entry.actor_id != account.pk:
        return _("une autre personne")
    return _("vous, par le lien d’un message") if entry.channel == "link" else _("vous")
