"""Our own team looks somebody up by who they are, or reads where they are treated.

That somebody is a patient here, and of whom, is a health datum (GDPR article 4(15)), and an empty
list is an answer, too. So each question is a reading: it has a purpose, counts against the bound
of staff_reveals.py, is weighed by the watch, and stands on the record under the names of those
whom it found before the page shows them.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _
from django_scopes import scopes_disabled

from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from audit.vault.blind_index import blind_index
from audit.vault.guard import NotOpened
from audit.vault.reveal import Purpose, note, reveal
from booking import actions
from booking.models import Account, Appointment, Patient
from booking.models.accounts.account import email_index
from booking.oversight import staff_reveals
from booking.patients.sought import find_patients, is_sought, read_sought

# Somebody who writes to support can say more than a name that others have as well.
MOST = 5
# What tells one person from another, and is shown.
SHOWN = ("last_name", "first_name", "birth_date", "phone", "email")


class NothingSaid(Refusal):
    """What was typed says nobody."""

    text = _("Donnez un nom entier, un numéro, une adresse e-mail ou une date de naissance.")


class TooMany(Refusal):
    """More people fit than one question may open."""

    text = _("Plus de cinq personnes correspondent : ajoutez ce que la personne a donné d’autre.")


@dataclass(frozen=True, kw_only=True)
class Found:
    """Somebody who was looked for: a patient, or an account without one."""

    row: Patient | Account
    texts: dict[str, str]

    @property
    def is_account(self) -> bool:
        return isinstance(self.row, Account)

    @property
    def born(self) -> date | None:
        text = self.texts.get("birth_date")
        return date.fromisoformat(text) if text else None


def look_up(*, text: str, purpose: Purpose, actor: Actor, now: datetime) -> list[Found]:
    """Return the patients and the account whom a text says (sought.read_sought).

    The identifier of an account says the people it books for.

    One entry names everybody whose data was opened to answer; where nobody was, one says that
    somebody asked. Raises NothingSaid, TooMany, guard.NotOpened, and redis.RedisError when nobody
    can count.
    """
    account_id, sought = _account_id(text), read_sought(text)
    if account_id is None and not sought.is_anything:
        raise NothingSaid
    accounts: list[Account] = []
    if account_id is not None:
        patients = list(Patient.unscoped.filter(account=account_id).order_by("pk")[: MOST + 1])
    else:
        with scopes_disabled():
            patients = list(find_patients(sought, limit=MOST + 1))
        accounts = _accounts(sought.email)
    if len(patients) > MOST or not (patients or accounts):
        spent = staff_reveals.count(
            actor=actor, subjects=[_question(text)], purpose=purpose, now=now
        )
        if spent is not None:
            raise NotOpened(spent)
        entries.write(
            actions.LOOKED_UP, actor=actor, purpose=purpose.value, at=now,
            details={"found": "many" if patients else "none"}, outlives_rollback=True,
        )  # fmt: skip
        if patients:
            raise TooMany
        return []
    wanted = [(each, SHOWN) for each in patients] + [(each, ("email",)) for each in accounts]
    with reveal(wanted, actor=actor, purpose=purpose, details={"search": True}, at=now) as plain:
        shown = [
            Found(row=row, texts={name: plain.text(row, name) for name in names})
            for row, names in wanted
        ]
    if account_id is not None:
        return shown
    return [each for each in shown if each.is_account or is_sought(sought, texts=each.texts)]


def visits_of(
    *, patient: Patient, purpose: Purpose, actor: Actor, now: datetime
) -> list[Appointment]:
    """Return a patient's appointments, latest first, after the entry that says they were read.

    Raises as `look_up`.
    """
    note(
        actions.VISITS_READ, [(patient, "visits")], actor=actor, purpose=purpose,
        fields=["booking_appointment.visits"], object_id=patient.pk, at=now,
    )  # fmt: skip
    rows = Appointment.unscoped.filter(patient=patient).select_related(
        "practice", "agenda__practitioner", "visit_reason"
    )
    return list(rows.order_by("-starts_at", "pk"))


def _account_id(text: str) -> uuid.UUID | None:
    """The account whose identifier was typed, if it is one."""
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None


def _accounts(email: str) -> list[Account]:
    """The account of an address that was typed, if one was."""
    return list(Account.objects.filter(email_index=email_index(email))) if email else []


def _question(text: str) -> uuid.UUID:
    """Stands for a question that opens nobody, so that asking it again is no further one."""
    digest = blind_index("staff.question", text.strip().casefold())
    assert digest is not None  # noqa: S101 - it says something
    return uuid.UUID(bytes=digest)
