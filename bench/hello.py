"""The site with one more address, for bench/partners.py."""

from django.conf import settings

from doctolib.wsgi import application

__all__ = ["application"]
settings.ROOT_URLCONF = "bench.hello_urls"
settings.PARTNER_REQUESTS_A_MINUTE = 10**9
