"""What pages of the directory show of the reader's own."""

from typing import Any

from django import template
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from booking.exchange.queries.conversations import waiting_for_practice
from booking.exchange.queries.documents import unopened_by_practice
from booking.models import Favourite, Offer, Wait
from booking.models.patient import Sex
from booking.patients import favourites
from practitioners.domain.date_words import in_words
from practitioners.models import Practice, Practitioner
from practitioners.templatetags.doctolib import zone_note

register = template.Library()


@register.inclusion_tag("booking/_favourite.html", takes_context=True)
def favourite(context: dict[str, Any], practitioner: Practitioner) -> dict[str, Any]:
    """The button by which a signed-in reader keeps a practitioner."""
    user = context["user"]
    is_favourite = (
        user.is_authenticated
        and Favourite.objects.filter(account=user, practitioner=practitioner).exists()
    )
    return {
        "practitioner": practitioner,
        "is_favourite": is_favourite,
        "user": user,
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
    }


@register.filter
def quoted(text: str) -> str:
    """Mark each line of what somebody wrote, so that in a plain mail it passes for no other."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())


@register.filter
def kept_until(offer: Offer, practice: Practice) -> str:
    """Until when a slot is kept: the clock, with the day where a night lies between."""
    zone = practice.zone
    made, ends = offer.made_at.astimezone(zone), offer.expires_at.astimezone(zone)
    if made.date() == ends.date():
        return f"{ends:%H:%M}"
    return f"{in_words(ends.date(), 'D j b')} {ends:%H:%M}"


@register.filter
def kept_until_by(offer: Offer, practice: Practice) -> str:
    """As `kept_until`, with whose clock that is by, where it is not the mainland's."""
    note, until = zone_note(practice), kept_until(offer, practice)
    return f"{until} ({note})" if note else until


@register.filter
def wanted_days(wait: Wait) -> str:
    """Which days and hours somebody on the waiting list would take."""
    said = [
        ", ".join(str(WEEKDAYS[day]) for day in wait.weekdays)
        if len(wait.weekdays) < len(WEEKDAYS)
        else _("tous les jours"),
        wait.get_part_of_day_display(),
    ]
    if wait.first_day > wait.created_at.astimezone(wait.practice.zone).date():
        said.append(_("pas avant le %(day)s") % {"day": in_words(wait.first_day, "j F")})
    if wait.appointment_id is None:
        said.append(_("jusqu’au %(day)s") % {"day": in_words(wait.last_day, "j F Y")})
    return " · ".join(said)


@register.filter
def sex_in_words(code: str) -> str:
    """The word for what is kept as F, M or U."""
    return str(Sex(code).label) if code in Sex.values else code


@register.simple_tag
def unread_conversations(practice: Practice) -> int:
    """How many conversations wait for a practice to read them, and documents to open."""
    return waiting_for_practice(practice.pk) + unopened_by_practice(practice.pk)


@register.simple_tag
def unopened_documents(practice: Practice) -> int:
    """How many documents of patients wait for a practice to open them."""
    return unopened_by_practice(practice.pk)


@register.inclusion_tag("booking/_favourites.html", takes_context=True)
def favourite_practitioners(context: dict[str, Any]) -> dict[str, Any]:
    """A signed-in reader's favourites."""
    user = context["user"]
    rows = favourites.practitioners_of(user) if user.is_authenticated else []
    return {"practitioners": rows}
