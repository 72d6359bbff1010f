"""The demo's accounts: the ones that `make run` prints."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from audit.record.entries import Channel, system_actor
from booking.accounts import accounts
from booking.appointments import book
from booking.appointments.values import By, Conditions
from booking.models import Account, CodeApp, Patient
from booking.models.appointment import Channel as BookingChannel
from booking.patients import patients
from booking.waiting import waiting
from doctolib.demo.desk import furnish
from doctolib.demo.names import Names
from partners.domain import identities, keys, scopes
from partners.models import Credential, Grant, Partner, PartnerMember
from practitioners.domain.questions import QuestionSpec, save_questions
from practitioners.domain.scheduling import availability
from practitioners.models import Agenda, Membership, Practice, Role

PASSWORD = "demonstration-2026"  # noqa: S105 - printed for everybody to try
DOMAIN = "demo.doctolib.example"
PARTNER_ID = uuid.UUID("01a00000-0000-7000-8000-000000000001")


@dataclass(frozen=True)
class DemoAccount:
    """One account to try."""

    role: str
    email: str
    second_factor: bool


ACCOUNTS = [
    DemoAccount("patient", f"patient@{DOMAIN}", False),
    DemoAccount("practitioner", f"praticien@{DOMAIN}", True),
    DemoAccount("secretary", f"secretaire@{DOMAIN}", True),
    DemoAccount("vendor", f"editeur@{DOMAIN}", True),
    DemoAccount("admin", f"admin@{DOMAIN}", True),
]


def partner_key() -> ECKey:
    """The private key of the demo's partner software: everybody may know it, like the passwords."""
    secret = int.from_bytes(hashlib.sha256(b"doctolib demo partner").digest())
    return ECKey.import_key(ec.derive_private_key(secret, ec.SECP256R1()), {"kid": "demo"})


def make_accounts(names: Names, practice: Practice, *, now: datetime) -> None:
    """Make the accounts, the memberships of the demo practice, and the partner's credential."""
    made = {}
    for demo in ACCOUNTS:
        account = accounts.create_account(
            email=demo.email, password=PASSWORD, language="fr", verified_at=now
        )
        if demo.second_factor:
            # A known key, so that the development page can show the current code.
            seed = hashlib.sha1(demo.email.encode(), usedforsecurity=False).digest()
            CodeApp.objects.create(user=account, name="demo", seed=seed, confirmed=True)
        made[demo.role] = account
    admin = made["admin"]
    admin.is_staff = admin.is_superuser = True
    admin.save()
    agendas = list(Agenda.objects.filter(practice=practice).order_by("pk"))
    Membership.objects.create(
        account=made["practitioner"],
        practice=practice,
        role=Role.OWNER,
        practitioner=agendas[0].practitioner,
    )
    Membership.objects.create(account=made["secretary"], practice=practice, role=Role.SECRETARY)
    for agenda in agendas:
        _ask_questions(agenda)
        agenda.takes_messages = True
        agenda.save(update_fields=["takes_messages"])
    furnish(practice, agendas, now=now)
    _make_patient(names, made["patient"], agendas, now=now)
    _make_partner(practice, agendas, made["vendor"], now=now)


def _make_patient(names: Names, account: Account, agendas: list[Agenda], *, now: datetime) -> None:
    actor = system_actor(Channel.SHELL)
    first, last, sex = "Camille", names.rng.choice(names.last), "F"
    family = [("self", first, sex, date(1984, 3, 9)), ("child", "Noé", "M", date(2019, 6, 21))]
    made = [
        patients.create_patient(
            identity=patients.Identity(
                first_name=name,
                last_name=last,
                sex=kind,
                birth_date=born,
                phone=names.mobile(),
                email="",
            ),
            actor=actor,
            now=now,
            account=account,
            relation=relation,
        )
        for relation, name, kind, born in family
    ]
    for patient, agenda, days in zip(made, agendas, (3, 9), strict=False):
        reason = agenda.visit_reasons.exclude(patient_kind="known").first()
        if reason is None:
            continue
        since = now + timedelta(days=days)
        slots = availability.free_slots(
            visit_reason=reason, since=since, until=since + timedelta(days=40), now=now
        )
        if slots:
            appointment = book.book(
                visit_reason=reason,
                starts_at=slots[-1].starts_at if patient is made[1] else slots[0].starts_at,
                patient=patient,
                by=By(account=account, actor=actor, channel=BookingChannel.PRACTICE),
                now=now,
            )
            if patient is made[1]:
                waiting.join(
                    visit_reason=reason, patient=patient, actor=actor, now=now,
                    appointment=appointment,
                )  # fmt: skip
    _book_video_visit(made[0], agendas[0], booked_by=account, now=now)


def _book_video_visit(
    patient: Patient, agenda: Agenda, *, booked_by: Account, now: datetime
) -> None:
    """A visit by video within the hour, with the demo's practitioner: its room can be tried."""
    reason = agenda.visit_reasons.filter(teleconsultation=True).first()
    if reason is None:
        return
    full = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    for minutes in range(10, 60, 5):
        try:
            book.book(
                visit_reason=reason,
                starts_at=full + timedelta(minutes=minutes),
                patient=patient,
                by=By(
                    account=booked_by,
                    actor=system_actor(Channel.SHELL),
                    channel=BookingChannel.PRACTICE,
                ),
                conditions=Conditions(anywhere=True),
                now=now,
            )
        except book.SlotTaken:
            continue
        return


def _ask_questions(agenda: Agenda) -> None:
    """What a practice would ask a new patient, for the first of its visit reasons."""
    reason = agenda.visit_reasons.exclude(patient_kind="known").first()
    if reason is None:
        return
    save_questions(
        visit_reason=reason,
        specs=[
            QuestionSpec(text="Avez-vous des allergies ?", kind="text"),
            QuestionSpec(text="Prenez-vous un traitement ?", kind="yes_no", required=True),
            QuestionSpec(
                text="Antécédents", kind="several",
                options=("asthme", "diabète", "hypertension", "aucun de ceux-ci"),
            ),
        ],
        actor=system_actor(Channel.SHELL),
    )  # fmt: skip


def _make_partner(
    practice: Practice, agendas: list[Agenda], member: Account, *, now: datetime
) -> None:
    partner = Partner.objects.create(name="MonAgenda (démonstration)", verified_at=now)
    PartnerMember.objects.create(partner=partner, account=member, created_at=now)
    credential = Credential.objects.create(id=PARTNER_ID, partner=partner, label="Poste du cabinet")
    keys.register_key(credential=credential, jwk=partner_key().as_dict(private=False))
    grant = Grant.objects.create(
        credential=credential,
        practice=practice,
        scopes=list(scopes.SCOPES),
        fields=list(identities.FIELDS),
    )
    grant.agendas.set(agendas)
