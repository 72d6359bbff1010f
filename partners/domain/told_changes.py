"""Notifying owners of practices and vendors of changes of software's access, and undoing them."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from audit.record.entries import Actor
from booking.accounts.access_changes import Handling, check_latest, register_change
from booking.accounts.team import name_of, owners_of
from booking.models import AccessChange, Account
from booking.models.accounts.access_change import ChangeKind
from partners.domain import credentials, feeds, grants, imports, webhooks
from partners.domain.scopes import IDENTITY_SCOPES
from partners.models import CalendarFeed, CredentialKey, Grant, ImportedCalendar, Partner, Webhook
from practitioners.models import Agenda


def _let_in(change: AccessChange) -> str:
    """The text about a changed grant: reduced if it only lost something."""
    grant = Grant.objects.select_related("credential__partner").get(pk=change.object_id)
    given = {"software": grant.credential.partner.name}
    after = change.before.get("after") or {"scopes": grant.scopes}
    opens = bool(IDENTITY_SCOPES & set(after["scopes"]))
    if "scopes" not in change.before:
        said = _("Le logiciel %(software)s est autorisé, et peut ouvrir l’identité de patients.")
        return (said if opens else _("Le logiciel %(software)s est autorisé.")) % given
    if _is_less(change.before, after):
        said = _(
            "L’autorisation du logiciel %(software)s est réduite ; il peut toujours ouvrir"
            " l’identité de patients."
        )
        less = _("L’autorisation du logiciel %(software)s est réduite.")
        return (said if opens else less) % given
    said = _(
        "L’autorisation du logiciel %(software)s est changée, et il peut ouvrir l’identité de"
        " patients."
    )
    return (said if opens else _("L’autorisation du logiciel %(software)s est changée.")) % given


def _is_less(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return all(
        set(after.get(name, ())) <= set(before[name]) for name in ("agendas", "scopes", "fields")
    )


def _let_in_as_before(change: AccessChange, actor: Actor, now: datetime) -> None:
    grant = Grant.objects.select_related("credential", "practice").get(pk=change.object_id)
    before = change.before
    if "scopes" not in before:
        grants.withdraw(grant=grant, actor=actor, now=now)
        return
    check_latest(change)
    grants.give(
        practice=grant.practice,
        credential=grant.credential,
        agendas=list(Agenda.objects.filter(practice=grant.practice, pk__in=before["agendas"])),
        scopes=before["scopes"],
        fields=before["fields"],
        actor=actor,
    )


def _opened(change: AccessChange) -> str:
    feed = CalendarFeed.objects.filter(pk=change.object_id).first()
    label = feed.label if feed else ""
    return _("Un flux de calendrier est ouvert : « %(label)s ».") % {"label": label}


def _close(change: AccessChange, actor: Actor, now: datetime) -> None:
    feed = CalendarFeed.objects.select_related("agenda").filter(pk=change.object_id).first()
    if feed is not None:
        feeds.close_feed(feed=feed, actor=actor, now=now)


def _read(change: AccessChange) -> str:
    calendar = ImportedCalendar.objects.filter(pk=change.object_id).first()
    label = calendar.label if calendar else ""
    return _("Un calendrier externe est lu par son adresse : « %(label)s ».") % {"label": label}


def _forget(change: AccessChange, actor: Actor, now: datetime) -> None:
    rows = ImportedCalendar.objects.select_related("agenda")
    calendar = rows.filter(pk=change.object_id).first()
    if calendar is not None:
        imports.forget(calendar=calendar, actor=actor, now=now)


def _keyed(change: AccessChange) -> str:
    key = CredentialKey.objects.select_related("credential").get(pk=change.object_id)
    given = {"credential": key.credential.label}
    return _("Une clé est enregistrée pour l’accès « %(credential)s ».") % given


def _revoke(change: AccessChange, actor: Actor, now: datetime) -> None:
    key = CredentialKey.objects.select_related("credential").get(pk=change.object_id)
    credentials.revoke_key(credential=key.credential, kid=key.kid, actor=actor, now=now)


def _addressed(change: AccessChange) -> str:
    webhook = Webhook.objects.select_related("credential").get(pk=change.object_id)
    given = {"credential": webhook.credential.label}
    return _("Une adresse reçoit les changements de l’accès « %(credential)s ».") % given


def _end(change: AccessChange, actor: Actor, now: datetime) -> None:
    webhooks.end(webhook=Webhook.objects.get(pk=change.object_id), actor=actor, now=now)


def _vendor_accounts(partner_id: uuid.UUID) -> list[Account]:
    members = Account.objects.filter(partner_memberships__partner=partner_id, is_active=True)
    return list(members.order_by("pk"))


def _vendor_name(partner_id: uuid.UUID) -> str:
    return Partner.objects.get(pk=partner_id).name


def register_changes() -> None:
    """Register how these changes of access are described and undone."""
    for kind, said, undo in (
        (ChangeKind.SOFTWARE, _let_in, _let_in_as_before),
        (ChangeKind.FEED, _opened, _close),
        (ChangeKind.CALENDAR, _read, _forget),
    ):
        register_change(kind, Handling(place=name_of, owners=owners_of, said=said, undo=undo))
    for kind, said, undo in (
        (ChangeKind.KEY, _keyed, _revoke),
        (ChangeKind.WEBHOOK, _addressed, _end),
    ):
        register_change(
            kind,
            Handling(
                place=_vendor_name,
                owners=_vendor_accounts,
                said=said,
                undo=undo,
                is_of_practice=False,
            ),
        )
