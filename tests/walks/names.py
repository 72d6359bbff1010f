"""How a walk names pages and forms, and which addresses it follows."""

from urllib.parse import urlsplit

from django.urls import Resolver404, resolve

from tests.walks.pages import Form

# Addresses that end a walk's possibilities, or are no pages.
NOT_FOLLOWED = ("/static/", "/admin/", "/api/", "/fhir/", "/developpement/")


def followable(addresses: list[str]) -> list[str]:
    return [each for each in addresses if not each.startswith(NOT_FOLLOWED)]


def name_of(address: str) -> str:
    try:
        return resolve(urlsplit(address).path).view_name
    except Resolver404:
        return address


def form_name(form: Form) -> str:
    fields = sorted({each.name for each in form.fields} - {"csrfmiddlewaretoken"})
    return f"{form.method} {name_of(form.action)} {' '.join(fields)}"
