"""Forms of moving a visit, as their page shows them."""

import re
from datetime import timedelta

from django.urls import reverse

from booking.models import Appointment

HOUR, WEEK, SECOND = timedelta(hours=1), timedelta(days=7), timedelta(seconds=1)


def url(name, visit):
    return reverse(f"booking:{name}", args=[visit.pk])


def iso(at):
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def read(answer):
    return answer.content.decode()


def offered(page):
    return re.findall(r'name="debut" value="([^"]+)"', page)


def fields(page):
    """The hidden fields of the page's form, as a browser sends them."""
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    found.pop("csrfmiddlewaretoken", None)
    return found


def fresh(visit):
    return Appointment.unscoped.get(pk=visit.pk)
