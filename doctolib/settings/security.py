"""Sign-in, sessions, headers."""

from typing import Literal
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from doctolib.settings.machine import ENVIRONMENT

SECRET_KEY = ENVIRONMENT.secret_key
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
CSRF_FAILURE_VIEW = "booking.web.csrf.failed"
CSRF_TRUSTED_ORIGINS = [ENVIRONMENT.base_url]

AUTH_USER_MODEL = "booking.Account"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "booking.backends.EmailBackend",
]
LOGIN_URL = "booking:sign-in"
LOGIN_REDIRECT_URL = "booking:my-appointments"
LOGOUT_REDIRECT_URL = "practitioners:home"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "booking.accounts.factors.password_words.NotOfTheseWords"},
]
OTP_TOTP_ISSUER = "Doctolib"
# Passkeys are bound to this name for good: under another one, everybody makes new ones.
OTP_WEBAUTHN_RP_ID = urlsplit(ENVIRONMENT.base_url).hostname
OTP_WEBAUTHN_RP_NAME = "Doctolib"
OTP_WEBAUTHN_ALLOWED_ORIGINS = [ENVIRONMENT.base_url]
# What is no key is answered; whoever sends it must not fill the log.
OTP_WEBAUTHN_EXCEPTION_LOGGER_NAME = None
OTP_WEBAUTHN_HELPER_CLASS = "booking.web.signing_in.passkeys.Helper"

_secure = ENVIRONMENT.base_url.startswith("https://")
SESSION_ENGINE = "booking.session_store"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SAMESITE: Literal["Lax"] = "Lax"
# No other host of the domain, and no page without TLS, sets a cookie of such a name: RFC 6265bis
# section 4.1.3. With a path of its own a cookie has the second prefix.
HOST_PREFIX, SECURE_PREFIX = ("__Host-", "__Secure-") if _secure else ("", "")
SESSION_COOKIE_NAME = f"{HOST_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{HOST_PREFIX}csrftoken"
LANGUAGE_COOKIE_NAME = f"{HOST_PREFIX}django_language"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SECURE_SSL_REDIRECT = _secure and ENVIRONMENT.is_production
# Programs are refused instead: a token that was sent in the clear is to be noticed
# (partners/middleware.py).
SECURE_REDIRECT_EXEMPT = [r"^api/v1/", r"^fhir/r4/"]
SECURE_HSTS_SECONDS = 31536000 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _secure
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# How many proxies of ours stand before the application, each adding to X-Forwarded-For.
PROXIES = ENVIRONMENT.proxies
if PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Where pages that stay open follow events: 0 is the site itself (booking/pages/live.py).
LIVE_PORT = ENVIRONMENT.live_port
_live = [f"http://{name}:{LIVE_PORT}" for name in ("localhost", "127.0.0.1")] if LIVE_PORT else []

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, *_live],
        "object-src": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
        **({"upgrade-insecure-requests": True} if _secure else {}),
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Who looks at files before they are taken (booking/exchange/scanning.py); nobody if it is empty.
CLAMD = ENVIRONMENT.clamd
DOCUMENT_SCANNER = "booking.exchange.scanning.with_clamd" if CLAMD else ""
