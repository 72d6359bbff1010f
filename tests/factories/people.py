from datetime import UTC, date, datetime
from itertools import count

from django.test import Client
from django.utils import timezone

from audit.record.entries import Actor, ActorKind, Channel
from audit.views.factor import CODE_GIVEN_AT, ENTERED_AT
from booking.accounts import accounts
from booking.models import Account, CodeApp, Patient
from booking.pages.session.work_session import USED_AT
from booking.patients import patients
from practitioners.models import Membership, Practice

PASSWORD = "correct horse battery"
_serial = count(1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def make_account(email: str = "", **values: object) -> Account:
    account = accounts.create_account(
        email=email or f"personne{next(_serial)}@exemple.fr",
        password=PASSWORD,
        language="fr",
        verified_at=LONG_AGO,
    )
    for name, value in values.items():
        setattr(account, name, value)
    if values:
        account.save()
    return account


def make_patient(
    account: Account | None = None,
    *,
    practice: Practice | None = None,
    first_name: str = "Zoé",
    last_name: str = "Lefèvre",
    relation: str = "self",
    **values: object,
) -> Patient:
    defaults: dict[str, object] = {
        "birth_date": date(1980, 12, 31),
        "sex": "F",
        "phone": "+33612345678",
        "email": "",
    }
    identity = patients.Identity(
        first_name=first_name,
        last_name=last_name,
        **defaults | values,  # type: ignore[arg-type]
    )
    actor = Actor(kind=ActorKind.SYSTEM, channel=Channel.SHELL)
    return patients.create_patient(
        identity=identity,
        actor=actor,
        now=LONG_AGO,
        account=account,
        practice=practice,
        relation=relation,
    )


def make_member(practice: Practice, *, role: str = "secretary", **values: object) -> Membership:
    return Membership.objects.create(account=make_account(), practice=practice, role=role, **values)


def practice_actor(practice: Practice | None = None) -> Actor:
    return Actor(
        kind=ActorKind.ACCOUNT,
        channel=Channel.DASHBOARD,
        practice_id=practice.pk if practice else None,
    )


def present(client: Client) -> Client:
    """The same client, whose reader is at work: it has just been used, and has proved itself."""
    session = client.session
    at = timezone.now().timestamp()
    session[CODE_GIVEN_AT] = session[ENTERED_AT] = session[USED_AT] = at
    session.save()
    return client


def verified_client(account: Account) -> Client:
    """A client signed in with a second factor, as the middleware will find it."""
    from django_otp import DEVICE_ID_SESSION_KEY

    device, _ = CodeApp.objects.get_or_create(user=account, name="test", confirmed=True)
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session[CODE_GIVEN_AT] = timezone.now().timestamp()
    session.save()
    return client
