from django.urls import path

from partners.api import oauth, views

app_name = "api"
urlpatterns = [
    path("oauth/token", oauth.token, name="token"),
    path("agendas", views.Agendas.as_view(), name="agendas"),
    path("appointments", views.Appointments.as_view(), name="appointments"),
    path("appointments/<uuid:appointment_id>/reveal", views.Reveal.as_view(), name="reveal"),
    path("visit-reasons/<uuid:reason_id>/slots", views.Slots.as_view(), name="slots"),
]
