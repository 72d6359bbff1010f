"""French names for what Django admin shows under the names of models and columns.

A column whose model gives it no name of its own is named here, once for all models. Set when the
staff site is ready, so that no migration carries words that only our team reads.
"""

from django.contrib.admin import AdminSite
from django.db.models import Field, Model
from django.utils.translation import gettext_lazy as _

MODELS = {
    "audit.Entry": (_("écriture du registre"), _("écritures du registre")),
    "audit.SubjectKey": (_("clé d’une personne"), _("clés des personnes")),
    "practitioners.Taken": (_("temps pris"), _("temps pris")),
}
COLUMNS = {
    "accepted_at": _("acceptée le"),
    "account": _("compte"),
    "action": _("action"),
    "actor_id": _("identifiant de l’auteur"),
    "actor_kind": _("auteur"),
    "address_check": _("preuve d’adresse"),
    "agenda": _("agenda"),
    "agendas": _("agendas"),
    "answer": _("réponse"),
    "answered_at": _("répondu le"),
    "appointment": _("rendez-vous"),
    "asked_at": _("demandé le"),
    "at": _("date"),
    "attempts": _("essais"),
    "birth_date": _("date de naissance"),
    "birth_date_index": _("empreinte de la naissance"),
    "booked_by": _("pris par"),
    "cancelled_at": _("annulé le"),
    "cancelled_late": _("annulé tardivement"),
    "changed_in": _("changé dans"),
    "channel": _("canal"),
    "claimed_until": _("réservé jusqu’au"),
    "code": _("code"),
    "commune": _("commune"),
    "complete": _("complet"),
    "confirmed": _("confirmé"),
    "created_at": _("créé le"),
    "credential": _("accès partenaire"),
    "credential_id": _("identifiant d’accès"),
    "cursor": _("curseur"),
    "delivered_at": _("livré le"),
    "department": _("département"),
    "details": _("détails"),
    "digest": _("empreinte"),
    "due_at": _("à envoyer le"),
    "email": _("e-mail"),
    "email_index": _("empreinte de l’adresse"),
    "email_verified_at": _("adresse vérifiée le"),
    "ends_at": _("fin"),
    "entry_at": _("date de l’écriture"),
    "entry_id": _("écriture"),
    "expires_at": _("valable jusqu’au"),
    "external_id": _("identifiant externe"),
    "failures": _("échecs"),
    "fields": _("champs"),
    "first_name": _("prénom"),
    "first_name_index": _("empreinte du prénom"),
    "follows": _("fait suite à"),
    "give_up_at": _("abandonné le"),
    "handover": _("remise de dossier"),
    "hold_key": _("clé de réservation"),
    "hold_until": _("gardé jusqu’au"),
    "id": _("identifiant"),
    "imported_from": _("importé de"),
    "invitation": _("invitation"),
    "invited_by": _("invité par"),
    "is_active": _("actif"),
    "is_profession": _("est une profession"),
    "is_staff": _("de notre équipe"),
    "key": _("clé"),
    "kind": _("genre"),
    "languages": _("langues"),
    "last_name": _("nom"),
    "last_name_index": _("empreinte du nom"),
    "last_practice_id": _("dernier cabinet"),
    "last_used_at": _("dernier usage"),
    "latitude": _("latitude"),
    "longitude": _("longitude"),
    "mac": _("sceau"),
    "moves": _("déplacements"),
    "name": _("nom"),
    "name_birth_index": _("empreinte du nom et de la naissance"),
    "name_en": _("nom anglais"),
    "national_id": _("numéro national"),
    "needs": _("salles et appareils"),
    "new_patient": _("nouveau patient"),
    "note": _("mot du patient"),
    "number": _("numéro"),
    "object_id": _("objet"),
    "offer": _("proposition"),
    "partner": _("partenaire"),
    "patient": _("patient"),
    "payload": _("contenu"),
    "period": _("période"),
    "permissions": _("droits"),
    "phone": _("téléphone"),
    "phone_index": _("empreinte du téléphone"),
    "phone_zone": _("fuseau du numéro"),
    "population": _("population"),
    "postcodes": _("codes postaux"),
    "former_start": _("heure d’avant"),
    "practice": _("cabinet"),
    "practice_id": _("cabinet"),
    "practice_note": _("note du cabinet"),
    "practices": _("cabinets"),
    "practitioner": _("praticien"),
    "problem": _("problème"),
    "purpose": _("raison"),
    "resizes": _("changements de durée"),
    "read_next_at": _("prochaine lecture"),
    "region": _("région"),
    "relation": _("lien"),
    "revoked_at": _("révoqué le"),
    "root_key_id": _("clé racine"),
    "scopes": _("étendue"),
    "sealed_url": _("adresse scellée"),
    "search_name": _("nom pour la recherche"),
    "seat": _("place"),
    "secret_changed_at": _("secret changé le"),
    "secret_number": _("numéro du secret"),
    "sent_at": _("envoyé le"),
    "series": _("série"),
    "sex": _("sexe"),
    "sign_outs": _("déconnexions"),
    "starts_at": _("début"),
    "state": _("état"),
    "status": _("état"),
    "subject_id": _("personne"),
    "subjects": _("personnes"),
    "suspended_at": _("suspendu le"),
    "taken": _("temps pris"),
    "turn": _("tour"),
    "user": _("compte"),
    "visit_reason": _("motif"),
    "webhook": _("webhook"),
    "withdrawn_at": _("retirée le"),
    "words": _("mots"),
    "wrapped": _("clé enveloppée"),
}


def speak_french(site: AdminSite) -> None:
    """Name the models and columns that the site shows and that have no name of their own."""
    for model in site._registry:
        if (names := MODELS.get(model._meta.label)) is not None:
            model._meta.verbose_name, model._meta.verbose_name_plural = names
        for column in unnamed(model):
            if column.name in COLUMNS:
                column.verbose_name = COLUMNS[column.name]


def unnamed(model: type[Model]) -> list["Field[object, object]"]:
    """The columns of a model that carry the name that Django derives from the code."""
    columns = [*model._meta.fields, *model._meta.many_to_many]
    return [
        each for each in columns if str(each.verbose_name) in (each.name.replace("_", " "), "ID")
    ]
