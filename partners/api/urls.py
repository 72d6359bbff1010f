from django.urls import path, re_path

from partners.api import oauth
from partners.api.views import agendas, appointments, document, patients

app_name = "api"
urlpatterns = [
    path("openapi.json", document.Document.as_view(), name="schema"),
    path("oauth/token", oauth.token, name="token"),
    path("agendas", agendas.Agendas.as_view(), name="agendas"),
    path("agendas/<uuid:agenda_id>/openings", agendas.Openings.as_view(), name="openings"),
    path("agendas/<uuid:agenda_id>/absences", agendas.Absences.as_view(), name="absences"),
    path("openings/<uuid:opening_id>", agendas.OneOpening.as_view(), name="opening"),
    path("absences/<uuid:absence_id>", agendas.OneAbsence.as_view(), name="absence"),
    path("visit-reasons/<uuid:reason_id>/slots", agendas.Slots.as_view(), name="slots"),
    path("holds", appointments.Holds.as_view(), name="holds"),
    path("holds/<uuid:hold_id>", appointments.OneHold.as_view(), name="hold"),
    path("appointments", appointments.Appointments.as_view(), name="appointments"),
    path(
        "appointments/<uuid:appointment_id>",
        appointments.OneAppointment.as_view(),
        name="appointment",
    ),
    path("appointments/<uuid:appointment_id>/move", appointments.Move.as_view(), name="move"),
    path("appointments/<uuid:appointment_id>/cancel", appointments.Cancel.as_view(), name="cancel"),
    path("appointments/<uuid:appointment_id>/status", appointments.Mark.as_view(), name="mark"),
    path("appointments/<uuid:appointment_id>/reveal", appointments.Reveal.as_view(), name="reveal"),
    path("changes", appointments.Changes.as_view(), name="changes"),
    path("patients", patients.Patients.as_view(), name="patients"),
    path("patients/<uuid:patient_id>", patients.OnePatient.as_view(), name="patient"),
    re_path("", document.Unknown.as_view(), name="unknown"),
]
