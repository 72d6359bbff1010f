"""The public directory: home, and a practitioner's page. Its search: results.py."""

import uuid
from datetime import datetime, timedelta

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from practitioners.domain.directory import described
from practitioners.domain.scheduling import availability, wall_clock
from practitioners.domain.scheduling.hours.never_free import without_slots
from practitioners.domain.scheduling.in_a_row import slots_in_a_row
from practitioners.domain.scheduling.rules.audience import (
    SOMEBODY_ELSE,
    Audience,
    Offer,
    Reader,
    audience_of,
)
from practitioners.domain.scheduling.rules.eligibility import Restriction
from practitioners.domain.scheduling.rules.notice import end_of_horizon
from practitioners.domain.scheduling.why_not import why_not
from practitioners.domain.staff import substitutes
from practitioners.models import Agenda, Practitioner, VisitReason
from practitioners.models.directory import LANGUAGE_NAMES
from practitioners.readers import reader_of
from practitioners.views.language import takes_language

DAYS_SHOWN = 7
PEOPLE_AT_MOST = 4
_NUMBERS_OF_PEOPLE = {str(n) for n in range(1, PEOPLE_AT_MOST + 1)}
SUBSTITUTES_SHOWN = timedelta(days=60)
# Results have no end of addresses; the others are somebody's own, or no pages at all.
NOT_FOR_ROBOTS = (
    "/recherche/", "/suggestions/", "/reserver/", "/connexion/", "/compte/", "/rendez-vous/",
    "/attente/", "/messages/", "/documents/", "/rappels/",
    "/hors-ligne/", "/sw.js", "/manifest.webmanifest",
    "/creneau/", "/cabinet/", "/invitation/", "/verification/",
    "/mot-de-passe/",
    "/admin/", "/equipe/", "/api/", "/fhir/", "/editeur/", "/widget/", "/flux/", "/deconnexion/",
    "/inscription/", "/courrier/", "/direct/", "/pret/",
)  # fmt: skip


@takes_language
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "practitioners/home.html")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines may look at: the directory, and nothing that is somebody's own."""
    sitemap = request.build_absolute_uri(reverse("practitioners:sitemaps"))
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_FOR_ROBOTS)]
    text = "\n".join([*lines, f"Sitemap: {sitemap}", ""])
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@takes_language
@require_safe
def practitioner_page(request: HttpRequest, practitioner_id: uuid.UUID) -> HttpResponse:
    practitioner = get_object_or_404(
        Practitioner.objects.prefetch_related("specialties"), pk=practitioner_id
    )
    agendas = list(
        practitioner.agenda_set.filter(listed=True)
        .select_related("practice")
        .order_by("-active", "practice__name", "pk")
    )
    if not agendas and practitioner.agenda_set.exists():
        raise Http404
    wanted = request.GET.get("cabinet", "")
    agenda = next((a for a in agendas if str(a.practice_id) == wanted), None)
    agenda = agenda or next(iter(agendas), None)
    context = {
        "practitioner": practitioner,
        "languages": [LANGUAGE_NAMES[c] for c in practitioner.languages if c in LANGUAGE_NAMES],
        "agendas": agendas,
        "agenda": agenda,
        "canonical": request.build_absolute_uri(request.path),
    }
    context["described"] = described.person(practitioner, agendas, url=str(context["canonical"]))
    if agenda is not None:
        context |= slots_context(request, agenda)
        today = timezone.now().astimezone(agenda.practice.zone).date()
        context["substitutions"] = substitutes.between(
            agendas=[agenda], since=today, until=today + SUBSTITUTES_SHOWN
        )
    return render(request, "practitioners/practitioner.html", context)


def slots_context(
    request: HttpRequest, agenda: Agenda, *, is_anonymous: bool = False
) -> dict[str, object]:
    """The visit reasons that the reader may book, and a week of slots of the chosen one.

    `is_anonymous`: whether nothing may be looked up of who reads, as in another site's frame.
    """
    now = timezone.now()
    active = list(agenda.visit_reasons.filter(active=True))
    for reason in active:
        reason.agenda = agenda
    # Where nothing is booked online, its page still tells the prices.
    never = without_slots(active, now=now) if agenda.active else set()
    # What can never have a slot is offered to nobody.
    every = [reason for reason in active if reason.pk not in never]
    wanted = request.GET.get("motif", "")
    reader = Reader() if is_anonymous or not every else reader_of(request, every, now=now)
    audience = audience_of(
        reader,
        known_text=request.GET.get("suivi", ""),
        whom_text=request.GET.get("pour", ""),
        count=people_wanted(request.GET),
    )
    offers = [(reason, *audience.offer(reason)) for reason in every]
    closed = [(reason, why) for reason, offer, why in offers if offer == Offer.CLOSED]
    context: dict[str, object] = {
        "audience": audience,
        "names": reader.names() if audience.asks_whom else {},
        "all_reasons": every,
        "reasons": [reason for reason, offer, _why in offers if offer != Offer.CLOSED],
        "closed": closed,
        "refused": next((pair for pair in closed if str(pair[0].pk) == wanted), None),
        # What a link asks for and nobody can book: said, beside what can be booked.
        "gone_reason": next(
            (each for each in active if str(each.pk) == wanted and each.pk in never), None
        ),
        "no_new": bool(every) and not agenda.accepts_new_patients,
        # Said once, with both ways on, instead of asked and repeated for each reason.
        "only_known": audience.is_for_known_only(every),
        "has_prices": any(reason.price_cents is not None for reason in every),
        "is_barred": bool(every) and {why for *_more, why in offers} == {Restriction.NO_SHOWS},
        "answers": _answers(audience),
        "people": people_wanted(request.GET),
        "people_choices": range(1, PEOPLE_AT_MOST + 1),
    }
    chosen, depends = _chosen(offers, wanted)
    if chosen is None or not agenda.active:
        return context
    is_wanted = str(chosen.pk) == wanted
    asked_at = wall_clock.read_instant(request.GET.get("debut", "")) if is_wanted else None
    holder, people = reader.hold_key, people_wanted(request.GET)
    if chosen.then_id is None:
        says_known = bool(audience.says_known)
        context["lacking"] = reader.lacking(chosen, count=people, says_known=says_known)
    asked = _asked_slot(chosen, asked_at, people=people, now=now, holder=holder)
    if depends:
        return context | asked | {"chosen": chosen, "depends": True}
    return context | _week_context(request, agenda, chosen, now, holder=holder) | asked


def _asked_slot(
    reason: VisitReason, asked_at: datetime | None, *, people: int, now: datetime, holder: str
) -> dict[str, object]:
    """The time that a link asks for, or why it cannot be booked."""
    if asked_at is None or slots_in_a_row(
        visit_reason=reason, starts_at=asked_at, count=people, now=now, holder=holder
    ):
        return {"asked_at": asked_at}
    why = why_not(visit_reason=reason, starts_at=asked_at, now=now, count=people, holder=holder)
    return {"asked_at": None, "gone_at": asked_at, "why_gone": why}


def _chosen(
    offers: list[tuple[VisitReason, Offer, Restriction | None]], wanted: str
) -> tuple[VisitReason | None, bool]:
    """The visit reason whose slots are shown, and whether an answer is missing for them.

    Unless one is asked for: the first at the practice that is open to the reader, whatever they
    answer, else the first there that depends on it; by video where there is no other.
    """
    offered = [(reason, offer) for reason, offer, _why in offers if offer != Offer.CLOSED]
    by_choice = sorted(
        offered,
        key=lambda pair: (
            str(pair[0].pk) != wanted,
            pair[0].teleconsultation,
            pair[1] != Offer.OPEN,
        ),
    )
    if not by_choice:
        return None, False
    reason, offer = by_choice[0]
    return reason, offer == Offer.DEPENDS


def _answers(audience: Audience) -> dict[str, str]:
    """What has been answered so far, as parameters of an address."""
    given: dict[str, str] = {}
    if audience.says_known is not None:
        given["suivi"] = "oui" if audience.says_known else "non"
    if audience.is_somebody_else:
        given["pour"] = SOMEBODY_ELSE
    elif audience.asks_whom and audience.person is not None:
        given["pour"] = str(audience.person.id)
    return given


def people_wanted(given: QueryDict) -> int:
    """For how many people appointments in a row are wanted: one, if nothing sensible is said."""
    text = given.get("personnes", "")
    return int(text) if text in _NUMBERS_OF_PEOPLE else 1


def is_unread(given: QueryDict) -> bool:
    """Whether a form says for how many people it is, and no number that there may be."""
    return given.get("personnes", "") not in ("", *_NUMBERS_OF_PEOPLE)


def _slots(
    reason: VisitReason,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    people: int,
    holder: str,
) -> list[availability.Slot]:
    """The slots of a visit reason from which on so many people can come one after another."""
    found = availability.free_slots(
        visit_reason=reason, since=since, until=until, now=now, consecutive=people, holder=holder
    )
    return [slot for slot in found if slot.places]


def _week_context(
    request: HttpRequest, agenda: Agenda, chosen: VisitReason, now: datetime, *, holder: str
) -> dict[str, object]:
    zone = agenda.practice.zone
    today = now.astimezone(zone).date()
    at = wall_clock.read_instant(request.GET.get("debut", ""))
    asked = wall_clock.read_day(request.GET.get("semaine", ""))
    asked = asked or (at.astimezone(zone).date() if at is not None else today)
    first = min(max(asked, today), today + timedelta(days=730))
    since = wall_clock.day_bounds(first, zone)[0]
    until = wall_clock.day_bounds(first + timedelta(days=DAYS_SHOWN), zone)[0]
    people = people_wanted(request.GET) if chosen.then_id is None else 1
    slots = _slots(chosen, since=since, until=until, now=now, people=people, holder=holder)
    by_day = {first + timedelta(days=n): list[availability.Slot]() for n in range(DAYS_SHOWN)}
    for slot in slots:
        by_day[slot.starts_at.astimezone(zone).date()].append(slot)
    next_at = None
    if not slots:
        ends = end_of_horizon(chosen, now=now)
        found = _slots(chosen, since=now, until=ends, now=now, people=people, holder=holder)
        next_at = found[0].starts_at if found else None
    return {
        "chosen": chosen,
        "people": people,
        "days": list(by_day.items()),
        "any_slot": bool(slots),
        "next_at": next_at,
        "earlier": max(today, first - timedelta(days=DAYS_SHOWN)) if first > today else None,
        "later": first + timedelta(days=DAYS_SHOWN),
    }
