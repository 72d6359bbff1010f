"""The staff site: Django admin behind a second factor."""

from typing import Any
from urllib.parse import quote

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse


class SiteConfig(AdminConfig):
    """Puts StaffSite in place of Django's default admin site."""

    default_site = "doctolib.admin.StaffSite"


class StaffSite(AdminSite):
    """Admits active staff whose session has passed the second factor."""

    site_header = site_title = "Doctolib"

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
