"""Every address of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from booking.web.language import choose_language
from doctolib.readiness import ready

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("langue/setlang/", choose_language, name="set_language"),
    path("api/v1/", include("partners.api.urls")),
    path("fhir/r4/", include("partners.fhir.urls")),
    path("pret/", ready, name="ready"),
    path("", include("partners.urls")),
    path("registre/", include("audit.urls")),
    path("equipe/incidents/", include("audit.staff_urls")),
    path("", include("booking.urls")),
    path("", include("practitioners.urls")),
]
if settings.MODE == "development":
    urlpatterns.append(path("developpement/", include("doctolib.development.urls")))
