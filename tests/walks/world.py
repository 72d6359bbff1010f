"""Where a walk begins: two practices with every kind of rule, and the people who use them."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import count
from urllib.parse import urlsplit

from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp

from audit.vault.sealing import SealBroken
from booking.appointments.book import book
from booking.appointments.values import By
from booking.models import Account, CodeApp, Patient
from booking.models.accounts.account import email_index
from booking.models.appointment import Channel
from booking.patients.patients import make_known
from partners.models import Partner, PartnerMember
from practitioners.domain.directory.text import search_text
from practitioners.domain.scheduling import next_slots
from practitioners.models import Agenda, Commune, Membership, Practice
from practitioners.models.agenda import PatientKind
from practitioners.models.staff import Role
from tests.factories import (
    PASSWORD,
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    make_resource,
    practice_actor,
)
from tests.partners.software import KEY, Software
from tests.walks.filling import Typed
from tests.walks.pages import Page

HOST = urlsplit("http://localhost:8000").netloc
_numbers = count(1)


@dataclass(kw_only=True)
class Person:
    """One browser and the person before it."""

    name: str
    email: str
    last_name: str
    device: CodeApp | None = None
    practices: tuple[Practice, ...] = ()
    # Where the pages of this person's work begin; empty for patients.
    work: str = ""
    client: Client = field(init=False)
    pages: list[Page] = field(default_factory=list)
    # The step in which the page on the screen was loaded.
    loaded_in: int = -1
    # Whether this person follows somebody else's address, and may be refused at its end.
    is_astray: bool = False

    def __post_init__(self) -> None:
        # Each browser has a network of its own (RFC 5737), as failed sign-ins are counted by it.
        address = f"192.0.2.{next(_numbers) % 250}"
        self.client = Client(enforce_csrf_checks=True, HTTP_HOST=HOST, REMOTE_ADDR=address)

    @property
    def page(self) -> Page | None:
        return self.pages[-1] if self.pages else None

    @property
    def is_signed_in(self) -> bool:
        """Whether this browser's session is an account's."""
        return SESSION_KEY in self.client.session

    @property
    def kind(self) -> str:
        """People of one kind are offered the same: by where they work, and whether signed in."""
        return f"{self.name if self.work else 'patient'} {self.is_signed_in}"

    @property
    def session(self) -> str:
        """The key of this browser's session; empty if it has none."""
        cookie = self.client.cookies.get("sessionid")
        return cookie.value if cookie else ""

    def index(self) -> bytes | None:
        """The blind index of the person's address."""
        return email_index(self.email)

    def own_account(self) -> Account | None:
        """The account of the person's address, whoever uses the browser."""
        return Account.objects.filter(email_index=self.index(), is_active=True).first()

    def typed(self) -> Typed:
        try:
            code = f"{totp(self.device.seed):06d}" if self.device else "123456"
        except SealBroken:
            # The account was erased, and its keys with it: the app shows what leads nowhere.
            code = "123456"
        return Typed(
            email=self.email, password=PASSWORD, first_name=self.name, last_name=self.last_name,
            code=code,
        )  # fmt: skip


@dataclass(kw_only=True)
class World:
    """The people of a walk, and the software that one practice lets in."""

    people: list[Person]
    practices: list[Practice]
    agendas: list[Agenda]
    software: Software

    def person(self, name: str) -> Person:
        return next(each for each in self.people if each.name == name)


def build(*, now: datetime) -> World:
    """Two practices in Tours: every rule of booking is somewhere, and somebody is known there."""
    commune = Commune.objects.create(
        code="37261", name="Tours", search_name="tours", department="37", region="24",
        postcodes=["37000"], population=139259, latitude=47.3948, longitude=0.7040,
    )  # fmt: skip
    practices = [
        make_practice(commune=commune, latitude=47.39, longitude=0.70, phone="02 61 91 12 34")
        for _number in range(2)
    ]
    agendas = _agendas(practices)
    patients = _patients(practices[0], now=now)
    _visits(agendas[0], now=now)
    people = [Person(name="Visiteur", email="nouvelle@exemple.fr", last_name="Nouvelle")]
    people += patients
    people += [_member(practices[0], "Secrétaire", Role.SECRETARY)]
    people += [_member(practices[0], "Praticienne", Role.OWNER)]
    people += [_member(practices[1], "Voisin", Role.OWNER)]
    credential = make_credential("Agenda Plus", key=KEY)
    people += [_vendor(credential.partner, now=now)]
    make_grant(credential, *[each for each in agendas if each.practice == practices[0]])
    next_slots.refresh(agenda_ids=[each.pk for each in agendas], now=now)
    return World(people=people, practices=practices, agendas=agendas, software=Software(credential))


def _agendas(practices: list[Practice]) -> list[Agenda]:
    first = make_agenda(practice=practices[0], open_on_holidays=True, takes_messages=True)
    second = make_agenda(
        practice=practices[0], open_on_holidays=True, accepts_new_patients=False,
        overbooks_at_most=1,
    )  # fmt: skip
    third = make_agenda(practice=practices[1], open_on_holidays=True)
    after = make_reason(second, name="Bilan", duration_minutes=15)
    room = make_resource(practices[0])
    reasons = {
        first: [
            make_reason(first, cancel_deadline_hours=0),
            make_reason(first, name="Première consultation", patient_kind=PatientKind.NEW),
            make_reason(first, name="Suivi", patient_kind=PatientKind.KNOWN, series_at_most=4),
            make_reason(first, name="Téléconsultation", teleconsultation=True),
            make_reason(first, name="Consultation et bilan", then=after, needs=[room.pk]),
        ],
        second: [after],
        third: [make_reason(third, name="Vaccination", duration_minutes=30)],
    }
    since = timezone.localdate() - timedelta(days=7)
    for agenda, rows in reasons.items():
        for day in range(7):
            make_opening(
                agenda, *rows, number=day + 1, starts_on=since + timedelta(days=day),
                from_time=time(9), until_time=time(12),
            )  # fmt: skip
    third.openings.update(capacity=2, slot_minutes=30)
    return [first, second, third]


def _patients(practice: Practice, *, now: datetime) -> list[Person]:
    """A mother who is known there, somebody new without a file, and somebody with a code."""
    mother = make_account("zoe@exemple.fr")
    own = make_patient(mother, first_name="Zoé", last_name="Quatrefages")
    make_patient(mother, first_name="Aurèle", last_name="Quatrefages", relation="child")
    make_known(practice_id=practice.pk, patient_id=own.pk, since=now - timedelta(days=30))
    make_account("noe@exemple.fr")
    careful = make_account("lea@exemple.fr")
    make_patient(careful, first_name="Léa", last_name="Trémouille")
    device = CodeApp.objects.create(user=careful, name="Téléphone", confirmed=True)
    return [
        Person(name="Zoé", email="zoe@exemple.fr", last_name="Quatrefages"),
        Person(name="Noé", email="noe@exemple.fr", last_name="Ottavioli"),
        Person(name="Léa", email="lea@exemple.fr", last_name="Trémouille", device=device),
    ]


def _visits(agenda: Agenda, *, now: datetime) -> None:
    """What stands on the first agenda already: today, by video within the hour, and tomorrow."""
    reasons = {row.name: row for row in agenda.visit_reasons.all()}
    today = timezone.localtime(now).replace(minute=0, second=0, microsecond=0)
    for name, first_name, starts_at in (
        ("Consultation", "Léa", today.replace(hour=11)),
        ("Téléconsultation", "Zoé", today.replace(hour=10, minute=30)),
        ("Consultation", "Zoé", today.replace(hour=11) + timedelta(days=1)),
    ):
        account = Account.objects.get(
            email_index=email_index(f"{search_text(first_name)}@exemple.fr")
        )
        book(
            visit_reason=reasons[name],
            patient=Patient.unscoped.get(account=account, relation="self"),
            starts_at=starts_at,
            by=By(account=account, actor=practice_actor(), channel=Channel.PATIENT),
            now=now,
        )


def _member(practice: Practice, name: str, role: str) -> Person:
    email = f"{search_text(name)}@exemple.fr"
    account = make_account(email)
    Membership.objects.create(account=account, practice=practice, role=role)
    device = CodeApp.objects.create(user=account, name="Téléphone", confirmed=True)
    return Person(
        name=name, email=email, last_name="Cabinet", device=device, practices=(practice,),
        work="/cabinet/",
    )  # fmt: skip


def _vendor(partner: Partner, *, now: datetime) -> Person:
    """Somebody of the software's vendor, on whose pages its keys and addresses are kept."""
    account = make_account("editrice@exemple.fr")
    PartnerMember.objects.create(partner=partner, account=account, created_at=now)
    device = CodeApp.objects.create(user=account, name="Téléphone", confirmed=True)
    return Person(
        name="Éditrice", email="editrice@exemple.fr", last_name="Logiciels", device=device,
        work="/editeur/",
    )  # fmt: skip
