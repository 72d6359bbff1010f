"""Erasing an account at its owner's wish (GDPR article 17), and what a practice must keep.

A practice keeps the file of whom it has seen: 20 years from the last visit (Code de la santé
publique, article R. 1112-7, which practices follow on the advice of the Ordre des médecins); that
is the exception of GDPR article 17(3)(b) and (c). Everything else is erased at once. What that is
stands on each model (audit/personal_data.py).
"""

import os
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_otp_webauthn.models import WebAuthnUserHandle

from audit.personal_data import Emptied, Erased, PersonalData, When, declared
from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from audit.vault import erase as vault
from booking import actions
from booking.accounts.factors import passkeys
from booking.appointments import chains, change
from booking.appointments.values import By, Telling
from booking.models import (
    Account,
    AddressCheck,
    Appointment,
    Message,
    Patient,
    PatientMerge,
    PracticePatient,
)
from booking.models.appointment import Channel, Status
from booking.models.message import MessageState
from booking.models.patient import Relation
from booking.rights import erased as erased_accounts
from booking.rights.last_letters import how_many, last_letters, send_once_committed
from practitioners.domain.staff import members
from practitioners.models import Practice

KEPT_YEARS = 20
# A visit that took place, or was to: what a practice's file says.
TOOK_PLACE = (Status.BOOKED, Status.ARRIVED, Status.SEEN, Status.NO_SHOW)


class StillWorksHere(Refusal):
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
            appointment=appointment,
            by=By(actor=actor, channel=Channel.PRACTICE),
            telling=Telling(is_told=True),
            now=now,
        )
    letters = last_letters(account=account, cancelled=planned.upcoming, now=now)
    everybody = [fate.patient for fate in planned.fates]
    _delete(When.AT_ONCE, everybody)
    erased = [fate.patient for fate in planned.fates if not fate.kept]
    erased += _merged_into(erased, now=now)
    _empty(erased)
    for fate in planned.fates:
        fate.patient.account, fate.patient.relation = None, Relation.SELF
        fate.patient.save(update_fields=["account", "relation"])
        _delete(When.UNLESS_KEPT, [fate.patient], but_of=[kept.practice for kept in fate.kept])
    _close(account)
    erased_accounts.note(account.pk)
    send_once_committed(letters, now=now)
    vault.erase(subject_ids=[account.pk, *(p.pk for p in erased)], actor=actor)
    entries.write(
        actions.ACCOUNT_ERASED,
        actor=actor,
        subjects=[account.pk, *{p.pk: p for p in [*everybody, *erased]}],
        object_id=account.pk,
        details={
            "erased": sum(1 for fate in planned.fates if not fate.kept),
            "kept": sum(1 for fate in planned.fates if fate.kept),
            "cancelled": len(planned.upcoming),
        },
    )
    return planned


def _merged_into(patients: Iterable[Patient], *, now: datetime) -> list[Patient]:
    """The files that practices have made one with these, and that no practice has any more.

    They hold the same person's identity. One that another practice knows is that practice's own.
    """
    found: dict[uuid.UUID, Patient] = {}
    begun = [patient.pk for patient in patients]
    while begun:
        rows = Patient.unscoped.filter(
            pk__in=PatientMerge.unscoped.filter(kept__in=begun, separated_at__isnull=True).values(
                "other"
            ),
            account__isnull=True,
        ).exclude(pk__in=PracticePatient.objects.values("patient"))
        fresh = {row.pk: row for row in rows if row.pk not in found and not _kept(row, now=now)}
        found |= fresh
        begun = list(fresh)
    return list(found.values())


def _rows_of(model: Any, data: PersonalData, patients: Collection[Patient]) -> "QuerySet[Any]":
    """The rows of a model that belong to these patients, by whatever way."""
    ids, wanted = [patient.pk for patient in patients], Q()
    for path in data.patient:
        wanted |= Q(**{f"{path}__in": ids})
    found: QuerySet[Any] = model._base_manager.filter(wanted)
    return found


def _delete(when: When, patients: Collection[Patient], *, but_of: Iterable[Practice] = ()) -> None:
    """Delete what is declared to go then; `but_of`: practices whose rows stay."""
    for model, data in declared():
        if data.patient and data.erasing == Erased(when):
            rows = _rows_of(model, data, patients)
            if but_of:
                rows = rows.exclude(**{f"{data.practice}__in": list(but_of)})
            rows.delete()


def _empty(patients: Collection[Patient]) -> None:
    """Erase a file that no practice must keep: its words and what identifies its patient."""
    _delete(When.WITH_FILE, patients)
    for model, data in declared():
        if data.patient and isinstance(data.erasing, Emptied):
            _rows_of(model, data, patients).update(**_emptied(model, data.erasing))


def _emptied(model: Any, erasing: Emptied) -> dict[str, object]:
    columns = [model._meta.get_field(name) for name in erasing.columns]
    return {column.name: None if column.null else column.get_default() for column in columns}


def _close(account: Account) -> None:
    # They name addresses, by their index: of a forgotten password, without an account.
    AddressCheck.objects.filter(email_index=bytes(account.email_index)).delete()
    for model, data in declared():
        if data.patient or not data.account:
            continue
        rows = model._base_manager.filter(**{data.account: account.pk})
        if data.erasing == Erased(When.AT_ONCE):
            rows.delete()
        elif isinstance(data.erasing, Emptied):
            rows.update(**_emptied(model, data.erasing))
    account.refresh_from_db()
    # Unique and findable by nobody: the address may open another account one day.
    account.email_index = os.urandom(16)
    account.email_verified_at = None
    account.is_active = False
    account.set_unusable_password()
    account.save()
    passkeys.end_all(account)
    WebAuthnUserHandle.objects.filter(user=account).delete()
    Message.objects.filter(account=account, state=MessageState.OWED).update(state=MessageState.VOID)
