from django.urls import path

from partners.api import views

app_name = "api"
urlpatterns = [
    path("agendas", views.Agendas.as_view(), name="agendas"),
    path("visit-reasons/<uuid:reason_id>/slots", views.Slots.as_view(), name="slots"),
]
