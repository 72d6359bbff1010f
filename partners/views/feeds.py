"""Calendar feeds: opened and closed on the dashboard, read by whoever has the address."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking.views.access import agendas_of, membership_of, practice_actor, practice_member
from partners.domain import feeds
from partners.forms import FeedForm
from partners.models import CalendarFeed
from partners.queries import feeds_of_agendas


@never_cache
@practice_member("booking.change_feeds")
@require_http_methods(["GET", "HEAD", "POST"])
def feed_list(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    agendas = agendas_of(request)
    form = FeedForm(request.POST or None, agendas=agendas)
    address = ""
    if request.method == "POST" and form.is_valid():
        _feed, secret = feeds.open_feed(
            agenda=form.cleaned_data["agenda"],
            label=form.cleaned_data["label"],
            actor=practice_actor(request),
            now=timezone.now(),
        )
        # Shown in this answer and never again: only its digest is kept.
        address = f"{settings.BASE_URL}{reverse('partners:feed', args=[secret])}"
        form = FeedForm(agendas=agendas)
    context = {
        "practice": membership_of(request).practice,
        "membership": membership_of(request),
        "form": form,
        "address": address,
        "feeds": feeds_of_agendas(agendas),
        "current": "feeds",
    }
    return render(request, "partners/feeds.html", context)


@practice_member("booking.change_feeds")
@require_POST
def close_feed(request: HttpRequest, practice_id: uuid.UUID, feed_id: uuid.UUID) -> HttpResponse:
    feed = get_object_or_404(
        CalendarFeed.objects.select_related("agenda"),
        pk=feed_id,
        agenda__in=[agenda.pk for agenda in agendas_of(request)],
    )
    feeds.close_feed(feed=feed, actor=practice_actor(request), now=timezone.now())
    messages.success(request, _("Le flux est fermé : son adresse ne répond plus."))
    return redirect("partners:feeds", practice_id)


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar itself."""
    found = feeds.find_feed(secret)
    if found is None:
        raise Http404
    answer = HttpResponse(
        feeds.feed_text(found, now=timezone.now()), content_type="text/calendar; charset=utf-8"
    )
    answer["Cache-Control"] = "private, no-store"
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer
