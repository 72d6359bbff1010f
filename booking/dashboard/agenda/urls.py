"""Addresses of the agenda and its visits, within those of a practice."""

from django.urls import include, path

from booking.dashboard.agenda import agenda, moving, new_visit, series, session, visits

urlpatterns = [
    path(
        "rendez-vous/<uuid:appointment_id>/",
        include(
            [
                path("serie/", series.repeat_visit, name="repeat-visit"),
                path("glisser/", moving.drag_visit, name="drag-visit"),
                path("", visits.visit, name="visit"),
                path("statut/", visits.mark, name="mark-visit"),
                path("deplacer/", moving.move_visit, name="move-visit"),
                path("annuler/", visits.cancel_visit, name="cancel-visit"),
                path("retablir/", visits.restore_visit, name="restore-visit"),
                path("note/", visits.note_down, name="note-visit"),
            ]
        ),
    ),
    path("", agenda.agenda, name="agenda"),
    path("noms/", agenda.agenda_names, name="agenda-names"),
    path("session/", session.desk_session, name="desk-session"),
    path("reprendre/", session.resume, name="resume"),
    path("rendez-vous/", new_visit.new_visit, name="new-visit"),
]
