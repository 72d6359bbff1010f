"""The questionnaire before a visit: asked by the practice, answered by the patient, sealed."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from audit.record.entries import system_actor
from booking.appointments import questionnaire
from booking.appointments.change import cancel
from booking.appointments.values import By
from booking.models import Questionnaire
from booking.models.appointment import Channel
from booking.outbox import sending
from booking.rights import erase
from practitioners.models import Question
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    present,
    verified_client,
)
from tests.support.booked import booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
ALLERGY = "Arachides, et le pollen de bouleau"


@pytest.fixture
def reason():
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    return reason


@pytest.fixture
def member(reason):
    return verified_client(make_member(reason.agenda.practice, role="owner").account)


@pytest.fixture
def account():
    return make_account("zoe@exemple.fr")


@pytest.fixture
def client(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def page_of(reason):
    return reverse(
        "booking:questions", args=[reason.agenda.practice_id, reason.agenda_id, reason.pk]
    )


def entered(*questions):
    data = {"form-TOTAL_FORMS": str(len(questions)), "form-INITIAL_FORMS": "0"}
    for n, question in enumerate(questions):
        for name, value in {"text": "", "kind": "line", "options": "", **question}.items():
            data[f"form-{n}-{name}"] = value
    return data


def ask(member, reason):
    member.post(
        page_of(reason),
        entered(
            {"text": "Des allergies ?", "kind": "text", "required": "on"},
            {},
            {"text": "Vous fumez ?", "kind": "yes_no"},
            {"text": "Votre mutuelle", "kind": "choice", "options": "MGEN\nMalakoff\n\nMGEN"},
            {"text": "Vos traitements", "kind": "several", "options": "insuline\ncortisone"},
        ),
    )
    return list(Question.objects.order_by("position"))


@pytest.fixture
def appointment(reason, account, now):
    return booked(reason, now, patient=make_patient(account))


def answers_to(questions):
    allergy, smokes, insurer, drugs = questions
    return {
        str(allergy.pk): ALLERGY,
        str(smokes.pk): "non",
        str(insurer.pk): "Malakoff",
        str(drugs.pk): ["insuline", "cortisone"],
    }


def test_a_practice_asks_what_it_wants_to_know(member, reason):
    questions = ask(member, reason)
    assert [(q.text, q.kind, q.required) for q in questions] == [
        ("Des allergies ?", "text", True),
        ("Vous fumez ?", "yes_no", False),
        ("Votre mutuelle", "choice", False),
        ("Vos traitements", "several", False),
    ]
    assert questions[2].options == ["MGEN", "Malakoff"]
    page = member.get(page_of(reason)).content.decode()
    assert page.count("<legend>Question ") == 7
    assert Entry.objects.get(action="questions-saved").details["count"] == 4
    # What is sent again takes the place of what was.
    member.post(page_of(reason), entered({"text": "Autre chose ?"}))
    assert Question.objects.get().text == "Autre chose ?"


def test_a_choice_needs_choices_and_nothing_is_lost(member, reason):
    answer = member.post(
        page_of(reason), entered({"text": "Votre mutuelle", "kind": "choice", "options": "MGEN"})
    )
    page = answer.content.decode()
    assert "au moins deux choix" in page
    assert "Votre mutuelle" in page
    assert not Question.objects.exists()


def test_a_patient_answers_and_the_practice_reads(member, reason, client, appointment):
    questions = ask(member, reason)
    url = reverse("booking:answer-questions", args=[appointment.pk])
    own = reverse("booking:appointment", args=[appointment.pk])
    assert "Répondre au questionnaire" in client.get(own).content.decode()
    answer = client.post(url, answers_to(questions), follow=True)
    assert "Merci" in answer.content.decode()
    assert "Revoir mes réponses" in client.get(own).content.decode()
    # What was answered stands in the form again.
    again = client.get(url).content.decode()
    assert ALLERGY in again
    assert again.count("checked") == 4
    visit = reverse("booking:visit", args=[reason.agenda.practice_id, appointment.pk])
    page = member.get(visit).content.decode()
    for text in (ALLERGY, "Malakoff", "insuline, cortisone"):
        assert text in page
    read = Entry.objects.get(action="reveal", channel="dashboard", object_id=appointment.pk)
    assert "booking_questionnaire.answers" in read.fields
    assert read.subjects == [appointment.patient_id]
    with connection.cursor() as cursor:
        cursor.execute("SELECT answers FROM booking_questionnaire")
        assert b"Arachides" not in bytes(cursor.fetchone()[0])
        cursor.execute("SELECT count(*) FROM audit_entry WHERE details::text LIKE '%Arachides%'")
        assert cursor.fetchone() == (0,)


def test_what_must_be_answered_is_said_and_nothing_is_lost(member, reason, client, appointment):
    questions = ask(member, reason)
    given = answers_to(questions) | {str(questions[0].pk): ""}
    answer = client.post(reverse("booking:answer-questions", args=[appointment.pk]), given)
    page = answer.content.decode()
    assert "obligatoire" in page
    assert page.count("checked") == 4
    assert not Questionnaire.unscoped.exists()


@pytest.mark.parametrize(
    "alone",
    [
        "aucun de ceux-ci", "Aucune", "Rien de tout cela", "Aucune de ces maladies", "Non", "Néant",
        "Ni l’un ni l’autre", "None of these", "Neither", "no", "Non concerné(e)",
    ],
)  # fmt: skip
def test_none_of_these_goes_with_no_other(member, reason, client, appointment, alone):
    options = f"asthme, sévère\ndiabète\n{alone}"
    member.post(
        page_of(reason), entered({"text": "Souffrez-vous", "kind": "several", "options": options})
    )
    question = Question.objects.get()
    page = reverse("booking:answer-questions", args=[appointment.pk])
    refused = client.post(page, {str(question.pk): ["asthme, sévère", alone]}).content.decode()
    assert "ne va avec aucune autre réponse" in refused and refused.count(" checked") == 2
    assert not Questionnaire.unscoped.exists()
    for taken in ([alone], ["asthme, sévère", "diabète"]):
        assert client.post(page, {str(question.pk): taken}).status_code == 302
        assert client.get(page).content.decode().count(" checked") == len(taken)


@pytest.mark.parametrize(
    "option", ["asthme", "nonane", "Nounou", "Norvège", "Rienzi", "non-fumeur"]
)
def test_other_choices_go_together(option):
    assert not questionnaire.is_none_of_these(option)


def test_answers_keep_the_questions_that_they_answer(member, reason, client, appointment):
    questions = ask(member, reason)
    client.post(reverse("booking:answer-questions", args=[appointment.pk]), answers_to(questions))
    member.post(page_of(reason), entered({"text": "Autre chose ?"}))
    visit = reverse("booking:visit", args=[reason.agenda.practice_id, appointment.pk])
    page = member.get(visit).content.decode()
    assert "Des allergies ?" in page
    assert ALLERGY in page


def test_only_whose_visit_it_is_may_answer(member, reason, appointment):
    questions = ask(member, reason)
    stranger = Client()
    stranger.force_login(make_account(), backend="booking.backends.EmailBackend")
    url = reverse("booking:answer-questions", args=[appointment.pk])
    assert stranger.get(url).status_code == 404
    assert stranger.post(url, answers_to(questions)).status_code == 404
    assert not Questionnaire.unscoped.exists()


def test_without_questions_there_is_no_page(client, appointment):
    url = reverse("booking:answer-questions", args=[appointment.pk])
    assert client.get(url).status_code == 404
    page = client.get(reverse("booking:appointment", args=[appointment.pk])).content.decode()
    assert "uestionnaire" not in page


@pytest.mark.parametrize("how", ["cancelled", "begun"])
def test_nobody_answers_too_late(how, member, reason, client, appointment, now, time_machine):
    questions = ask(member, reason)
    url = reverse("booking:answer-questions", args=[appointment.pk])
    if how == "cancelled":
        cancel(
            appointment=appointment, by=By(actor=system_actor(), channel=Channel.PRACTICE), now=now
        )
    else:
        time_machine.move_to(appointment.starts_at)
    answer = client.post(url, answers_to(questions))
    assert answer.status_code == 409
    assert "ne peut plus être rempli" in answer.content.decode()
    assert not Questionnaire.unscoped.exists()


def test_mails_tell_of_it_until_it_is_answered(member, reason, client, appointment, now):
    questions = ask(member, reason)
    sending.send_owed(now=now)
    (letter,) = [m for m in mail.outbox if "confirmé" in m.subject]
    assert "quelques questions" in letter.body
    client.post(reverse("booking:answer-questions", args=[appointment.pk]), answers_to(questions))
    mail.outbox.clear()
    sending.send_owed(now=appointment.starts_at - timedelta(hours=47))
    (letter,) = [m for m in mail.outbox if "Rappel" in m.subject]
    assert "quelques questions" not in letter.body


def test_it_is_exported_and_erased(member, reason, client, appointment, account, now):
    questions = ask(member, reason)
    client.post(reverse("booking:answer-questions", args=[appointment.pk]), answers_to(questions))
    (held,) = present(client).get(reverse("booking:my-data-file")).json()["questionnaires"]
    assert held["answers"][0] == {"question": "Des allergies ?", "answer": ALLERGY}
    erase.erase_account(account=account, actor=system_actor(), now=now)
    assert not Questionnaire.unscoped.exists()
