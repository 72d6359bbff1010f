from django.urls import path

from partners.api.views import document
from partners.views import feeds, software, vendors

CREDENTIAL = "editeur/<uuid:partner_id>/acces/<uuid:credential_id>/"
WEBHOOK = f"{CREDENTIAL}adresses/<uuid:webhook_id>/"

app_name = "partners"
urlpatterns = [
    path("cabinet/<uuid:practice_id>/logiciels/", software.software, name="software"),
    path(
        "cabinet/<uuid:practice_id>/logiciels/<uuid:grant_id>/retirer/",
        software.withdraw,
        name="withdraw",
    ),
    path("cabinet/<uuid:practice_id>/calendriers/", feeds.feed_list, name="feeds"),
    path(
        "cabinet/<uuid:practice_id>/calendriers/<uuid:feed_id>/fermer/",
        feeds.close_feed,
        name="close-feed",
    ),
    path(
        "cabinet/<uuid:practice_id>/calendriers/importer/",
        feeds.import_calendar,
        name="import-calendar",
    ),
    path(
        "cabinet/<uuid:practice_id>/calendriers/<uuid:calendar_id>/oublier/",
        feeds.forget_calendar,
        name="forget-calendar",
    ),
    path("editeur/", vendors.vendor_list, name="vendors"),
    path("editeur/<uuid:partner_id>/", vendors.vendor, name="vendor"),
    path(CREDENTIAL, vendors.credential, name="credential"),
    path(f"{CREDENTIAL}cles/", vendors.add_key, name="add-key"),
    path(f"{CREDENTIAL}cles/<uuid:key_id>/revoquer/", vendors.revoke_key, name="revoke-key"),
    path(f"{CREDENTIAL}adresses/", vendors.add_webhook, name="add-webhook"),
    path(f"{WEBHOOK}arreter/", vendors.end_webhook, name="end-webhook"),
    path(f"{WEBHOOK}secret/", vendors.change_secret, name="change-secret"),
    path(f"{CREDENTIAL}livraisons/<uuid:delivery_id>/", vendors.replay, name="replay"),
    path(f"{CREDENTIAL}essai/", vendors.make_sandbox, name="make-sandbox"),
    path("developpeurs/", document.Reference.as_view(), name="reference"),
    path("flux/<str:secret>.ics", feeds.feed, name="feed"),
]
