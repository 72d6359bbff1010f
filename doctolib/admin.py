"""The staff site: Django admin behind a second factor."""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest


class SiteConfig(AdminConfig):
    """Puts StaffSite in place of Django's default admin site."""

    default_site = "doctolib.admin.StaffSite"


class StaffSite(AdminSite):
    """Admits active staff whose session has passed the second factor."""

    site_header = site_title = "Doctolib"
    login_template = "admin/second_factor_login.html"

    def has_permission(self, request: HttpRequest) -> bool:
        is_verified = getattr(request.user, "is_verified", None)
        return bool(super().has_permission(request) and is_verified and is_verified())
