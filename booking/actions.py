"""The record's actions on accounts, patients and appointments."""

from django.utils.translation import gettext_lazy as _

from audit.record.actions import ReadBy, register

_PATIENT, _PRACTICE = ReadBy.PATIENT, ReadBy.PRACTICE

APPOINTMENT_BOOKED = register("appointment-booked", _("Rendez-vous pris"), _PATIENT, _PRACTICE)
APPOINTMENT_MOVED = register("appointment-moved", _("Rendez-vous déplacé"), _PATIENT, _PRACTICE)
APPOINTMENT_RESIZED = register(
    "appointment-resized", _("Durée du rendez-vous changée"), _PATIENT, _PRACTICE
)
APPOINTMENT_CANCELLED = register(
    "appointment-cancelled", _("Rendez-vous annulé"), _PATIENT, _PRACTICE
)
APPOINTMENT_RESTORED = register(
    "appointment-restored", _("Annulation reprise"), _PATIENT, _PRACTICE
)
APPOINTMENT_MARKED = register("appointment-marked", _("Venue notée"), _PATIENT, _PRACTICE)
PRACTICE_NOTE_SAVED = register(
    "practice-note-saved", _("Note du cabinet enregistrée"), _PATIENT, _PRACTICE
)
QUESTIONNAIRE_ANSWERED = register(
    "questionnaire-answered", _("Questionnaire rempli"), _PATIENT, _PRACTICE
)

WAITING_JOINED = register(
    "waiting-joined", _("Inscription sur la liste d’attente"), _PATIENT, _PRACTICE
)
WAITING_LEFT = register("waiting-left", _("Sortie de la liste d’attente"), _PATIENT, _PRACTICE)
SLOT_OFFERED = register("slot-offered", _("Créneau proposé"), _PATIENT, _PRACTICE)
OFFER_ACCEPTED = register("offer-accepted", _("Créneau proposé accepté"), _PATIENT, _PRACTICE)
OFFER_DECLINED = register("offer-declined", _("Créneau proposé décliné"), _PATIENT, _PRACTICE)

MESSAGE_WRITTEN = register("message-written", _("Message écrit"), _PATIENT, _PRACTICE)
CONVERSATION_CLOSED = register("conversation-closed", _("Conversation close"), _PATIENT, _PRACTICE)
DOCUMENT_GIVEN = register("document-given", _("Document transmis"), _PATIENT, _PRACTICE)
DOCUMENT_WITHDRAWN = register("document-withdrawn", _("Document retiré"), _PATIENT, _PRACTICE)
VIDEO_ENTERED = register(
    "video-entered", _("Entrée dans la salle de la téléconsultation"), _PATIENT, _PRACTICE
)
VIDEO_STARTED = register("video-started", _("Téléconsultation commencée"), _PATIENT, _PRACTICE)
VIDEO_ENDED = register("video-ended", _("Téléconsultation terminée"), _PATIENT, _PRACTICE)
VIDEO_REOPENED = register("video-reopened", _("Téléconsultation rouverte"), _PATIENT, _PRACTICE)
VIDEO_COLLEAGUE_INVITED = register(
    "video-colleague-invited", _("Collègue invité à la téléconsultation"), _PATIENT, _PRACTICE
)

PATIENT_CREATED = register("patient-created", _("Fiche créée"), _PATIENT, _PRACTICE)
PATIENT_CHANGED = register("patient-changed", _("Fiche modifiée"), _PATIENT, _PRACTICE)
PATIENTS_MERGED = register("patients-merged", _("Fiches réunies"), _PATIENT, _PRACTICE)
PATIENTS_SEPARATED = register("patients-separated", _("Fiches séparées"), _PATIENT, _PRACTICE)
HANDOVER_OFFERED = register(
    "handover-offered", _("Dossier proposé à son propre compte"), _PATIENT, _PRACTICE
)
HANDOVER_ACCEPTED = register(
    "handover-accepted", _("Dossier remis à son propre compte"), _PATIENT, _PRACTICE
)
ACCOUNT_ERASED = register("account-erased", _("Compte effacé"), _PATIENT, _PRACTICE)

IMPORT_BEGUN = register("import-begun", _("Fichier de patients reçu"), _PRACTICE)
IMPORT_STARTED = register("import-started", _("Import de patients commencé"), _PRACTICE)
IMPORT_ENDED = register("import-ended", _("Import de patients terminé"), _PRACTICE)

# An account's own: how it is signed in to, and where it is reached.
ACCOUNT_CREATED = register("account-created", _("Compte créé"), _PATIENT)
EMAIL_VERIFIED = register("email-verified", _("Adresse vérifiée"), _PATIENT)
EMAIL_CORRECTED = register(
    "email-corrected", _("Adresse corrigée avant sa vérification"), _PATIENT, is_retired=True
)
EMAIL_CHANGE_ASKED = register("email-change-asked", _("Nouvelle adresse demandée"), _PATIENT)
EMAIL_CHANGE_STOPPED = register("email-change-stopped", _("Changement d’adresse arrêté"), _PATIENT)
EMAIL_CHANGED = register("email-changed", _("Adresse changée"), _PATIENT)
EMAIL_RESTORED = register("email-restored", _("Ancienne adresse rétablie"), _PATIENT)
PASSWORD_RESET = register("password-reset", _("Mot de passe changé"), _PATIENT)
PASSWORD_CHANGED = register("password-changed", _("Mot de passe changé"), _PATIENT)
FACTORS_ENDED = register("factors-ended", _("Second facteur et clés d’accès retirés"), _PATIENT)
PASSKEY_ADDED = register("passkey-added", _("Clé d’accès ajoutée"), _PATIENT)
PASSKEY_FORGOTTEN = register("passkey-forgotten", _("Clé d’accès retirée"), _PATIENT)
SECOND_FACTOR_SET = register("second-factor-set", _("Second facteur activé"), _PATIENT)
RECOVERY_CODES_MADE = register("recovery-codes-made", _("Codes de secours renouvelés"), _PATIENT)
RECOVERY_CODE_USED = register("recovery-code-used", _("Code de secours utilisé"), _PATIENT)
RECOVERY_CODES_ENDED = register("recovery-codes-ended", _("Codes de secours retirés"), _PATIENT)
SECOND_FACTOR_RESET_ASKED = register(
    "second-factor-reset-asked", _("Retrait du second facteur demandé"), _PATIENT
)
SECOND_FACTOR_RESET_APPROVED = register(
    "second-factor-reset-approved", _("Retrait du second facteur annoncé"), _PATIENT
)
SECOND_FACTOR_RESET_DECLINED = register(
    "second-factor-reset-declined", _("Retrait du second facteur refusé"), _PATIENT
)
SECOND_FACTOR_RESET_STOPPED = register(
    "second-factor-reset-stopped", _("Retrait du second facteur arrêté"), _PATIENT
)
SECOND_FACTOR_RESET = register(
    "second-factor-reset", _("Second facteur retiré par notre équipe"), _PATIENT
)
SESSION_ENDED = register("session-ended", _("Session fermée"), _PATIENT)
SESSIONS_ENDED = register("sessions-ended", _("Autres sessions fermées"), _PATIENT)
SESSION_REFUSED = register("session-refused", _("Session refusée hors de son appareil"), _PATIENT)
REMINDERS_ENDED = register("reminders-ended", _("Rappels arrêtés"), _PATIENT)

# A practice's team, and the watch over it.
MEMBER_TAKEN_BACK = register(
    "member-taken-back", _("Membre repris dans l’équipe"), _PATIENT, _PRACTICE
)

ACCESS_CHANGE_UNDONE = register("access-change-undone", _("Changement d’accès annulé"), _PRACTICE)
MEMBER_ASKED = register("member-asked", _("Second facteur redemandé"), _PRACTICE)
MEMBER_STOPPED = register("member-stopped", _("Accès à l’agenda suspendu"), _PRACTICE)
MEMBER_LET_IN = register("member-let-in", _("Accès à l’agenda rétabli"), _PRACTICE)
RECORD_EXPORTED = register("record-exported", _("Registre exporté"), _PRACTICE)

VISITS_READ = register(
    "visits-read", _("Lecture de la liste des rendez-vous"), _PATIENT, _PRACTICE, is_reading=True
)
CONCERN_RAISED = register("concern-raised", _("Explication demandée"), _PATIENT, _PRACTICE)
CONCERN_ANSWERED = register("concern-answered", _("Explication donnée"), _PATIENT, _PRACTICE)
LOOKED_UP = register(
    "looked-up", _("Recherche d’une personne par l’équipe"),
    why_unread="says how many were found, and names nobody",
)  # fmt: skip
STAFF_REFUSED = register(
    "staff-refused", _("Lecture refusée à l’équipe"),
    why_unread="nothing was read, and nobody is named",
)  # fmt: skip
CANARY_PLANTED = register(
    "canary-planted", _("Rendez-vous témoin placé"),
    why_unread="a practice that could tell a canary would not be watched by it",
)  # fmt: skip
