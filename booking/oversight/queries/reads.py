"""What the record says about an account's own people."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from audit.incidents.authority import DATA_NAMES
from audit.models import Entry
from audit.record.proofs import sealed_ids
from audit.software import software_names
from booking.models import Account, Concern, Patient
from practitioners.models import Practice

LIMIT = 200

FIELD_NAMES = DATA_NAMES | {
    "words": _("explication demandée"),
    "answer": _("explication donnée"),
    "name": _("nom du compte"),
    "title": _("nom d’un document"),
    "content_key": _("contenu d’un document"),
}
ACTIONS = {
    "reveal": _("Lecture"),
    "visits-read": _("Lecture de la liste des rendez-vous"),
    "appointment-booked": _("Rendez-vous pris"),
    "appointment-moved": _("Rendez-vous déplacé"),
    "appointment-resized": _("Durée du rendez-vous changée"),
    "appointment-cancelled": _("Rendez-vous annulé"),
    "appointment-restored": _("Annulation reprise"),
    "appointment-marked": _("Venue notée"),
    "waiting-joined": _("Inscription sur la liste d’attente"),
    "waiting-left": _("Sortie de la liste d’attente"),
    "slot-offered": _("Créneau proposé"),
    "offer-accepted": _("Créneau proposé accepté"),
    "offer-declined": _("Créneau proposé décliné"),
    "questionnaire-answered": _("Questionnaire rempli"),
    "questions-saved": _("Questionnaire enregistré"),
    "practice-note-saved": _("Note du cabinet enregistrée"),
    "message-written": _("Message écrit"),
    "conversation-closed": _("Conversation close"),
    "video-entered": _("Entrée dans la salle de la téléconsultation"),
    "video-started": _("Téléconsultation commencée"),
    "video-ended": _("Téléconsultation terminée"),
    "video-reopened": _("Téléconsultation rouverte"),
    "video-colleague-invited": _("Collègue invité à la téléconsultation"),
    "member-linked": _("Membre relié à un praticien"),
    "document-given": _("Document transmis"),
    "document-withdrawn": _("Document retiré"),
    "import-begun": _("Fichier de patients reçu"),
    "import-started": _("Import de patients commencé"),
    "import-ended": _("Import de patients terminé"),
    "patients-merged": _("Fiches réunies"),
    "patients-separated": _("Fiches séparées"),
    "handover-offered": _("Dossier proposé à son propre compte"),
    "handover-accepted": _("Dossier remis à son propre compte"),
    "reminders-ended": _("Rappels arrêtés"),
    "session-ended": _("Session fermée"),
    "sessions-ended": _("Autres sessions fermées"),
    "session-refused": _("Session refusée hors de son appareil"),
    "patient-created": _("Fiche créée"),
    "patient-changed": _("Fiche modifiée"),
    "account-created": _("Compte créé"),
    "email-verified": _("Adresse vérifiée"),
    "email-corrected": _("Adresse corrigée avant sa vérification"),
    "email-change-asked": _("Nouvelle adresse demandée"),
    "email-change-stopped": _("Changement d’adresse arrêté"),
    "email-changed": _("Adresse changée"),
    "email-restored": _("Ancienne adresse rétablie"),
    "password-reset": _("Mot de passe changé"),
    "factors-ended": _("Second facteur et clés d’accès retirés"),
    "password-changed": _("Mot de passe changé"),
    "passkey-added": _("Clé d’accès ajoutée"),
    "passkey-forgotten": _("Clé d’accès retirée"),
    "recovery-code-used": _("Code de secours utilisé"),
    "recovery-codes-ended": _("Codes de secours retirés"),
    "recovery-codes-made": _("Codes de secours renouvelés"),
    "second-factor-set": _("Second facteur activé"),
    "member-joined": _("Invitation acceptée"),
    "access-change-undone": _("Changement d’accès annulé"),
    "member-taken-back": _("Membre repris dans l’équipe"),
    "concern-raised": _("Explication demandée"),
    "concern-answered": _("Explication donnée"),
    "member-invited": _("Invitation envoyée"),
    "invitation-withdrawn": _("Invitation retirée"),
    "second-factor-reset": _("Second facteur retiré par notre équipe"),
    "second-factor-reset-asked": _("Retrait du second facteur demandé"),
    "second-factor-reset-approved": _("Retrait du second facteur annoncé"),
    "second-factor-reset-declined": _("Retrait du second facteur refusé"),
    "second-factor-reset-stopped": _("Retrait du second facteur arrêté"),
    "member-asked": _("Second facteur redemandé"),
    "member-stopped": _("Accès à l’agenda suspendu"),
    "member-let-in": _("Accès à l’agenda rétabli"),
    "member-access-dated": _("Fin d’accès fixée"),
    "substitute-appointed": _("Remplaçant noté"),
    "substitute-dismissed": _("Remplacement supprimé"),
    "member-removed": _("Membre retiré"),
    "opening-saved": _("Plage enregistrée"),
    "opening-deleted": _("Plage supprimée"),
    "opening-template-saved": _("Semaine type enregistrée"),
    "opening-template-deleted": _("Semaine type supprimée"),
    "absence-added": _("Absence ajoutée"),
    "absence-removed": _("Absence retirée"),
    "visit-reason-saved": _("Motif enregistré"),
    "agenda-saved": _("Agenda réglé"),
    "resource-saved": _("Salle ou appareil réglé"),
    "practice-saved": _("Cabinet réglé"),
    "grant-given": _("Logiciel autorisé"),
    "grant-withdrawn": _("Autorisation retirée"),
    "feed-opened": _("Flux de calendrier ouvert"),
    "feed-closed": _("Flux de calendrier fermé"),
    "staff-changed": _("Modification par l’équipe de Doctolib"),
    "record-exported": _("Registre exporté"),
    "subject-erased": _("Clé détruite"),
    "account-erased": _("Compte effacé"),
}
PURPOSES = {
    "own-data": _("consultation par vous-même"),
    "care": _("prise en charge"),
    "booking": _("prise de rendez-vous"),
    "message": _("envoi d’un message"),
    "support": _("assistance"),
    "account": _("gestion du compte"),
    "legal": _("obligation légale"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of "who saw my data"."""

    id: uuid.UUID
    at: datetime
    action: object
    who: object
    purpose: object
    fields: list[object]
    is_sealed: bool
    concern: Concern | None = None


def subjects_of_account(account: Account) -> list[uuid.UUID]:
    """The account itself and the patients it books for."""
    return [account.pk, *Patient.objects.filter(account=account).values_list("pk", flat=True)]


def entry_of_account(account: Account, entry_id: uuid.UUID) -> Entry | None:
    """An entry of the record, if it names one of the account's subjects."""
    return Entry.objects.filter(pk=entry_id, subjects__overlap=subjects_of_account(account)).first()


def field_names(entry: Entry) -> list[object]:
    """The columns that an entry names, in the reader's words, each once."""
    short = dict.fromkeys(name.partition(".")[2] for name in entry.fields)
    return list(dict.fromkeys(str(FIELD_NAMES.get(name, name)) for name in short))


def reads_of_account(account: Account, *, only: Entry | None = None) -> list[Line]:
    """Return the newest entries about the account and its patients, newest first.

    Nothing is revealed, so that looking again and again adds no line. `only` asks for one entry.
    """
    subjects = subjects_of_account(account)
    newest = Entry.objects.filter(subjects__overlap=subjects).order_by("-at", "-id")
    entries = [only] if only else list(newest[:LIMIT])
    practices = dict(
        Practice.objects.filter(
            pk__in={e.practice_id for e in entries if e.practice_id}
        ).values_list("pk", "name")
    )
    software = software_names(entry.credential_id for entry in entries)
    concerns = {c.entry_id: c for c in Concern.objects.filter(account=account)}
    sealed = sealed_ids(entry.pk for entry in entries)
    return [
        Line(
            id=entry.pk,
            at=entry.at,
            action=ACTIONS.get(entry.action, entry.action),
            who=_who(entry, account, practices, software),
            purpose=PURPOSES.get(entry.purpose, entry.purpose),
            fields=field_names(entry),
            is_sealed=entry.pk in sealed,
            concern=concerns.get(entry.pk),
        )
        for entry in entries
    ]


def _who(
    entry: Entry,
    account: Account,
    practices: dict[uuid.UUID, str],
    software: dict[uuid.UUID, str],
) -> object:
    if entry.actor_kind == "system":
        return _("Doctolib (automatique)")
    if entry.actor_kind == "staff":
        return _("l’équipe de Doctolib")
    if entry.practice_id and entry.channel in ("dashboard", "api", "link"):
        practice = practices.get(entry.practice_id, _("un cabinet"))
        if entry.credential_id is None:
            return practice
        name = software.get(entry.credential_id, _("logiciel partenaire"))
        return format_lazy("{} — {} {}", practice, _("par le logiciel"), name)
    if entry.actor_id != account.pk:
        return _("une autre personne")
    return _("vous, par le lien d’un message") if entry.channel == "link" else _("vous")
