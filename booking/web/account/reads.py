"""The record's readings of an account: who read its data, each with its proof and its concern."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit.record.proofs import NotYetSealed, inclusion
from audit.vault.reveal import Purpose, reveal
from audit.views.typed import refuse
from booking.oversight import concerns
from booking.oversight.queries.reads import entry_of_account, reads_of_account, subjects_of_account
from booking.pages.access import account_of, account_required, web_actor
from booking.pages.forms.record import ConcernForm


@never_cache
@account_required
@require_safe
def reads(request: HttpRequest) -> HttpResponse:
    """Who saw my data: every entry of the record that names one of the account's subjects."""
    lines = reads_of_account(account_of(request))
    name = "booking/_reads.html" if getattr(request, "htmx", False) else "booking/reads.html"
    return render(request, name, {"lines": lines})


@never_cache
@account_required
@require_safe
def proof(request: HttpRequest, entry_id: uuid.UUID) -> HttpResponse:
    """The proof of one line of "who read my data", for the single-file verifier."""
    me = account_of(request)
    if entry_of_account(me, entry_id) is None:
        raise Http404
    try:
        content = inclusion(entry_id=entry_id, subjects=subjects_of_account(me))
    except NotYetSealed:
        messages.info(request, _("Cette ligne sera scellée dans quelques secondes. Réessayez."))
        return redirect("booking:reads")
    answer = JsonResponse(content, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="preuve-{entry_id}.json"'
    return answer


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def concern(request: HttpRequest, entry_id: uuid.UUID) -> HttpResponse:
    """Say of a line of "who read my data" that it was not expected."""
    me, actor = account_of(request), web_actor(request)
    entry = entry_of_account(me, entry_id)
    if entry is None:
        raise Http404
    form = ConcernForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            concerns.raise_concern(
                account=me,
                entry=entry,
                words=form.cleaned_data["words"],
                actor=actor,
                now=timezone.now(),
            )
        except concerns.AlreadyRaised as refused:
            return refuse(request, refused.text, onward=reverse("booking:reads"))
        messages.success(request, _("C’est transmis. La réponse paraîtra ici."))
        return redirect("booking:reads")
    (line,) = reads_of_account(me, only=entry)
    wanted = [(line.concern, ("words", "answer"))]
    with reveal(wanted, actor=actor, purpose=Purpose.OWN_DATA) as plain:
        words = plain.text(line.concern, "words") if line.concern else ""
        answer = plain.text(line.concern, "answer") if line.concern else ""
    context = {"form": form, "line": line, "words": words, "answer": answer}
    return render(request, "booking/concern.html", context)
