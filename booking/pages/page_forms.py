"""What a page's form is, for the middleware that looks at it before any view does."""

from django.http import HttpRequest

# The name of the field that holds a page's CSRF token.
TOKEN = "csrfmiddlewaretoken"  # noqa: S105 - the field's name


def is_page_form(request: HttpRequest) -> bool:
    """Say whether a request is a form without files: its body may be read before its view does."""
    is_urlencoded = request.content_type == "application/x-www-form-urlencoded"
    return request.method == "POST" and is_urlencoded
