"""E-mail and SMS."""

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
