"""Template filters and tags that every template may use."""

import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

import phonenumbers
from django import template
from django.templatetags.static import static
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from practitioners.models import Practice

register = template.Library()


def _local(at: datetime, practice: Practice) -> datetime:
    return at.astimezone(practice.zone)


@register.filter
def clock(at: datetime, practice: Practice) -> str:
    """The wall clock of a practice: 09:30."""
    return f"{_local(at, practice):%H:%M}"


@register.filter
def on_day(at: datetime, practice: Practice) -> str:
    """The day in a practice's zone as fields carry it: 2026-11-24."""
    return f"{_local(at, practice):%Y-%m-%d}"


@register.filter
def day(at: datetime, practice: Practice) -> str:
    """The day in a practice's zone: mardi 24 novembre 2026."""
    return formats.date_format(_local(at, practice), "l j F Y")


@register.filter
def short_day(at: datetime, practice: Practice) -> str:
    """The day in short: mar. 24 nov."""
    return formats.date_format(_local(at, practice), "D j b")


@register.filter
def zone_note(practice: Practice) -> str:
    """Names the zone where it is not the mainland's: "heure de La Réunion"."""
    if practice.time_zone == "Europe/Paris":
        return ""
    return _("heure locale de %(place)s") % {"place": ZONE_PLACES.get(practice.time_zone, "")}


ZONE_PLACES = {
    "America/Guadeloupe": "Guadeloupe",
    "America/Martinique": "Martinique",
    "America/Cayenne": "Guyane",
    "Indian/Reunion": "La Réunion",
    "Indian/Mayotte": "Mayotte",
}


@register.filter
def iso(at: datetime) -> str:
    """An instant as RFC 3339 in UTC, as links and forms carry it."""
    return f"{at.astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ}"


@register.filter
def iso_day(at: datetime, practice: Practice) -> str:
    """The day in a practice's zone, as links carry it: 2026-11-24."""
    return _local(at, practice).date().isoformat()


@register.filter
def euros(cents: int | None) -> str:
    """A price: 26,50 €."""
    if cents is None:
        return ""
    amount = formats.number_format(cents / 100, decimal_pos=2 if cents % 100 else 0)
    return f"{amount}\u00a0€"


@register.filter
def hours(minutes: float) -> str:
    """Minutes as hours: 37,5 h."""
    return f"{formats.number_format(minutes / 60, decimal_pos=1)}\u00a0h"


_NO_MARKUP = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@register.filter
def json_ld(described: dict[str, object]) -> SafeString:
    """What search engines read: a block of data, which can end or begin no element."""
    text = json.dumps(described, ensure_ascii=False).translate(_NO_MARKUP)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))  # noqa: S308 - see above


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of static/icons.svg, silent for screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("icons.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def querystring_with(context: template.Context, **changes: object) -> str:
    """The page's query string with some parameters changed."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query[name] = str(value)
    return str(query.urlencode())


@register.filter
def born(iso_date: str) -> str:
    """A birth date as people write it: 31/12/1980."""
    try:
        return formats.date_format(date.fromisoformat(iso_date), "d/m/Y")
    except ValueError:
        return iso_date


@register.filter
def phone(number: str) -> str:
    """A telephone number as people write it: 06 12 34 56 78."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    form = phonenumbers.PhoneNumberFormat
    at_home = parsed.country_code == 33
    return str(phonenumbers.format_number(parsed, form.NATIONAL if at_home else form.INTERNATIONAL))


@register.filter
def percent_of(percent: int, whole: int) -> int:
    """A share of a length: the height of a bar."""
    return round(percent * whole / 100)


@register.filter
def from_top(percent: int, whole: int) -> int:
    """Where a bar of this share begins, counted from the top."""
    return whole - percent_of(percent, whole)
