from django.urls import path, re_path

from partners.fhir import appointments, capabilities, directory, patients, schedules, slots

app_name = "fhir"
urlpatterns = [
    path("metadata", capabilities.Metadata.as_view(), name="metadata"),
    path("Slot", slots.SlotSearch.as_view(), name="slots"),
    path("Slot/<str:slot_id>", slots.SlotRead.as_view(), name="slot"),
    path("Appointment", appointments.Appointments.as_view(), name="appointments"),
    path("Appointment/$hold", appointments.Hold.as_view(), name="hold"),
    path("Appointment/$book", appointments.Book.as_view(), name="book"),
    path(
        "Appointment/<uuid:appointment_id>",
        appointments.OneAppointment.as_view(),
        name="appointment",
    ),
    path("Patient", patients.PatientSearch.as_view(), name="patients"),
    path("Patient/<uuid:patient_id>", patients.PatientRead.as_view(), name="patient"),
]
for kind, (key, _field) in directory.KEYS.items():
    own = kind == "Schedule"
    search = schedules.ScheduleSearch if own else directory.DirectorySearch
    read = schedules.ScheduleRead if own else directory.DirectoryRead
    urlpatterns += [
        path(kind, search.as_view(kind=kind), name=f"{kind.lower()}s"),
        path(f"{kind}/<uuid:{key}>", read.as_view(kind=kind), name=kind.lower()),
    ]
urlpatterns.append(re_path("", capabilities.Unknown.as_view(), name="unknown"))
