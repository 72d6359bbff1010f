"""What an account settles for itself: its language, its sessions, its favourites."""

import uuid
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.vault.reveal import Purpose, reveal
from booking.accounts import accounts
from booking.accounts.addresses import email_change
from booking.accounts.factors import factor_reset, second_factor
from booking.accounts.sessions import device_bound, sign_ins
from booking.accounts.workplaces import workplaces_of
from booking.models import Account, SignIn
from booking.oversight.queries.session_acts import acts_of
from booking.pages.access import account_of, account_required, web_actor
from booking.pages.lost import afterwards
from booking.pages.refusals import broken_link, shown_as_message
from booking.pages.session.entering import note_sign_in
from booking.pages.ways import local_target
from booking.patients import favourites
from booking.session_store import session_digest
from booking.web.forms.accounts import SettingsForm
from practitioners.domain.staff import members
from practitioners.models import Membership, Practitioner

# What the button of a practitioner says that it will do: another tab may have done it.
WANTED = {"oui": True, "non": False}
# What a mail program's own button sends (RFC 8058).
ONE_CLICK = "List-Unsubscribe"


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The account's own page: its address, language and reminders."""
    me = account_of(request)
    initial = {"language": me.language, "reminders": me.reminders}
    form = SettingsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and not form.is_overtaken():
        accounts.choose_language(account=me, language=form.cleaned_data["language"])
        me.reminders = form.cleaned_data["reminders"]
        me.save(update_fields=["reminders"])
        answer = redirect("booking:account")
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, me.language, max_age=31536000, httponly=True,
            samesite="Lax", secure=settings.LANGUAGE_COOKIE_SECURE,
        )  # fmt: skip
        return answer
    with reveal([(me, ("email",))], actor=web_actor(request), purpose=Purpose.OWN_DATA) as plain:
        email = plain.text(me, "email")
    context = {
        "form": form,
        "email": email,
        "changes_email": email_change.pending(me, now=timezone.now()) is not None,
        "stops_reset": _stops_reset(me),
        "factor": second_factor.standing(me),
        "is_member": me.memberships.exists() or me.is_staff,
    }
    return render(request, "booking/account.html", context, status=409 if form.newer else 200)


def _stops_reset(account: Account) -> str:
    """The address by which an owner keeps a second factor that is about to be taken away."""
    reset = factor_reset.announced(account)
    if reset is None:
        return ""
    return reverse("booking:stop-factor-reset", args=[factor_reset.stop_token(reset)])


@never_cache
@account_required
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    rows = sign_ins.live(account_of(request), now=timezone.now())
    did = acts_of(account_of(request), rows)
    for row in rows:
        # Use is noted once an hour, and what was done at its moment.
        if acts := did.get(row.session_digest):
            row.seen_at = max([row.seen_at, *(at for _action, at in acts.latest[:1])])
    context = {
        "sign_ins": [(row, did.get(row.session_digest)) for row in rows],
        "has_bound": device_bound.note_keys(rows),
        "current": session_digest(request),
    }
    return render(request, "booking/sessions.html", context)


@never_cache
@account_required
@require_safe
def workplaces(request: HttpRequest) -> HttpResponse:
    """Where the account works, for a choice between several practices."""
    places = workplaces_of(account_of(request), now=timezone.now())
    context = {"places": places, "works_at": own_memberships(request, now=timezone.now())}
    return render(request, "booking/workplaces.html", context)


def own_memberships(request: HttpRequest, *, now: datetime) -> list[tuple[Membership, bool]]:
    """The account's memberships that hold, each with whether it may be left."""
    rows = members.standing(account_of(request).pk, now=now)
    return [(row, members.may_leave(row)) for row in rows]


@account_required
@require_POST
def leave_practice(request: HttpRequest, membership_id: uuid.UUID) -> HttpResponse:
    """Give one's own access to a practice back, at once."""
    row = get_object_or_404(
        Membership.objects.select_related("practice"), pk=membership_id, account=account_of(request)
    )
    with shown_as_message(request, members.LastOwner):
        members.remove(membership=row, actor=web_actor(request))
        given = {"practice": row.practice.name}
        messages.success(request, _("Vous n’êtes plus de l’équipe : %(practice)s.") % given)
    if request.POST.get("vers") == "effacer":
        return redirect("booking:erase-account")
    return redirect("booking:workplaces")


@account_required
@require_POST
def end_session(request: HttpRequest, sign_in_id: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(SignIn, pk=sign_in_id, account=account_of(request))
    sign_ins.end(row=row, actor=web_actor(request), now=timezone.now())
    messages.success(request, _("Cette session est fermée."))
    return redirect("booking:sessions")


@account_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    me = sign_ins.end_others(account=account_of(request), actor=web_actor(request), now=now)
    update_session_auth_hash(request, me)
    note_sign_in(request, now=now)
    messages.success(request, _("Toutes les autres sessions sont fermées."))
    return redirect("booking:sessions")


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def no_reminders(request: HttpRequest, token: str) -> HttpResponse:
    """End one's reminders by the link of a mail, or by a mail program's own button (RFC 8058).

    Exempt from the CSRF token: that button sends none, and the link itself is the proof.
    """
    if request.method != "POST":
        is_done = afterwards.said(request) is not None
        return render(request, "booking/no_reminders.html", {"is_done": is_done})
    try:
        accounts.end_reminders(token=token)
    except accounts.InvalidLink as problem:
        return broken_link(request, problem)
    if ONE_CLICK in request.POST:
        # A mail program reads no page, and is not to be led to another one.
        return render(request, "booking/no_reminders.html", {"is_done": True})
    return afterwards.lead(request)


@account_required
@require_POST
def toggle_favourite(request: HttpRequest, practitioner_id: uuid.UUID) -> HttpResponse:
    practitioner = get_object_or_404(Practitioner, pk=practitioner_id)
    is_now = favourites.keep(
        account=account_of(request),
        practitioner=practitioner,
        now=timezone.now(),
        wanted=WANTED.get(request.POST.get("garder", "")),
    )
    if request.headers.get("HX-Request"):
        context = {"practitioner": practitioner, "is_favourite": is_now}
        return render(request, "booking/_favourite.html", context)
    if back := local_target(request, request.POST.get("next", "")):
        return redirect(back)
    return redirect("practitioners:practitioner", practitioner.pk)
