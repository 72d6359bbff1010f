"""Who sees an agenda's patients while its practitioner is away."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from audit.vault.reveal import Purpose, reveal
from booking.dashboard.forms.hours import SubstituteForm
from booking.pages.access import (
    desk_context,
    membership_of,
    own_agenda,
    practice_actor,
    practice_member,
)
from booking.pages.refusals import shown_in
from practitioners.domain.staff import substitutes as domain
from practitioners.models import Membership, Role, Substitution


@never_cache
@practice_member("booking.change_openings")
@require_http_methods(["GET", "HEAD", "POST"])
def substitutes(request: HttpRequest, practice_id: uuid.UUID, agenda_id: uuid.UUID) -> HttpResponse:
    agenda = own_agenda(request, agenda_id)
    # Whoever sees the team's addresses may say whose access it is.
    sees_team = request.user.has_perm("booking.change_members", membership_of(request))
    members = _practitioners(request, practice_id) if sees_team else {}
    form = SubstituteForm(request.POST or None, members=members)
    if request.method == "POST" and form.is_valid():
        with shown_in(form, {domain.OverlapsSubstitution: None}):
            domain.appoint(agenda=agenda, actor=practice_actor(request), **form.cleaned_data)
            messages.success(request, _("C’est noté : les patients le liront."))
            return redirect("booking:substitutes", practice_id, agenda_id)
    today = timezone.now().astimezone(agenda.practice.zone).date()
    rows = agenda.substitutions.filter(until__gte=today)
    context = desk_context(request, current="plan", agenda=agenda, form=form, rows=rows)
    return render(request, "dashboard/substitutes.html", context)


def _practitioners(request: HttpRequest, practice_id: uuid.UUID) -> dict[uuid.UUID, str]:
    """The practice's members who are practitioners, by the address that they sign in with."""
    rows = list(
        Membership.objects.filter(practice=practice_id)
        .exclude(role=Role.SECRETARY)
        .select_related("account")
        .order_by("created_at", "pk")
    )
    wanted = [(row.account, ("email",)) for row in rows]
    with reveal(wanted, actor=practice_actor(request), purpose=Purpose.ACCOUNT) as plain:
        return {row.pk: plain.text(row.account, "email") for row in rows}


@practice_member("booking.change_openings")
@require_POST
def dismiss_substitute(
    request: HttpRequest, practice_id: uuid.UUID, agenda_id: uuid.UUID, substitution_id: uuid.UUID
) -> HttpResponse:
    row = get_object_or_404(Substitution, pk=substitution_id, agenda=own_agenda(request, agenda_id))
    domain.dismiss(substitution=row, actor=practice_actor(request))
    messages.success(request, _("Le remplacement est supprimé."))
    return redirect("booking:substitutes", practice_id, agenda_id)
