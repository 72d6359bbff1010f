"""Importing the busy times of external calendars as absences of an agenda.

A calendar given by its address is read again every quarter of an hour; if it cannot be read, its
absences stay, and the page says since when. A calendar given as a file is read once. Only busy
times are stored.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import override

from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor, system_actor
from audit.refusal import Refusal
from audit.vault.kept_secrets import keep_secret, use_secret
from booking.accounts.access_changes import tell
from booking.models.accounts.access_change import ChangeKind
from partners import actions
from partners.domain import busy, outgoing
from partners.models import ImportedCalendar
from practitioners.domain.scheduling.next_slots import mark_stale
from practitioners.models import Absence, Agenda

AHEAD = timedelta(days=550)
MOST_BYTES = 5_000_000
MOST_CALENDARS = 5
READ_EVERY = timedelta(minutes=15)
# After a failure: twice as long each time, a day at most.
LONGEST_WAIT = timedelta(days=1)
# A reader that died lets go of its calendars after this time.
CLAIMED = timedelta(minutes=5)
BATCH, AT_ONCE = 40, 4
ADDRESS = b"calendar address"


class NotImported(Refusal):
    """The calendar was not imported; `text` gives the reason, in the reader's language."""


def import_address(
    *, agenda: Agenda, label: str, url: str, actor: Actor, now: datetime
) -> ImportedCalendar:
    """Read a calendar from its address, now and regularly; owners are notified. Raises
    NotImported.
    """
    url = url.replace("webcal://", "https://", 1)
    found = _fetch(url, agenda, now=now)
    return _import(agenda=agenda, label=label, url=url, found=found, actor=actor, now=now)


def import_file(
    *, agenda: Agenda, label: str, text: bytes, actor: Actor, now: datetime
) -> ImportedCalendar:
    """Add absences for the busy times of a calendar file. Raises NotImported."""
    if len(text) > MOST_BYTES:
        raise NotImported(_("Le fichier dépasse 5 Mo."))
    found = _read(text, agenda, now=now)
    if not found.events:
        # Read once, it would never close anything; an address may be filled later.
        raise NotImported(_("Aucun événement n’a été trouvé dans ce fichier."))
    return _import(agenda=agenda, label=label, url=None, found=found, actor=actor, now=now)


def _fetch(url: str, agenda: Agenda, *, now: datetime) -> busy.Busy:
    try:
        text = outgoing.fetch(url, most_bytes=MOST_BYTES)
    except outgoing.NotCalled as problem:
        raise NotImported(str(problem)) from problem
    return _read(text, agenda, now=now)


def _read(text: bytes, agenda: Agenda, *, now: datetime) -> busy.Busy:
    """Busy times from the start of the practice's day on, so that all readings of a day agree."""
    zone = agenda.practice.zone
    since = datetime.combine(now.astimezone(zone), time.min, tzinfo=zone).astimezone(UTC)
    try:
        return busy.read_apart(text, since=since, until=since + AHEAD, zone=zone)
    except busy.Unreadable as error:
        if error.args[0] == "too much":
            problem = _("Ce calendrier est trop grand pour être lu.")
        else:
            problem = _("Ce n’est pas un calendrier iCalendar (.ics).")
        raise NotImported(problem) from error


@transaction.atomic
def _import(
    *, agenda: Agenda, label: str, url: str | None, found: busy.Busy, actor: Actor, now: datetime
) -> ImportedCalendar:
    # So that two at once count one after the other.
    Agenda.objects.select_for_update(no_key=True).get(pk=agenda.pk)
    if agenda.imported_calendars.count() >= MOST_CALENDARS:
        raise NotImported(_("Cet agenda a déjà tous les calendriers qu’il peut avoir."))
    row = ImportedCalendar.objects.create(
        agenda=agenda,
        label=label,
        sealed_url=None if url is None else keep_secret(url, use=ADDRESS),
        read_at=now,
        read_next_at=None if url is None else now + READ_EVERY,
        complete=found.complete,
        created_at=now,
    )
    _note(actions.CALENDAR_IMPORTED, row, actor)
    if url is not None:
        tell(
            kind=ChangeKind.CALENDAR, holder_id=agenda.practice_id, object_id=row.pk, actor=actor,
            now=now,
        )  # fmt: skip
    _close_time(row, found.periods, actor=actor, now=now)
    return row


def closes(calendar: ImportedCalendar) -> bool:
    """Whether a calendar has any absences."""
    return Absence.objects.filter(imported_from=calendar.pk).exists()


@transaction.atomic
def forget(*, calendar: ImportedCalendar, actor: Actor, now: datetime) -> None:
    """Stop reading a calendar, and delete its current and future absences."""
    _note(actions.CALENDAR_FORGOTTEN, calendar, actor)
    _close_time(calendar, [], actor=actor, now=now)
    calendar.delete()


def read_due(*, now: datetime) -> int:
    """Read the calendars that are due, several at a time; return how many."""
    due = _claim(now=now)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda row: _fetch_and_read(row, now=now), due))
    for row, result in zip(due, results, strict=True):
        _note_reading(row, result, now=now)
    return len(due)


@transaction.atomic
def _claim(*, now: datetime) -> list[ImportedCalendar]:
    rows = list(
        ImportedCalendar.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("agenda__practice")
        .filter(read_next_at__lte=now)
        .order_by("read_next_at", "pk")[:BATCH]
    )
    ImportedCalendar.objects.filter(pk__in=[row.pk for row in rows]).update(
        read_next_at=now + CLAIMED
    )
    return rows


def _fetch_and_read(row: ImportedCalendar, *, now: datetime) -> busy.Busy | str:
    """Return the calendar's busy times, or the problem. Does not use the database."""
    with override("fr"):
        try:
            url = use_secret(bytes(row.sealed_url or b""), use=ADDRESS)
            return _fetch(url, row.agenda, now=now)
        except NotImported as problem:
            return str(problem.text)


@transaction.atomic
def _note_reading(row: ImportedCalendar, result: busy.Busy | str, *, now: datetime) -> None:
    still_there = ImportedCalendar.objects.select_for_update(no_key=True).filter(pk=row.pk)
    if not still_there:
        return
    if isinstance(result, str):
        wait = min(READ_EVERY * 2 ** min(row.failures, 10), LONGEST_WAIT)
        still_there.update(
            failures=F("failures") + 1, problem=result[:200], read_next_at=now + wait
        )
        return
    still_there.update(
        failures=0, problem="", complete=result.complete, read_at=now,
        read_next_at=now + READ_EVERY,
    )  # fmt: skip
    _close_time(row, result.periods, actor=system_actor(), now=now)


def _close_time(
    row: ImportedCalendar, periods: list[busy.Period], *, actor: Actor, now: datetime
) -> None:
    """Make the agenda's absences match the calendar; past ones stay. On the record."""
    present = Absence.objects.filter(imported_from=row.pk, until__gt=now)
    kept = {(absence.starts_at, absence.until): absence.pk for absence in present}
    wanted = {(first, last) for first, last in periods if last > now}
    gone = [pk for period, pk in kept.items() if period not in wanted]
    new = sorted(wanted - set(kept))
    if not gone and not new:
        return
    Absence.objects.filter(pk__in=gone).delete()
    Absence.objects.bulk_create(
        [
            Absence(
                agenda_id=row.agenda_id, starts_at=first, until=last, label=row.label,
                imported_from=row.pk,
            )
            for first, last in new
        ]
    )  # fmt: skip
    _note(actions.ABSENCES_IMPORTED, row, actor, added=len(new), removed=len(gone))
    agenda_id = row.agenda_id
    transaction.on_commit(lambda: mark_stale(agenda_id), robust=True)


def _note(action: Action, row: ImportedCalendar, actor: Actor, **counts: int) -> None:
    entries.write(
        action,
        actor=actor,
        practice_id=row.agenda.practice_id,
        object_id=row.pk,
        details={"agenda": row.agenda_id, **counts},
    )
