"""What a practice's members and software read, and what patients ask about it."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from django.contrib import messages
from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from audit.models import Entry
from audit.record import entries
from audit.software import software_names
from audit.spreadsheet import MARK, line_of
from audit.vault.reveal import Purpose, reveal
from audit.views.factor import fresh_factor
from audit.views.typed import refuse
from booking import actions
from booking.accounts import team
from booking.dashboard.practice import plotted
from booking.models import Concern
from booking.oversight import concerns
from booking.oversight.queries import practice_record
from booking.oversight.queries.practice_record import Wanted
from booking.pages.access import (
    desk_context,
    membership_of,
    practice_actor,
    practice_member,
)
from booking.pages.forms.record import AnswerForm, RecordForm
from practitioners.domain.date_words import in_cell
from practitioners.models import Membership, Practice

DAYS = 30


def _wanted(form: RecordForm, practice: Practice) -> Wanted | None:
    """The lines that are asked for; None where the form cannot be read, which asks for none."""
    today: date = timezone.now().astimezone(practice.zone).date()
    if form.is_bound and not form.is_valid():
        return None
    given = form.cleaned_data if form.is_bound else {}
    until = given.get("until") or today
    member = given.get("member")
    return Wanted(
        since=given.get("since") or until - timedelta(days=DAYS - 1),
        until=until,
        actor_id=member.account_id if member else None,
        channel=given.get("channel") or "",
        reveals_only=bool(given.get("reveals_only")),
    )


def _members(practice: Practice) -> list[Membership]:
    return list(
        Membership.objects.filter(practice=practice)
        .select_related("account")
        .order_by("created_at", "pk")
    )


def _page_of(found: QuerySet[Entry], text: str) -> Page[Entry] | None:
    """A page of the lines as they are now; None where there is no such page.

    Read at once: the page itself adds a line, which would push another one out of it.
    """
    try:
        page = Paginator(found, practice_record.PAGE).page(text)
    except InvalidPage:
        return None
    page.object_list = list(page.object_list)
    return page


@never_cache
@practice_member("booking.view_record")
@require_safe
def practice_reads(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """The lines that are asked for, and the questions that patients have asked about lines."""
    practice = membership_of(request).practice
    members = _members(practice)
    form = RecordForm(request.GET or None, members=members)
    return _show(request, practice, members, form)


def _show(
    request: HttpRequest, practice: Practice, members: list[Membership], form: RecordForm
) -> HttpResponse:
    wanted = _wanted(form, practice)
    found = practice_record.entries_of(practice, wanted) if wanted else Entry.objects.none()
    page = _page_of(found, request.GET.get("page") or "1")
    open_concerns = list(
        Concern.objects.filter(practice=practice, answered_at__isnull=True)
        .select_related("account")
        .order_by("created_at", "pk")
    )
    named = [(m.account, ("email",)) for m in members]
    asked = [(c, ("words",)) for c in open_concerns]
    with reveal([*named, *asked], actor=practice_actor(request), purpose=Purpose.ACCOUNT) as plain:
        names = {m.account_id: plain.text(m.account, "email") for m in members}
        shown = [(c, plain.text(c, "words")) for c in open_concerns]
    form.name_members(names)
    entries_shown = list(page or ())
    names |= software_names(entry.credential_id for entry in entries_shown)
    query = request.GET.copy()
    query.pop("page", None)
    plot = practice_record.plot(practice, wanted) if wanted else []
    context = desk_context(request, current="record") | {
        "form": form,
        "lines": [(line, _who(line, names)) for line in _lines(entries_shown)],
        "is_readable": wanted is not None,
        "page": page,
        "query": query.urlencode(),
        "bars": plotted.bars([(bar.day, bar.height, str(bar.reads)) for bar in plot]),
        "most": max((bar.reads for bar in plot), default=0),
        "concerns": shown,
        "answer_form": AnswerForm(),
    }
    is_refused = wanted is None or page is None
    return render(request, "dashboard/record.html", context, status=400 if is_refused else 200)


def _lines(found: Iterable[Entry]) -> Iterator[practice_record.Line]:
    return practice_record.lines(found, member=_("un ancien membre"))


def _who(line: practice_record.Line, names: Mapping[uuid.UUID, str]) -> object:
    """Who acted: a member by their address, others by what they are."""
    return (names.get(line.actor_id) if line.actor_id else "") or line.actor


@never_cache
@practice_member("booking.view_record")
@fresh_factor("GET", "HEAD", is_file=True)
@require_safe
def practice_reads_csv(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """The lines that were asked for, as CSV, with the members' addresses and no patient's name; on
    the record. What cannot be read is refused with the page.
    """
    practice = membership_of(request).practice
    members = _members(practice)
    form = RecordForm(request.GET or None, members=members)
    wanted = _wanted(form, practice)
    if wanted is None:
        return _show(request, practice, members, form)
    named = [(m.account, ("email",)) for m in members]
    with reveal(named, actor=practice_actor(request), purpose=Purpose.ACCOUNT) as plain:
        names = {m.account_id: plain.text(m.account, "email") for m in members}
    found = practice_record.entries_of(practice, wanted)
    entries.write(
        actions.RECORD_EXPORTED,
        actor=practice_actor(request),
        practice_id=practice.pk,
        details={"since": wanted.since, "until": wanted.until, "count": found.count()},
    )
    team.note_file(
        practice=practice, what="reads", object_id=practice.pk, actor=practice_actor(request),
        now=timezone.now(),
    )  # fmt: skip

    def rows() -> Iterator[str]:
        yield MARK + line_of(
            [
                _("Quand"),
                _("Quoi"),
                _("Qui"),
                _("Compte"),
                _("Voie"),
                _("Pourquoi"),
                _("Personnes"),
                _("Données"),
            ]
        )
        for line in _lines(found.iterator(chunk_size=1000)):
            yield line_of(
                [
                    in_cell(line.at, practice.zone),
                    line.action,
                    _who(line, names),
                    line.actor_id or "",
                    line.channel,
                    line.purpose,
                    line.people,
                    ", ".join(str(name) for name in line.fields),
                ]
            )

    answer = StreamingHttpResponse(rows(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="registre.csv"'
    return answer  # type: ignore[return-value]


@practice_member("booking.view_record")
@require_POST
def answer_concern(
    request: HttpRequest, practice_id: uuid.UUID, concern_id: uuid.UUID
) -> HttpResponse:
    practice = membership_of(request).practice
    concern = get_object_or_404(Concern.objects.filter(practice=practice), pk=concern_id)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _refused(request, " ".join(map(str, form.errors["answer"])))
    try:
        concerns.answer(
            concern=concern,
            text=form.cleaned_data["answer"],
            actor=practice_actor(request),
            now=timezone.now(),
        )
    except concerns.AlreadyAnswered as refused:
        return _refused(request, refused.text)
    messages.success(request, _("La personne voit maintenant votre réponse."))
    return redirect("booking:practice-reads", practice_id)


def _refused(request: HttpRequest, problem: object) -> HttpResponse:
    onward = reverse("booking:practice-reads", args=[membership_of(request).practice_id])
    context = desk_context(request, current="record")
    return refuse(request, problem, onward=onward, context=context)
