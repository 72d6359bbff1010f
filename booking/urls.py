from django.urls import path

from booking.dashboard.agenda import agenda, moving, new_visit, session, visits
from booking.dashboard.hours import resources, substitutes, time, week_templates
from booking.dashboard.patients import conversations as practice_conversations
from booking.dashboard.patients import documents as practice_documents
from booking.dashboard.patients import merging, people
from booking.dashboard.patients import patient_import as importing
from booking.dashboard.patients import video as practice_video
from booking.dashboard.patients import waiting as practice_waiting
from booking.dashboard.practice import incidents, members, practice, record
from booking.dashboard.practice import statistics as practice_statistics
from booking.pages.session import device
from booking.web.account import own_account, own_data, own_login
from booking.web.appointments import (
    appointments,
    changing,
    conversations,
    documents,
    offline,
    series,
    video,
)
from booking.web.booking import booking, together, waiting
from booking.web.signing_in import accounts, invited, passkeys, verification

app_name = "booking"
urlpatterns = [
    path("connexion/", accounts.sign_in, name="sign-in"),
    path("connexion/code/", accounts.code, name="code"),
    path("connexion/appareil/", device.register, name="register-device"),
    path("connexion/appareil/suite/", device.renew, name="renew-device"),
    path("deconnexion/", accounts.sign_out, name="sign-out"),
    path("inscription/", accounts.sign_up, name="sign-up"),
    path("courrier/", verification.check_mail, name="check-mail"),
    path("courrier/mot-de-passe/", verification.choose_password, name="choose-password"),
    path("courrier/etat.json", verification.check_state, name="check-state"),
    path("courrier/suite/", verification.go_on, name="go-on"),
    path("courrier/renvoyer/", verification.send_again, name="send-again"),
    path("courrier/adresse/", verification.correct_address, name="correct-address"),
    path("verification/<str:token>/", verification.verify_email, name="verify-email"),
    path(
        "verification/<str:token>/annuler/", own_login.stop_email_change, name="stop-email-change"
    ),
    path(
        "compte/second-facteur/<str:token>/garder/",
        own_login.stop_factor_reset,
        name="stop-factor-reset",
    ),
    path("compte/changements/<str:token>/annuler/", own_login.undo_change, name="undo-change"),
    path("mot-de-passe/", accounts.forgotten, name="forgotten"),
    path("mot-de-passe/envoye/", accounts.reset_asked, name="reset-asked"),
    path("mot-de-passe/<str:token>/", accounts.reset_password, name="reset-password"),
    path("compte/", accounts.account, name="account"),
    path("compte/adresse/", own_login.change_email, name="change-email"),
    path("compte/adresse/code/", own_login.prove_new_email, name="prove-new-email"),
    path("compte/adresse/renvoyer/", own_login.send_to_new_email, name="send-to-new-email"),
    path("compte/adresse/garder/", own_login.keep_email, name="keep-email"),
    path("compte/mot-de-passe/", own_login.change_password, name="change-password"),
    path("compte/espaces/", own_account.workplaces, name="workplaces"),
    path(
        "compte/espaces/<uuid:membership_id>/quitter/",
        own_account.leave_practice,
        name="leave-practice",
    ),
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
    path("compte/cles/", passkeys.own_passkeys, name="passkeys"),
    path("compte/cles/ajouter/", passkeys.BeginAdding.as_view(), name="begin-adding-passkey"),
    path("compte/cles/ajoutee/", passkeys.CompleteAdding.as_view(), name="complete-adding-passkey"),
    path("compte/cles/codes/", passkeys.new_recovery_codes, name="new-recovery-codes"),
    path("compte/cles/codes/retirer/", passkeys.end_recovery_codes, name="end-recovery-codes"),
    path("compte/cles/<int:passkey_id>/retirer/", passkeys.forget_passkey, name="forget-passkey"),
    path("connexion/cle/", passkeys.BeginSigningIn.as_view(), name="begin-passkey"),
    path("connexion/cle/montree/", passkeys.CompleteSigningIn.as_view(), name="complete-passkey"),
    path("compte/confirmer/", own_login.prove_again, name="prove-again"),
    path("compte/second-facteur/", accounts.second_factor_page, name="second-factor"),
    path("compte/proches/", appointments.people, name="people"),
    path("compte/proches/nouveau/", appointments.new_person, name="new-person"),
    path("compte/proches/<uuid:patient_id>/", appointments.person, name="person"),
    path("compte/proches/<uuid:patient_id>/remettre/", appointments.hand_over, name="hand-over"),
    path("compte/dossier/<str:token>/", appointments.accept_handover, name="accept-handover"),
    path("reserver/", booking.hold, name="hold"),
    path("reserver/laisser/", booking.let_go, name="let-go"),
    path("reserver/<uuid:hold_id>/", booking.confirm, name="confirm"),
    path("reserver/<uuid:hold_id>/ensemble/", together.confirm, name="confirm-together"),
    path("rendez-vous/", appointments.my_appointments, name="my-appointments"),
    path("rendez-vous/hors-ligne.json", offline.offline_visits, name="offline-visits"),
    path("hors-ligne/", offline.offline, name="offline"),
    path("manifest.webmanifest", offline.manifest, name="manifest"),
    path("sw.js", offline.service_worker, name="service-worker"),
    path("rendez-vous/<uuid:appointment_id>/", appointments.appointment, name="appointment"),
    path("rendez-vous/<uuid:appointment_id>/deplacer/", changing.move, name="move"),
    path("rendez-vous/<uuid:appointment_id>/annuler/", changing.cancel, name="cancel"),
    path("rendez-vous/<uuid:appointment_id>/revenir/", changing.take_back, name="take-back"),
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
    path("rendez-vous/<uuid:appointment_id>/serie/", series.repeat, name="repeat"),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/serie/",
        series.repeat_visit,
        name="repeat-visit",
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
    path("invitation/<str:token>/", invited.accept_invitation, name="accept-invitation"),
    path("cabinet/<uuid:practice_id>/", agenda.agenda, name="agenda"),
    path("cabinet/<uuid:practice_id>/fiches/", merging.merge, name="merge-patients"),
    path(
        "cabinet/<uuid:practice_id>/fiches/<uuid:merge_id>/separer/",
        merging.separate,
        name="separate-patients",
    ),
    path("cabinet/<uuid:practice_id>/imports/", importing.imports, name="imports"),
    path(
        "cabinet/<uuid:practice_id>/imports/<uuid:import_id>/",
        importing.one_import,
        name="patient-import",
    ),
    path(
        "cabinet/<uuid:practice_id>/imports/<uuid:import_id>/refus.csv",
        importing.rejects,
        name="import-rejects",
    ),
    path(
        "cabinet/<uuid:practice_id>/imports/<uuid:import_id>/<slug:what>/",
        importing.change_import,
        name="change-import",
    ),
    path("cabinet/<uuid:practice_id>/salles/", resources.resources, name="resources"),
    path(
        "cabinet/<uuid:practice_id>/salles/<uuid:resource_id>/",
        resources.resource,
        name="resource",
    ),
    path("cabinet/<uuid:practice_id>/noms/", agenda.agenda_names, name="agenda-names"),
    path("direct/cabinet/<uuid:practice_id>/agenda/", agenda.agenda_events, name="agenda-events"),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/glisser/",
        moving.drag_visit,
        name="drag-visit",
    ),
    path("cabinet/<uuid:practice_id>/session/", session.desk_session, name="desk-session"),
    path("cabinet/<uuid:practice_id>/reprendre/", session.resume, name="resume"),
    path("cabinet/<uuid:practice_id>/patients/", people.find, name="find-patients"),
    path("cabinet/<uuid:practice_id>/rendez-vous/", new_visit.new_visit, name="new-visit"),
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
        moving.move_visit,
        name="move-visit",
    ),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/annuler/",
        visits.cancel_visit,
        name="cancel-visit",
    ),
    path(
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/retablir/",
        visits.restore_visit,
        name="restore-visit",
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
        "cabinet/<uuid:practice_id>/rendez-vous/<uuid:appointment_id>/video/rouvrir/",
        practice_video.reopen,
        name="reopen-video",
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
        week_templates.copy_week,
        name="copy-week",
    ),
    path(
        "cabinet/<uuid:practice_id>/agendas/<uuid:agenda_id>/modeles/",
        week_templates.week_templates,
        name="week-templates",
    ),
    path(
        "cabinet/<uuid:practice_id>/agendas/<uuid:agenda_id>/modeles/<uuid:template_id>/",
        week_templates.week_template,
        name="week-template",
    ),
    path(
        "cabinet/<uuid:practice_id>/agendas/<uuid:agenda_id>/modeles/<uuid:template_id>/supprimer/",
        week_templates.delete_week_template,
        name="delete-week-template",
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
        "cabinet/<uuid:practice_id>/membres/invitations/<uuid:invitation_id>/retirer/",
        members.withdraw_invitation,
        name="withdraw-invitation",
    ),
    path(
        "cabinet/<uuid:practice_id>/membres/<uuid:membership_id>/praticien/",
        members.link_member,
        name="link-member",
    ),
    path(
        "cabinet/<uuid:practice_id>/membres/<uuid:membership_id>/fin/",
        members.date_member,
        name="date-member",
    ),
    path(
        "cabinet/<uuid:practice_id>/agendas/<uuid:agenda_id>/remplacants/",
        substitutes.substitutes,
        name="substitutes",
    ),
    path(
        "cabinet/<uuid:practice_id>/agendas/<uuid:agenda_id>/remplacants/<uuid:substitution_id>/",
        substitutes.dismiss_substitute,
        name="dismiss-substitute",
    ),
    path(
        "cabinet/<uuid:practice_id>/membres/<uuid:membership_id>/retirer/",
        members.remove_member,
        name="remove-member",
    ),
]
