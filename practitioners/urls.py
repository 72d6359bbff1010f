from django.urls import path

from practitioners.views import public

app_name = "practitioners"
urlpatterns = [
    path("", public.home, name="home"),
    path("recherche/", public.results, name="search"),
    path("suggestions/quoi/", public.suggest_what, name="suggest-what"),
    path("suggestions/ou/", public.suggest_where, name="suggest-where"),
    path("praticien/<uuid:practitioner_id>/", public.practitioner_page, name="practitioner"),
]
