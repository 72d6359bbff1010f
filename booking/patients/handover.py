"""Handing a relative over to an account of their own: at majority, or whenever they want it.

Only the account whose verified address was named can accept, and it must want to: nobody is given
a stranger's file. From then on the former account sees nothing of it.
"""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from audit.vault.sealing import seal
from booking import actions
from booking.accounts.accounts import InvalidLink, id_of_link, link_token
from booking.models import Account, Handover, Patient
from booking.models.accounts.account import email_index
from booking.models.message import MessageKind
from booking.models.patient import Relation
from booking.outbox.messages import owe_mail

VALID_DAYS = 14
# Code civil, article 414.
MAJORITY_YEARS = 18
SALT = "handover"


class CannotHandOver(Refusal):
    """The patient cannot be handed over so; `text` says why."""

    oneself = _("Votre propre fiche reste dans votre compte.")
    same = _("C’est l’adresse de votre propre compte.")


class InvalidHandover(Refusal):
    """The link is broken, used or too old, or meant for another account."""

    text = _("Ce lien n’est plus valable, ou il est adressé à un autre compte.")
    code, status = "link_invalid", 400


def is_of_age(born: date | None, *, today: date) -> bool:
    """Whether somebody has reached MAJORITY_YEARS; not where the birth date is unknown.

    Whoever was born on a 29 February comes of age on 1 March of a common year.
    """
    if born is None:
        return False
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return years >= MAJORITY_YEARS


@transaction.atomic
def offer(
    *, patient: Patient, email: str, account: Account, actor: Actor, now: datetime
) -> Handover:
    """Offer a relative to the account of an address, which is told by mail. Raises CannotHandOver.

    An earlier offer of the same patient ends.
    """
    if patient.relation == Relation.SELF:
        raise CannotHandOver(CannotHandOver.oneself)
    index = email_index(email)
    if index is None or index == bytes(account.email_index):
        raise CannotHandOver(CannotHandOver.same)
    Handover.objects.filter(patient=patient, accepted_at__isnull=True).delete()
    row = Handover(
        patient=patient, email_index=index, offered_by=account, created_at=now,
        expires_at=now + timedelta(days=VALID_DAYS),
    )  # fmt: skip
    seal(row, email=email.strip())
    row.save(force_insert=True)
    entries.write(
        actions.HANDOVER_OFFERED, actor=actor, subjects=[patient.pk], object_id=row.pk, at=now
    )
    owe_mail(kind=MessageKind.HANDOVER, now=now, handover=row)
    return row


def is_taken(*, token: str, account: Account) -> bool:
    """Whether the file of a link is in this account already, which took it by that link."""
    try:
        pk = id_of_link(token, salt=SALT)
    except InvalidLink:
        return False
    taken = Handover.objects.filter(pk=pk, accepted_at__isnull=False, patient__account=account)
    return taken.exists()


def handover_token(handover: Handover) -> str:
    """The signed token of a hand-over's link."""
    return link_token(handover.pk, salt=SALT)


def open_handover(*, token: str, account: Account, now: datetime) -> Handover:
    """Return the hand-over of a link, if it is for this account. Raises InvalidHandover."""
    try:
        pk = id_of_link(token, salt=SALT)
        row = Handover.objects.select_related("patient").get(pk=pk)
    except (InvalidLink, Handover.DoesNotExist) as error:
        raise InvalidHandover from error
    is_meant = bytes(row.email_index) == bytes(account.email_index) and account.email_verified_at
    if row.accepted_at or row.expires_at <= now or not is_meant:
        raise InvalidHandover
    return row


@transaction.atomic
def accept(*, token: str, account: Account, actor: Actor, now: datetime) -> Patient:
    """Take a patient into one's own account, as oneself unless one has a file already.

    Raises InvalidHandover.
    """
    row = open_handover(token=token, account=account, now=now)
    patient = Patient.unscoped.select_for_update(no_key=True).get(pk=row.patient_id)
    locked = Handover.objects.select_for_update(no_key=True).get(pk=row.pk)
    if locked.accepted_at is not None or patient.account_id != row.offered_by_id:
        raise InvalidHandover
    has_own = Patient.unscoped.filter(account=account, relation=Relation.SELF).exists()
    patient.account = account
    patient.relation = Relation.OTHER if has_own else Relation.SELF
    patient.save(update_fields=["account", "relation"])
    locked.accepted_at = now
    locked.save(update_fields=["accepted_at"])
    entries.write(
        actions.HANDOVER_ACCEPTED,
        actor=actor,
        subjects=[patient.pk, account.pk],
        object_id=row.pk,
        at=now,
    )
    return patient
