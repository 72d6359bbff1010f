"""The record's actions on practices, their agendas and their members."""

from django.utils.translation import gettext_lazy as _

from audit.record.actions import ReadBy, register

_PATIENT, _PRACTICE = ReadBy.PATIENT, ReadBy.PRACTICE

PRACTICE_SAVED = register("practice-saved", _("Cabinet réglé"), _PRACTICE)
AGENDA_SAVED = register("agenda-saved", _("Agenda réglé"), _PRACTICE)
RESOURCE_SAVED = register("resource-saved", _("Salle ou appareil réglé"), _PRACTICE)
VISIT_REASON_SAVED = register("visit-reason-saved", _("Motif enregistré"), _PRACTICE)
QUESTIONS_SAVED = register("questions-saved", _("Questionnaire enregistré"), _PRACTICE)

OPENING_SAVED = register("opening-saved", _("Plage enregistrée"), _PRACTICE)
OPENING_DELETED = register("opening-deleted", _("Plage supprimée"), _PRACTICE)
OPENING_TEMPLATE_SAVED = register(
    "opening-template-saved", _("Semaine type enregistrée"), _PRACTICE
)
OPENING_TEMPLATE_DELETED = register(
    "opening-template-deleted", _("Semaine type supprimée"), _PRACTICE
)
ABSENCE_ADDED = register("absence-added", _("Absence ajoutée"), _PRACTICE)
ABSENCE_REMOVED = register("absence-removed", _("Absence retirée"), _PRACTICE)

# A member is the subject of what is done to their access, and reads it as a patient would.
MEMBER_INVITED = register("member-invited", _("Invitation envoyée"), _PRACTICE)
INVITATION_WITHDRAWN = register("invitation-withdrawn", _("Invitation retirée"), _PRACTICE)
MEMBER_JOINED = register("member-joined", _("Invitation acceptée"), _PATIENT, _PRACTICE)
MEMBER_LINKED = register("member-linked", _("Membre relié à un praticien"), _PATIENT, _PRACTICE)
MEMBER_ACCESS_DATED = register("member-access-dated", _("Fin d’accès fixée"), _PATIENT, _PRACTICE)
MEMBER_REMOVED = register("member-removed", _("Membre retiré"), _PATIENT, _PRACTICE)
SUBSTITUTE_APPOINTED = register("substitute-appointed", _("Remplaçant noté"), _PRACTICE)
SUBSTITUTE_DISMISSED = register("substitute-dismissed", _("Remplacement supprimé"), _PRACTICE)

DIRECTORY_IMPORTED = register(
    "directory-imported", _("Annuaire importé"), why_unread="about the public directory as a whole"
)
