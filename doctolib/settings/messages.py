"""E-mail, SMS, and the ways of calls."""

from doctolib.settings.machine import ENVIRONMENT

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = ENVIRONMENT.smtp_host
EMAIL_PORT = ENVIRONMENT.smtp_port
EMAIL_HOST_USER = ENVIRONMENT.smtp_user
EMAIL_HOST_PASSWORD = ENVIRONMENT.smtp_password
EMAIL_USE_TLS = ENVIRONMENT.smtp_tls
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ENVIRONMENT.mail_from
SERVER_EMAIL = ENVIRONMENT.mail_from

SMS_PROVIDER = ENVIRONMENT.sms_provider
SMS_URL = ENVIRONMENT.sms_url
SMS_TOKEN = ENVIRONMENT.sms_token
SMS_DIR = ENVIRONMENT.sms_dir
# Where the development mail sink keeps what it received; the page that shows it needs it too.
MAIL_SINK_DIR = ENVIRONMENT.mail_dir

STUN_URLS = list(ENVIRONMENT.stun_urls)
TURN_URLS = list(ENVIRONMENT.turn_urls)
TURN_SECRET = ENVIRONMENT.turn_secret
# Whether calls go through the relay alone, so that no side learns the other's address.
TURN_ONLY = ENVIRONMENT.turn_only
