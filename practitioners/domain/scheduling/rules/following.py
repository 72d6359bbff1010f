"""Visits that follow one another: which visit reason may follow which."""

from django.db.models import QuerySet

from practitioners.models import VisitReason


def followers_of(reason: VisitReason) -> QuerySet[VisitReason]:
    """The visit reasons that may follow this one: another practitioner's of the practice.

    No chain is longer than two, so that a reason which follows another is followed by none, and
    one which is followed follows none.
    """
    others = VisitReason.objects.filter(agenda__practice_id=reason.agenda.practice_id)
    if VisitReason.objects.filter(then=reason.pk).exists():
        return others.none()
    return others.exclude(agenda=reason.agenda).filter(then__isnull=True)
