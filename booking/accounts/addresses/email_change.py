"""Changing the address of an account.

The new address is proved before it takes effect; the former one is told when the change is asked
for and when it is made, and its mail carries a link that stops it, or takes it back.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor
from audit.refusal import Refusal
from audit.vault.reveal import Purpose, reveal
from audit.vault.sealing import seal
from booking import actions
from booking.accounts import accounts
from booking.accounts.accounts import InvalidLink, id_of_link, link_actor, link_token
from booking.accounts.addresses import address_checks
from booking.accounts.factors.second_factor import FACTORS
from booking.accounts.sessions import sign_ins
from booking.models import Account, AddressCheck
from booking.models.accounts.account import email_index
from booking.models.accounts.address_check import CheckKind
from booking.models.message import MessageKind
from booking.outbox import messages

# How long the former address may stop a change, or take it back.
STOP_HOURS = 72
_STOP = "stop-email-change"


class SameAddress(Refusal):
    """The account has this address already."""

    text = _("C’est déjà l’adresse de votre compte.")


class NothingToStop(InvalidLink):
    """The link is none of ours, or too old to stop or take back a change of address."""

    text = _(
        "Ce lien n’arrête rien, ou plus rien : il sert pendant trois jours après le changement"
        " d’adresse, à l’adresse d’avant."
    )


class AlreadyEnded(NothingToStop):
    """The change was stopped or given up, or another one took its place."""

    text = _("Ce changement d’adresse est déjà annulé, ou remplacé : il n’y a plus rien à faire.")


def ask(
    *, account: Account, email: str, actor: Actor, now: datetime, may_send: bool = True
) -> AddressCheck:
    """Begin the change of an account's address, and owe the mails to both.

    For an address of another account everything is the same, but nothing proves it: the worker
    writes to its owner instead. `may_send`: whether the new address has not had enough of mails.
    On the record. Raises SameAddress.
    """
    index = email_index(email) or b""
    if index == bytes(account.email_index):
        raise SameAddress
    with reveal([(account, ("email",))], actor=actor, purpose=Purpose.OWN_DATA) as plain:
        former = plain.text(account, "email")
    with transaction.atomic():
        address_checks.end_checks(account=account, now=now)
        check = address_checks.begin(
            kind=CheckKind.CHANGE, account=account, email_index=index, now=now
        )
        seal(check, email=email.strip(), former=former)
        check.save(force_insert=True)
        entries.write(
            actions.EMAIL_CHANGE_ASKED,
            actor=actor,
            subjects=[account.pk],
            object_id=check.pk,
            at=now,
        )
        accounts.owe(account, MessageKind.EMAIL_ASKED, now=now, check=check)
        if may_send:
            accounts.owe(account, MessageKind.EMAIL_CHANGE, now=now, check=check)
    return check


def pending(account: Account, *, now: datetime) -> AddressCheck | None:
    """The change of address that an account has asked for and not proved yet."""
    rows = AddressCheck.objects.select_related("account").filter(
        account=account, kind=CheckKind.CHANGE, proved_at=None, ended_at=None, link_until__gt=now
    )
    return rows.order_by("-created_at", "-pk").first()


def send_again(
    *, check: AddressCheck, account: Account, now: datetime, may_send: bool = True
) -> None:
    """Owe the mail to the new address again, if it may leave. Raises TooSoon and InvalidLink."""
    address_checks.note_mail(check, now=now)
    if may_send:
        accounts.owe(account, MessageKind.EMAIL_CHANGE, now=now, check=check)


@transaction.atomic
def withdraw(*, account: Account, actor: Actor, now: datetime) -> None:
    """Give up the change that an account has asked for; on the record."""
    check = pending(account, now=now)
    if check is not None:
        address_checks.end_checks(account=account, now=now)
        _note(actions.EMAIL_CHANGE_STOPPED, check, account, actor=actor, now=now)


def stop_token(check: AddressCheck) -> str:
    """What the mails to the former address carry: it stops the change, or takes it back."""
    return link_token(check.pk, salt=_STOP)


def change_of_stop(token: str, *, now: datetime) -> AddressCheck:
    """Return the change that the former address may still stop.

    Raises AlreadyEnded, and NothingToStop for any other that cannot be stopped.
    """
    pk = id_of_link(token, salt=_STOP, broken=NothingToStop)
    check = AddressCheck.objects.filter(pk=pk, account__is_active=True).first()
    if check is None:
        raise NothingToStop
    if check.ended_at is not None:
        raise AlreadyEnded
    if now >= (check.proved_at or check.created_at) + timedelta(hours=STOP_HOURS):
        raise NothingToStop
    return check


@transaction.atomic
def stop(*, token: str, now: datetime) -> AddressCheck:
    """Stop a change of address for the owner of the former one, or take it back.

    Taken back, the account has its former address again, however often it was changed since; no
    password and no session opens it any more, nor a second factor or passkey added since; a mail
    lets its owner choose a new password. On the record. Raises NothingToStop.
    """
    check = change_of_stop(token, now=now)
    account = Account.objects.select_for_update(no_key=True).get(address_checks=check)
    check = AddressCheck.objects.select_for_update(no_key=True).get(pk=check.pk)
    if check.ended_at is not None:
        raise AlreadyEnded
    since = AddressCheck.objects.filter(account=account, created_at__gte=check.created_at)
    since.update(ended_at=now)
    if check.proved_at is None:
        _note(actions.EMAIL_CHANGE_STOPPED, check, account, actor=link_actor(account), now=now)
    else:
        _take_back(check, account, now=now)
    return check


def _take_back(check: AddressCheck, account: Account, *, now: datetime) -> None:
    actor = link_actor(account)
    with reveal([(check, ("former",))], actor=actor, purpose=Purpose.ACCOUNT) as plain:
        former = plain.text(check, "former")
        seal(account, email=former)
        account.email_index = email_index(former) or b""
    account.email_verified_at = now
    account.set_unusable_password()
    try:
        with transaction.atomic():
            account.save(update_fields=["email", "email_index", "email_verified_at", "password"])
    except IntegrityError as error:
        # Somebody else has proved the address since.
        raise NothingToStop from error
    sign_ins.sign_out_everywhere(account)
    for kind in FACTORS:
        kind.objects.filter(user=account, created_at__gte=check.created_at).delete()
    _note(actions.EMAIL_RESTORED, check, account, actor=actor, now=now)
    messages.owe_to_account(account=account, kind=MessageKind.RESET_PASSWORD, now=now)


def _note(
    action: Action, check: AddressCheck, account: Account, *, actor: Actor, now: datetime
) -> None:
    entries.write(action, actor=actor, subjects=[account.pk], object_id=check.pk, at=now)
