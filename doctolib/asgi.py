"""The ASGI application that serves what stays open: server-sent events, under /direct/.

Pages and the API run faster under WSGI (doctolib/wsgi.py).
"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doctolib.settings")
application = get_asgi_application()
