"""A browser whose device keeps passkeys."""

from playwright.sync_api import expect

from tests.factories import PASSWORD


def with_authenticator(page):
    """Give a page's browser a device that keeps keys and whose owner always agrees."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.device = lambda name, **more: devtools.send(
        f"WebAuthn.{name}", {"authenticatorId": made["authenticatorId"], **more}
    )
    return page


def sign_in(page, here, email):
    page.goto(f"{here}/connexion/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()


def make_passkey(page, here, email):
    """Sign a patient in by the form and make a passkey of their device; the page shows it."""
    sign_in(page, here, email)
    page.wait_for_url(f"{here}/rendez-vous/")
    page.goto(f"{here}/compte/cles/")
    page.get_by_role("button", name="Ajouter une clé d’accès").click()
    expect(page.get_by_text("jamais utilisée")).to_be_visible()
