"""Every address of the site."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("booking.urls")),
    path("", include("practitioners.urls")),
    path("api/v1/", include("partners.api.urls")),
]
