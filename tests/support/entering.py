"""A slot held by a visitor, and where signing in leads from there."""

from datetime import UTC, datetime

from django.urls import reverse

APPOINTMENTS = reverse("booking:my-appointments")


MONDAY_NINE = datetime(2026, 11, 30, 8, tzinfo=UTC)


def hold_slot(client, reason, starts_at=MONDAY_NINE):
    given = {"motif": reason.pk, "debut": starts_at.isoformat()}
    return client.post(reverse("booking:hold"), given)["Location"]
