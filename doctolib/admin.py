"""The staff site: Django admin behind a second factor."""

from functools import wraps
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.contrib.admin import AdminSite, site
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _


class SiteConfig(AdminConfig):
    """Puts StaffSite in place of Django's default admin site."""

    default_site = "doctolib.admin.StaffSite"

    def ready(self) -> None:
        super().ready()
        from django.contrib.auth.models import Group

        from doctolib.admin_labels import speak_french

        # Nobody belongs to a group here; and no page shows, makes or takes away second factors:
        # two of the team reset them (booking/accounts/factors/factor_reset.py).
        site.unregister(Group)
        speak_french(site)


class StaffSite(AdminSite):
    """Admits active staff whose session has passed the second factor."""

    site_header = site_title = "Doctolib"

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The first page alone says who is signed in: an address is sealed, and opened on the
        record.
        """
        more = {**(extra_context or {}), "staff_address": own_address(request)}
        return super().index(request, more)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Passwords are changed where everybody's are, which tells their owner."""
        return redirect("booking:change-password")

    def has_permission(self, request: HttpRequest) -> bool:
        from booking.pages.access import account_of, is_verified
        from booking.pages.session import work_session

        if not super().has_permission(request) or not is_verified(request):
            return False
        if account_of(request).stopped_at is not None:
            return False
        work_session.begin(request, now=timezone.now())
        return True

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """A page whose reading the watch refuses leads to the second factor, or says so.

        A form that does anything but state why something is read asks for a proof of just now, as
        other changes of access do, and is filled in again afterwards.
        """
        from audit.staff_admin import IS_READING
        from audit.views.factor import ProofIsOld, require_fresh

        @wraps(view)
        def proved(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == "POST" and not getattr(view, IS_READING, False):
                require_fresh(request)
            answer: HttpResponseBase = view(request, *args, **kwargs)
            return answer

        guarded = super().admin_view(proved, cacheable)

        @wraps(view)
        def watched(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            from audit.vault.guard import Answer, NotOpened
            from booking.pages.access import to_proof, to_second_factor
            from booking.pages.lost import unsent

            if request.user.is_authenticated:
                _bring_back(request)
            try:
                answer: HttpResponseBase = guarded(request, *args, **kwargs)
            except ProofIsOld as old:
                return to_proof(request, old)
            except NotOpened as refused:
                refused.decision.make_sure()
                if refused.decision.answer is Answer.STOP:
                    return render(request, "admin/stopped.html", status=403)
                if refused.decision.answer is not Answer.ASK:
                    raise
                messages.warning(
                    request,
                    _("Ces lectures sortent de l’habitude\u00a0: confirmez que c’est bien vous."),
                )
                return to_second_factor(request)
            if request.user.is_authenticated:
                unsent.note(request, answer)
            return answer

        return watched

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign-in is the site's own; staff without a second factor are led to set it up."""
        from booking.pages.access import account_of

        target = quote(request.GET.get("next", reverse("admin:index")))
        if not request.user.is_authenticated:
            return redirect(f"{reverse('booking:sign-in')}?next={target}")
        if not request.user.is_staff:
            raise PermissionDenied
        if account_of(request).stopped_at is not None:
            return render(request, "admin/stopped.html", status=403)
        return redirect(f"{reverse('booking:second-factor')}?next={target}")


def _bring_back(request: HttpRequest) -> None:
    """Fill in a form for which a proof was asked, and say that it is not saved yet."""
    from booking.pages.lost import unsent

    unsent.bring_back(request)
    kept = getattr(request, "unsent", None)
    if kept is not None and kept.is_filled_in:
        messages.warning(
            request, _("Voici ce que vous aviez rempli : rien n’est encore enregistré.")
        )


def own_address(request: HttpRequest) -> str:
    """The address of who is signed in; on the record, as on their account page."""
    from audit.vault.reveal import Purpose, reveal
    from booking.pages.access import account_of, web_actor

    if not request.user.is_authenticated:
        return ""
    account = account_of(request)
    with reveal(
        [(account, ("email",))], actor=web_actor(request), purpose=Purpose.ACCOUNT
    ) as plain:
        return plain.text(account, "email")
