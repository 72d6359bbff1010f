"""The questions that a practice asks before a visit."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from audit.ids import new_id
from audit.record import entries
from audit.record.entries import Actor
from practitioners import actions
from practitioners.models import Question, VisitReason

MOST = 20


@dataclass(frozen=True, kw_only=True)
class QuestionSpec:
    """One question as it was entered; `options` of a choice alone."""

    text: str
    kind: str
    options: tuple[str, ...] = ()
    required: bool = False


@transaction.atomic
def save_questions(
    *, visit_reason: VisitReason, specs: Sequence[QuestionSpec], actor: Actor
) -> list[Question]:
    """Replace a visit reason's questions, MOST at most; on the record.

    Answers that were given keep the questions that they answer.
    """
    # A question that stays as it was keeps its id: a patient may be answering it now.
    kept = {_said(row): row.pk for row in visit_reason.questions.all()}
    visit_reason.questions.all().delete()
    rows = [
        Question(
            id=kept.pop(_said(spec), None) or new_id(), visit_reason=visit_reason,
            position=position, text=spec.text, kind=spec.kind, options=list(spec.options),
            required=spec.required,
        )
        for position, spec in enumerate(specs[:MOST])
    ]  # fmt: skip
    Question.objects.bulk_create(rows)
    entries.write(
        actions.QUESTIONS_SAVED, actor=actor, practice_id=visit_reason.agenda.practice_id,
        object_id=visit_reason.pk, details={"count": len(rows)},
    )  # fmt: skip
    return rows


def _said(question: Question | QuestionSpec) -> tuple[str, str, tuple[str, ...]]:
    """What a patient reads of a question, and answers."""
    return question.text, str(question.kind), tuple(question.options)
