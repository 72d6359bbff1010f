"""Addresses of a practice's pages."""

from django.urls import include, path

from booking.dashboard.agenda import agenda
from booking.dashboard.patients import video

urlpatterns = [
    path(
        "cabinet/<uuid:practice_id>/",
        include(
            [
                path("", include("booking.dashboard.agenda.urls")),
                path("", include("booking.dashboard.patients.urls")),
                path("", include("booking.dashboard.hours.urls")),
                path("", include("booking.dashboard.practice.urls")),
            ]
        ),
    ),
    # What stays open has a beginning of its own, by which a proxy finds the ASGI process.
    path(
        "direct/cabinet/<uuid:practice_id>/",
        include(
            [
                path("agenda/", agenda.agenda_events, name="agenda-events"),
                path(
                    "rendez-vous/<uuid:appointment_id>/", video.events, name="practice-video-events"
                ),
            ]
        ),
    ),
]
