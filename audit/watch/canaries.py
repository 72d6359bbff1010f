"""Canaries: subjects that are invented, and planted where no legitimate work leads."""

import uuid
from datetime import datetime

from audit.models import Canary


def add(subject_id: uuid.UUID, *, now: datetime) -> None:
    """Store a subject that the app above has invented."""
    Canary.objects.create(subject_id=subject_id, planted_at=now)


def is_canary(subject_id: uuid.UUID) -> bool:
    """Whether the subject is invented, so that there is no reason to reveal it."""
    return Canary.objects.filter(pk=subject_id).exists()
