"""The WSGI application that serves pages and the API."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doctolib.settings")
application = get_wsgi_application()

# What start-up allocated stays for good, and a request leaves few cycles behind: collecting as
# often as Python does by default costs a tenth of a booking (bench/booking.py).
gc.freeze()
gc.set_threshold(50_000, 20, 50)
