"""Template filters and tags that every template may use."""

import json
import math
import re
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from audit.views.typed import typed_in
from practitioners.domain import date_words, telephone
from practitioners.domain import zone_words as zones
from practitioners.domain.labelled import colon
from practitioners.domain.rounded import to_tenth
from practitioners.models import Absence, Practice, VisitReason
from practitioners.page_scripts import imported_by

register = template.Library()


def _local(at: datetime, practice: Practice) -> datetime:
    return at.astimezone(practice.zone)


def _wall(at: datetime, practice: Practice) -> datetime:
    """The wall clock of a practice, with no zone that could move it again."""
    return _local(at, practice).replace(tzinfo=None)


@register.filter
def clock(at: datetime, practice: Practice) -> str:
    """The wall clock of a practice: 09:30."""
    return f"{_local(at, practice):%H:%M}"


@register.simple_tag
def next_at(
    then_at: datetime, first_at: datetime, practice: Practice, *, is_short: bool = False
) -> str:
    """When the visit that follows another begins: 09:30, and its day where that is another one.

    A practice may move the first to where nothing follows, and leaves the second where it is.
    """
    if _local(then_at, practice).date() == _local(first_at, practice).date():
        return clock(then_at, practice)
    words = short_day(then_at, practice) if is_short else day(then_at, practice)
    return f"{words}{'' if is_short else ','} {clock(then_at, practice)}"


@register.simple_tag
def on_site(visit_reason: VisitReason, then: VisitReason | str | None = None) -> bool:
    """Whether somebody comes to the practice for a visit, or for the one that follows it.

    A tag and no filter: a page without a visit that follows does not know the name `then`.
    """
    is_there = isinstance(then, VisitReason) and not then.teleconsultation
    return is_there or not visit_reason.teleconsultation


@register.filter
def on_day(at: datetime, practice: Practice) -> str:
    """The day in a practice's zone as fields carry it: 2026-11-24."""
    return f"{_local(at, practice):%Y-%m-%d}"


@register.filter
def day(at: datetime, practice: Practice) -> str:
    """The day in a practice's zone: mardi 24 novembre 2026."""
    return date_words.in_words(_wall(at, practice), "l j F Y")


@register.filter
def short_day(at: datetime, practice: Practice) -> str:
    """The day in short: mar. 24 nov."""
    return date_words.in_words(_wall(at, practice), "D j b")


@register.filter
def span(absence: Absence, practice: Practice) -> str:
    """From when until when an absence lasts: whole days as such, hours of one day with one day."""
    return lasting((absence.starts_at, absence.until), practice)


@register.filter
def days_from_to(first: date, last: date) -> str:
    """Some days in a row, both included: one day is said once."""
    said = date_words.in_words(first, "j F Y")
    if first == last:
        return _("le %(day)s") % {"day": said}
    return _("du %(first)s au %(last)s") % {
        "first": said,
        "last": date_words.in_words(last, "j F Y"),
    }


@register.filter(expects_localtime=True)
def lasting(period: tuple[datetime, datetime], practice: Practice) -> str:
    """From when until when a period lasts: whole days as such, hours of one day with one day."""
    begins, ends = _wall(period[0], practice), _wall(period[1], practice)
    first = date_words.in_words(begins, "D j b")
    if begins.time() == ends.time() == time.min and begins < ends:
        last = ends - timedelta(days=1)
        if last.date() == begins.date():
            return _("%(day)s, toute la journée") % {"day": first}
        days = {"first": first, "last": date_words.in_words(last, "D j b")}
        return _("du %(first)s au %(last)s, toute la journée") % days
    until = f"{ends:%H:%M}"
    if begins.date() != ends.date():
        until = f"{date_words.in_words(ends, 'D j b')} {until}"
    return f"{first} {begins:%H:%M} → {until}"


@register.filter(expects_localtime=True)
def in_words(day: date | None, pattern: str) -> str:
    """A day in the reader's language, by Django's letters: mardi 1er décembre, Fri 27 Nov."""
    return date_words.in_words(day, pattern) if day else ""


@register.filter
def zone_words(practice: Practice) -> str:
    """Whose clock a practice's times are by: "heure de La Réunion"."""
    return zones.zone_words(practice.time_zone)


@register.filter
def zone_note(practice: Practice) -> str:
    """Names the clock where it is not the mainland's."""
    return "" if practice.time_zone == zones.MAINLAND else zone_words(practice)


@register.filter
def iso(at: datetime) -> str:
    """An instant as RFC 3339 in UTC, as links and forms carry it."""
    return f"{at.astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ}"


@register.filter
def time_left(until: datetime) -> str:
    """What is left until an instant as a page is made, in minutes and seconds: 4:05.

    With scripts the page counts on from there; without, it says what was true then.
    """
    minutes, seconds = divmod(max(0, math.ceil((until - timezone.now()).total_seconds())), 60)
    return f"{minutes}:{seconds:02}"


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
    return f"{tenth(minutes / 60)}\u00a0h"


@register.filter
def tenth(number: float) -> str:
    """A figure with one decimal, rounded as everywhere (`to_tenth`)."""
    return formats.number_format(to_tenth(number), decimal_pos=1)


@register.filter
def per_cent(number: float) -> str:
    """A share with one decimal and its sign, as the page's language writes it."""
    return _("%(n)s\u00a0%%") % {"n": tenth(number)}


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


# What was just done, which the page that follows says and no page after it.
SAID_ONCE = ("fait", "confirme")


@register.simple_tag(takes_context=True)
def querystring_with(context: template.Context, **changes: object) -> str:
    """The page's query string with some parameters changed, and without what it says once."""
    query = context["request"].GET.copy()
    for name in SAID_ONCE:
        query.pop(name, None)
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
    """A telephone number as people write it, where no link can be: in a plain text."""
    return telephone.for_reading(number or "")


@register.filter
@register.simple_tag
def phone_link(number: str | None, default: str = "") -> SafeString | str:
    """A telephone number that a touch calls; `default` where there is none."""
    if not number:
        return default
    href, text = telephone.for_calling(number), telephone.for_reading(number)
    if not href:
        # Two numbers, or one with an extension.
        return with_phones(text)
    return format_html('<a class="tel" href="{}">{}</a>', href, text)


@register.filter
def with_phones(text: str | None) -> SafeString:
    """A text that people wrote, in which a touch calls each telephone number."""
    text, parts, at = str(text or ""), [], 0
    for begin, end, href in telephone.numbers_in(text):
        link = format_html('<a class="tel" href="{}">{}</a>', href, text[begin:end])
        parts += [escape(text[at:begin]), link]
        at = end
    return mark_safe("".join([*parts, escape(text[at:])]))  # noqa: S308 - each part is escaped


@register.filter
def breaks_well(address: str | None) -> SafeString:
    """An e-mail address that a narrow page breaks before its dots and after its @ alone."""
    pieces = re.split(r"(?<=@)|(?=\.)", str(address or ""))
    return mark_safe("<wbr>".join(escape(piece) for piece in pieces))  # noqa: S308 - escaped


@register.simple_tag
def map_link(practice: Practice, in_mail: bool = False) -> SafeString | str:
    """A practice's address, which opens a map in a new tab; nothing is asked of it before.

    OpenStreetMap belongs to no vendor and works on every device, which geo: addresses do not. It
    is not told from which page somebody comes. A mail has no style that would hide the words for
    screen readers.
    """
    text = practice.full_address
    if not text:
        return ""
    hint = _("carte, dans un nouvel onglet")
    more = "" if in_mail else format_html('<span class="visually-hidden"> ({})</span>', hint)
    return format_html(
        '<a class="map" href="https://www.openstreetmap.org/search?{}" target="_blank"'
        ' rel="noopener noreferrer">{}{}</a>',
        urlencode({"query": text}), text, more,
    )  # fmt: skip


@register.inclusion_tag("_typed.html", takes_context=True)
def typed_words(context: template.Context) -> dict[str, object]:
    """What somebody typed into a form that is refused, where its page is no more."""
    request = context.get("request")
    return {"typed": typed_in(request) if request is not None else []}


register.simple_tag(colon)


@register.filter
def percent_of(percent: int, whole: int) -> int:
    """A share of a length: the height of a bar."""
    return round(percent * whole / 100)


@register.filter
def from_top(percent: int, whole: int) -> int:
    """Where a bar of this share begins, counted from the top."""
    return whole - percent_of(percent, whole)


@register.simple_tag
def script(name: str) -> SafeString:
    """The tags that run an ES module of static/js, and have what it imports fetched beside it.

    `name`: its file, such as "agenda.js".
    """
    path = f"js/{name}"
    preloads = format_html_join(
        "", '<link rel="modulepreload" href="{}">', ((static(each),) for each in imported_by(path))
    )
    return format_html('{}<script type="module" src="{}"></script>', preloads, static(path))
