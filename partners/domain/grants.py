"""Grants: what a practice permits a partner's software to do; only the practice gives or
withdraws.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from audit.record import entries
from audit.record.entries import Actor
from booking.accounts.access_changes import tell
from booking.models.accounts.access_change import ChangeKind
from partners import actions
from partners.domain.identities import FIELDS, NotVerified, may_open_identities
from partners.domain.scopes import IDENTITY_SCOPES, SCOPES
from partners.models import Credential, Grant
from practitioners.models import Agenda, Practice


@transaction.atomic
def give(
    *,
    practice: Practice,
    credential: Credential,
    agendas: Collection[Agenda],
    scopes: Collection[str],
    fields: Collection[str],
    actor: Actor,
) -> Grant:
    """Grant a credential access to some agendas of a practice, replacing its previous grant.

    Without a scope that reveals identities, no field is granted either. Raises NotVerified, and
    ValueError for agendas of another practice and for unknown scopes or fields, which no form
    offers.
    """
    if not set(scopes) <= set(SCOPES) or not set(fields) <= set(FIELDS):
        raise ValueError("unknown scope or field")
    if any(agenda.practice_id != practice.pk for agenda in agendas):
        raise ValueError("an agenda of another practice")
    if IDENTITY_SCOPES & set(scopes) and not may_open_identities(
        credential=credential, practice_id=practice.pk
    ):
        raise NotVerified
    opened = [name for name in FIELDS if name in fields] if IDENTITY_SCOPES & set(scopes) else []
    grant, _new = Grant.objects.update_or_create(
        practice=practice,
        credential=credential,
        defaults={
            "scopes": [scope for scope in SCOPES if scope in scopes],
            "fields": opened,
            "revoked_at": None,
        },
    )
    grant.agendas.set(agendas)
    entries.write(
        actions.GRANT_GIVEN,
        actor=actor,
        practice_id=practice.pk,
        object_id=grant.pk,
        details={
            "credential": credential.pk,
            "agendas": sorted(str(agenda.pk) for agenda in agendas),
            "scopes": grant.scopes,
            "fields": grant.fields,
        },
    )
    return grant


@transaction.atomic
def let_in(
    *,
    practice: Practice,
    credential: Credential,
    agendas: Collection[Agenda],
    scopes: Collection[str],
    fields: Collection[str],
    actor: Actor,
    now: datetime,
) -> Grant:
    """Give a grant on behalf of a member: the practice's owners are notified, and can undo it.

    If the same grant is given again, nobody is notified. Raises NotVerified.
    """
    former = Grant.objects.in_force().filter(practice=practice, credential=credential).first()
    before = _written(former) if former is not None else {}
    grant = give(
        practice=practice, credential=credential, agendas=agendas, scopes=scopes, fields=fields,
        actor=actor,
    )  # fmt: skip
    after = _written(grant)
    if before == after:
        return grant
    tell(
        kind=ChangeKind.SOFTWARE, holder_id=practice.pk, object_id=grant.pk, actor=actor, now=now,
        before={**before, "after": after},
    )  # fmt: skip
    return grant


def _written(grant: Grant) -> dict[str, list[str]]:
    """The content of a grant, as a change of access stores it."""
    agendas = grant.agendas.order_by("pk").values_list("pk", flat=True)
    return {
        "agendas": [str(pk) for pk in agendas],
        "scopes": list(grant.scopes),
        "fields": list(grant.fields),
    }


@transaction.atomic
def withdraw(*, grant: Grant, actor: Actor, now: datetime) -> bool:
    """Withdraw a grant; the software's next request is refused. False if already withdrawn."""
    ended = Grant.objects.in_force().filter(pk=grant.pk).update(revoked_at=now)
    if ended:
        entries.write(
            actions.GRANT_WITHDRAWN,
            actor=actor,
            practice_id=grant.practice_id,
            object_id=grant.pk,
            details={"credential": grant.credential_id},
        )
    return bool(ended)
