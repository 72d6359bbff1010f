"""Addresses of signing in and up."""

from django.urls import path

from booking.web.signing_in import accounts, invited, passkeys, verification

urlpatterns = [
    path("connexion/", accounts.sign_in, name="sign-in"),
    path("connexion/code/", accounts.code, name="code"),
    path("deconnexion/", accounts.sign_out, name="sign-out"),
    path("inscription/", accounts.sign_up, name="sign-up"),
    path("courrier/", verification.check_mail, name="check-mail"),
    path("courrier/mot-de-passe/", verification.choose_password, name="choose-password"),
    path("courrier/etat.json", verification.check_state, name="check-state"),
    path("courrier/suite/", verification.go_on, name="go-on"),
    path("courrier/renvoyer/", verification.send_again, name="send-again"),
    path("courrier/adresse/", verification.correct_address, name="correct-address"),
    path("verification/<str:token>/", verification.verify_email, name="verify-email"),
    path("mot-de-passe/", accounts.forgotten, name="forgotten"),
    path("mot-de-passe/envoye/", accounts.reset_asked, name="reset-asked"),
    path("mot-de-passe/<str:token>/", accounts.reset_password, name="reset-password"),
    path("compte/cles/", passkeys.own_passkeys, name="passkeys"),
    path("compte/cles/ajouter/", passkeys.BeginAdding.as_view(), name="begin-adding-passkey"),
    path("compte/cles/ajoutee/", passkeys.CompleteAdding.as_view(), name="complete-adding-passkey"),
    path("compte/cles/codes/", passkeys.new_recovery_codes, name="new-recovery-codes"),
    path("compte/cles/codes/retirer/", passkeys.end_recovery_codes, name="end-recovery-codes"),
    path("compte/cles/<int:passkey_id>/retirer/", passkeys.forget_passkey, name="forget-passkey"),
    path("connexion/cle/", passkeys.BeginSigningIn.as_view(), name="begin-passkey"),
    path("connexion/cle/montree/", passkeys.CompleteSigningIn.as_view(), name="complete-passkey"),
    path("compte/second-facteur/", accounts.second_factor_page, name="second-factor"),
    path("invitation/<str:token>/", invited.accept_invitation, name="accept-invitation"),
]
