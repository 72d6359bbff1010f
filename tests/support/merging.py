"""Two files of one person at a practice."""

import pytest

from audit.vault.files import SealedFile
from audit.vault.sealing import seal
from booking.appointments import marking
from booking.exchange import conversations, documents
from booking.models import (
    Questionnaire,
)
from booking.models.appointment import Channel
from booking.waiting import waiting
from practitioners.domain.questions import QuestionSpec, save_questions
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)
from tests.support.booked import booked

PDF = b"%PDF-1.7 analyse"


@pytest.fixture
def world(now):
    """Two files of Zoé at one practice: the second one has something of every kind."""
    agenda = make_agenda(takes_messages=True)
    practice, reason = agenda.practice, make_reason(agenda)
    make_opening(agenda, reason)
    kept = make_patient(make_account(), practice=practice)
    other = make_patient(practice=practice, phone="+33600000000")
    visit = booked(reason, now, patient=other, channel=Channel.PRACTICE, note="Mal au dos")
    marking.note_down(appointment=visit, text="À revoir", actor=practice_actor(practice))
    save_questions(
        visit_reason=reason, specs=[QuestionSpec(text="Allergies ?", kind="line")],
        actor=practice_actor(practice),
    )  # fmt: skip
    answers = Questionnaire(appointment=visit, patient_id=other.pk, answered_at=now)
    seal(answers, answers='[{"question": "Allergies ?", "answer": "Aucune"}]')
    answers.save()
    conversations.begin(
        agenda=agenda, patient=other, topic="Résultats", words="Bonjour", author=make_account(),
        actor=practice_actor(practice), now=now,
    )  # fmt: skip
    file = SealedFile("analyse.pdf")
    file.feed(PDF)
    file.finish()
    documents.give(
        file=file, media_type="application/pdf", scanned=True, patient=other, practice=practice,
        author=make_account(), by_practice=False, actor=practice_actor(practice), now=now,
    )  # fmt: skip
    waiting.join(
        visit_reason=reason,
        patient=other,
        actor=practice_actor(practice),
        now=now,
        first_day=now.date(),
    )
    return practice, kept, other, visit
