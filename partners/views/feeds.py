"""Calendars: imported ones, and feeds, which anyone with the address can read."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.views.factor import fresh_factor
from audit.views.posted import form_is_at
from booking.pages.access import agendas_of, desk_context, practice_actor, practice_member
from booking.pages.lost.afterwards import keep_secret_for, kept_secret
from partners.domain import feeds, imports
from partners.forms import FeedForm, ImportForm
from partners.models import CalendarFeed, ImportedCalendar
from partners.queries import calendars_of_agendas, feeds_of_agendas
from practitioners.models import Agenda


@never_cache
@practice_member("booking.change_feeds")
@fresh_factor("POST")
@require_http_methods(["GET", "HEAD", "POST"])
def feed_list(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    agendas = agendas_of(request)
    form = FeedForm(request.POST or None, agendas=agendas)
    if request.method == "POST" and form.is_valid():
        opened, secret = feeds.open_feed(
            agenda=form.cleaned_data["agenda"],
            label=form.cleaned_data["label"],
            actor=practice_actor(request),
            now=timezone.now(),
        )
        # Shown for some minutes, in this session alone: only its digest is kept for good.
        address = f"{settings.BASE_URL}{reverse('partners:feed', args=[secret])}"
        keep_secret_for(request, request.path, address=address, feed=str(opened.pk))
        return redirect(request.path)
    return _page(request, agendas, form=form)


def _page(
    request: HttpRequest, agendas: list[Agenda], *, form: FeedForm | None = None,
    imported: ImportForm | None = None,
) -> HttpResponse:  # fmt: skip
    rows = list(feeds_of_agendas(agendas))
    shown = kept_secret(request) or {}
    is_open = shown.get("feed") in {str(row.pk) for row in rows}
    context = desk_context(request, current="feeds") | {
        "form": form or FeedForm(agendas=agendas),
        "imported": imported or ImportForm(agendas=agendas, prefix="import"),
        "address": shown["address"] if is_open else "",
        "feeds": rows,
        "calendars": calendars_of_agendas(agendas),
    }
    return render(request, "partners/feeds.html", context)


@never_cache
@practice_member("booking.change_feeds")
@fresh_factor("POST")
@form_is_at("partners:feeds", lambda _request, practice_id: (practice_id,))
def import_calendar(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """Import an external calendar; if it cannot be read, the form keeps its content."""
    agendas = agendas_of(request)
    imported = ImportForm(request.POST, request.FILES, agendas=agendas, prefix="import")
    if imported.is_valid():
        given = imported.cleaned_data
        about: dict[str, Any] = {
            "agenda": given["agenda"], "label": given["label"], "actor": practice_actor(request),
            "now": timezone.now(),
        }  # fmt: skip
        try:
            if given["url"]:
                row = imports.import_address(url=given["url"], **about)
            else:
                row = imports.import_file(text=given["file"].read(imports.MOST_BYTES + 1), **about)
        except imports.NotImported as problem:
            imported.add_error("url" if given["url"] else "file", problem.text)
        else:
            if imports.closes(row):
                said = _("Le calendrier est lu : ses heures occupées sont fermées.")
                messages.success(request, said)
            else:
                said = _("Le calendrier est lu, mais aucune heure occupée n’y est à venir.")
                messages.warning(request, said)
            return redirect("partners:feeds", practice_id)
    return _page(request, agendas, imported=imported)


@practice_member("booking.change_feeds")
@require_POST
def forget_calendar(
    request: HttpRequest, practice_id: uuid.UUID, calendar_id: uuid.UUID
) -> HttpResponse:
    calendar = get_object_or_404(
        ImportedCalendar.objects.select_related("agenda"),
        pk=calendar_id,
        agenda__in=[agenda.pk for agenda in agendas_of(request)],
    )
    imports.forget(calendar=calendar, actor=practice_actor(request), now=timezone.now())
    messages.success(request, _("Le calendrier n’est plus lu, et ses heures sont rouvertes."))
    return redirect("partners:feeds", practice_id)


@practice_member("booking.change_feeds")
@require_POST
def close_feed(request: HttpRequest, practice_id: uuid.UUID, feed_id: uuid.UUID) -> HttpResponse:
    feed = get_object_or_404(
        CalendarFeed.objects.select_related("agenda"),
        pk=feed_id,
        agenda__in=[agenda.pk for agenda in agendas_of(request)],
    )
    if feeds.close_feed(feed=feed, actor=practice_actor(request), now=timezone.now()):
        messages.success(request, _("Le flux est fermé : son adresse ne répond plus."))
    else:
        messages.info(request, _("Ce flux était déjà fermé."))
    return redirect("partners:feeds", practice_id)


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar of a feed."""
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
