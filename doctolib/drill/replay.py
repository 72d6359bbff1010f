"""Replaying a drill's traffic against the real budget, watch, vault and record, in its own time."""

import heapq
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import cast

from django.db import transaction

from audit.models import Incident, IncidentSource
from audit.record.entries import Actor, ActorKind, Channel, Origin, system_actor
from audit.vault.guard import Answer, Decision, NotOpened
from audit.vault.reveal import Purpose, reveal
from audit.watch import holders, watcher
from audit.watch.holders import Kind
from booking.models import Appointment
from booking.oversight import watching
from doctolib.drill.desk import Page
from doctolib.drill.scenario import Scenario
from doctolib.drill.traffic import Opening
from partners.domain import binding, reveal_budget, tokens
from partners.domain.identities import reveal_identity
from partners.domain.scopes import SCOPES

# How long somebody takes to type the code of their second factor.
TYPING = timedelta(seconds=20)


@dataclass(kw_only=True)
class Outcome:
    """What happened."""

    attempted: int = 0
    requests: int = 0
    benign: int = 0
    delayed: int = 0
    # How often somebody at work had to give the second factor again.
    asked: int = 0
    # What thieves opened: appointments, and their patients.
    appointments: set[uuid.UUID] = field(default_factory=set)
    subjects: set[uuid.UUID] = field(default_factory=set)
    first_at: datetime | None = None
    stopped_at: dict[uuid.UUID, datetime] = field(default_factory=dict)
    requests_until_stop: int | None = None
    false_containments: int = 0
    false_signs: list[list[dict[str, object]]] = field(default_factory=list)
    budget_bound: int = 0
    ends_at: datetime | None = None


Request = Opening | Page


def replay(
    scenario: Scenario,
    benign: Iterable[Request],
    thefts: Sequence[Sequence[Request]],
    *,
    longest_wait: timedelta = timedelta.max,
) -> Outcome:
    """Let everything happen in order of time.

    Whoever is told to wait does so, thieves for `longest_wait` at most: longer refuses them.
    """
    return _Replay(scenario, benign, thefts, longest_wait).run()


class _Replay:
    def __init__(
        self,
        scenario: Scenario,
        benign: Iterable[Request],
        thefts: Sequence[Sequence[Request]],
        longest_wait: timedelta,
    ) -> None:
        self.longest_wait = longest_wait
        self.thieves, self.thefts = scenario.thieves, thefts
        attempted = sum(len(_rows(each)) for theft in thefts for each in theft)
        self.outcome = Outcome(attempted=attempted)
        self.left = sum(map(len, thefts))
        self.queue = [(each.at, n, each) for n, each in enumerate(chain(benign, *thefts))]
        heapq.heapify(self.queue)
        self.serial = len(self.queue)
        # Holders that a thief has used.
        self.used: set[uuid.UUID] = set()
        # Until when a software, or the thief who has its credential, waits at a practice.
        self.waiting: dict[tuple[uuid.UUID, int | None], datetime] = {}
        self.refused: dict[int | None, int] = defaultdict(int)
        # Sessions that owe an answer, and who sits in them.
        self.asked: set[tuple[uuid.UUID, int | None]] = set()
        # The text of each of the software's tokens that were copied.
        self.copied: dict[str, str] = {}

    def run(self) -> Outcome:
        # After a theft nothing is to be learned of the rest of the month.
        while self.queue and (self.left or not self.thefts):
            at, _n, request = heapq.heappop(self.queue)
            waits = self.waiting.get((_lane(request), request.thief), at)
            if at < waits:
                self._again(request, waits)
            elif request.thief is None:
                self.outcome.benign += 1
                self._ask(request, at)
            elif self.refused[request.thief] >= self.thieves[request.thief].patience:
                self.left -= 1
            else:
                self._note_theft(request, at)
                self._ask(request, at)
        return self.outcome

    def _again(self, request: Request, at: datetime) -> None:
        self.serial += 1
        heapq.heappush(self.queue, (at, self.serial, request))

    def _note_theft(self, request: Request, at: datetime) -> None:
        self.outcome.requests += 1
        self.used.add(_holder(request))
        if self.outcome.first_at is None:
            self.outcome.first_at, self.outcome.budget_bound = at, _bound(self.thefts, at)

    def _ask(self, request: Request, at: datetime) -> None:
        outcome, thief, pk = self.outcome, request.thief, _holder(request)
        if pk in outcome.stopped_at:
            self.left -= thief is not None
            self.refused[thief] += 1
            return
        try:
            is_refused = (pk, thief) in self.asked and not self._answered(request, at)
            if not is_refused and isinstance(request, Opening) and request.is_replay:
                is_refused = not self._shows_token(request, at)
            if not is_refused:
                _open(request, at)
        except NotOpened as refused:
            if self._comes_again(request, refused.decision, at):
                return
            is_refused = True
        self.left -= thief is not None
        outcome.ends_at = at
        if holders.is_stopped(kind=_kind(request), holder_id=pk):
            self._stopped(at)
        elif is_refused:
            self.refused[thief] += 1
        elif thief is not None:
            self.refused[thief] = 0
            outcome.appointments.update(row.pk for row in _rows(request))
            outcome.subjects.update(row.patient_id for row in _rows(request))

    def _comes_again(self, request: Request, decision: Decision, at: datetime) -> bool:
        """Let a request that was refused wait, or be asked for again after an answer."""
        thief, pk = request.thief, _holder(request)
        if decision.answer is Answer.ASK:
            self.outcome.asked += thief is None
            # Each session of the account has to answer.
            self.asked |= {(pk, None), *((pk, n) for n in range(len(self.thefts)))}
            self._again(request, at + TYPING)
            return True
        if decision.answer is not Answer.WAIT:
            return False
        self.outcome.delayed += 1
        wait = timedelta(seconds=decision.seconds + 1)
        if thief is not None and wait > self.longest_wait:
            return False
        # All that it wants of this practice waits with it.
        self.waiting[_lane(request), thief] = at + wait
        self._again(request, at + wait)
        return True

    def _shows_token(self, request: Opening, at: datetime) -> bool:
        """Show the token that the software has now, as whoever has copied it and not its key."""
        if request.token not in self.copied:
            self.copied[request.token] = tokens.issue(
                credential=request.installation.credential, scopes=SCOPES,
                thumbprint=request.installation.key, now=at,
            )  # fmt: skip
        found = tokens.find(self.copied[request.token], now=at)
        if found is None:
            return False
        try:
            binding.check(found, thumbprint=request.key, origin=lambda: _origin(request), now=at)
        except binding.NotItsKey:
            return False
        return True

    def _answered(self, request: Request, at: datetime) -> bool:
        """Whether whoever sits in the session gives the second factor; insisting is noticed."""
        pk, thief = _holder(request), request.thief
        if thief is None or self.thieves[thief].second_factor:
            self.asked.discard((pk, thief))
            return True
        page = cast(Page, request)
        watching.insist(
            account_id=pk, practice_id=page.desk.practice.pk, origin=_origin(page), now=at
        )
        return False

    def _stopped(self, at: datetime) -> None:
        """A holder was stopped, perhaps others of its group with it."""
        outcome = self.outcome
        for source in Incident.objects.order_by("-number")[0].sources.all():
            pk = source.holder_id
            if pk in outcome.stopped_at or source.let_in_at is not None:
                continue
            if pk in self.used:
                outcome.stopped_at[pk] = at
                # The first of them: by then the thief had asked so often.
                outcome.requests_until_stop = outcome.requests_until_stop or outcome.requests
                continue
            # Nobody had stolen it. People find out, and let it in again.
            outcome.false_containments += 1
            outcome.false_signs.append(source.incident.signs)
            _let_in(source, at)


def _let_in(source: IncidentSource, at: datetime) -> None:
    source.let_in_at = at
    source.save(update_fields=["let_in_at"])
    holders.let_in(
        kind=source.kind, holder_id=source.holder_id, actor=system_actor(Channel.SHELL),
        keys_are_safe=True, now=at,
    )  # fmt: skip
    groups = [source.group_id] if source.group_id else []
    watcher.forget_suspicion([source.holder_id], group_ids=groups)


def _open(request: Request, at: datetime) -> None:
    """Ask as the product's own pages and API do. Raises NotOpened."""
    if isinstance(request, Page):
        _open_page(request, at)
        return
    installation, row = request.installation, request.appointment
    stopped: NotOpened | None = None
    with transaction.atomic():
        try:
            reveal_identity(
                credential=installation.credential,
                grant=installation.grants[row.practice_id],
                appointment=row,
                fields=request.fields,
                purpose=Purpose(request.purpose),
                origin=_origin(request),
                now=at,
            )
        except NotOpened as caught:
            if caught.decision.answer is not Answer.STOP:
                raise
            # Inside the transaction: what stopped it must be committed.
            stopped = caught
    if stopped is not None:
        raise stopped


def _open_page(page: Page, at: datetime) -> None:
    desk = page.desk
    actor = Actor(
        kind=ActorKind.ACCOUNT, channel=Channel.DASHBOARD, id=desk.account.pk,
        practice_id=desk.practice.pk, origin=_origin(page),
    )  # fmt: skip
    of_patient = [name for name in page.fields if name != "note"]
    wanted: list[tuple[object, list[str]]] = [
        (row.patient, of_patient) for row in page.appointments
    ]
    if "note" in page.fields:
        wanted += [(row, ["note"]) for row in page.appointments]
    with reveal(
        wanted, actor=actor, purpose=Purpose.CARE, details={"search": page.is_search}, at=at
    ) as plain:
        for row in page.appointments:
            plain.text(row.patient, of_patient[0])


def _rows(request: Request) -> tuple[Appointment, ...]:
    return request.appointments if isinstance(request, Page) else (request.appointment,)


def _holder(request: Request) -> uuid.UUID:
    if isinstance(request, Page):
        return request.desk.account.pk
    return request.installation.credential.pk


def _kind(request: Request) -> str:
    return Kind.ACCOUNT if isinstance(request, Page) else Kind.CREDENTIAL


def _lane(request: Request) -> uuid.UUID:
    """Where whoever is told to wait waits: at a grant, which has a budget."""
    if isinstance(request, Page):
        return request.desk.account.pk
    return request.installation.grants[request.appointment.practice_id].pk


def _origin(request: Request) -> Origin:
    return Origin(network=request.network, key=request.key, token=request.token)


def _bound(thefts: Sequence[Sequence[Request]], at: datetime) -> int:
    """What the budget alone lets a thief have in the first day: the sum over the grants."""
    grants = {
        each.installation.grants[each.appointment.practice_id]
        for theft in thefts
        for each in theft
        if isinstance(each, Opening)
    }
    return sum(reveal_budget.limits_of(grant, now=at).day for grant in grants)
