"""Patients: creating and changing. Identity is sealed; look-ups go by blind index (sought.py)."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from audit.vault.blind_index import blind_index, normalise_email, normalise_name
from audit.vault.sealing import seal
from booking import actions
from booking.models import Account, Patient
from booking.models.patient import Relation, Sex
from booking.outbox.quiet_hours import zone_of_number
from practitioners.domain import telephone
from practitioners.models import Practice

IDENTITY_FIELDS = ("first_name", "last_name", "sex", "birth_date", "phone", "email")
NAME_FIELDS = ("first_name", "last_name")
# Nobody has lived longer but for one (Jeanne Calment, 122 years).
OLDEST_YEARS = 125


class InvalidPhone(Refusal):
    """The text is no phone number."""

    text = _("Ce numéro de téléphone n’est pas valide. Exemple : 06 12 34 56 78.")


class ImpossibleBirthDate(Refusal):
    """Nobody who is alive was born then."""

    text = _("Cette date de naissance n’est pas possible.")


class CannotAdd(Refusal):
    """The account cannot have this person; `text` says why."""

    already = _("Votre propre fiche est déjà dans votre compte.")
    no_consent = _("Sans son accord, sa fiche ne peut pas être dans votre compte.")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a patient is, in plain text: only ever in memory."""

    first_name: str
    last_name: str
    birth_date: date | None
    sex: str = Sex.UNKNOWN
    phone: str = ""
    email: str = ""

    @property
    def name(self) -> str:
        """The whole name, as pages write it; somebody may have one name alone."""
        return f"{self.first_name} {self.last_name}".strip()


def check_birth_date(born: date, *, today: date) -> date:
    """Return a birth date that is possible, wherever it was given. Raises ImpossibleBirthDate."""
    if born > today or today.year - born.year > OLDEST_YEARS:
        raise ImpossibleBirthDate
    return born


def normalise_phone(text: str) -> str:
    """Return a phone number in E.164, or an empty text for an empty one. Raises InvalidPhone.

    How a number is read: practitioners/domain/telephone.py.
    """
    if not text.strip():
        return ""
    number = telephone.read_number(text)
    if number is None:
        raise InvalidPhone
    return telephone.e164(number)


def indexes_of(identity: Identity) -> dict[str, bytes | None]:
    """Return the blind indexes of an identity, by column."""
    last_name, first_name = normalise_name(identity.last_name), normalise_name(identity.first_name)
    born = identity.birth_date.isoformat() if identity.birth_date else ""
    return {
        "last_name_index": blind_index("patient.last_name", last_name),
        "first_name_index": blind_index("patient.first_name", first_name),
        "birth_date_index": blind_index("patient.birth_date", born),
        "name_birth_index": blind_index(
            "patient.name_birth", f"{last_name}|{first_name}|{born}" if born else ""
        ),
        "phone_index": blind_index("patient.phone", identity.phone),
        "email_index": blind_index("patient.email", normalise_email(identity.email)),
    }


def readable_of(identity: Identity) -> dict[str, str]:
    """Return what stays readable of an identity, by column: the zone its number tells of."""
    return {"phone_zone": zone_of_number(identity.phone)}


def texts_of(identity: Identity) -> dict[str, str]:
    """Return what is sealed, by column."""
    return {
        "first_name": identity.first_name.strip(),
        "last_name": identity.last_name.strip(),
        "sex": identity.sex,
        "birth_date": identity.birth_date.isoformat() if identity.birth_date else "",
        "phone": identity.phone,
        "email": identity.email.strip(),
    }


@transaction.atomic
def create_patient(
    *,
    identity: Identity,
    actor: Actor,
    now: datetime,
    account: Account | None = None,
    relation: str = Relation.SELF,
    practice: Practice | None = None,
    has_consented: bool = False,
) -> Patient:
    """Create a patient of an account, or of a practice that took the call; on the record.

    `has_consented`: the account says that the person, or who answers for them, agrees.
    """
    patient = Patient(
        account=account, relation=relation, **indexes_of(identity), **readable_of(identity)
    )
    seal(patient, **texts_of(identity))
    patient.save(force_insert=True)
    if practice is not None:
        make_known(practice_id=practice.pk, patient_id=patient.pk, since=now)
    entries.write(
        actions.PATIENT_CREATED,
        actor=actor,
        subjects=[patient.pk],
        practice_id=practice.pk if practice else None,
        object_id=patient.pk,
        details={"consent": "stated by the account"} if has_consented else {},
    )
    return patient


@transaction.atomic
def add_person(
    *,
    account: Account,
    identity: Identity,
    relation: str,
    actor: Actor,
    now: datetime,
    has_consented: bool = False,
) -> tuple[Patient, bool]:
    """Add the owner, or a relative with their consent, to an account's people; on the record.

    Returns the person, and whether they were added: a form that is sent twice adds one person, who
    is returned both times, as is anybody whom the account has already. Raises CannotAdd.
    """
    if relation != Relation.SELF and not has_consented:
        raise CannotAdd(CannotAdd.no_consent)
    # Two requests of one account follow one another.
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    theirs = Patient.unscoped.filter(account=account)
    same = theirs.filter(relation=relation)
    # A relative is one person, whatever they were called the first time.
    among = same if relation == Relation.SELF else theirs.exclude(relation=Relation.SELF)
    same_person = among.filter(name_birth_index=indexes_of(identity)["name_birth_index"])
    if (row := same_person.order_by("created_at", "pk").first()) is not None:
        return row, False
    if relation == Relation.SELF and same.exists():
        raise CannotAdd(CannotAdd.already)
    added = create_patient(
        identity=identity,
        actor=actor,
        now=now,
        account=account,
        relation=relation,
        has_consented=has_consented,
    )
    return added, True


@transaction.atomic
def change_patient(*, patient: Patient, identity: Identity, actor: Actor) -> None:
    """Replace a patient's identity; on the record, with the names of the columns alone."""
    for column, value in (indexes_of(identity) | readable_of(identity)).items():
        setattr(patient, column, value)
    seal(patient, **texts_of(identity))
    patient.save()
    entries.write(
        actions.PATIENT_CHANGED,
        actor=actor,
        subjects=[patient.pk],
        fields=[f"booking_patient.{name}" for name in IDENTITY_FIELDS],
        object_id=patient.pk,
    )


def make_known(*, practice_id: uuid.UUID, patient_id: uuid.UUID, since: datetime) -> bool:
    """Let a practice find a patient, and say whether it could not before.

    Whether they count as known there: booking/appointments/queries/known.py.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO booking_practicepatient (practice_id, patient_id, since)"
            " VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [practice_id, patient_id, since],
        )
        return bool(cursor.rowcount == 1)


def parse_birth_date(text: str, *, today: date | None = None) -> date | None:
    """Read 31/12/1980, 31.12.1980, 31 12 1980, 31/12/80 or 1980-12-31; None for anything else.

    A year of two digits is the latest after which nobody would be born later than `today`: whoever
    is a hundred or more needs four. Pages say so where such years are read.
    """
    parts = _parts_of_day(text)
    if parts is None:
        return None
    year, month, day = parts
    if len(year) == 4:
        return _day(int(year), month, day)
    today = today or date.today()
    same = (each for each in range(today.year, today.year - 101, -1) if each % 100 == int(year))
    days = (_day(each, month, day) for each in same)
    return next((born for born in days if born is not None and born <= today), None)


def parse_day_to_come(text: str) -> date | None:
    """Read the day of a visit, as `parse_birth_date` does; two digits are of this century."""
    parts = _parts_of_day(text)
    if parts is None:
        return None
    year, month, day = parts
    return _day(int(year) if len(year) == 4 else 2000 + int(year), month, day)


def has_short_year(text: str) -> bool:
    """Whether a day is written with a year of two digits."""
    parts = _parts_of_day(text)
    return parts is not None and len(parts[0]) == 2


def _parts_of_day(text: str) -> tuple[str, int, int] | None:
    """The year as it is written, the month and the day."""
    parts = text.replace("/", " ").replace(".", " ").replace("-", " ").split()
    if len(parts) != 3 or not all(part.isdecimal() and len(part) <= 4 for part in parts):
        return None
    year, month, day = parts if len(parts[0]) == 4 else parts[::-1]
    return (year, int(month), int(day)) if len(year) in (2, 4) else None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
