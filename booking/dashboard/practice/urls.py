"""Addresses of the practice itself, within those of a practice."""

from django.urls import include, path

from booking.dashboard.practice import incidents, members, practice, record, statistics

urlpatterns = [
    path("statistiques/", statistics.statistics, name="statistics"),
    path("statistiques/statistiques.csv", statistics.statistics_csv, name="statistics-csv"),
    path("reglages/", practice.practice_settings, name="practice-settings"),
    path("incidents/", incidents.practice_incidents, name="practice-incidents"),
    path(
        "incidents/<int:number>/",
        include(
            [
                path("", incidents.practice_incident, name="practice-incident"),
                path("liste.csv", incidents.practice_incident_csv, name="practice-incident-csv"),
                path("deleguer/", incidents.delegate, name="delegate"),
            ]
        ),
    ),
    path("registre/", record.practice_reads, name="practice-reads"),
    path("registre/registre.csv", record.practice_reads_csv, name="practice-reads-csv"),
    path("registre/signalements/<uuid:concern_id>/", record.answer_concern, name="answer-concern"),
    path("membres/", members.member_list, name="members"),
    path(
        "membres/invitations/<uuid:invitation_id>/retirer/",
        members.withdraw_invitation,
        name="withdraw-invitation",
    ),
    path(
        "membres/<uuid:membership_id>/",
        include(
            [
                path("praticien/", members.link_member, name="link-member"),
                path("fin/", members.date_member, name="date-member"),
                path("retirer/", members.remove_member, name="remove-member"),
            ]
        ),
    ),
]
