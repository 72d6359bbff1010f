"""Addresses of one's own account."""

from django.urls import path

from booking.web.account import own_account, own_data, own_login, reads

urlpatterns = [
    path("compte/", own_account.account, name="account"),
    path("compte/lectures/", reads.reads, name="reads"),
    path("compte/lectures/<uuid:entry_id>/preuve.json", reads.proof, name="proof"),
    path("compte/lectures/<uuid:entry_id>/signaler/", reads.concern, name="concern"),
    path(
        "verification/<str:token>/annuler/", own_login.stop_email_change, name="stop-email-change"
    ),
    path(
        "compte/second-facteur/<str:token>/garder/",
        own_login.stop_factor_reset,
        name="stop-factor-reset",
    ),
    path("compte/changements/<str:token>/annuler/", own_login.undo_change, name="undo-change"),
    path("compte/adresse/", own_login.change_email, name="change-email"),
    path("compte/adresse/code/", own_login.prove_new_email, name="prove-new-email"),
    path("compte/adresse/renvoyer/", own_login.send_to_new_email, name="send-to-new-email"),
    path("compte/adresse/garder/", own_login.keep_email, name="keep-email"),
    path("compte/mot-de-passe/", own_login.change_password, name="change-password"),
    path("compte/espaces/", own_account.workplaces, name="workplaces"),
    path(
        "compte/espaces/<uuid:membership_id>/quitter/",
        own_account.leave_practice,
        name="leave-practice",
    ),
    path("rappels/<str:token>/", own_account.no_reminders, name="no-reminders"),
    path("compte/sessions/", own_account.sessions, name="sessions"),
    path("compte/sessions/fermer/", own_account.end_other_sessions, name="end-other-sessions"),
    path("compte/sessions/<uuid:sign_in_id>/fermer/", own_account.end_session, name="end-session"),
    path(
        "compte/praticiens/<uuid:practitioner_id>/",
        own_account.toggle_favourite,
        name="toggle-favourite",
    ),
    path("compte/donnees/", own_data.my_data, name="my-data"),
    path("compte/donnees/mes-donnees.json", own_data.my_data_file, name="my-data-file"),
    path("compte/incidents/", own_data.my_incidents, name="my-incidents"),
    path("compte/effacer/", own_data.erase_account, name="erase-account"),
    path("compte/confirmer/", own_login.prove_again, name="prove-again"),
]
