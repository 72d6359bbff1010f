"""Addresses of a practice's patients, within those of the practice."""

from django.urls import include, path

from booking.dashboard.patients import (
    conversations,
    documents,
    merging,
    patient_import,
    people,
    video,
    waiting,
)

urlpatterns = [
    path("fiches/", merging.merge, name="merge-patients"),
    path("fiches/<uuid:merge_id>/separer/", merging.separate, name="separate-patients"),
    path("imports/", patient_import.imports, name="imports"),
    path(
        "imports/<uuid:import_id>/",
        include(
            [
                path("", patient_import.one_import, name="patient-import"),
                path("refus.csv", patient_import.rejects, name="import-rejects"),
                path("<slug:what>/", patient_import.change_import, name="change-import"),
            ]
        ),
    ),
    path("patients/", people.find, name="find-patients"),
    path(
        "rendez-vous/<uuid:appointment_id>/",
        include(
            [
                path("video/", video.room, name="practice-video"),
                path("video/entrer/", video.enter, name="enter-practice-video"),
                path("video/signal/", video.signal, name="signal-practice-video"),
                path("video/commencer/", video.start, name="start-video"),
                path("video/terminer/", video.end, name="end-video"),
                path("video/rouvrir/", video.reopen, name="reopen-video"),
                path("video/inviter/", video.invite, name="invite-to-video"),
                path("attente/", waiting.add_wait, name="add-wait"),
            ]
        ),
    ),
    path("attente/", waiting.waiting_list, name="waiting-list"),
    path("attente/<uuid:wait_id>/retirer/", waiting.remove_wait, name="remove-wait"),
    path("messages/", conversations.practice_conversations, name="practice-conversations"),
    path(
        "messages/<uuid:conversation_id>/",
        conversations.practice_conversation,
        name="practice-conversation",
    ),
    path(
        "messages/<uuid:conversation_id>/clore/",
        conversations.close_conversation,
        name="close-conversation",
    ),
    path("documents/", documents.practice_documents, name="practice-documents"),
    path(
        "patients/<uuid:patient_id>/documents/",
        documents.patient_documents,
        name="patient-documents",
    ),
    path("documents/<uuid:document_id>/", documents.practice_document, name="practice-document"),
    path(
        "documents/<uuid:document_id>/retirer/",
        documents.withdraw_document,
        name="withdraw-practice-document",
    ),
]
