"""A real Chromium binds its session to its device: Device Bound Session Credentials.

Chromium acts on the protocol's headers over TLS alone, and on Linux makes keys in software, behind
a flag of its own for tests.
"""

import base64
import hashlib
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.urls import reverse
from playwright.sync_api import expect

from booking.models import DeviceKey
from doctolib.servers import free_port
from tests.browser.conftest import QUIET, wait_for_port, worker_environment
from tests.browser.install import find_chromium
from tests.factories import PASSWORD, make_account

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
FEATURES = "DeviceBoundSessions,EnableBoundSessionCredentialsSoftwareKeysForManualTesting"
PASS, MAIL = "__Host-device", "https://mail.example/"


@dataclass
class Site:
    address: str
    key_digest: str

    def page(self, name):
        return self.address + reverse(name)


def key_digest(certificate):
    """By which Chromium is told to take a certificate that nobody it knows has signed.

    Where it is told to overlook the errors of any, it does not act on the protocol's headers.
    """
    key = x509.load_pem_x509_certificate(certificate).public_key()
    content = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


@pytest.fixture
def site(transactional_db, tmp_path):
    """The address of the site behind TLS, as it is in production."""
    port, certificate = free_port(), tmp_path / "site.pem"
    issued = trustme.CA().issue_cert("localhost")
    key = tmp_path / "site.key"
    issued.private_key_pem.write_to_path(key)
    issued.cert_chain_pems[0].write_to_path(certificate)
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    command += ["--ssl-certificate", str(certificate), "--ssl-keyfile", str(key)]
    command += ["--workers-kill-timeout", "2", "doctolib.wsgi:application"]
    address = f"https://localhost:{port}"
    log = tmp_path / "site.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            env={**worker_environment(0), "DOCTOLIB_BASE_URL": address},
            stdout=out,
            stderr=out,
        )
    wait_for_port(port)
    yield Site(address, key_digest(issued.cert_chain_pems[0].bytes()))
    process.terminate()
    process.wait(30)
    assert "Traceback" not in log.read_text()


@pytest.fixture
def begin(browser, site, tmp_path):
    """Starts a Chromium that knows the protocol; again with the same profile, as after an evening."""
    begun = []

    def start():
        args = [*QUIET, f"--enable-features={FEATURES}"]
        args += [f"--ignore-certificate-errors-spki-list={site.key_digest}"]
        context = browser.browser_type.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=find_chromium(), args=args, locale="fr-FR"
        )
        begun.append(context)
        return context

    yield start
    for context in begun:
        context.close()


def names_of(context):
    return {cookie["name"] for cookie in context.cookies()}


def wait_for_pass(page):
    for _attempt in range(100):
        if PASS in names_of(page.context):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"no pass among {names_of(page.context)}")


def signed_in(page, site):
    """Sign in by the form, as a browser whose session is then bound."""
    page.goto(site.page("booking:account"))
    page.get_by_label("E-mail").fill("patiente@exemple.fr")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    wait_for_pass(page)
    expect(page.get_by_role("heading", name="Mon compte")).to_be_visible()
    # The seconds in which requests that were under way are answered are over.
    long_ago = DeviceKey.objects.get().registered_at - timedelta(days=1)
    DeviceKey.objects.update(registered_at=long_ago)


def without_pass(page):
    """Ten minutes later."""
    page.context.clear_cookies(name=PASS)


def opens_account(page, site):
    page.goto(site.page("booking:account"))
    return page.get_by_role("heading", name="Mon compte").count() == 1


def test_a_session_is_bound_renewed_and_opens_nowhere_else(site, begin, browser):
    account = make_account("patiente@exemple.fr")
    page = begin().new_page()
    signed_in(page, site)
    stolen = page.context.cookies()
    for cookies in (stolen, [each for each in stolen if each["name"] != PASS]):
        elsewhere = browser.new_context(ignore_https_errors=True)
        elsewhere.add_cookies(cookies)
        assert opens_account(elsewhere.new_page(), site) == (cookies is stolen)
        elsewhere.close()
    # A form that is sent when the pass is over is carried out: the browser holds it back.
    page.goto(site.page("booking:account"))
    without_pass(page)
    page.get_by_label("Langue").select_option("en")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("heading", name="My account")).to_be_visible()
    account.refresh_from_db()
    assert account.language == "en" and PASS in names_of(page.context)
    # So is what another site leads to, as the page of a mail program does.
    link = f"<a href='{site.page('booking:sessions')}'>Doctolib</a>"
    page.route(MAIL, lambda route: route.fulfill(body=link, content_type="text/html"))
    without_pass(page)
    page.goto(MAIL)
    page.get_by_role("link", name="Doctolib").click()
    expect(page.get_by_text("bound to the device", exact=True)).to_be_visible()
    # And the first page of another evening.
    page.context.close()
    page = begin().new_page()
    without_pass(page)
    page.goto(site.page("booking:account"))
    page.get_by_role("button", name="Sign out").first.click()
    page.wait_for_url(site.address + "/")
    assert PASS not in names_of(page.context) and not DeviceKey.objects.exists()
