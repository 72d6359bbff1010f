"""The WSGI application that serves pages and the API."""

import os

from django.core.wsgi import get_wsgi_application

from doctolib.collector import collect_seldom

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doctolib.settings")
application = get_wsgi_application()
collect_seldom()
