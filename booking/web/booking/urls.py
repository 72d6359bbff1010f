"""Addresses from a slot to an appointment."""

from django.urls import path

from booking.web.booking import booking, together, waiting

urlpatterns = [
    path("reserver/", booking.hold, name="hold"),
    path("reserver/laisser/", booking.let_go, name="let-go"),
    path("reserver/<uuid:hold_id>/", booking.confirm, name="confirm"),
    path("reserver/<uuid:hold_id>/ensemble/", together.confirm, name="confirm-together"),
    path("attente/", waiting.join, name="join-waiting-list"),
    path("attente/<uuid:wait_id>/quitter/", waiting.leave, name="leave-waiting-list"),
    path("creneau/<str:token>/", waiting.offer, name="offer"),
]
