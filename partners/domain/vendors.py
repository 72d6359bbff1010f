"""Self-service for vendors: their name, their credentials and a trial practice."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from booking.appointments import book
from booking.appointments.values import By
from booking.models import Account
from booking.models.appointment import Channel
from booking.patients import patients
from booking.patients.patients import Identity
from partners import actions
from partners.domain import grants, identities, scopes
from partners.models import Credential, Grant, Partner, PartnerMember
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.hours import openings
from practitioners.domain.scheduling.hours.openings import OpeningSpec
from practitioners.domain.scheduling.wall_clock import monday_of
from practitioners.models import Agenda, Membership, Practice, Practitioner, Role, VisitReason

SANDBOX_PATIENTS = 20


class NameTaken(Refusal):
    """Another vendor has this name."""

    text = _("Un autre éditeur porte ce nom.")


@transaction.atomic
def found(*, name: str, account: Account, actor: Actor, now: datetime) -> Partner:
    """Register a vendor, with an account that acts for it. Raises NameTaken."""
    if Partner.objects.filter(name__iexact=name).exists():
        raise NameTaken
    try:
        with transaction.atomic():
            partner = Partner.objects.create(name=name)
    except IntegrityError as error:
        raise NameTaken from error
    PartnerMember.objects.create(partner=partner, account=account, created_at=now)
    entries.write(actions.PARTNER_REGISTERED, actor=actor, object_id=partner.pk)
    return partner


def sandbox_of(credential: Credential) -> Grant | None:
    """The grant of the credential's own trial practice, if it has one."""
    return (
        credential.grants.filter(practice__agenda__listed=False)
        .select_related("practice")
        .distinct()
        .first()
    )


@transaction.atomic
def make_sandbox(
    *, credential: Credential, account: Account, actor: Actor, now: datetime
) -> Practice:
    """Create a trial practice with generated patients that grants the credential everything.

    It is in no directory, its patients cannot be contacted, and the account owns it, so that the
    practice's side can be tried as well.
    """
    practice = Practice.objects.create(
        name=gettext("Cabinet d’essai %(vendor)s") % {"vendor": credential.partner.name},
        search_name="", reminder_hours=[], reminds_by_sms=False,
    )  # fmt: skip
    Membership.objects.create(account=account, practice=practice, role=Role.OWNER)
    agendas = [_make_agenda(practice, name, actor, now.date()) for name in ("Essai", "Épreuve")]
    people = [
        patients.create_patient(identity=identity, actor=actor, now=now, practice=practice)
        for identity in _identities(SANDBOX_PATIENTS)
    ]
    for agenda in agendas:
        reason = agenda.visit_reasons.order_by("name")[0]
        slots = availability.free_slots(
            visit_reason=reason, since=now, until=now + timedelta(days=10), now=now, online=False
        )
        for patient, slot in zip(people, slots[::3], strict=False):
            book.book(
                visit_reason=reason,
                starts_at=slot.starts_at,
                patient=patient,
                by=By(actor=actor, channel=Channel.PRACTICE),
                now=now,
            )
    grants.give(
        practice=practice, credential=credential, agendas=agendas, scopes=scopes.SCOPES,
        fields=identities.FIELDS, actor=actor,
    )  # fmt: skip
    return practice


def _make_agenda(practice: Practice, last_name: str, actor: Actor, today: date) -> Agenda:
    practitioner = Practitioner.objects.create(
        title="Dr", first_name="Camille", last_name=last_name, search_name=""
    )
    agenda = Agenda.objects.create(practice=practice, practitioner=practitioner, listed=False)
    reasons = [
        openings.save_reason(
            reason=VisitReason(agenda=agenda, name=name, duration_minutes=minutes), actor=actor
        )
        for name, minutes in ((gettext("Consultation"), 20), (gettext("Première consultation"), 40))
    ]
    monday = monday_of(today)
    for weekday in range(5):
        for begins, ends in ((9, 12), (14, 18)):
            spec = OpeningSpec(
                starts_on=monday + timedelta(days=weekday), until_date=None, every_weeks=1,
                from_time=time(begins), until_time=time(ends), capacity=1, slot_minutes=None,
                visit_reasons=tuple(reasons),
            )  # fmt: skip
            openings.save_opening(agenda=agenda, spec=spec, actor=actor)
    return agenda


def _identities(count: int) -> list[Identity]:
    """Invented people without a phone number or an e-mail address."""
    # Its word lists take a second to load, and only this needs them.
    from faker import Faker

    faker: Any = Faker("fr_FR")
    return [
        Identity(
            first_name=faker.first_name(),
            last_name=faker.last_name(),
            birth_date=faker.date_of_birth(minimum_age=1, maximum_age=95),
            sex=faker.random_element(["F", "M"]),
        )
        for _number in range(count)
    ]
