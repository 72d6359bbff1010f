"""The WSGI application that serves pages and the API."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doctolib.settings")
application = get_wsgi_application()
