"""Applications, middleware, templates, languages, static files."""

import os

from django.utils.translation import gettext_lazy as _

from doctolib.environment import PROJECT_DIR
from doctolib.settings.machine import ENVIRONMENT

DEBUG = False
MODE = ENVIRONMENT.mode
BASE_URL = ENVIRONMENT.base_url
DATA_DIR = ENVIRONMENT.data_dir

INSTALLED_APPS = [
    "audit",
    "practitioners",
    "booking",
    "partners",
    "doctolib.apps.DoctolibConfig",
    "doctolib.admin.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.sitemaps",
    "django_htmx",
    "django_otp",
    "django_otp_webauthn",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rules.apps.AutodiscoverRulesConfig",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "partners.middleware.ProgramsMiddleware",
    # Before the static files: a picture of ours is no page of somebody else's frame either.
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "doctolib.nul.NulMiddleware",
    # Before the sessions: once it has the answer, a session that began has its key.
    "doctolib.once.OnceMiddleware",
    "booking.middleware.SessionMiddleware",
    "booking.middleware.DeviceMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "booking.middleware.AccountLanguageMiddleware",
    "booking.middleware.SeenMiddleware",
    "booking.middleware.KnownBrowserMiddleware",
    # In the language that the account chose.
    "doctolib.wrong_method.WrongMethodMiddleware",
]

ROOT_URLCONF = "doctolib.urls"
WSGI_APPLICATION = "doctolib.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "booking.context_processors.page",
            ],
            "builtins": ["practitioners.templatetags.doctolib"],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("français")), ("en", _("anglais"))]
LOCALE_PATHS = [PROJECT_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Paris"

STATIC_URL = "/static/"
# Served from the finders in development; collected in production.
STATIC_ROOT = PROJECT_DIR / "staticfiles" if ENVIRONMENT.is_production else None
STATICFILES_DIRS = [PROJECT_DIR / "static"]
WHITENOISE_USE_FINDERS = not ENVIRONMENT.is_production
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "doctolib.static_files.ModulesStorage"
        if ENVIRONMENT.is_production
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

if MODE != "production":
    # Authlib refuses plain http, and development is plain http on localhost.
    os.environ.setdefault("AUTHLIB_INSECURE_TRANSPORT", "1")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["partners.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["partners.api.permissions.DeniedUnlessDeclared"],
    "DEFAULT_RENDERER_CLASSES": ["partners.api.rendering.FastJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["partners.api.parsing.FastJSONParser"],
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "partners.api.problems.problem_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Doctolib partner API",
    "DESCRIPTION": (
        "Practice software and the agendas that practices grant it. Tokens: OAuth 2 client"
        " credentials with private_key_jwt, bound to a key with DPoP. Errors: problem details"
        " (RFC 9457)."
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SCHEMA_PATH_PREFIX_TRIM": True,
    "SERVERS": [{"url": f"{BASE_URL}/api/v1"}],
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SORT_OPERATIONS": False,
    "ENUM_NAME_OVERRIDES": {
        "AppointmentStatus": "partners.api.serializers.STATUSES",
        "SettableStatus": "partners.api.serializers.SETTABLE",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "partners.api.document.close_bodies",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # A request needs a proof signed by a key that no page should hold.
    "SWAGGER_UI_SETTINGS": {
        "supportedSubmitMethods": [],
        "deepLinking": True,
        "tryItOutEnabled": False,
    },
}
# Addresses that vendors and practices give us must be public; a test adds its own network here.
OUTGOING_MAY_REACH: list[str] = []
# Whose certificates these addresses may show: the system's, if nothing is named.
OUTGOING_CA_FILE: str | None = None
# A practice's software that follows its agenda by cursor needs a few; a first sync, hundreds.
PARTNER_REQUESTS_A_MINUTE = 600

DEFAULT_EXCEPTION_REPORTER_FILTER = "doctolib.error_reports.NothingPersonal"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "doctolib.log.OneLine"},
    },
    "filters": {"refused": {"()": "doctolib.log.RefusedInOneLine"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            # For people at a terminal; elsewhere something reads the log.
            "formatter": "line" if MODE == "development" else "json",
            "filters": ["refused"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"security": {"level": "INFO"}},
}
