"""Rooms and devices of a practice: what there is, and when it is in use."""

import uuid
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.forms.shown import in_turn
from booking.dashboard.forms.hours import ResourceForm
from booking.pages.access import (
    desk_context,
    membership_of,
    practice_actor,
    practice_member,
    require_whole_practice,
)
from practitioners.domain.scheduling.reservations.resources import (
    count_waiting,
    save_resource,
    uses_of,
)
from practitioners.models import Resource

DAYS_SHOWN = 14


@never_cache
@practice_member("booking.change_openings")
@require_http_methods(["GET", "HEAD", "POST"])
def resources(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """All of them, and a form for one more."""
    require_whole_practice(request)
    practice = membership_of(request).practice
    form = ResourceForm(request.POST or None, instance=Resource(practice=practice))
    if request.method == "POST" and form.is_valid():
        save_resource(resource=form.instance, actor=practice_actor(request), now=timezone.now())
        messages.success(request, _("C’est noté. Cochez-le dans les motifs qui en ont besoin."))
        return redirect("booking:resources", practice_id)
    context = desk_context(request, current="plan", form=form, rows=practice.resources.all())
    return render(request, "dashboard/resources.html", context)


@never_cache
@practice_member("booking.change_openings")
@require_http_methods(["GET", "HEAD", "POST"])
def resource(request: HttpRequest, practice_id: uuid.UUID, resource_id: uuid.UUID) -> HttpResponse:
    """One of them: its name and number, and by what it is in use. Nobody's name stands here."""
    require_whole_practice(request)
    practice = membership_of(request).practice
    with in_turn(request):
        row = get_object_or_404(Resource, pk=resource_id, practice=practice)
        was_active = row.active
        form = ResourceForm(request.POST or None, instance=row)
        if request.method == "POST" and form.is_valid() and not form.is_overtaken():
            return redirect(_save(request, form.instance, was_active=was_active))
    now = timezone.now()
    uses = uses_of(resource=row, now=now, until=now + timedelta(days=DAYS_SHOWN))
    row.refresh_from_db()
    context = desk_context(request, current="plan", form=form, resource=row, uses=uses)
    status = 409 if form.newer else 200
    return render(request, "dashboard/resource.html", context, status=status)


def _save(request: HttpRequest, row: Resource, *, was_active: bool) -> str:
    """Save a resource and say so, with what waits for it where nobody has it any more; return where
    that is read.
    """
    now = timezone.now()
    save_resource(resource=row, actor=practice_actor(request), now=now)
    if row.active or not was_active:
        messages.success(request, _("C’est noté."))
        return reverse("booking:resources", args=[row.practice_id])
    messages.success(request, _("C’est noté. Les motifs qui en ont besoin n’ont plus de créneau."))
    if n := count_waiting(resource=row, now=now):
        text = ngettext(
            "%(n)d rendez-vous à venir en a besoin. Il reste : décidez-en.",
            "%(n)d rendez-vous à venir en ont besoin. Ils restent : décidez de chacun.",
            n,
        )
        messages.warning(request, text % {"n": n})
    return reverse("booking:resource", args=[row.practice_id, row.pk])
