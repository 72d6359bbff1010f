"""Addresses of opening hours, absences and rooms, within those of a practice."""

from django.urls import include, path

from booking.dashboard.hours import resources, substitutes, time, week_templates

urlpatterns = [
    path("salles/", resources.resources, name="resources"),
    path("salles/<uuid:resource_id>/", resources.resource, name="resource"),
    path("horaires/", time.week_plan, name="week-plan"),
    path("absences/", time.new_absence, name="new-absence"),
    path("absences/<uuid:absence_id>/supprimer/", time.delete_absence, name="delete-absence"),
    path(
        "agendas/<uuid:agenda_id>/",
        include(
            [
                path("copier/", week_templates.copy_week, name="copy-week"),
                path("modeles/", week_templates.week_templates, name="week-templates"),
                path(
                    "modeles/<uuid:template_id>/",
                    week_templates.week_template,
                    name="week-template",
                ),
                path(
                    "modeles/<uuid:template_id>/supprimer/",
                    week_templates.delete_week_template,
                    name="delete-week-template",
                ),
                path("plages/", time.opening, name="new-opening"),
                path("plages/<uuid:opening_id>/", time.opening, name="opening"),
                path(
                    "plages/<uuid:opening_id>/supprimer/",
                    time.delete_opening,
                    name="delete-opening",
                ),
                path("motifs/", time.reason, name="new-reason"),
                path("motifs/<uuid:reason_id>/", time.reason, name="reason"),
                path("motifs/<uuid:reason_id>/questions/", time.questions, name="questions"),
                path("", time.agenda_settings, name="agenda-settings"),
                path("remplacants/", substitutes.substitutes, name="substitutes"),
                path(
                    "remplacants/<uuid:substitution_id>/",
                    substitutes.dismiss_substitute,
                    name="dismiss-substitute",
                ),
            ]
        ),
    ),
]
