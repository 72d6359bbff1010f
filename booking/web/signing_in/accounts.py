"""Sign-in, sign-up, a forgotten password, the second factor."""

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_otp import match_token
from django_otp.models import Device

from audit import security_log
from audit.client_address import client_address
from audit.security_log import Step
from audit.views.factor import has_second_factor, require_fresh
from booking.accounts import accounts
from booking.accounts import forgotten as forgotten_passwords
from booking.accounts import sign_up as sign_ups
from booking.accounts.factors import factor_reset, passkeys, second_factor
from booking.accounts.sessions import sign_ins, throttle
from booking.accounts.sessions.throttle import Guess
from booking.models import Account
from booking.models.accounts.account import email_index
from booking.pages.access import account_of, account_required, is_verified, web_actor
from booking.pages.refusals import shown_in
from booking.pages.session import device, entering, guesses, known, mails, taken_over, unfinished
from booking.pages.ways import local_target
from booking.session_store import session_digest
from booking.web.account import other_account
from booking.web.forms.accounts import (
    AddressForm,
    CodeForm,
    ResetForm,
    SignInForm,
    SignUpForm,
)
from booking.web.signing_in import pending
from booking.web.signing_in.invited import Invited, invited_at
from booking.web.signing_in.passkeys import lead_to_codes
from practitioners.domain import live

# In an address: set up an app though the account has a second factor.
ANOTHER_APP = "autre"


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method != "POST" and request.user.is_authenticated:
        return entering.go_on(request)
    if request.method != "POST":
        entering.arrive(request)
    invited = invited_at(request, entering.asked_target(request))
    form = SignInForm(request.POST or None, initial=_address_of(invited))
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            attempt = guesses.count_password(request, email=email)
        except throttle.TooManyTries as problem:
            form.add_error(None, str(problem.text))
            return guesses.refused(_sign_in_page(request, form, invited), problem)
        account = authenticate(request, username=email, password=form.cleaned_data["password"])
        if account is not None:
            attempt.give_back()
        if account is None:
            guesses.note_wrong(request, Guess.PASSWORD, of=throttle.name_of_address(email))
            form.add_error(None, _("L’adresse ou le mot de passe ne convient pas."))
        elif account.email_verified_at is None:
            # Begun before an address was proved first: it is proved now, and a password chosen.
            return _begin_sign_up(request, form, email) or _sign_in_page(request, form, invited)
        else:
            return entering.enter_or_ask(request, account)
    return _sign_in_page(request, form, invited)


def _address_of(invited: Invited | None) -> dict[str, str]:
    """The address with which somebody enters who follows an invitation's link."""
    return {"email": invited.address} if invited else {}


def _sign_in_page(request: HttpRequest, form: SignInForm, invited: Invited | None) -> HttpResponse:
    context = {"form": form, "next": entering.asked_target(request), "invited": invited}
    return render(request, "booking/sign_in.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    account = entering.awaited_account(request, now=timezone.now())
    if account is None:
        return redirect(
            entering.with_next(reverse("booking:sign-in"), entering.asked_target(request))
        )
    factor = second_factor.standing(account)
    form = CodeForm(request.POST or None, factor=factor)
    problem: throttle.TooManyTries | None = None
    if request.method == "POST" and form.is_valid():
        device, problem = _device_of(request, account, form.cleaned_data["code"])
        if device is not None:
            target = entering.next_target(request, account)
            entering.enter(request, account, target=target)
            entering.show_factor(request, device)
            entering.forget_code(request)
            return redirect(taken_over.hold_again(request, target, now=timezone.now()))
        wrong = _("Ce code ne convient pas. Attendez le suivant et réessayez.")
        wrong = wrong if factor.has_app else _("Ce code de secours ne convient pas.")
        form.add_error("code", str(problem.text) if problem else wrong)
    context = {
        "form": form,
        "factor": factor,
        "is_again": request.user == account,
        "may_end_factors": accounts.may_end_factors(account),
        "next": entering.asked_target(request),
    }
    answer = render(request, "booking/code.html", context)
    return guesses.refused(answer, problem) if problem else answer


def _device_of(
    request: HttpRequest, account: Account, text: str
) -> tuple[Device | None, throttle.TooManyTries | None]:
    """The device of which a code is, or why it is not looked at."""
    try:
        attempt = guesses.count_factor(request, account)
    except throttle.TooManyTries as problem:
        return None, problem
    device = match_token(account, text.replace(" ", ""))
    if device is None:
        guesses.note_wrong(request, Guess.FACTOR, account_id=account.pk)
    else:
        attempt.give_back()
    return device, None


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    sign_ins.forget(session_digest(request))
    account_id = request.user.pk
    security_log.note(
        Step.LEFT, by="sign-out", address=client_address(request), account_id=account_id
    )
    unfinished.sign_out(request)
    if account_id is not None:
        live.wake(account_id)
    # Somebody who changes accounts goes on to the sign-in page.
    answer = redirect(local_target(request, request.POST.get("next", "")) or "practitioners:home")
    # What this device kept for being offline goes with the session.
    answer["Clear-Site-Data"] = '"cache", "storage"'
    device.forget(answer)
    return answer


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    if request.method != "POST" and request.user.is_authenticated:
        return entering.go_on(request)
    if request.method != "POST":
        entering.arrive(request)
    invited = invited_at(request, entering.asked_target(request))
    form = SignUpForm(request.POST or None, initial=_address_of(invited))
    if request.method == "POST" and form.is_valid():
        led = _begin_sign_up(request, form, form.cleaned_data["email"])
        if led is not None:
            return led
    context = {"form": form, "next": entering.asked_target(request), "invited": invited}
    return render(request, "booking/sign_up.html", context)


def _begin_sign_up(request: HttpRequest, form: Form, email: str) -> HttpResponse | None:
    """Begin a sign-up and lead to its code; None, with the problem in the form, if it may not."""
    now = timezone.now()
    try:
        may_send = mails.take(request, kind="sign-up", index=email_index(email) or b"")
    except throttle.TooManyTries as problem:
        form.add_error(None, str(problem.text))
        return None
    check = sign_ups.begin(
        email=email,
        language=request.LANGUAGE_CODE or settings.LANGUAGE_CODE,
        now=now,
        former=pending.check_of(request),
        may_send=may_send,
        **_begun(request),
    )
    return pending.lead_to_mail(request, check, email=email)


def _begun(request: HttpRequest) -> dict[str, str]:
    """Where somebody goes on once their address is proved, and the key of what they hold."""
    if target := entering.asked_target(request):
        unfinished.keep_target(request, target)
    target = unfinished.target(request)
    return {"target": target, "hold_key": unfinished.hold_key(request) if target else ""}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form, {throttle.TooManyTries: None}):
            email = form.cleaned_data["email"]
            if mails.take(request, kind="reset", index=email_index(email) or b""):
                forgotten_passwords.request_reset(email=email, now=timezone.now())
            return redirect("booking:reset-asked")
    return render(request, "booking/forgotten.html", {"form": form})


@never_cache
@require_safe
def reset_asked(request: HttpRequest) -> HttpResponse:
    """What to do next; it says nothing about whether the address has an account."""
    return render(request, "booking/reset_asked.html", {"hours": accounts.RESET_HOURS})


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def reset_password(request: HttpRequest, token: str) -> HttpResponse:
    form = ResetForm(request.POST or None, may_end_factors=False)
    if (done := other_account.page(request)) is not None:
        return done
    try:
        me = accounts.account_of_reset(token)
        has_factors, may_end = factor_reset.has_factors(me), accounts.may_end_factors(me)
        form = ResetForm(request.POST or None, may_end_factors=has_factors and may_end)
        if request.method == "POST" and form.is_valid():
            me = accounts.reset_password(
                token=token,
                password=form.cleaned_data["password"],
                ends_factors=form.cleaned_data.get("ends_factors", False),
                now=timezone.now(),
            )
            known.remember(request, me)
            if other_account.is_other(request, me.pk):
                return other_account.lead(request, done=other_account.PASSWORD)
            return _on_from_reset(request, me)
    except accounts.InvalidLink as problem:
        context = {"problem": problem.text, "again": reverse("booking:forgotten")}
        return render(request, "booking/broken_link.html", context, status=400)
    except ValidationError as weak:
        form.add_error("password", weak)
    context = {
        "form": form,
        "is_other": other_account.is_other(request, me.pk),
        "keeps_factors": has_factors and not may_end,
    }
    return render(request, "booking/reset_password.html", context)


def _on_from_reset(request: HttpRequest, me: Account) -> HttpResponse:
    """Lead to the sign-in: from there to what was begun, or to the passkeys that still open."""
    messages.success(
        request, _("Votre mot de passe est changé, et toutes les sessions sont fermées.")
    )
    target = unfinished.target(request)
    if passkeys.of_account(me).exists():
        messages.warning(
            request,
            _("Vos clés d’accès ouvrent encore : retirez celles que vous ne reconnaissez pas."),
        )
        target = target or reverse("booking:passkeys")
    return redirect(entering.with_next(reverse("booking:sign-in"), target))


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Set up an app for codes: the first one, or, where the address says so, another."""
    me, is_another = account_of(request), ANOTHER_APP in request.GET
    if has_second_factor(me):
        if not is_verified(request):
            back = request.get_full_path() if is_another else entering.asked_target(request)
            return entering.ask_code(request, me, target=back)
        if not is_another:
            done = {"next": entering.next_target(request, me)}
            return render(request, "booking/second_factor_on.html", done)
    require_fresh(request)
    device = second_factor.pending_device(account=me)
    form = CodeForm(request.POST or None)
    target = reverse("booking:passkeys") if is_another else entering.next_target(request, me)
    if request.method == "POST" and form.is_valid():
        if device.verify_token(form.cleaned_data["code"].replace(" ", "")):
            codes = second_factor.confirm(
                account=me, device=device, actor=web_actor(request), now=timezone.now()
            )
            entering.renew(request)
            entering.show_factor(request, device)
            return lead_to_codes(request, codes, onward=target)
        guesses.note_wrong(request, Guess.FACTOR, account_id=me.pk)
        form.add_error("code", _("Ce code ne convient pas. Attendez le suivant et réessayez."))
    picture = segno.make(device.config_url).svg_inline(omitsize=True, svgclass=None, lineclass=None)
    context = {
        "form": form,
        "picture": mark_safe(picture),  # noqa: S308 - made by segno from our own address
        "secret": second_factor.secret_text(device),
        "next": target,
        "required": me.memberships.exists() or me.is_staff,
        "factor": second_factor.standing(me),
    }
    return render(request, "booking/second_factor.html", context)
