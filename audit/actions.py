"""The record's actions that the ground itself writes."""

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from audit.models import ApprovalOf
from audit.record.actions import Action, ReadBy, register

_PATIENT, _PRACTICE, _TEAM = ReadBy.PATIENT, ReadBy.PRACTICE, ReadBy.TEAM
_OF_THE_VAULT = "about the vault as a whole: no person and no practice is named"

REVEAL = register("reveal", _("Lecture"), _PATIENT, _PRACTICE, is_reading=True)
SUBJECT_ERASED = register("subject-erased", _("Clé détruite"), _PATIENT, _PRACTICE)
STAFF_CHANGED = register(
    "staff-changed", _("Modification par l’équipe de Doctolib"),
    why_unread="names a row of the team's own lists, of no practice and no person",
)  # fmt: skip

DATA_KEYS_RESTORED = register(
    "data-keys-restored", _("Clés de données restaurées"), why_unread=_OF_THE_VAULT
)
DATA_KEYS_REWRAPPED = register(
    "data-keys-rewrapped", _("Clés de données mises sous la nouvelle clé racine"),
    why_unread=_OF_THE_VAULT,
)  # fmt: skip
ROOT_KEY_INTRODUCED = register(
    "root-key-introduced", _("Nouvelle clé racine"), why_unread=_OF_THE_VAULT
)
ROOT_KEY_RETIRED = register(
    "root-key-retired", _("Ancienne clé racine retirée"), why_unread=_OF_THE_VAULT
)

# An incident's steps. The practice sees those that its members or its software bring about.
INCIDENT = "incident-"
INCIDENT_OPENED = register(f"{INCIDENT}opened", _("Incident ouvert"), _PRACTICE, _TEAM)
INCIDENT_CONTAINED = register(
    f"{INCIDENT}contained", _("Incident\u00a0: accès arrêté"), _PRACTICE, _TEAM
)
INCIDENT_DELEGATED = register(
    f"{INCIDENT}delegated", _("Information des patients confiée à Doctolib"), _PRACTICE, _TEAM
)
INCIDENT_SEEN = register(f"{INCIDENT}seen", _("Vu par l’équipe"), _TEAM)
INCIDENT_ASSESSED = register(f"{INCIDENT}assessed", _("Gravité évaluée"), _TEAM)
INCIDENT_FILED = register(f"{INCIDENT}filed", _("Formulaire remis à l’autorité"), _TEAM)
INCIDENT_ANSWERS = register(f"{INCIDENT}answers", _("Formulaire complété"), _TEAM)
INCIDENT_NOTIFIED = register(f"{INCIDENT}notified", _("Notifications terminées"), _TEAM)
INCIDENT_PAUSED = register(f"{INCIDENT}paused", _("Envois suspendus"), _TEAM)
INCIDENT_RESUMED = register(f"{INCIDENT}resumed", _("Envois repris"), _TEAM)
INCIDENT_REMARK = register(f"{INCIDENT}remark", _("Remarque"), _TEAM)
INCIDENT_SETTLED = register(f"{INCIDENT}settled", _("Remise incertaine tranchée"), _TEAM)

_about = lazy(lambda words, of: str(words) % {"what": of.label}, str)


def _steps_of_approvals(verb: str, words: object) -> dict[ApprovalOf, Action]:
    return {of: register(f"{INCIDENT}{verb}-{of}", _about(words, of), _TEAM) for of in ApprovalOf}


INCIDENT_ASKED = _steps_of_approvals("asked", _("Demandé\u00a0: %(what)s"))
INCIDENT_APPROVED = _steps_of_approvals("approved", _("Approuvé\u00a0: %(what)s"))
INCIDENT_REFUSED = _steps_of_approvals("refused", _("Refusé\u00a0: %(what)s"))
