"""Addresses of the app: patients' pages, a practice's pages, and what binds a session."""

from django.urls import include, path

app_name = "booking"
urlpatterns = [
    path("", include("booking.pages.session.urls")),
    path("", include("booking.web.urls")),
    path("", include("booking.dashboard.urls")),
]
