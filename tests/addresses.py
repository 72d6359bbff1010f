"""The names of the site's addresses, read off its table."""

from django.urls import URLPattern, URLResolver, get_resolver


def names(resolver=None, namespace=""):
    """Every name but those of Django admin and of the development server."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = pattern.namespace or ""
            if inner in ("admin", "development"):
                continue
            yield from names(pattern, f"{namespace}{inner}:" if inner else namespace)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield namespace + pattern.name
