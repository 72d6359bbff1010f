from django.urls import path

from partners import views

app_name = "partners"
urlpatterns = [
    path("cabinet/<uuid:practice_id>/logiciels/", views.software, name="software"),
    path(
        "cabinet/<uuid:practice_id>/logiciels/<uuid:grant_id>/retirer/",
        views.withdraw,
        name="withdraw",
    ),
]
