"""How patients stand with a practice: known to it, or held to its rule about not having come."""

from datetime import datetime

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet

from booking.domain.book import A_YEAR
from booking.models import Patient
from booking.models.appointment import Status
from booking.queries.known import known_at
from practitioners.domain.eligibility import Person
from practitioners.models import Practice


def standing(patients: QuerySet[Patient], *, practice: Practice, now: datetime) -> list[Person]:
    """Return each of some patients as a practice's rules see them, the oldest file first.

    One query, and nothing is revealed.
    """
    missed = Q(
        appointments__practice=practice,
        appointments__status=Status.NO_SHOW,
        appointments__starts_at__gt=now - A_YEAR,
    )
    rows = patients.annotate(
        is_known_there=ExpressionWrapper(
            known_at(practice.pk, now=now), output_field=BooleanField()
        ),
        missed_there=Count("appointments", filter=missed),
    )
    at_most = practice.no_shows_at_most
    return [
        Person(id=pk, is_known=is_known, is_barred=bool(at_most) and missed_there >= at_most)
        for pk, is_known, missed_there in rows.order_by("created_at", "pk").values_list(
            "pk", "is_known_there", "missed_there"
        )
    ]
