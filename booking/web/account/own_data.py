"""What is held about me, and erasing it."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from audit.vault.reveal import Purpose, reveal
from audit.views.factor import fresh_factor
from booking.accounts.sessions import throttle
from booking.models import Patient
from booking.oversight.queries.incidents import incidents_of_account
from booking.pages.access import account_of, account_required, web_actor
from booking.pages.refusals import shown_in
from booking.pages.session import guesses
from booking.rights import erase
from booking.rights.held_data import held_data
from booking.rights.held_in_words import held_in_words
from booking.web.account.own_account import own_memberships
from booking.web.forms.accounts import PasswordForm


@never_cache
@account_required
@require_safe
def my_data(request: HttpRequest) -> HttpResponse:
    held = held_data(account=account_of(request), actor=web_actor(request), now=timezone.now())
    return render(request, "booking/my_data.html", {"held": held_in_words(held)})


@never_cache
@account_required
@fresh_factor("GET", "HEAD", is_file=True)
@require_safe
def my_data_file(request: HttpRequest) -> HttpResponse:
    held = held_data(account=account_of(request), actor=web_actor(request), now=timezone.now())
    answer = JsonResponse(held, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = 'attachment; filename="mes-donnees.json"'
    return answer


@never_cache
@account_required
@require_safe
def my_incidents(request: HttpRequest) -> HttpResponse:
    """Exactly what of the account's people an incident exposed."""
    me = account_of(request)
    found = incidents_of_account(me, now=timezone.now())
    people = {row.pk: row for row in Patient.objects.all()}
    wanted = [(row, ("first_name",)) for row in people.values()] if found else []
    with reveal(wanted, actor=web_actor(request), purpose=Purpose.OWN_DATA) as plain:
        names = {pk: plain.text(row, "first_name") for pk, row in people.items() if found}
    shown = [(own, [(names.get(seen.subject, ""), seen) for seen in own.seen]) for own in found]
    return render(request, "booking/incidents.html", {"incidents": shown})


@never_cache
@sensitive_post_parameters("password")
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def erase_account(request: HttpRequest) -> HttpResponse:
    """Shows what will be erased and what must be kept; the password confirms."""
    me, now = account_of(request), timezone.now()
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form, {erase.StillWorksHere: None, throttle.TooManyTries: None}):
            if _is_confirmed(request, form.cleaned_data["password"]):
                erase.erase_account(account=me, actor=web_actor(request), now=now)
                logout(request)
                messages.success(request, _("Votre compte est effacé."))
                return redirect("practitioners:home")
            form.add_error("password", _("Ce mot de passe ne convient pas."))
    plan = erase.plan(account=me, now=now)
    wanted = [(fate.patient, ("first_name", "last_name")) for fate in plan.fates]
    with reveal(wanted, actor=web_actor(request), purpose=Purpose.OWN_DATA) as plain:
        names = {
            row.pk: f"{plain.text(row, 'first_name')} {plain.text(row, 'last_name')}"
            for row, _fields in wanted
        }
    context = {
        "form": form,
        "fates": [(names[fate.patient.pk], fate.kept) for fate in plan.fates],
        "upcoming": [(visit, names[visit.patient_id]) for visit in plan.upcoming],
        "mails": plan.mails,
        "years": erase.KEPT_YEARS,
        "works_at": own_memberships(request, now=now),
        "is_staff": me.is_staff,
    }
    return render(request, "booking/erase_account.html", context)


def _is_confirmed(request: HttpRequest, password: str) -> bool:
    """Check the password, counting failures as sign-in does. Raises throttle.TooManyTries."""
    attempt = guesses.count_password_again(request)
    if not account_of(request).check_password(password):
        guesses.note_wrong(request, throttle.Guess.AGAIN, account_id=account_of(request).pk)
        return False
    attempt.give_back()
    return True
