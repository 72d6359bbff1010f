"""Erasing an account at its owner's wish (GDPR article 17), and what a practice must keep.

A practice keeps the file of whom it has seen: 20 years from the last visit (Code de la santé
publique, article R. 1112-7, which practices follow on the advice of the Ordre des médecins); that
is the exception of GDPR article 17(3)(b) and (c). Everything else is erased at once.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_otp_webauthn.models import WebAuthnUserHandle

from audit.record import entries
from audit.record.entries import Actor
from audit.vault import erase as vault
from booking.accounts.factors import passkeys
from booking.appointments import chains, change
from booking.models import (
    Account,
    AddressCheck,
    Appointment,
    CodeApp,
    Conversation,
    Document,
    Handover,
    Message,
    Patient,
    PracticePatient,
    Questionnaire,
    RecoverySheet,
    Wait,
)
from booking.models.appointment import Channel, Status
from booking.models.message import MessageState
from booking.models.patient import Relation
from booking.patients.patients import IDENTITY_FIELDS
from booking.rights import erased as erased_accounts
from booking.rights.last_letters import how_many, last_letters, send_once_committed
from practitioners.domain.staff import members
from practitioners.models import Practice

KEPT_YEARS = 20
INDEXES = tuple(f.name for f in Patient._meta.fields if f.name.endswith("_index"))
# A visit that took place, or was to: what a practice's file says.
TOOK_PLACE = (Status.BOOKED, Status.ARRIVED, Status.SEEN, Status.NO_SHOW)


class StillWorksHere(Exception):
    """Who works at a practice or for the platform leaves there first."""

    text = _("Ce compte travaille dans un cabinet ou pour Doctolib : il faut d’abord l’en retirer.")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A practice that keeps a patient's file, and until when the law has it keep it."""

    practice: Practice
    until: date


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What erasing the account means for one of its patients."""

    patient: Patient
    kept: list[Kept]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What erasing an account would do."""

    fates: list[Fate]
    upcoming: list[Appointment]

    @property
    def mails(self) -> int:
        """How many mails tell the owner of it."""
        return how_many(len(self.upcoming))


def plan(*, account: Account, now: datetime) -> Plan:
    """Say what erasing the account would do, without doing it."""
    patients = Patient.unscoped.filter(account=account).order_by("created_at", "pk")
    return Plan(
        fates=[Fate(patient=p, kept=_kept(p, now=now)) for p in patients],
        upcoming=list(_upcoming(patients, now=now)),
    )


def _kept(patient: Patient, *, now: datetime) -> list[Kept]:
    last: dict[Practice, datetime] = {}
    visits = Appointment.unscoped.filter(
        patient=patient, starts_at__lte=now, status__in=TOOK_PLACE
    ).select_related("practice")
    for visit in visits.order_by("starts_at", "pk"):
        last[visit.practice] = visit.starts_at
    kept = []
    for practice, at in last.items():
        day = at.astimezone(practice.zone).date()
        leap = day.month == 2 and day.day == 29
        until = day.replace(year=day.year + KEPT_YEARS, day=28 if leap else day.day)
        if until > now.date():
            kept.append(Kept(practice=practice, until=until))
    return kept


def _upcoming(patients: Iterable[Patient], *, now: datetime) -> Iterable[Appointment]:
    return (
        Appointment.unscoped.filter(
            patient__in=patients, starts_at__gt=now, status__in=(Status.BOOKED, Status.ARRIVED)
        )
        .select_related("practice", "agenda__practitioner", "visit_reason", "patient")
        .order_by("starts_at", "pk")
    )


@transaction.atomic
def erase_account(*, account: Account, actor: Actor, now: datetime) -> Plan:
    """Erase an account and those of its patients whom no practice must keep.

    Visits to come are cancelled: the practices see it, and a last mail tells the owner of all of
    them, and that the account is erased (last_letters.py). A patient whom a practice
    has seen stays that practice's patient and leaves the account. Data keys are destroyed, blind
    indexes emptied, the second factor forgotten, sessions dead with the account. On the record.
    Raises StillWorksHere.
    """
    account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if account.is_staff or members.standing(account.pk, now=now):
        raise StillWorksHere
    for membership in account.memberships.all():
        # An access that has ended holds nobody back: it ends on the record, as others do.
        members.remove(membership=membership, actor=actor)
    planned = plan(account=account, now=now)
    for appointment in chains.firsts_first(planned.upcoming):
        if chains.went_along(appointment):
            continue
        change.cancel(
            appointment=appointment, actor=actor, channel=Channel.PRACTICE, now=now, is_told=True
        )
    letters = last_letters(account=account, cancelled=planned.upcoming, now=now)
    everybody = [fate.patient for fate in planned.fates]
    Wait.unscoped.filter(patient__in=everybody).delete()
    # An offer of a file names an address, by its index.
    Handover.objects.filter(patient__in=everybody).delete()
    erased = [fate.patient for fate in planned.fates if not fate.kept]
    for patient in erased:
        _empty(patient)
    for fate in planned.fates:
        fate.patient.account, fate.patient.relation = None, Relation.SELF
        fate.patient.save()
        kept_by = [kept.practice.pk for kept in fate.kept]
        PracticePatient.objects.filter(patient=fate.patient).exclude(
            practice_id__in=kept_by
        ).delete()
    _close(account)
    erased_accounts.note(account.pk)
    send_once_committed(letters, now=now)
    vault.erase(subject_ids=[account.pk, *(p.pk for p in erased)], actor=actor)
    entries.write(
        "account-erased",
        actor=actor,
        subjects=[account.pk, *(fate.patient.pk for fate in planned.fates)],
        object_id=account.pk,
        details={
            "erased": len(erased),
            "kept": len(planned.fates) - len(erased),
            "cancelled": len(planned.upcoming),
        },
    )
    return planned


def _empty(patient: Patient) -> None:
    for name in (*IDENTITY_FIELDS, *INDEXES):
        setattr(patient, name, None)
    patient.phone_zone = ""
    Appointment.unscoped.filter(patient=patient).update(note=None, practice_note=None)
    Questionnaire.unscoped.filter(patient_id=patient.pk).delete()
    Conversation.unscoped.filter(patient=patient).delete()
    Document.unscoped.filter(patient=patient).delete()


def _close(account: Account) -> None:
    account.email = account.name = None
    # They name addresses, by their index: of a forgotten password, without an account.
    names_it = Q(account=account) | Q(email_index=bytes(account.email_index))
    AddressCheck.objects.filter(names_it).delete()
    # Unique and findable by nobody: the address may open another account one day.
    account.email_index = os.urandom(16)
    account.email_verified_at = None
    account.is_active = False
    account.set_unusable_password()
    account.save()
    CodeApp.objects.filter(user=account).delete()
    account.sign_ins.all().delete()
    account.device_keys.all().delete()
    passkeys.end_all(account)
    WebAuthnUserHandle.objects.filter(user=account).delete()
    account.favourites.all().delete()
    RecoverySheet.objects.filter(user=account).delete()
    Message.objects.filter(account=account, state=MessageState.OWED).update(state=MessageState.VOID)
