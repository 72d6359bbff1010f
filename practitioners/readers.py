"""Whom a page of the directory is shown to: the app that knows accounts says it (its ready())."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.http import HttpRequest

from practitioners.domain.scheduling.rules.audience import Reader
from practitioners.models import VisitReason

ReaderOf = Callable[[HttpRequest, Sequence[VisitReason], datetime], Reader]
_known: list[ReaderOf] = []


def register_readers(reader_of: ReaderOf) -> None:
    """Let pages know of their readers what the rules of some visit reasons ask; called once."""
    _known[:] = [reader_of]


def reader_of(request: HttpRequest, reasons: Sequence[VisitReason], *, now: datetime) -> Reader:
    """The reader of a page that offers these visit reasons of one agenda."""
    return _known[0](request, reasons, now) if _known else Reader()
