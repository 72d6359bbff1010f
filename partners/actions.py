"""The record's actions on partners' software, what practices grant it, and their calendars."""

from django.utils.translation import gettext_lazy as _

from audit.record.actions import ReadBy, register

_PRACTICE = ReadBy.PRACTICE
_OF_A_VENDOR = "a vendor's own: its pages show its software as it stands"

PARTNER_REGISTERED = register("partner-registered", _("Éditeur inscrit"), why_unread=_OF_A_VENDOR)
CREDENTIAL_REGISTERED = register(
    "credential-registered", _("Logiciel inscrit"), why_unread=_OF_A_VENDOR
)
CREDENTIAL_KEY_ADDED = register(
    "credential-key-added", _("Clé du logiciel ajoutée"), why_unread=_OF_A_VENDOR
)
CREDENTIAL_KEY_REVOKED = register(
    "credential-key-revoked", _("Clé du logiciel révoquée"), why_unread=_OF_A_VENDOR
)
CREDENTIAL_SUSPENDED = register(
    "credential-suspended", _("Logiciel suspendu"), why_unread=_OF_A_VENDOR
)
CREDENTIAL_LET_IN = register(
    "credential-let-in", _("Suspension du logiciel levée"), why_unread=_OF_A_VENDOR
)
WEBHOOK_REGISTERED = register("webhook-registered", _("Webhook inscrit"), why_unread=_OF_A_VENDOR)
WEBHOOK_SECRET_CHANGED = register(
    "webhook-secret-changed", _("Secret du webhook changé"), why_unread=_OF_A_VENDOR
)
WEBHOOK_ENDED = register("webhook-ended", _("Webhook retiré"), why_unread=_OF_A_VENDOR)

GRANT_GIVEN = register("grant-given", _("Logiciel autorisé"), _PRACTICE)
GRANT_WITHDRAWN = register("grant-withdrawn", _("Autorisation retirée"), _PRACTICE)
FEED_OPENED = register("feed-opened", _("Flux de calendrier ouvert"), _PRACTICE)
FEED_CLOSED = register("feed-closed", _("Flux de calendrier fermé"), _PRACTICE)
CALENDAR_IMPORTED = register("calendar-imported", _("Calendrier extérieur ajouté"), _PRACTICE)
CALENDAR_FORGOTTEN = register("calendar-forgotten", _("Calendrier extérieur retiré"), _PRACTICE)
ABSENCES_IMPORTED = register(
    "absences-imported", _("Absences lues d’un calendrier extérieur"), _PRACTICE
)
