"""Addresses of one's own appointments, people, messages and documents."""

from django.urls import include, path

from booking.web.appointments import (
    appointments,
    changing,
    conversations,
    documents,
    offline,
    series,
    video,
)

urlpatterns = [
    path("compte/proches/", appointments.people, name="people"),
    path("compte/proches/nouveau/", appointments.new_person, name="new-person"),
    path("compte/proches/<uuid:patient_id>/", appointments.person, name="person"),
    path("compte/proches/<uuid:patient_id>/remettre/", appointments.hand_over, name="hand-over"),
    path("compte/dossier/<str:token>/", appointments.accept_handover, name="accept-handover"),
    path("rendez-vous/", appointments.my_appointments, name="my-appointments"),
    path("rendez-vous/hors-ligne.json", offline.offline_visits, name="offline-visits"),
    path("hors-ligne/", offline.offline, name="offline"),
    path("manifest.webmanifest", offline.manifest, name="manifest"),
    path("sw.js", offline.service_worker, name="service-worker"),
    path(
        "rendez-vous/<uuid:appointment_id>/",
        include(
            [
                path("", appointments.appointment, name="appointment"),
                path("deplacer/", changing.move, name="move"),
                path("annuler/", changing.cancel, name="cancel"),
                path("revenir/", changing.take_back, name="take-back"),
                path("questionnaire/", appointments.answer_questions, name="answer-questions"),
                path("rendez-vous.ics", appointments.calendar_file, name="calendar-file"),
                path("serie/", series.repeat, name="repeat"),
                path("video/", video.room, name="video"),
                path("video/entrer/", video.enter, name="enter-video"),
                path("video/signal/", video.signal, name="signal-video"),
            ]
        ),
    ),
    path("messages/", conversations.my_conversations, name="my-conversations"),
    path("messages/nouveau/", conversations.begin_conversation, name="begin-conversation"),
    path("messages/<uuid:conversation_id>/", conversations.my_conversation, name="my-conversation"),
    path("documents/", documents.my_documents, name="my-documents"),
    path("documents/<uuid:document_id>/", documents.my_document, name="my-document"),
    path(
        "documents/<uuid:document_id>/retirer/",
        documents.withdraw_document,
        name="withdraw-document",
    ),
]
