"""Credentials: registering, suspending and releasing them, each with an entry in the record."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor
from booking.accounts.access_changes import tell
from booking.models.accounts.access_change import ChangeKind
from partners import actions
from partners.domain import keys
from partners.models import AccessToken, Credential, CredentialKey, Grant, Partner

_IS_SUSPENDED = "SELECT suspended_at IS NOT NULL FROM partners_credential WHERE id = %s"


@transaction.atomic
def register(*, partner_name: str, label: str, jwk: dict[str, Any], actor: Actor) -> Credential:
    """Register a credential of a partner, new or known by name, with its first public key.

    Raises keys.UnusableKey; then nothing is registered.
    """
    partner, _new = Partner.objects.get_or_create(name=partner_name)
    return register_for(partner=partner, label=label, jwk=jwk, actor=actor)


@transaction.atomic
def register_for(*, partner: Partner, label: str, jwk: dict[str, Any], actor: Actor) -> Credential:
    """Register a credential with its first public key, and notify the vendor's members.

    Raises keys.UnusableKey.
    """
    credential = Credential.objects.create(partner=partner, label=label)
    key = keys.register_key(credential=credential, jwk=jwk)
    _note(actions.CREDENTIAL_REGISTERED, credential, actor, kid=key.kid)
    _tell(key, actor=actor)
    return credential


@transaction.atomic
def add_key(*, credential: Credential, jwk: dict[str, Any], actor: Actor) -> CredentialKey:
    """Register one more public key, as when the vendor rotates. Raises keys.UnusableKey."""
    key = keys.register_key(credential=credential, jwk=jwk)
    _note(actions.CREDENTIAL_KEY_ADDED, credential, actor, kid=key.kid)
    _tell(key, actor=actor)
    return key


@transaction.atomic
def revoke_key(*, credential: Credential, kid: str, actor: Actor, now: datetime) -> bool:
    """Revoke a key and every token of the credential, because the key's holder may have requested
    them.

    Returns whether there was such a key.
    """
    ended = credential.keys.filter(kid=kid, revoked_at__isnull=True).update(revoked_at=now)
    if ended:
        AccessToken.objects.filter(credential=credential).delete()
        _note(actions.CREDENTIAL_KEY_REVOKED, credential, actor, kid=kid)
    return bool(ended)


@transaction.atomic
def suspend(*, credential: Credential, actor: Actor, now: datetime) -> bool:
    """Suspend a credential from its next request on. Returns whether it was active until now."""
    changed = Credential.objects.filter(pk=credential.pk, suspended_at__isnull=True).update(
        suspended_at=now
    )
    if changed:
        _note(actions.CREDENTIAL_SUSPENDED, credential, actor)
    return bool(changed)


@transaction.atomic
def let_in(*, credential: Credential, actor: Actor) -> bool:
    """End a suspension. Returns whether there was one."""
    changed = Credential.objects.filter(pk=credential.pk, suspended_at__isnull=False).update(
        suspended_at=None
    )
    if changed:
        _note(actions.CREDENTIAL_LET_IN, credential, actor)
    return bool(changed)


def stop(*, holder_id: uuid.UUID, actor: Actor, now: datetime) -> bool:
    """Suspend a credential on behalf of the watch, by id."""
    credential = Credential.objects.get(pk=holder_id)
    return suspend(credential=credential, actor=actor, now=now)


@transaction.atomic
def let_in_again(*, holder_id: uuid.UUID, actor: Actor, keys_are_safe: bool, now: datetime) -> bool:
    """Release a credential that the watch has stopped; tokens from before stay invalid.

    Unless its keys are safe, they are revoked, and the vendor must register another one first.
    """
    credential = Credential.objects.get(pk=holder_id)
    AccessToken.objects.filter(credential=credential).delete()
    if not keys_are_safe:
        for kid in credential.keys.filter(revoked_at__isnull=True).values_list("kid", flat=True):
            revoke_key(credential=credential, kid=kid, actor=actor, now=now)
    return let_in(credential=credential, actor=actor)


def is_suspended(credential_id: uuid.UUID) -> bool:
    """Whether a credential is suspended now."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_SUSPENDED, [credential_id])
        row = cursor.fetchone()
    return bool(row and row[0])


def practices_of(credential_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """The practices with a current grant for these credentials."""
    grants = Grant.objects.in_force().filter(credential__in=list(credential_ids))
    return set(grants.values_list("practice", flat=True))


def _tell(key: CredentialKey, *, actor: Actor) -> None:
    tell(
        kind=ChangeKind.KEY, holder_id=key.credential.partner_id, object_id=key.pk, actor=actor,
        now=timezone.now(),
    )  # fmt: skip


def _note(action: Action, credential: Credential, actor: Actor, **details: str) -> None:
    entries.write(
        action, actor=actor, object_id=credential.pk,
        details={"credential": credential.pk, **details},
    )  # fmt: skip
