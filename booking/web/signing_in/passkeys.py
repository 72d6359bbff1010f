"""Passkeys: adding and ending one's own, and signing in with one.

The ceremonies are django-otp-webauthn's; what is ours is who may add one, what the record and the
owner are told, and how a session begins.
"""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_otp_webauthn import exceptions
from django_otp_webauthn import views as ceremonies
from django_otp_webauthn.helpers import WebAuthnHelper
from django_otp_webauthn.models import WebAuthnCredential
from webauthn.helpers.structs import UserVerificationRequirement

from audit.client_address import client_address
from audit.vault.reveal import Purpose, reveal
from audit.views.factor import fresh_factor, has_just_proved, note_entered
from booking.accounts import accounts
from booking.accounts.factors import passkeys, second_factor
from booking.accounts.sessions import sign_ins
from booking.models import Account
from booking.pages.access import account_of, account_required, is_verified, web_actor
from booking.pages.lost import afterwards
from booking.pages.refusals import shown_as_message
from booking.pages.session import entering, work_session


class Helper(WebAuthnHelper):
    """Names the account to its owner's device by its address, opened for the owner.

    A key counts for both factors, so the device asks for its owner's finger, face or code each
    time. The library wants that of visitors alone: with a session in somebody's hands, a key that
    was left in a computer would do.
    """

    def get_generate_registration_options_kwargs(self, *, user: Account) -> dict[str, Any]:
        options: dict[str, Any] = super().get_generate_registration_options_kwargs(user=user)
        options["authenticator_selection"].user_verification = UserVerificationRequirement.REQUIRED
        return options

    def get_generate_authentication_options_kwargs(
        self, *, user: Account | None = None, require_user_verification: bool
    ) -> dict[str, Any]:
        options: dict[str, Any] = super().get_generate_authentication_options_kwargs(
            user=user, require_user_verification=True
        )
        return options

    def get_credential_name(self, user: Account) -> str:
        with reveal(
            [(user, ("email",))], actor=web_actor(self.request), purpose=Purpose.OWN_DATA
        ) as plain:
            return plain.text(user, "email")

    get_credential_display_name = get_credential_name


@never_cache
@account_required
@fresh_factor("GET", "HEAD")
@require_safe
def own_passkeys(request: HttpRequest) -> HttpResponse:
    me = account_of(request)
    rows = list(passkeys.of_account(me))
    context = {
        "passkeys": rows,
        "is_full": len(rows) >= passkeys.MOST,
        "factor": second_factor.standing(me),
        "may_end_factors": accounts.may_end_factors(me),
    }
    return render(request, "booking/passkeys.html", context)


@account_required
@fresh_factor("POST")
@require_POST
def forget_passkey(request: HttpRequest, passkey_id: int) -> HttpResponse:
    me = account_of(request)
    row = get_object_or_404(passkeys.of_account(me), pk=passkey_id)
    passkeys.forget(passkey=row, account=me, actor=web_actor(request), now=timezone.now())
    messages.success(request, _("La clé d’accès n’ouvre plus rien."))
    return redirect("booking:passkeys")


@never_cache
@account_required
@fresh_factor("POST")
@require_http_methods(["GET", "HEAD", "POST"])
def new_recovery_codes(request: HttpRequest) -> HttpResponse:
    """Fresh single-use codes, for whoever loses their device; the former ones end.

    Shown by a GET, for some minutes and in this session alone; after that it leads to the page
    that makes others.
    """
    if request.method != "POST":
        shown = afterwards.kept_secret(request)
        if shown is None or not has_just_proved(request, now=timezone.now()):
            return redirect("booking:passkeys")
        return render(request, "booking/recovery_codes.html", shown)
    if not is_verified(request):
        return redirect("booking:second-factor")
    codes = second_factor.new_recovery_codes(
        account=account_of(request), actor=web_actor(request), now=timezone.now()
    )
    return lead_to_codes(request, codes, onward=reverse("booking:passkeys"))


@account_required
@fresh_factor("POST")
@require_POST
def end_recovery_codes(request: HttpRequest) -> HttpResponse:
    """Ask for no recovery code any more, where nothing else is asked for besides the password.

    A patient alone may: a member's second factor opens other people's data.
    """
    me = account_of(request)
    if not accounts.may_end_factors(me):
        raise PermissionDenied
    with shown_as_message(request, second_factor.StillNeeded):
        second_factor.stop_asking_codes(account=me, actor=web_actor(request), now=timezone.now())
        messages.success(request, _("Votre mot de passe ouvre seul votre compte."))
    return redirect("booking:passkeys")


def lead_to_codes(request: HttpRequest, codes: list[str], *, onward: str) -> HttpResponse:
    """Lead to the page that shows fresh codes, and from there on."""
    page = reverse("booking:new-recovery-codes")
    afterwards.keep_secret_for(request, page, codes=codes, next=onward)
    return redirect(page)


class Enough(exceptions.OTPWebAuthnApiError):
    """The account has as many passkeys as one needs."""

    status_code = 409
    default_detail = gettext_lazy("C’est assez de clés d’accès : retirez-en une d’abord.")
    default_code = "enough"


class _MayAdd:
    """Only who has just proved who they are adds a key, and not without end."""

    request: HttpRequest

    def check_can_register(self) -> None:
        if not has_just_proved(self.request, now=timezone.now()):
            raise exceptions.NotVerified(detail=_("Confirmez d’abord que c’est bien vous."))
        if passkeys.of_account(account_of(self.request)).count() >= passkeys.MOST:
            raise Enough


class BeginAdding(_MayAdd, ceremonies.BeginCredentialRegistrationView):
    """What the browser needs to make a key."""


class CompleteAdding(_MayAdd, ceremonies.CompleteCredentialRegistrationView):
    """Takes the key that a device made."""

    def post(self, *args: object, **kwargs: object) -> HttpResponse:
        answer: HttpResponse = super().post(*args, **kwargs)
        me, now = account_of(self.request), timezone.now()
        passkeys.added(
            passkey=passkeys.of_account(me).latest("pk"),
            account=me,
            name=sign_ins.browser_of(self.request.headers.get("User-Agent", "")),
            actor=web_actor(self.request),
            now=now,
        )
        work_session.note_code(self.request, network=client_address(self.request), now=now)
        return answer


class BeginSigningIn(ceremonies.BeginCredentialAuthenticationView):
    """What the browser needs to use a key."""


class CompleteSigningIn(ceremonies.CompleteCredentialAuthenticationView):
    """Begins a session for who shows a key: it is both factors, since the device asked for its
    owner's finger, face or code.
    """

    def check_device_usable(self, device: WebAuthnCredential) -> None:
        super().check_device_usable(device)
        if device.user.email_verified_at is None:
            raise exceptions.UserDisabled()

    def complete_auth(self, device: WebAuthnCredential) -> Account:
        self.target = entering.next_target(self.request, device.user)
        # The key says whose session this is, whoever the browser was signed in as before.
        if self.request.user != device.user:
            entering.enter(self.request, device.user, target=self.target, by="passkey")
        else:
            entering.renew(self.request)
            note_entered(self.request, now=timezone.now())
        entering.show_factor(self.request, device)
        entering.forget_code(self.request)
        return cast(Account, device.user)

    def get_success_url(self) -> str:
        return self.target
