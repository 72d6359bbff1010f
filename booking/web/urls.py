"""Addresses of patients' pages."""

from django.urls import include, path

from booking.web.appointments import video

urlpatterns = [
    path("", include("booking.web.signing_in.urls")),
    path("", include("booking.web.account.urls")),
    path("", include("booking.web.booking.urls")),
    path("", include("booking.web.appointments.urls")),
    # What stays open has a beginning of its own, by which a proxy finds the ASGI process.
    path("direct/rendez-vous/<uuid:appointment_id>/", video.events, name="video-events"),
]
