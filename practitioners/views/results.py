"""Searching: suggestions while one types, and the results."""

from contextlib import suppress
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from practitioners.domain.directory import emergencies, no_results, search
from practitioners.domain.directory.countries import name_of as country_name
from practitioners.domain.directory.meaning import Understanding
from practitioners.domain.directory.places.place import with_position
from practitioners.domain.directory.places.place_found import by_code
from practitioners.domain.directory.places.places import Found, Place, look_up, suggest_places
from practitioners.domain.directory.understood import understand
from practitioners.forms.filters import FilterForm
from practitioners.models.directory import LANGUAGE_NAMES, Sector
from practitioners.views.language import takes_language

LENGTH = 80


@require_safe
def suggest_what(request: HttpRequest) -> HttpResponse:
    suggestions = search.suggest(request.GET.get("quoi", "")[:LENGTH])
    return render(request, "practitioners/_suggest_what.html", {"suggestions": suggestions})


@require_safe
def suggest_where(request: HttpRequest) -> HttpResponse:
    places = suggest_places(request.GET.get("ou", "")[:LENGTH])
    return render(request, "practitioners/_suggest_where.html", {"places": places})


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A results page's parameters, read."""

    what: str
    where: str
    code: str
    found: Found
    meant: Understanding
    form: FilterForm

    @property
    def unknown_place(self) -> bool:
        return bool(self.where) and self.found.place is None and not self.found.everywhere

    @property
    def beside(self) -> list[str]:
        """The filters that the query's own words have chosen, as they are shown."""
        chosen = self.form.data
        named = [
            (self.meant.language, "langue", LANGUAGE_NAMES.get(self.meant.language, "")),
            (self.meant.sector, "secteur", dict(Sector.choices).get(self.meant.sector, "")),
            (self.meant.new_patients, "nouveaux", _("nouveaux patients")),
        ]
        return [str(label) for asked, name, label in named if asked and chosen.get(name)]

    @property
    def asked_for(self) -> str:
        """The query without a place written in it: another place would be overruled by it."""
        if self.meant.place is None:
            return self.what
        words = " ".join(self.meant.words)
        told = " ".join(part for part in (words, self.meant.text) if part)
        return told or self.what

    @property
    def at(self) -> dict[str, str]:
        """The place field and its code, as if the place had been written there."""
        if place := self.meant.place:
            return {"where": place.label, "code": place.code}
        return {"where": self.where, "code": self.code}

    @property
    def here(self) -> bool:
        """Whether the text names the reader's surroundings, which only the browser knows."""
        return self.found.here or (self.meant.here and self.found.place is None)


def _asked(request: HttpRequest) -> _Asked:
    what = request.GET.get("quoi", "").replace("\x00", "")[:LENGTH].strip()
    where = request.GET.get("ou", "").replace("\x00", "")[:LENGTH].strip()
    code = request.GET.get("code", "")[:5]
    found = look_up(where, code=code) if where else Found(place=_position(request))
    meant = understand(what, has_place=bool(where or found.place))
    chosen = request.GET.get("motif", "")[:LENGTH]
    data = request.GET.copy()
    beside = {
        "langue": meant.language,
        "secteur": meant.sector,
        "nouveaux": "on" if meant.new_patients else "",
    }
    for name, value in beside.items():
        # What the query asks for is chosen in the form, until the form says something else.
        if value and "langue" not in request.GET:
            data[name] = value
    known = [chosen] if chosen and search.is_reason_name(chosen) else []
    filters = FilterForm(data, reasons=known).filters()
    reasons = search.reason_names(what=what, place=found.place, filters=filters, understood=meant)
    if known and chosen not in reasons:
        reasons = known + reasons
    form = FilterForm(data, reasons=reasons)
    return _Asked(what=what, where=where, code=code, found=found, meant=meant, form=form)


@takes_language
@require_safe
def results(request: HttpRequest) -> HttpResponse:
    asked, now = _asked(request), timezone.now()
    filters, origin = asked.form.filters(), None
    if asked.unknown_place:
        page = search.Page(hits=[], total=0, number=1, understood=asked.meant)
    else:
        origin = _origin(request, asked.found.place or asked.meant.place)
        page = search.search(
            what=asked.what,
            place=asked.found.place,
            filters=filters,
            order=asked.form.order(),
            page=_number(request.GET.get("page", "1")),
            now=now,
            understood=asked.meant,
            origin=origin,
        )
    ways = None
    if not page.total and not asked.unknown_place:
        ways = no_results.ways_out(asked.meant, page.place, filters)
    context = {
        "what": asked.what,
        "where": asked.where,
        "code": asked.code,
        "lat": request.GET.get("lat", ""),
        "lon": request.GET.get("lon", ""),
        "origin": origin,
        "order": request.GET.get("tri", "tot"),
        "place": page.place,
        "found": asked.found,
        "meant": asked.meant,
        "asked_for": asked.asked_for,
        "beside": asked.beside,
        "emergency": emergencies.number_for(asked.what),
        "at": asked.at,
        "unknown_place": asked.unknown_place,
        "country": country_name(asked.found.country, language=get_language() or "fr")
        if asked.found.country
        else "",
        "here": asked.here,
        "form": asked.form,
        "filters": filters,
        "known": {True: "oui", False: "non", None: ""}[filters.known],
        "page": page,
        "ways": ways,
    }
    return render(request, "practitioners/results.html", context)


def _position(request: HttpRequest) -> Place | None:
    with suppress(ValueError):
        latitude = float(request.GET.get("lat", ""))
        longitude = float(request.GET.get("lon", ""))
        if -90 <= latitude <= 90 and -180 <= longitude <= 180:
            return Place(label=_("ma position"), latitude=latitude, longitude=longitude)
    return None


def _origin(request: HttpRequest, place: Place | None) -> Place | None:
    """Where the reader found nobody and widened the search from: distances are counted from there.

    It counts for the area around it, and for the whole country.
    """
    origin = by_code(request.GET.get("de", "")[:5])
    if origin is None or origin.commune is None:
        return None
    if place is not None and origin.commune.department not in place.departments:
        return None
    return with_position(origin)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 1
