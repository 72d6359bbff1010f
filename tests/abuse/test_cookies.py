"""Behind TLS, no neighbouring host and no page without TLS sets a cookie of ours."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.http import HttpResponse

import booking

# Every module of the views' that sets a cookie, and by which name.
NAMES = """
import json, django
django.setup()
from django.conf import settings
from booking.pages.lost import drafts, unsent
from booking.pages.session import device, known, own_language
from booking.web.booking import kept_choice
print(json.dumps({
    "names": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME,
              settings.LANGUAGE_COOKIE_NAME, known.COOKIE, unsent.COOKIE, unsent.MARK, device.COOKIE,
              own_language.COOKIE],
    "with_path": [drafts.COOKIE, kept_choice.COOKIE],
    "flags": [settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE,
              settings.LANGUAGE_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY,
              settings.CSRF_COOKIE_HTTPONLY, settings.LANGUAGE_COOKIE_HTTPONLY],
    "hsts": settings.SECURE_HSTS_SECONDS,
    "csp": settings.CONTENT_SECURITY_POLICY["DIRECTIVES"],
}))
"""


@pytest.fixture(scope="module")
def said():
    """What the settings say where the site's address is https."""
    environment = {**os.environ, "DOCTOLIB_BASE_URL": "https://doctolib.example"}
    environment["DJANGO_SETTINGS_MODULE"] = "doctolib.settings"
    done = subprocess.run(
        [sys.executable, "-c", NAMES], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_each_cookie_has_the_prefix_that_binds_it_to_this_host(said):
    assert all(name.startswith("__Host-") for name in said["names"])
    assert all(name.startswith("__Secure-") for name in said["with_path"])
    assert all(said["flags"])


def test_pages_are_asked_by_tls_alone(said):
    assert said["hsts"] >= 31536000
    assert said["csp"]["upgrade-insecure-requests"] is True


def test_what_ends_a_cookie_of_that_name_is_taken_by_a_browser():
    """RFC 6265bis: a browser leaves what such a name sets without Secure, and deletes nothing."""
    answer = HttpResponse()
    answer.delete_cookie("__Host-unsent", samesite="Lax")
    morsel = answer.cookies["__Host-unsent"]
    assert morsel["secure"] and morsel["path"] == "/" and not morsel["domain"]


def test_every_module_that_sets_a_cookie_is_known():
    root = Path(booking.__file__).parent.parent
    packages = ("audit", "practitioners", "booking", "partners", "doctolib")
    setters = {
        str(path.relative_to(root))
        for package in packages
        for path in (root / package).rglob("*.py")
        if "set_cookie(" in path.read_text()
    }
    assert setters == {
        "booking/middleware.py", "booking/pages/lost/drafts.py", "booking/pages/lost/unsent.py",
        "booking/pages/session/device.py", "booking/pages/session/known.py",
        "booking/pages/session/own_language.py", "booking/web/account/own_account.py",
        "booking/web/booking/kept_choice.py",
        "practitioners/views/language.py",
        "doctolib/once.py",
    }  # fmt: skip
