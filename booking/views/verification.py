"""Proving an address: the page that waits for the code, and the link of the mail."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.views.posted import form_is_at
from booking.domain import accounts, address_checks, sign_up, throttle
from booking.forms.accounts import AddressCodeForm, CorrectAddressForm
from booking.models import AddressCheck
from booking.models.address_check import CheckKind
from booking.views import afterwards, entering, guesses, pending, taken_over
from booking.views.access import account_of, network_of

# How long the browser that signed up goes on by itself once the address is proved elsewhere: on a
# machine that others use too it must not do so the next day.
GOES_ON_FOR = timedelta(minutes=address_checks.CODE_MINUTES)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check_mail(request: HttpRequest) -> HttpResponse:
    """Wait for the code that was sent, and take it."""
    if request.user.is_authenticated:
        return entering.go_on(request)
    check, form = pending.check_of(request), AddressCodeForm(request.POST or None)
    if check is None and request.method == "POST":
        # A right code sent twice has begun a session, which the page's address then finds.
        return redirect("booking:check-mail")
    if check is None:
        return render(request, "booking/nothing_to_prove.html")
    if request.method == "POST" and form.is_valid():
        try:
            check = address_checks.prove_by_code(
                check=check,
                code=form.cleaned_data["code"],
                network=network_of(request),
                now=timezone.now(),
            )
        except (
            address_checks.WrongCode,
            address_checks.CodeOver,
            throttle.TooManyTries,
            accounts.InvalidLink,
        ) as problem:
            form.add_error("code", str(problem.text))
            check.refresh_from_db()
        else:
            return _enter(request, check)
    return _page(request, check, form=form)


def _page(
    request: HttpRequest,
    check: AddressCheck,
    *,
    form: AddressCodeForm,
    correction: CorrectAddressForm | None = None,
) -> HttpResponse:
    now = timezone.now()
    context = {
        "form": form,
        "correction": correction or CorrectAddressForm(),
        "is_correcting": correction is not None,
        "check": check,
        "address": pending.address_of(request),
        "has_code": check.code_until > now and check.tries < address_checks.TRIES,
        "next_mail_at": max(now, address_checks.next_mail_at(check)),
        "may_send": address_checks.next_mail_at(check) <= now,
        "link_days": address_checks.LINK_HOURS // 24,
    }
    return render(request, "booking/check_mail.html", context)


@never_cache
@require_safe
def check_state(request: HttpRequest) -> HttpResponse:
    """What has become of this browser's check: the page that waits asks now and then."""
    check = pending.check_of(request)
    state = "over"
    if check is not None and check.is_open:
        state = "open"
    elif check is not None and check.proved_at is not None:
        state = "proved"
    return JsonResponse({"state": state})


@require_POST
def go_on(request: HttpRequest) -> HttpResponse:
    """Enter in the browser that signed up, once its address was proved in another one."""
    check = pending.check_of(request)
    if request.user.is_authenticated:
        return entering.go_on(request)
    if check is not None and check.is_open:
        messages.info(
            request, _("L’adresse n’est pas encore vérifiée : tapez le code, ou ouvrez le lien.")
        )
        return redirect("booking:check-mail")
    if check is not None and _goes_on(check):
        return _enter(request, check)
    pending.forget(request)
    return redirect("booking:sign-in")


def _goes_on(check: AddressCheck) -> bool:
    return (
        check.proved_at is not None
        and check.ended_at is None
        and check.kind == CheckKind.SIGN_UP
        and timezone.now() - check.proved_at < GOES_ON_FOR
    )


def _enter(request: HttpRequest, check: AddressCheck) -> HttpResponse:
    """Enter with the account of a check that this browser began and that is proved."""
    account = check.account
    if account is None or not account.is_active:
        return redirect("booking:sign-in")
    pending.forget(request)
    taken_over.take_over(request, account, target=check.target, hold_key=check.hold_key)
    messages.success(request, _("Votre adresse est vérifiée."))
    return entering.enter_or_ask(request, account)


@require_POST
def send_again(request: HttpRequest) -> HttpResponse:
    check = pending.check_of(request)
    if check is not None:
        try:
            throttle.take_mail(network=network_of(request), now=timezone.now())
            sign_up.send_again(check=check, now=timezone.now())
        except (address_checks.TooSoon, throttle.TooManyTries, accounts.InvalidLink) as problem:
            messages.warning(request, str(problem.text))
        else:
            messages.success(request, _("Un nouveau message part à l’instant."))
    return redirect("booking:check-mail")


@never_cache
@form_is_at("booking:check-mail")
def correct_address(request: HttpRequest) -> HttpResponse:
    """Send the code to another address than the one that was mistyped."""
    check, form = pending.check_of(request), CorrectAddressForm(request.POST)
    if check is None:
        return redirect("booking:check-mail")
    if form.is_valid():
        email = form.cleaned_data["email"]
        try:
            throttle.take_mail(network=network_of(request), now=timezone.now())
            check = sign_up.correct_address(
                check=check, email=email, language=request.LANGUAGE_CODE, now=timezone.now()
            )
        except (throttle.TooManyTries, accounts.InvalidLink) as problem:
            messages.warning(request, str(problem.text))
            return redirect("booking:check-mail")
        return pending.lead_to_mail(request, check, email=email)
    return _page(request, check, form=AddressCodeForm(), correction=form)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def verify_email(request: HttpRequest, token: str) -> HttpResponse:
    """A link in a mail shows a page; only its button verifies, so that scanners do not.

    The browser that signed up enters then. Another one does not, since a link alone signs nobody
    in: it goes on to the sign-in, and from there to what was begun.
    """
    now = timezone.now()
    if (done := afterwards.said(request)) is not None:
        context = {"word": _word(was_proved=done["was_proved"]), "target": done["target"]}
        return render(request, "booking/proved_for_other.html", context)
    try:
        check = address_checks.check_of(token=token, now=now)
        is_own = str(check.pk) == request.session.get(pending.PENDING)
        asks_password = not is_own and sign_up.is_disputed(check)
        problem = ""
        if request.method == "POST" and asks_password:
            problem = _problem_of(request, check)
        if request.method != "POST" or problem:
            context = {"check": check, "asks_password": asks_password, "problem": problem}
            return render(request, "booking/verify_email.html", context)
        was_proved = check.proved_at is not None
        check = address_checks.prove_by_link(token=token, now=now)
    except accounts.InvalidLink as broken:
        return render(request, "booking/broken_link.html", {"problem": broken.text}, status=400)
    if check.kind == CheckKind.CHANGE:
        messages.success(request, _("Votre nouvelle adresse est vérifiée."))
        return redirect("booking:account")
    if is_own and not request.user.is_authenticated and _goes_on(check):
        return _enter(request, check)
    return _on_from_link(request, check, was_proved=was_proved)


def _problem_of(request: HttpRequest, check: AddressCheck) -> str:
    """Why the password that is asked with a link does not do; "" if it does."""
    try:
        attempt = guesses.count_password_of(request, check)
    except throttle.TooManyTries as problem:
        return str(problem.text)
    if sign_up.knows_password(check, request.POST.get("password", "")):
        attempt.give_back()
        return ""
    return _("Ce n’est pas le mot de passe choisi à l’inscription.")


def _word(*, was_proved: bool) -> str:
    if was_proved:
        return _("Cette adresse est déjà vérifiée.")
    return _("Votre adresse est vérifiée.")


def _on_from_link(request: HttpRequest, check: AddressCheck, *, was_proved: bool) -> HttpResponse:
    """Where a link leads in a browser that did not sign up."""
    word = _word(was_proved=was_proved)
    if request.user.is_authenticated and request.user.pk != check.account_id:
        return afterwards.lead(request, was_proved=was_proved, target=check.target)
    messages.success(request, word)
    if request.user.is_authenticated:
        me = account_of(request)
        taken_over.take_over(request, me, target=check.target, hold_key=check.hold_key)
        return entering.go_on(request)
    taken_over.expect(request, check)
    return redirect(entering.with_next(reverse("booking:sign-in"), check.target))
