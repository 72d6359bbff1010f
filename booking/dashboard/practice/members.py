"""Members of a practice, and invitations."""

import uuid
from datetime import date, datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from audit.forms.shown import in_turn, is_newer
from audit.ids import read_id
from audit.vault.reveal import Purpose, reveal
from audit.views.factor import fresh_factor
from booking.accounts import team
from booking.accounts.sessions import throttle
from booking.pages.access import (
    account_of,
    agendas_of,
    desk_context,
    membership_of,
    practice_actor,
    practice_member,
)
from booking.pages.forms.dashboard import InvitationForm, LastDayForm
from booking.pages.refusals import shown_as_message
from booking.pages.session import mails
from practitioners.domain.staff import invite, members
from practitioners.models import Invitation, Membership, Practice, Practitioner


@never_cache
@practice_member("booking.change_members")
@fresh_factor("POST")
@require_http_methods(["GET", "HEAD", "POST"])
def member_list(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    practice, now = membership_of(request).practice, timezone.now()
    form = InvitationForm(
        request.POST or None, agendas=agendas_of(request), today=_today(practice, now=now)
    )
    if request.method == "POST" and form.is_valid() and _invite(request, form, now=now):
        messages.success(request, _("L’invitation part à l’instant."))
        return redirect("booking:members", practice_id)
    rows = list(
        Membership.objects.filter(practice=practice)
        .select_related("account", "practice")
        .prefetch_related("agendas__practitioner")
        .order_by("created_at", "pk")
    )
    waiting = list(
        invite.pending(practice=practice, now=now).prefetch_related("agendas__practitioner")
    )
    wanted: list[tuple[object, tuple[str, ...]]] = [(row.account, ("email",)) for row in rows]
    wanted += [(row, ("email",)) for row in waiting]
    with reveal(wanted, actor=practice_actor(request), purpose=Purpose.ACCOUNT) as plain:
        shown = [(row, plain.text(row.account, "email")) for row in rows]
        invited = [(row, plain.text(row, "email")) for row in waiting]
    context = desk_context(request, current="members") | {
        "form": form,
        "members": shown,
        "invited": invited,
        "practitioners": [agenda.practitioner for agenda in agendas_of(request)],
    }
    return render(request, "dashboard/members.html", context)


def _today(practice: Practice, *, now: datetime) -> date:
    return now.astimezone(practice.zone).date()


def _invite(request: HttpRequest, form: InvitationForm, *, now: datetime) -> bool:
    """Invite by the form; False, with the problem beside the address, where that is refused."""
    given = form.cleaned_data
    try:
        mails.check(request, kind="invitation", email=given["email"])
        team.invite_member(
            practice=membership_of(request).practice,
            email=given["email"],
            role=given["role"],
            agendas=given["agendas"],
            ends_on=given["ends_on"],
            invited_by=account_of(request),
            actor=practice_actor(request),
            now=now,
        )
    except (invite.AlreadyInvited, invite.AlreadyMember, throttle.TooManyTries) as refused:
        form.add_error("email", str(refused.text))
        return False
    return True


@practice_member("booking.change_members")
@require_POST
def withdraw_invitation(
    request: HttpRequest, practice_id: uuid.UUID, invitation_id: uuid.UUID
) -> HttpResponse:
    """Take an invitation back before it is accepted."""
    row = get_object_or_404(Invitation, pk=invitation_id, practice_id=practice_id)
    try:
        invite.withdraw(invitation=row, actor=practice_actor(request), now=timezone.now())
    except invite.InvalidInvitation:
        messages.error(request, _("Cette invitation est déjà acceptée ou retirée."))
    else:
        messages.success(request, _("L’invitation est retirée : son lien ne mène plus à rien."))
    return redirect("booking:members", practice_id)


@practice_member("booking.change_members")
@fresh_factor("POST")
@require_POST
def link_member(
    request: HttpRequest, practice_id: uuid.UUID, membership_id: uuid.UUID
) -> HttpResponse:
    """Say which practitioner a member is."""
    chosen = request.POST.get("praticien", "")
    practitioner_id = read_id(chosen)
    practitioner = (
        Practitioner.objects.filter(pk=practitioner_id).first() if practitioner_id else None
    )
    with shown_as_message(request, members.NotOfThisPractice):
        if chosen and practitioner is None:
            raise members.NotOfThisPractice
        with in_turn(request):
            row = get_object_or_404(Membership, pk=membership_id, practice_id=practice_id)
            stands = str(row.practitioner_id or "")
            if is_newer(request.POST, stands) and chosen != stands:
                return _changed_meanwhile(request, practice_id)
            members.link(membership=row, practitioner=practitioner, actor=practice_actor(request))
        messages.success(request, _("C’est noté."))
    return redirect("booking:members", practice_id)


@practice_member("booking.change_members")
@fresh_factor("POST")
@require_POST
def date_member(
    request: HttpRequest, practice_id: uuid.UUID, membership_id: uuid.UUID
) -> HttpResponse:
    """Say until when a member has access."""
    form = LastDayForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Donnez une date, ou rien."))
        return redirect("booking:members", practice_id)
    with in_turn(request):
        row = get_object_or_404(Membership, pk=membership_id, practice_id=practice_id)
        ends_on = form.cleaned_data["ends_on"]
        if is_newer(request.POST, str(row.ends_on or "")) and ends_on != row.ends_on:
            return _changed_meanwhile(request, practice_id)
        try:
            team.set_last_day(
                membership=row,
                last_day=ends_on,
                actor=practice_actor(request),
                now=timezone.now(),
            )
        except members.EndlessOwner as problem:
            messages.error(request, str(problem.text))
            return redirect("booking:members", practice_id)
    if row.is_over(now=timezone.now()):
        messages.warning(request, _("Ce jour est passé : l’accès prend fin tout de suite."))
    else:
        messages.success(request, _("C’est noté."))
    return redirect("booking:members", practice_id)


def _changed_meanwhile(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    messages.error(
        request,
        _("Quelqu’un l’a changé entre-temps : voici ce qui vaut. Rien de votre part n’est noté."),
    )
    return redirect("booking:members", practice_id)


@practice_member("booking.change_members")
@fresh_factor("POST")
@require_POST
def remove_member(
    request: HttpRequest, practice_id: uuid.UUID, membership_id: uuid.UUID
) -> HttpResponse:
    row = get_object_or_404(Membership, pk=membership_id, practice_id=practice_id)
    with shown_as_message(request, members.LastOwner):
        team.remove_member(membership=row, actor=practice_actor(request), now=timezone.now())
        messages.success(request, _("Cette personne n’a plus accès au cabinet."))
    return redirect("booking:members", practice_id)
