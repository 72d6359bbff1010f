"""A browser that sends the form of a page."""

import re

from django.test import Client

AGREED = {"relation": "child", "consent": "on"}


IDENTITY = {
    "first_name": "Zoé", "last_name": "Lefèvre", "birth_date": "1980-12-31", "sex": "F",
    "phone": "06 12 34 56 78",
}  # fmt: skip


def browser(account=None):
    """A browser: it sends the CSRF token of the page that it shows."""
    client = Client(enforce_csrf_checks=True)
    if account is not None:
        client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def token_on(client, path):
    page = client.get(path).content.decode()
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]


def send(client, path, given):
    """Send a form as a browser does: urlencoded."""
    from urllib.parse import urlencode

    return client.post(path, urlencode(given), content_type="application/x-www-form-urlencoded")
