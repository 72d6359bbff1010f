"""What an account signs in with: its address and its password, changed in place."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from audit import security_log
from audit.client_address import client_address
from audit.security_log import Step
from audit.vault.reveal import Purpose, reveal
from audit.views.factor import fresh_factor, has_second_factor, note_entered
from audit.views.posted import form_is_at
from audit.views.typed import refuse
from booking.accounts import access_changes, accounts
from booking.accounts.addresses import address_checks, email_change
from booking.accounts.factors import factor_reset
from booking.accounts.sessions import sign_ins, throttle
from booking.models import AddressCheck
from booking.models.accounts.account import email_index
from booking.pages.access import account_of, account_required, web_actor
from booking.pages.lost import afterwards
from booking.pages.refusals import broken_link, shown_as_message, shown_in
from booking.pages.session import entering, guesses, known, mails
from booking.pages.session.entering import note_sign_in
from booking.web.forms.accounts import (
    AddressCodeForm,
    ChangePasswordForm,
    NewAddressForm,
    PasswordForm,
)
from practitioners.domain.staff import members


@never_cache
@sensitive_post_parameters("password")
@account_required
@fresh_factor("GET", "HEAD", "POST", asks_password=True)
@require_http_methods(["GET", "HEAD", "POST"])
def change_email(request: HttpRequest) -> HttpResponse:
    """Ask for another address, or see the change that waits for its code."""
    me, now = account_of(request), timezone.now()
    asks_password = not has_second_factor(me)
    check = email_change.pending(me, now=now)
    if check is not None and request.method != "POST":
        return _waiting_page(request, check, form=AddressCodeForm())
    form = NewAddressForm(request.POST or None, asks_password=asks_password)
    if request.method == "POST" and form.is_valid():
        with shown_in(
            form,
            {
                accounts.WrongPassword: "password",
                email_change.SameAddress: "email",
                throttle.TooManyTries: None,
            },
        ):
            _check_password(request, form)
            email = form.cleaned_data["email"]
            email_change.ask(
                account=me, email=email, actor=web_actor(request), now=now,
                may_send=mails.take(request, kind="change", index=email_index(email) or b""),
            )  # fmt: skip
            return redirect("booking:change-email")
    context = {
        "form": form,
        "stop_days": email_change.STOP_HOURS // 24,
    }
    return render(request, "booking/change_email.html", context)


def _check_password(request: HttpRequest, form: NewAddressForm | PasswordForm) -> None:
    """Raise WrongPassword or TooManyTries unless the form's password, if it asks one, is right."""
    if "password" not in form.fields:
        return
    attempt = guesses.count_password_again(request)
    if not account_of(request).check_password(form.cleaned_data["password"]):
        guesses.note_wrong(request, throttle.Guess.AGAIN, account_id=account_of(request).pk)
        raise accounts.WrongPassword
    attempt.give_back()


def _waiting_page(
    request: HttpRequest, check: AddressCheck, *, form: AddressCodeForm
) -> HttpResponse:
    now, actor = timezone.now(), web_actor(request)
    with reveal([(check, ("email",))], actor=actor, purpose=Purpose.OWN_DATA) as plain:
        address = plain.text(check, "email")
    context = {
        "form": form,
        "check": check,
        "address": address,
        "has_code": check.code_until > now and check.tries < address_checks.TRIES,
        "next_mail_at": address_checks.next_mail_at(check),
        "may_send": address_checks.next_mail_at(check) <= now,
        "link_days": address_checks.LINK_HOURS // 24,
    }
    return render(request, "booking/new_email.html", context)


@never_cache
@account_required
@form_is_at("booking:change-email")
def prove_new_email(request: HttpRequest) -> HttpResponse:
    """Take the code that the new address received."""
    now = timezone.now()
    check, form = email_change.pending(account_of(request), now=now), AddressCodeForm(request.POST)
    if check is None:
        return redirect("booking:account")
    if form.is_valid():
        try:
            address_checks.prove_by_code(
                check=check,
                code=form.cleaned_data["code"],
                network=client_address(request),
                now=now,
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
            messages.success(request, _("Votre nouvelle adresse est vérifiée."))
            return redirect("booking:account")
    return _waiting_page(request, check, form=form)


@account_required
@require_POST
def send_to_new_email(request: HttpRequest) -> HttpResponse:
    """Send the mail to the new address again."""
    me, now = account_of(request), timezone.now()
    check = email_change.pending(me, now=now)
    if check is not None:
        with shown_as_message(
            request,
            address_checks.TooSoon,
            throttle.TooManyTries,
            accounts.InvalidLink,
            level=messages.WARNING,
        ):
            address_checks.check_wait(check, now=now)
            may_send = mails.take(request, kind="change", index=bytes(check.email_index))
            email_change.send_again(check=check, account=me, now=now, may_send=may_send)
            messages.success(request, _("Un nouveau message part à l’instant."))
    return redirect("booking:change-email")


@account_required
@require_POST
def keep_email(request: HttpRequest) -> HttpResponse:
    """Give up the change that was asked for."""
    now = timezone.now()
    email_change.withdraw(account=account_of(request), actor=web_actor(request), now=now)
    messages.success(request, _("Votre adresse reste la même."))
    return redirect("booking:account")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop_email_change(request: HttpRequest, token: str) -> HttpResponse:
    """A link to the former address: its button stops the change, or takes it back."""
    now = timezone.now()
    if (done := afterwards.said(request)) is not None:
        return render(request, "booking/stop_email_change.html", {"is_done": True} | done)
    try:
        check = email_change.change_of_stop(token, now=now)
        if request.method == "POST":
            check = email_change.stop(token=token, now=now)
            return afterwards.lead(request, was_made=check.proved_at is not None)
    except accounts.InvalidLink as problem:
        return broken_link(request, problem)
    context = {"is_done": False, "was_made": check.proved_at is not None}
    return render(request, "booking/stop_email_change.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop_factor_reset(request: HttpRequest, token: str) -> HttpResponse:
    """A link to an account's owner: its button keeps the second factor."""
    try:
        reset = factor_reset.reset_of(token)
        if request.method == "POST":
            factor_reset.stop(token=token, now=timezone.now())
            return redirect(request.path)
    except accounts.InvalidLink as problem:
        return broken_link(request, problem)
    context = {"is_done": reset.ended_at is not None, "due_at": reset.due_at}
    return render(request, "booking/stop_factor_reset.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def undo_change(request: HttpRequest, token: str) -> HttpResponse:
    """A link to an owner: its button takes back what gave access away."""
    now = timezone.now()
    try:
        change, _owner = access_changes.change_of(token, now=now)
        if request.method == "POST":
            change = access_changes.undo(token=token, now=now)
    except accounts.InvalidLink as problem:
        return broken_link(request, problem)
    except members.LastOwner as problem:
        return refuse(request, problem.text, onward=reverse("booking:workplaces"))
    handling = access_changes.handling_of(change)
    context = {
        "change": change,
        "place": handling.place(change.holder_id),
        "said": handling.said(change),
        "until": change.made_at + access_changes.UNDONE_WITHIN,
    }
    return render(request, "booking/undo_change.html", context)


@never_cache
@sensitive_post_parameters("password")
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def prove_again(request: HttpRequest) -> HttpResponse:
    """Show the second factor again, or the password where there is none, and go on."""
    me, target = account_of(request), entering.asked_target(request)
    if has_second_factor(me):
        return entering.ask_code(request, me, target=target)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form, {accounts.WrongPassword: "password", throttle.TooManyTries: None}):
            _check_password(request, form)
            entering.renew(request)
            note_entered(request, now=timezone.now())
            security_log.note(
                Step.PROVED, by="password", address=client_address(request), account_id=me.pk
            )
            return redirect(target or "booking:account")
    return render(request, "booking/prove_again.html", {"form": form, "next": target})


@never_cache
@sensitive_post_parameters("current", "password")
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Replace the password; every other session ends."""
    form = ChangePasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        me, now = account_of(request), timezone.now()
        try:
            attempt = guesses.count_password_again(request)
            me = accounts.change_password(
                account=me,
                current=form.cleaned_data["current"],
                password=form.cleaned_data["password"],
                actor=web_actor(request),
                now=now,
            )
        except accounts.WrongPassword as problem:
            guesses.note_wrong(request, throttle.Guess.AGAIN, account_id=me.pk)
            form.add_error("current", str(problem.text))
        except ValidationError as weak:
            attempt.give_back()
            form.add_error("password", weak)
        except throttle.TooManyTries as problem:
            form.add_error(None, str(problem.text))
        else:
            attempt.give_back()
            update_session_auth_hash(request, me)
            known.remember(request, me)
            sign_ins.forget_all(me)
            note_sign_in(request, now=now)
            messages.success(
                request, _("Votre mot de passe est changé ; les autres sessions sont fermées.")
            )
            return redirect("booking:account")
    return render(request, "booking/change_password.html", {"form": form})
