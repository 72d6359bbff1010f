from django.urls import path

from partners.api.views import document
from partners.views import feeds, software

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
    path("developpeurs/", document.Reference.as_view(), name="reference"),
    path("flux/<str:secret>.ics", feeds.feed, name="feed"),
]
