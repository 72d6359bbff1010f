"""The dashboard page on which a practice grants software access, sees its use and withdraws it."""

import uuid
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from audit.forms.shown import in_turn
from audit.ids import read_id
from audit.views.factor import fresh_factor
from booking.oversight.queries.reads import FIELD_NAMES
from booking.pages.access import (
    agendas_of,
    desk_context,
    membership_of,
    practice_actor,
    practice_member,
)
from partners.domain import grants, identities
from partners.forms import SCOPE_NAMES, GrantForm
from partners.models import Grant
from partners.queries import grants_of_practice, reveals_since

USE_DAYS = 30


@never_cache
@practice_member("booking.change_grants")
@fresh_factor("POST")
@require_http_methods(["GET", "HEAD", "POST"])
def software(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    practice = membership_of(request).practice
    with in_turn(request):
        given = grants_of_practice(practice)
        changing = _changing(request, given)
        form = GrantForm(request.POST or None, initial=changing, agendas=agendas_of(request))
        is_current = form.is_valid() and not (changing and form.is_overtaken())
        if request.method == "POST" and is_current and (grant := _let_in(request, form)):
            name = grant.credential.partner.name
            messages.success(request, _("%(software)s est autorisé.") % {"software": name})
            return redirect("partners:software", practice_id)
    since = timezone.now() - timedelta(days=USE_DAYS)
    reveals = reveals_since(practice, since)
    rows = [
        {
            "grant": grant,
            "scopes": [SCOPE_NAMES.get(scope, scope) for scope in grant.scopes],
            "fields": [FIELD_NAMES.get(name, name) for name in grant.fields],
            "reveals": reveals.get(grant.credential_id, 0),
        }
        for grant in given
    ]
    context = desk_context(request, current="software") | {
        "form": form,
        "changing": changing,
        "rows": rows,
        "days": USE_DAYS,
    }
    return render(request, "partners/software.html", context, status=409 if form.newer else 200)


def _let_in(request: HttpRequest, form: GrantForm) -> Grant | None:
    """Save the form's grant; None, with the problem in the form, if it is refused."""
    try:
        return grants.let_in(
            practice=membership_of(request).practice,
            credential=form.cleaned_data["credential"],
            agendas=list(form.cleaned_data["agendas"]),
            scopes=form.cleaned_data["scopes"],
            fields=form.cleaned_data["identity"],
            actor=practice_actor(request),
            now=timezone.now(),
        )
    except identities.NotVerified as refused:
        form.add_error("scopes", str(refused.text))
        return None


def _changing(request: HttpRequest, given: list[Grant]) -> dict[str, object]:
    """The initial values of the form when a grant is changed."""
    wanted = read_id(request.GET.get("modifier", ""))
    for grant in given:
        if grant.pk == wanted:
            return {
                "credential": str(grant.credential_id),
                "agendas": [agenda.pk for agenda in grant.agendas.all()],
                "scopes": grant.scopes,
                "identity": grant.fields,
            }
    return {}


@practice_member("booking.change_grants")
@require_POST
def withdraw(request: HttpRequest, practice_id: uuid.UUID, grant_id: uuid.UUID) -> HttpResponse:
    grant = get_object_or_404(Grant, pk=grant_id, practice_id=practice_id)
    if grants.withdraw(grant=grant, actor=practice_actor(request), now=timezone.now()):
        messages.success(request, _("L’autorisation est retirée, avec effet immédiat."))
    else:
        messages.info(request, _("Cette autorisation était déjà retirée."))
    return redirect("partners:software", practice_id)
