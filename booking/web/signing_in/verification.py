"""Proving an address: the page that waits for the code, the link of the mail, and the password.

The password comes last: the reader of the mail chooses it, in the browser that signed up or where
the link was opened. The browser that signed up enters by the code alone; where the link was opened
elsewhere it is led to the sign-in, since a stranger may have begun there with this address.
"""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.client_address import client_address
from audit.views.posted import form_is_at
from booking.accounts import accounts, sign_up
from booking.accounts.addresses import address_checks
from booking.accounts.sessions import throttle
from booking.models import AddressCheck
from booking.models.accounts.account import email_index
from booking.models.accounts.address_check import CheckKind
from booking.pages.access import account_of
from booking.pages.refusals import shown_as_message
from booking.pages.session import entering, mails, taken_over
from booking.web.account import other_account
from booking.web.forms.accounts import AddressCodeForm, CorrectAddressForm, FirstPasswordForm
from booking.web.signing_in import pending


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
    if check.proved_at and sign_up.awaits_password(check):
        return redirect("booking:choose-password")
    if request.method == "POST" and form.is_valid():
        try:
            address_checks.prove_by_code(
                check=check,
                code=form.cleaned_data["code"],
                network=client_address(request),
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
            return redirect("booking:choose-password")
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
    elif check is not None and check.proved_at is not None and check.ended_at is None:
        state = "proved"
    return JsonResponse({"state": state})


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def choose_password(request: HttpRequest) -> HttpResponse:
    """Choose the password of a new account, in the browser that typed its code."""
    check = pending.check_of(request)
    if request.user.is_authenticated:
        if request.method == "POST":
            messages.info(request, str(other_account.WORDS[other_account.CHOSEN]))
        return entering.go_on(request)
    if check is None or check.proved_at is None or not sign_up.awaits_password(check):
        return redirect("booking:check-mail")
    form = FirstPasswordForm(request.POST or None)
    try:
        if request.method == "POST" and form.is_valid():
            return _open(request, check, form.cleaned_data["password"])
    except ValidationError as weak:
        form.add_error("password", weak)
    except accounts.InvalidLink:
        pending.forget(request)
        messages.info(request, _("Cette adresse a déjà un compte : connectez-vous."))
        return redirect(entering.with_next(reverse("booking:sign-in"), check.target))
    context = {"form": form, "address": pending.address_of(request)}
    return render(request, "booking/choose_password.html", context)


def _open(request: HttpRequest, check: AddressCheck, password: str) -> HttpResponse:
    """Open the account of a sign-up, and enter. Raises ValidationError and InvalidLink."""
    account = sign_up.complete(check=check, password=password, now=timezone.now())
    pending.forget(request)
    if request.user.is_authenticated:
        return other_account.lead(request, done=other_account.OPENED, target=check.target)
    taken_over.take_over(request, account, target=check.target, hold_key=check.hold_key)
    messages.success(request, str(other_account.WORDS[other_account.OPENED]))
    return entering.enter_or_ask(request, account)


@require_POST
def go_on(request: HttpRequest) -> HttpResponse:
    """Go on in the browser that signed up, once the link was opened in another one."""
    check = pending.check_of(request)
    if request.user.is_authenticated:
        return entering.go_on(request)
    if check is not None and sign_up.awaits_password(check):
        if check.proved_at is None:
            messages.info(
                request,
                _("L’adresse n’est pas encore vérifiée : tapez le code, ou ouvrez le lien."),
            )
        return redirect("booking:check-mail")
    pending.forget(request)
    if check is None or check.account_id is None:
        return redirect("booking:sign-in")
    messages.success(
        request, _("Votre compte est ouvert : connectez-vous avec le mot de passe choisi.")
    )
    return redirect(entering.with_next(reverse("booking:sign-in"), check.target))


@require_POST
def send_again(request: HttpRequest) -> HttpResponse:
    check, now = pending.check_of(request), timezone.now()
    if check is not None:
        with shown_as_message(
            request,
            address_checks.TooSoon,
            throttle.TooManyTries,
            accounts.InvalidLink,
            level=messages.WARNING,
        ):
            address_checks.check_wait(check, now=now)
            may_send = mails.take(request, kind="sign-up", index=bytes(check.email_index))
            sign_up.send_again(check=check, now=now, may_send=may_send)
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
            may_send = mails.take(request, kind="sign-up", index=email_index(email) or b"")
            check = sign_up.correct_address(
                check=check, email=email, language=request.LANGUAGE_CODE, now=timezone.now(),
                may_send=may_send,
            )  # fmt: skip
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

    Of a new account, the page asks for the password, and enters with it.
    """
    now = timezone.now()
    if (done := other_account.page(request)) is not None:
        return done
    try:
        check = address_checks.check_of(token=token, now=now)
        if sign_up.awaits_password(check):
            return _choose_by_link(request, check)
        if request.method != "POST":
            return render(request, "booking/verify_email.html", {"check": check})
        if check.kind == CheckKind.SIGN_UP:
            return _on_from_link(request, check)
        address_checks.prove_by_link(token=token, now=now)
    except accounts.InvalidLink:
        problem = _(
            "Ce lien n’est pas valable, ou ne l’est plus. Pour en recevoir un autre, recommencez"
            " l’inscription, ou le changement d’adresse dans votre compte."
        )
        return render(request, "booking/broken_link.html", {"problem": problem}, status=400)
    if other_account.is_other(request, check.account_id):
        return other_account.lead(request, done=other_account.NEW_ADDRESS)
    messages.success(request, _("Votre nouvelle adresse est vérifiée."))
    return redirect("booking:account")


def _choose_by_link(request: HttpRequest, check: AddressCheck) -> HttpResponse:
    """Choose the password of a new account where the link was opened. Raises InvalidLink."""
    form = FirstPasswordForm(request.POST or None)
    try:
        if request.method == "POST" and form.is_valid():
            return _open(request, check, form.cleaned_data["password"])
    except ValidationError as weak:
        form.add_error("password", weak)
    context = {"form": form, "address": sign_up.address_of(check), "is_link": True}
    return render(request, "booking/choose_password.html", context)


def _on_from_link(request: HttpRequest, check: AddressCheck) -> HttpResponse:
    """Where the link of an account that is open leads: it signs nobody in."""
    # In another tab its password was chosen first.
    done = other_account.CHOSEN if "password" in request.POST else other_account.PROVED
    if other_account.is_other(request, check.account_id):
        return other_account.lead(request, done=done, target=check.target)
    messages.info(request, str(other_account.WORDS[done]))
    if request.user.is_authenticated:
        me = account_of(request)
        taken_over.take_over(request, me, target=check.target, hold_key=check.hold_key)
        return entering.go_on(request)
    taken_over.expect(request, check)
    return redirect(entering.with_next(reverse("booking:sign-in"), check.target))
