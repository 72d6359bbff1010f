from django.urls import path

from booking.views import (
    accounts,
    appointments,
    booking,
    conversations,
    documents,
    offline,
    own_account,
    own_data,
    video,
    waiting,
)
from booking.views.dashboard import agenda, incidents, members, practice, record, time, visits
from booking.views.dashboard import conversations as practice_conversations
from booking.views.dashboard import documents as practice_documents
from booking.views.dashboard import statistics as practice_statistics
from booking.views.dashboard import video as practice_video
from booking.views.dashboard import waiting as practice_waiting

app_name = "booking"
urlpatterns = [
    path("connexion/", accounts.sign_in, name="sign-in"),
    path("connexion/code/", accounts.code, name="code"),
    path("deconnexion/", accounts.sign_out, name="sign-out"),
    path("inscription/", accounts.sign_up, name="sign-up"),
    path("courrier/", accounts.check_mail, name="check-mail"),
    path("verification/<str:token>/", accounts.verify_email, name="verify-email"),
    path("mot-de-passe/", accounts.forgotten, name="forgotten"),
    path("mot-de-passe/<str:token>/", accounts.reset_password, name="reset-password"),
    path("compte/", accounts.account, name="account"),
    path("rappels/<str:token>/", own_account.no_reminders, name="no-reminders"),
    path("compte/sessions/", own_account.sessions, name="sessions"),
    path("compte/sessions/fermer/", own_account.end_other_sessions, name="end-other-sessions"),
    path("compte/sessions/<uuid:sign_in_id>/fermer/", own_account.end_session, name="end-session"),
    path(
        "compte/praticiens/<uuid:practitioner_id>/",
        own_account.toggle_favourite,
        name="toggle-favourite",
    ),
    path("compte/lectures/", accounts.reads, name="reads"),
    path("compte/lectures/<uuid:entry_id>/preuve.json", accounts.proof, name="proof"),
    path("compte/lectures/<uuid:entry_id>/signaler/", accounts.concern, name="concern"),
    path("compte/donnees/", own_data.my_data, name="my-data"),
    path("compte/donnees/mes-donnees.json", own_data.my_data_file, name="my-data-file"),
    path("compte/incidents/", own_data.my_incidents, name="my-incidents"),
    path("compte/effacer/", own_data.erase_account, name="erase-account"),
    path("compte/second-facteur/", accounts.second_factor_page, name="second-factor"),
    path("compte/proches/", appointments.people, name="people"),
    path("compte/proches/nouveau/", appointments.new_person, name="new-person"),
    path("compte/proches/<uuid:patient_id>/", appointments.person, name="person"),
    path("compte/proches/<uuid:patient_id>/remettre/", appointments.hand_over, name="hand-over"),
    path("compte/dossier/<str:token>/", appointments.accept_handover, name="accept-handover"),
    path("reserver/", booking.hold, name="hold"),
    path("reserver/<uuid:hold_id>/", booking.confirm, name="confirm"),
    path("rendez-vous/", appointments.my_appointments, name="my-appointments"),
    path("rendez-vous/hors-ligne.json", offline.offline_visits, name="offline-visits"),
    path("hors-ligne/", offline.offline, name="offline"),
    path("manifest.webmanifest", offline.manifest, name="manifest"),
    path("sw.js", offline.service_worker, name="service-worker"),
    path("rendez-vous/<uuid:appointment_id>/", appointments.appointment, name="appointment"),
    path("rendez-vous/<uuid:appointment_id>/deplacer/", appointments.move, name="move"),
    path("rendez-vous/<uuid:appointment_id>/annuler/", appointments.cancel, name="cancel"),
    path(
        "rendez-vous/<uuid:appointment_id>/questionnaire/",
        appointments.answer_questions,
        name="answer-questions",
    ),
    path(
        "rendez-vous/<uuid:appointment_id>/rendez-vous.ics",
        appointments.calendar_file,
        name="calendar-file",
    ),
    path("rendez-vous/<uuid:appointment_id>/video/", video.room, name="video"),
    path("rendez-vous/<uuid:appointment_id>/video/entrer/", video.enter, name="enter-video"),
    path("rendez-vous/<uuid:appointment_id>/video/signal/", video.signal, name="signal-video"),
    # What stays open has a beginning of its own, by which a proxy finds the ASGI process.
    path("direct/rendez-vous/<uuid:appointment_id>/", video.events, name="video-events"),
    path(
        "direct/cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/",
        practice_video.events,
        name="practice-video-events",
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
    path("attente/", waiting.join, name="join-waiting-list"),
    path("attente/<uuid:wait_id>/quitter/", waiting.leave, name="leave-waiting-list"),
    path("creneau/<str:token>/", waiting.offer, name="offer"),
    path("invitation/<str:token>/", members.accept_invitation, name="accept-invitation"),
    path("cabinet/<uuid:practice_id>/", agenda.agenda, name="agenda"),
    path("cabinet/<uuid:practice_id>/patients/", visits.find, name="find-patients"),
    path("cabinet/<uuid:practice_id>/rendez-vous/", visits.new_visit, name="new-visit"),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/",
        visits.visit,
        name="visit",
    ),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/statut/",
        visits.mark,
        name="mark-visit",
    ),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/deplacer/",
        visits.move_visit,
        name="move-visit",
    ),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/annuler/",
        visits.cancel_visit,
        name="cancel-visit",
    ),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/note/",
        visits.note_down,
        name="note-visit",
    ),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/video/",
        practice_video.room,
        name="practice-video",
    ),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/video/entrer/",
        practice_video.enter,
        name="enter-practice-video",
    ),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/video/signal/",
        practice_video.signal,
        name="signal-practice-video",
    ),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/video/commencer/",
        practice_video.start,
        name="start-video",
    ),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/video/terminer/",
        practice_video.end,
        name="end-video",
    ),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/video/inviter/",
        practice_video.invite,
        name="invite-to-video",
    ),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/attente/",
        practice_waiting.add_wait,
        name="add-wait",
    ),
    path("cabinet/<uuid:practice_id>/attente/", practice_waiting.waiting_list, name="waiting-list"),
    path(
        "cabinet/<uuid:practice_id>/attente/<uuid:wait_id>/retirer/",
        practice_waiting.remove_wait,
        name="remove-wait",
    ),
    path(
        "cabinet/<uuid:practice_id>/statistiques/",
        practice_statistics.statistics,
        name="statistics",
    ),
    path(
        "cabinet/<uuid:practice_id>/statistiques/statistiques.csv",
        practice_statistics.statistics_csv,
        name="statistics-csv",
    ),
    path(
        "cabinet/<uuid:practice_id>/messages/",
        practice_conversations.practice_conversations,
        name="practice-conversations",
    ),
    path(
        "cabinet/<uuid:practice_id>/messages/<uuid:conversation_id>/",
        practice_conversations.practice_conversation,
        name="practice-conversation",
    ),
    path(
        "cabinet/<uuid:practice_id>/messages/<uuid:conversation_id>/clore/",
        practice_conversations.close_conversation,
        name="close-conversation",
    ),
    path(
        "cabinet/<uuid:practice_id>/documents/",
        practice_documents.practice_documents,
        name="practice-documents",
    ),
    path(
        "cabinet/<uuid:practice_id>/patients/<uuid:patient_id>/documents/",
        practice_documents.patient_documents,
        name="patient-documents",
    ),
    path(
        "cabinet/<uuid:practice_id>/documents/<uuid:document_id>/",
        practice_documents.practice_document,
        name="practice-document",
    ),
    path(
        "cabinet/<uuid:practice_id>/documents/<uuid:document_id>/retirer/",
        practice_documents.withdraw_document,
        name="withdraw-practice-document",
    ),
    path("cabinet/<uuid:practice_id>/horaires/", time.week_plan, name="week-plan"),
    path("cabinet/<uuid:practice_id>/absences/", time.new_absence, name="new-absence"),
    path(
        "cabinet/<uuid:practice_id>/absences/<uuid:absence_id>/supprimer/",
        time.delete_absence,
        name="delete-absence",
    ),
    path(
        "cabinet/<uuid:practice_id>/agendas/<uuid:agenda_id>/copier/",
        time.copy_week,
        name="copy-week",
    ),
    path(
        "cabinet/<uuid:practice_id>/agendas/<uuid:agenda_id>/plages/",
        time.opening,
        name="new-opening",
    ),
    path(
        "cabinet/<uuid:practice_id>/agendas/<uuid:agenda_id>/plages/<uuid:opening_id>/",
        time.opening,
        name="opening",
    ),
    path(
        "cabinet/<uuid:practice_id>/agendas/<uuid:agenda_id>/plages/<uuid:opening_id>/supprimer/",
        time.delete_opening,
        name="delete-opening",
    ),
    path(
        "cabinet/<uuid:practice_id>/agendas/<uuid:agenda_id>/motifs/",
        time.reason,
        name="new-reason",
    ),
    path(
        "cabinet/<uuid:practice_id>/agendas/<uuid:agenda_id>/motifs/<uuid:reason_id>/",
        time.reason,
        name="reason",
    ),
    path(
        "cabinet/<uuid:practice_id>/agendas/<uuid:agenda_id>/motifs/<uuid:reason_id>/questions/",
        time.questions,
        name="questions",
    ),
    path(
        "cabinet/<uuid:practice_id>/agendas/<uuid:agenda_id>/",
        time.agenda_settings,
        name="agenda-settings",
    ),
    path(
        "cabinet/<uuid:practice_id>/reglages/", practice.practice_settings, name="practice-settings"
    ),
    path(
        "cabinet/<uuid:practice_id>/incidents/",
        incidents.practice_incidents,
        name="practice-incidents",
    ),
    path(
        "cabinet/<uuid:practice_id>/incidents/<int:number>/",
        incidents.practice_incident,
        name="practice-incident",
    ),
    path(
        "cabinet/<uuid:practice_id>/incidents/<int:number>/liste.csv",
        incidents.practice_incident_csv,
        name="practice-incident-csv",
    ),
    path(
        "cabinet/<uuid:practice_id>/incidents/<int:number>/deleguer/",
        incidents.delegate,
        name="delegate",
    ),
    path("cabinet/<uuid:practice_id>/registre/", record.practice_reads, name="practice-reads"),
    path(
        "cabinet/<uuid:practice_id>/registre/registre.csv",
        record.practice_reads_csv,
        name="practice-reads-csv",
    ),
    path(
        "cabinet/<uuid:practice_id>/registre/signalements/<uuid:concern_id>/",
        record.answer_concern,
        name="answer-concern",
    ),
    path("cabinet/<uuid:practice_id>/membres/", members.member_list, name="members"),
    path(
        "cabinet/<uuid:practice_id>/membres/<uuid:membership_id>/praticien/",
        members.link_member,
        name="link-member",
    ),
    path(
        "cabinet/<uuid:practice_id>/membres/<uuid:membership_id>/retirer/",
        members.remove_member,
        name="remove-member",
    ),
]
