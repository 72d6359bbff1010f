"""Which subjects are canaries: nobody real, planted where no legitimate work leads."""

import uuid
from datetime import datetime

from audit.models import Canary


def add(subject_id: uuid.UUID, *, now: datetime) -> None:
    """Remember a subject that the app above has invented."""
    Canary.objects.create(subject_id=subject_id, planted_at=now)


def is_canary(subject_id: uuid.UUID) -> bool:
    """Whether nobody has a reason to open this subject."""
    return Canary.objects.filter(pk=subject_id).exists()
