"""Something of a practice's that there is not, or not any more: in plain words, with a way back.

What the record of the practice knows to have been taken away is said to be so; a form that wanted
to take it away once more leads back to the others. Of everything else the same is said, whether it
never was, is another practice's or lies on agendas that the member does not work on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.models import Entry
from audit.record.actions import Action
from audit.views.typed import typed_in
from booking import actions
from booking.models import Patient
from booking.pages.lost import gone
from booking.pages.navigated import is_script
from practitioners.actions import (
    ABSENCE_REMOVED,
    MEMBER_REMOVED,
    OPENING_DELETED,
    OPENING_TEMPLATE_DELETED,
    SUBSTITUTE_DISMISSED,
)
from practitioners.models import Agenda, Membership

# How far back the record is read for it: an open tab is seldom older.
LOOKED_BACK = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Kind(gone.Kind):
    """What an address names, of a practice's.

    `action`: what the record calls its end, and `done` what is said then. `of_agenda`: whether the
    page of the others is an agenda's own. `current`: the entry of the menu.
    """

    action: Action | None = None
    done: str | Promise = ""
    of_agenda: bool = False
    current: str = ""


_PLAN: dict[str, Any] = {
    "onward": "booking:week-plan", "label": _("Horaires et motifs"), "current": "plan"
}  # fmt: skip
_MEMBERS: dict[str, Any] = {
    "onward": "booking:members", "label": _("Équipe"), "current": "members"
}  # fmt: skip
_RECORD: dict[str, Any] = {
    "onward": "booking:practice-reads", "label": _("Registre"), "current": "record"
}  # fmt: skip

# By the name that addresses have for it; the last one in an address is what it is about.
KINDS = {
    "appointment_id": Kind(
        heading=_("Rendez-vous introuvable"),
        words=_("Ce rendez-vous n’est pas, ou n’est plus, dans les agendas où vous travaillez."),
        onward="booking:agenda",
        label=_("Agenda"),
        current="agenda",
    ),
    "patient_id": Kind(
        heading=_("Patient introuvable"),
        words=_(
            "Cette fiche n’est pas, ou n’est plus, parmi celles de votre cabinet que vous pouvez"
            " ouvrir\u00a0: elle a pu être réunie avec une autre, ou effacée."
        ),
        onward="booking:find-patients",
        label=_("Patients"),
        current="patients",
    ),
    "merge_id": Kind(
        heading=_("Réunion de fiches introuvable"),
        words=_("Ces fiches ne sont pas, ou ne sont plus, réunies dans votre cabinet."),
        onward="booking:merge-patients",
        label=_("Réunir deux fiches"),
        current="patients",
    ),
    "import_id": Kind(
        heading=_("Import introuvable"),
        words=_("Cet import est déjà effacé, ou n’est pas de votre cabinet."),
        onward="booking:imports",
        label=_("Les imports"),
        current="patients",
    ),
    "conversation_id": Kind(
        heading=_("Conversation introuvable"),
        words=_("Cette conversation n’est pas, ou n’est plus, parmi celles que vous suivez."),
        onward="booking:practice-conversations",
        label=_("Messages"),
        current="conversations",
    ),
    "document_id": Kind(
        heading=_("Document introuvable"),
        words=_(
            "Ce document n’est pas, ou n’est plus, parmi ceux que vous pouvez ouvrir\u00a0: qui l’a"
            " transmis peut le retirer tant que personne ne l’a ouvert."
        ),
        onward="booking:practice-documents",
        label=_("Documents reçus"),
        action=actions.DOCUMENT_WITHDRAWN,
        done=_("Ce document est déjà retiré."),
        current="conversations",
    ),
    "wait_id": Kind(
        heading=_("Inscription introuvable"),
        words=_("Cette inscription n’est pas, ou n’est plus, sur la liste d’attente."),
        onward="booking:waiting-list",
        label=_("Liste d’attente"),
        current="waiting",
    ),
    "absence_id": Kind(
        heading=_("Absence introuvable"),
        words=_("Cette absence n’est pas, ou n’est plus, dans les agendas où vous travaillez."),
        action=ABSENCE_REMOVED,
        done=_("Cette absence est déjà supprimée."),
        **_PLAN,
    ),
    "opening_id": Kind(
        heading=_("Plage introuvable"),
        words=_("Cette plage n’est pas, ou n’est plus, dans les agendas où vous travaillez."),
        action=OPENING_DELETED,
        done=_("Cette plage est déjà supprimée."),
        **_PLAN,
    ),
    "reason_id": Kind(
        heading=_("Motif introuvable"),
        words=_("Ce motif n’est pas, ou n’est plus, dans les agendas où vous travaillez."),
        **_PLAN,
    ),
    "template_id": Kind(
        heading=_("Semaine type introuvable"),
        words=_(
            "Cette semaine type n’est pas, ou n’est plus, dans les agendas où vous travaillez."
        ),
        onward="booking:week-templates",
        label=_("Semaines types"),
        action=OPENING_TEMPLATE_DELETED,
        done=_("Cette semaine type est déjà supprimée."),
        of_agenda=True,
        current="plan",
    ),
    "substitution_id": Kind(
        heading=_("Remplacement introuvable"),
        words=_("Ce remplacement n’est pas, ou n’est plus, dans les agendas où vous travaillez."),
        onward="booking:substitutes",
        label=_("Remplaçants"),
        action=SUBSTITUTE_DISMISSED,
        done=_("Ce remplacement est déjà supprimé."),
        of_agenda=True,
        current="plan",
    ),
    "agenda_id": Kind(
        heading=_("Agenda introuvable"),
        words=_("Cet agenda n’est pas, ou n’est plus, parmi ceux où vous travaillez."),
        **_PLAN,
    ),
    "resource_id": Kind(
        heading=_("Salle ou appareil introuvable"),
        words=_("Ce que vous cherchez n’est pas, ou n’est plus, de ce que vous gérez."),
        onward="booking:resources",
        label=_("Salles et appareils"),
        current="plan",
    ),
    "membership_id": Kind(
        heading=_("Membre introuvable"),
        words=_("Cette personne n’est pas, ou n’est plus, de l’équipe."),
        action=MEMBER_REMOVED,
        done=_("Cette personne n’est déjà plus de l’équipe."),
        **_MEMBERS,
    ),
    "invitation_id": Kind(
        heading=_("Invitation introuvable"),
        words=_("Cette invitation n’est pas, ou n’est plus, de votre cabinet."),
        **_MEMBERS,
    ),
    "concern_id": Kind(
        heading=_("Signalement introuvable"),
        words=_("Ce signalement n’est pas adressé à votre cabinet."),
        **_RECORD,
    ),
    "number": Kind(
        heading=_("Incident introuvable"),
        words=_("Cet incident ne concerne pas votre cabinet."),
        onward="booking:practice-incidents",
        label=_("Incidents"),
        current="record",
    ),
}
OTHER = Kind(
    heading=_("Page introuvable"),
    words=_("Cette page n’existe pas, ou n’est pas pour vous."),
    onward="booking:agenda",
    label=_("Agenda"),
)


def register_kinds(kinds: Mapping[str, Kind]) -> None:
    """Let an app above say of what it has at practices how it is missed; called once, by it."""
    KINDS.update(kinds)


def answer(
    request: HttpRequest, named: dict[str, Any], *, context: dict[str, object], why: Http404
) -> HttpResponse:
    """Answer a member's request for something that their view did not find.

    `named`: the values of the address, beside the practice; `context`: what the frame of the
    dashboard shows. Raises `why` for a page's script, which reads no page. Runs in the practice's
    scope.
    """
    if is_script(request):
        raise why
    name = next((name for name in reversed(named) if name in KINDS), "")
    kind = KINDS.get(name, OTHER)
    membership = cast(Membership, context["membership"])
    ended = _end_of(kind, named.get(name), membership=membership)
    onward = _onward(kind, named, membership=membership, ended=ended)
    if ended is not None and request.method == "POST" and not typed_in(request):
        messages.info(request, str(kind.done))
        return redirect(onward)
    context |= {
        "heading": kind.heading,
        "words": kind.done if ended is not None else kind.words,
        "onward": onward,
        "label": kind.label,
        "current": kind.current,
    }
    return render(request, "error.html", context, status=404)


def _end_of(kind: Kind, object_id: Any, *, membership: Membership) -> Entry | None:
    """The line of the practice's record that says that this was taken away; None without one.

    To members of some agendas alone, what was not of these is as if it had never been.
    """
    if kind.action is None:
        return None
    found = Entry.objects.filter(
        practice_id=membership.practice_id, action=kind.action.code, object_id=object_id,
        at__gt=timezone.now() - LOOKED_BACK,
    ).first()  # fmt: skip
    theirs = {str(pk) for pk in membership.agendas.values_list("pk", flat=True)}
    if found is None or (theirs and found.details.get("agenda") not in theirs):
        return None
    return found


def _onward(
    kind: Kind, named: dict[str, Any], *, membership: Membership, ended: Entry | None
) -> str:
    """Where the others are: of the same agenda, or of the same patient, where there is one."""
    practice_id = membership.practice_id
    if kind.of_agenda:
        agenda_id = named["agenda_id"]
        if not Agenda.objects.filter(pk=agenda_id, practice=practice_id).exists():
            return reverse("booking:week-plan", args=[practice_id])
        return reverse(kind.onward, args=[practice_id, agenda_id])
    if ended is not None and kind.action is actions.DOCUMENT_WITHDRAWN:
        patient = Patient.objects.filter(pk__in=ended.subjects).first()
        if patient is not None:
            return reverse("booking:patient-documents", args=[practice_id, patient.pk])
    return reverse(kind.onward, args=[practice_id])
