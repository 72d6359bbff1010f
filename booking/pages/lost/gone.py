"""A page of one's own that there is not: in plain words, with a way on.

The same is said of what never was, what is another's and what was erased, so that nobody learns of
the existence of anything; except of what the account may know, by the record of its own people.
"""

import uuid
from dataclasses import dataclass
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.ids import read_id
from audit.models import Entry
from booking import actions
from booking.oversight.queries.reads import subjects_of_account
from practitioners.domain.date_words import in_words
from practitioners.models import Practice


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a link was about: what is said of it, and where its reader finds the others."""

    heading: str | Promise
    words: str | Promise
    onward: str
    label: str | Promise


class NotThere(Http404):
    """A page that one's own visit, say, has no more: why, and where to go on."""

    def __init__(self, words: str, *, onward: str, label: str) -> None:
        super().__init__(words)
        self.words, self.onward, self.label = words, onward, label


# By the name that addresses have for it.
KINDS = {
    "appointment_id": Kind(
        heading=gettext_lazy("Rendez-vous introuvable"),
        words=gettext_lazy(
            "Ce rendez-vous n’est pas dans votre compte, ou il n’y est plus\u00a0: la fiche de son"
            " patient a pu être effacée ou remise à un autre compte."
        ),
        onward="booking:my-appointments",
        label=gettext_lazy("Mes rendez-vous"),
    ),
    "document_id": Kind(
        heading=gettext_lazy("Document introuvable"),
        words=gettext_lazy(
            "Ce document n’est pas dans votre compte, ou il n’y est plus\u00a0: qui l’a transmis"
            " peut le retirer tant que personne ne l’a ouvert."
        ),
        onward="booking:my-documents",
        label=gettext_lazy("Mes documents"),
    ),
    "conversation_id": Kind(
        heading=gettext_lazy("Conversation introuvable"),
        words=gettext_lazy("Cette conversation n’est pas dans votre compte, ou elle n’y est plus."),
        onward="booking:my-conversations",
        label=gettext_lazy("Mes messages"),
    ),
    "patient_id": Kind(
        heading=gettext_lazy("Personne introuvable"),
        words=gettext_lazy("Cette personne n’est pas dans votre compte, ou elle n’y est plus."),
        onward="booking:people",
        label=gettext_lazy("Mes proches"),
    ),
    "entry_id": Kind(
        heading=gettext_lazy("Ligne introuvable"),
        words=gettext_lazy(
            "Cette ligne du registre ne concerne pas les personnes de votre compte."
        ),
        onward="booking:reads",
        label=gettext_lazy("Qui a lu mes données"),
    ),
    "wait_id": Kind(
        heading=gettext_lazy("Inscription introuvable"),
        words=gettext_lazy(
            "Cette inscription sur une liste d’attente n’est plus dans votre compte."
        ),
        onward="booking:my-appointments",
        label=gettext_lazy("Mes rendez-vous"),
    ),
    "sign_in_id": Kind(
        heading=gettext_lazy("Session introuvable"),
        words=gettext_lazy("Cette session est déjà fermée, ou n’est pas la vôtre."),
        onward="booking:sessions",
        label=gettext_lazy("Mes sessions"),
    ),
    "membership_id": Kind(
        heading=gettext_lazy("Cabinet introuvable"),
        words=gettext_lazy("Vous n’êtes pas, ou plus, de l’équipe de ce cabinet."),
        onward="booking:workplaces",
        label=gettext_lazy("Où je travaille"),
    ),
    "passkey_id": Kind(
        heading=gettext_lazy("Clé introuvable"),
        words=gettext_lazy("Cette clé d’accès est déjà retirée, ou n’est pas la vôtre."),
        onward="booking:passkeys",
        label=gettext_lazy("Mes clés d’accès"),
    ),
}
OTHER = Kind(
    heading=gettext_lazy("Page introuvable"),
    words=gettext_lazy("Ce que vous cherchez n’est plus proposé, ou n’est pas dans votre compte."),
    onward="booking:my-appointments",
    label=gettext_lazy("Mes rendez-vous"),
)


def page(request: HttpRequest, named: dict[str, Any], *, why: Http404) -> HttpResponse:
    """Answer 404 for an address whose view found nothing; `named` are the address's own values."""
    kind = next((KINDS[name] for name in named if name in KINDS), OTHER)
    context: dict[str, object] = {
        "heading": kind.heading,
        "words": kind.words,
        "onward": reverse(kind.onward),
        "label": kind.label,
        # As somebody who follows the link of a mail to another of their accounts.
        "sign_in": f"{reverse('booking:sign-in')}?next={request.path}",
        "may_be_anothers": request.method in ("GET", "HEAD"),
    }
    if isinstance(why, NotThere):
        context |= {"words": why.words, "onward": why.onward, "label": why.label}
        context |= {"heading": OTHER.heading, "may_be_anothers": False}
    elif known := _withdrawn(request, read_id(str(named.get("document_id", "")))):
        context |= {"heading": _("Document retiré"), "words": known, "may_be_anothers": False}
    return render(request, "error.html", context, status=404)


def _withdrawn(request: HttpRequest, document_id: uuid.UUID | None) -> str:
    """Who withdrew a document of the account's own people, and when; empty of any other."""
    if document_id is None:
        return ""
    me = cast(Any, request.user)
    entry = Entry.objects.filter(
        action=actions.DOCUMENT_WITHDRAWN.code,
        object_id=document_id,
        subjects__overlap=subjects_of_account(me),
    ).first()
    if entry is None:
        return ""
    practice_id = entry.practice_id
    practice = Practice.objects.filter(pk=practice_id).first() if practice_id else None
    at = entry.at.astimezone(practice.zone) if practice else entry.at
    given = {"day": in_words(at.replace(tzinfo=None), "j F Y"), "practice": str(practice or "")}
    if entry.actor_id == me.pk or practice is None:
        return (
            _("Vous avez retiré ce document le %(day)s, avant que le cabinet ne l’ouvre.") % given
        )
    return _("%(practice)s a retiré ce document le %(day)s.") % given
