from django.contrib.sitemaps import views as sitemaps
from django.urls import path
from django.views.decorators.cache import cache_control

from practitioners.sitemaps import SITEMAPS
from practitioners.views import public, results, widget

_for_hours = cache_control(public=True, max_age=6 * 3600)

app_name = "practitioners"
urlpatterns = [
    path("", public.home, name="home"),
    path("robots.txt", public.robots, name="robots"),
    path(
        "sitemap.xml",
        _for_hours(sitemaps.index),
        {"sitemaps": SITEMAPS, "sitemap_url_name": "practitioners:sitemap"},
        name="sitemaps",
    ),
    path(
        "sitemap-<section>.xml",
        _for_hours(sitemaps.sitemap),
        {"sitemaps": SITEMAPS},
        name="sitemap",
    ),
    path("widget.js", widget.script, name="widget-script"),
    path("widget/<uuid:practice_id>/", widget.widget, name="widget"),
    path("recherche/", results.results, name="search"),
    path("suggestions/quoi/", results.suggest_what, name="suggest-what"),
    path("suggestions/ou/", results.suggest_where, name="suggest-where"),
    path("praticien/<uuid:practitioner_id>/", public.practitioner_page, name="practitioner"),
]
