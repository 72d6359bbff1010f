"""The staff site: Django admin behind a second factor."""

from typing import Any
from urllib.parse import quote

from django.contrib.admin import AdminSite, site
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse


class SiteConfig(AdminConfig):
    """Puts StaffSite in place of Django's default admin site."""

    default_site = "doctolib.admin.StaffSite"

    def ready(self) -> None:
        super().ready()
        from django.contrib.auth.models import Group
        from django_otp.plugins.otp_static.models import StaticDevice
        from django_otp.plugins.otp_totp.models import TOTPDevice

        from booking.admin import SecondFactorAdmin
        from doctolib.admin_labels import speak_french

        # Nobody belongs to a group here; and second factors are seen without their secrets.
        site.unregister([Group, StaticDevice, TOTPDevice])
        site.register([StaticDevice, TOTPDevice], SecondFactorAdmin)
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
        is_verified = getattr(request.user, "is_verified", None)
        return bool(super().has_permission(request) and is_verified and is_verified())

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign-in is the site's own; staff without a second factor are led to set it up."""
        target = quote(request.GET.get("next", reverse("admin:index")))
        if not request.user.is_authenticated:
            return redirect(f"{reverse('booking:sign-in')}?next={target}")
        if not request.user.is_staff:
            raise PermissionDenied
        return redirect(f"{reverse('booking:second-factor')}?next={target}")


def own_address(request: HttpRequest) -> str:
    """The address of who is signed in; on the record, as on their account page."""
    from audit.vault.reveal import Purpose, reveal
    from booking.views.access import account_of, web_actor

    if not request.user.is_authenticated:
        return ""
    account = account_of(request)
    with reveal(
        [(account, ("email",))], actor=web_actor(request), purpose=Purpose.ACCOUNT
    ) as plain:
        return plain.text(account, "email")
