"""The questionnaire before a visit: its questions, answering it, reading the answers."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import orjson
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from audit.vault.sealing import seal
from booking import actions
from booking.models import Appointment, Questionnaire
from practitioners.domain.directory.text import search_text
from practitioners.models import Question

# Folded: without accents and punctuation, in small letters.
_NONE = re.compile(
    r"(?:aucun|aucune|aucuns|aucunes|rien|neant|nul|nulle|none|nothing|neither|ni l un|ni l une"
    r"|pas concerne|pas concernee|non concerne|non concernee|sans objet|not applicable"
    r"|je n en ai|je n ai rien|je n ai aucun|je n ai aucune|i have none)\b|(?:non|no|nil|n a)$"
)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A question as it was asked, and its answer; empty if there was none."""

    question: str
    answer: str


class TooLate(Refusal):
    """The visit is over, has begun, or is cancelled: the answers would not be read in time."""

    text = _("Ce questionnaire ne peut plus être rempli.")


def is_none_of_these(option: str) -> bool:
    """Whether a choice excludes all others: "aucun de ceux-ci", "none of these"."""
    return _NONE.match(search_text(option)) is not None


def may_answer(appointment: Appointment, *, now: datetime) -> bool:
    """Whether the answers would still be read before the visit."""
    return appointment.is_active and now < appointment.starts_at


def is_answered(appointment: Appointment) -> bool:
    """Whether there are answers."""
    return Questionnaire.unscoped.filter(appointment=appointment).exists()


def is_asked(appointment: Appointment) -> bool:
    """Whether the visit reason has questions."""
    return Question.objects.filter(visit_reason=appointment.visit_reason_id).exists()


def is_owed(appointment: Appointment, *, now: datetime) -> bool:
    """Whether the patient has questions that are not answered yet."""
    return (
        may_answer(appointment, now=now) and is_asked(appointment) and not is_answered(appointment)
    )


@transaction.atomic
def answer(
    *,
    appointment: Appointment,
    questions: Iterable[Question],
    given: Mapping[str, str],
    actor: Actor,
    now: datetime,
) -> Questionnaire:
    """Save the answers, sealed, replacing earlier ones; `given` is by the question's id.

    The entry does not contain them. Raises TooLate.
    """
    appointment = Appointment.unscoped.select_for_update(no_key=True).get(pk=appointment.pk)
    if not may_answer(appointment, now=now):
        raise TooLate
    row = Questionnaire.unscoped.filter(appointment=appointment).first() or Questionnaire(
        appointment=appointment, patient_id=appointment.patient_id
    )
    pairs = [
        asdict(Answered(question=question.text, answer=given.get(str(question.pk), "").strip()))
        for question in questions
    ]
    seal(row, answers=orjson.dumps(pairs).decode())
    row.answered_at = now
    row.save()
    entries.write(
        actions.QUESTIONNAIRE_ANSWERED, actor=actor, subjects=[appointment.patient_id],
        practice_id=appointment.practice_id, object_id=appointment.pk, at=now,
    )  # fmt: skip
    return row


def read(text: str) -> list[Answered]:
    """What `answer` sealed, from its opened text."""
    return [Answered(**pair) for pair in orjson.loads(text)] if text else []
