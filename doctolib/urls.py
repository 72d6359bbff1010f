"""Every address of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("langue/", include("django.conf.urls.i18n")),
    path("api/v1/", include("partners.api.urls")),
    path("fhir/r4/", include("partners.fhir.urls")),
    path("", include("partners.urls")),
    path("registre/", include("audit.urls")),
    path("equipe/incidents/", include("audit.staff_urls")),
    path("", include("booking.urls")),
    path("", include("practitioners.urls")),
]
if settings.MODE == "development":
    urlpatterns.append(path("developpement/", include("doctolib.development.urls")))
