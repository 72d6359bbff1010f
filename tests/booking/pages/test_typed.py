"""Forms that are refused because what they are about has changed meanwhile: no word is lost."""

import re
from html import unescape

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from audit.record.entries import system_actor
from audit.views.typed import typed
from booking.appointments.change import cancel
from booking.appointments.values import By
from booking.exchange import conversations
from booking.models import Concern, Conversation, Patient, Questionnaire, Reply
from booking.models.appointment import Channel
from booking.models.patient import Relation
from booking.oversight import concerns
from practitioners.domain.questions import QuestionSpec, save_questions
from practitioners.models import Question
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    verified_client,
)
from tests.support.booked import booked
from tests.support.concerns import read
from tests.support.forms_on_page import form_with, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
WORDS = "Puis-je manger le matin du prélèvement ?\nJe prends du Lévothyrox <75>."
LIST = reverse("booking:my-conversations")


@pytest.fixture
def agenda():
    agenda = make_agenda(takes_messages=True)
    make_opening(agenda, make_reason(agenda))
    return agenda


@pytest.fixture
def account():
    return make_account("zoe@exemple.fr")


@pytest.fixture
def visit(account, agenda, now):
    return booked(agenda.visit_reasons.get(), now, patient=make_patient(account))


@pytest.fixture
def client(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


@pytest.fixture
def desk(agenda):
    return verified_client(make_member(agenda.practice, role="owner").account)


@pytest.fixture
def conversation(agenda, visit, account, now):
    return conversations.begin(
        agenda=agenda, patient=visit.patient, topic="Ma prise de sang", words="Bonjour",
        author=account, actor=system_actor(), now=now,
    )  # fmt: skip


def textareas(page):
    """What the text fields of a page say, as a browser reads them."""
    found = re.findall(r"<textarea[^>]*>\n?(.*?)</textarea>", page.content.decode(), re.S)
    return [unescape(words).strip() for words in found]


def test_a_reply_to_a_closed_conversation_becomes_a_new_message(
    client, account, conversation, agenda, now
):
    address = reverse("booking:my-conversation", args=[conversation.pk])
    page = client.get(address)
    conversations.close(conversation=conversation, actor=system_actor(), now=now)
    refused = send(client, form_with(page, "words"), address, words=WORDS)
    assert refused.status_code == 409
    assert textareas(refused) == [WORDS]
    # Its form begins a new conversation, of the same topic and for the same person.
    form = form_with(refused, "topic")
    assert form.values["topic"] == "Ma prise de sang"
    begun = send(client, form, address, words=textareas(refused)[0])
    assert begun.status_code == 302
    new = Conversation.unscoped.exclude(pk=conversation.pk).get()
    assert begun["Location"] == reverse("booking:my-conversation", args=[new.pk])
    assert new.patient_id == conversation.patient_id
    assert WORDS.split("\n")[0][:20] in unescape(client.get(begun["Location"]).content.decode())


def test_a_closed_conversation_offers_another_before_anything_is_typed(client, conversation, now):
    conversations.close(conversation=conversation, actor=system_actor(), now=now)
    page = client.get(reverse("booking:my-conversation", args=[conversation.pk]))
    assert form_with(page, "topic").values["words"] == ""


def test_a_reply_is_shown_where_the_practitioner_takes_no_messages_any_more(
    client, conversation, agenda, now
):
    conversations.close(conversation=conversation, actor=system_actor(), now=now)
    agenda.takes_messages = False
    agenda.save()
    address = reverse("booking:my-conversation", args=[conversation.pk])
    assert textareas(client.post(address, {"words": WORDS})) == [WORDS.replace("\r", "")]
    assert Reply.unscoped.count() == 1


def test_a_message_begins_from_the_list_of_messages(client, visit, agenda):
    page = client.get(LIST).content.decode()
    link = f"{reverse('booking:begin-conversation')}?agenda={agenda.pk}"
    assert link in page
    assert client.get(link).status_code == 200
    agenda.takes_messages = False
    agenda.save()
    assert link not in client.get(LIST).content.decode()


def test_the_list_of_messages_names_nobody_elses_practitioners(client, agenda, now):
    booked(agenda.visit_reasons.get(), now, patient=make_patient(make_account("b@exemple.fr")))
    assert str(agenda.pk) not in client.get(LIST).content.decode()


def test_answers_for_a_cancelled_visit_are_shown(client, visit, now):
    question = Question.objects.create(
        visit_reason=visit.visit_reason, text="Vos traitements ?", kind="text", position=0
    )
    address = reverse("booking:answer-questions", args=[visit.pk])
    page = client.get(address)
    cancel(appointment=visit, by=By(actor=system_actor(), channel=Channel.PRACTICE), now=now)
    assert form_with(page, str(question.pk))
    refused = client.post(address, {str(question.pk): WORDS})
    assert refused.status_code == 409
    assert textareas(refused) == [WORDS]
    # Nor where the practice asks nothing any more.
    question.delete()
    gone = client.post(address, {str(question.pk): WORDS})
    assert gone.status_code == 404
    assert textareas(gone) == [WORDS]


def test_answers_to_questions_that_the_practice_changes_meanwhile(client, visit):
    reason = visit.visit_reason
    asked = [
        QuestionSpec(text="Vos traitements ?", kind="text"),
        QuestionSpec(text="Allergies ?", kind="line"),
    ]

    def save(*specs):
        return save_questions(visit_reason=reason, specs=specs, actor=system_actor())

    address = reverse("booking:answer-questions", args=[visit.pk])
    before = save(*asked)
    # The same questions, saved again: a form that is being filled in still answers them.
    after = save(*asked)
    assert [row.pk for row in after] == [row.pk for row in before]
    given = {str(before[0].pk): WORDS, str(before[1].pk): "Le pollen de bouleau"}
    # Another in place of one: nothing is kept by halves.
    save(asked[0], QuestionSpec(text="Vos opérations ?", kind="line"))
    refused = client.post(address, given)
    assert refused.status_code == 409
    assert not Questionnaire.unscoped.exists()
    assert {WORDS, "Le pollen de bouleau"} <= set(textareas(refused))
    assert "Vos opérations" in refused.content.decode()


def test_a_question_about_a_line_that_was_asked_about_meanwhile_is_shown(client, account, now):
    make_patient(account)
    client.get(reverse("booking:people"))
    entry = Entry.objects.filter(action="reveal").first()
    address = reverse("booking:concern", args=[entry.pk])
    concerns.raise_concern(
        account=account, entry=entry, words="Qui ?", actor=system_actor(), now=now
    )
    refused = client.post(address, {"words": WORDS})
    assert refused.status_code == 409
    assert textareas(refused) == [WORDS]
    assert Concern.objects.count() == 1
    # With nothing typed, nothing needs a page.
    assert client.post(address, {"words": ""}).status_code == 302


def test_a_practices_second_answer_to_a_question_is_shown(desk, account, agenda, now):
    entry = read(make_patient(account), agenda.practice, account)
    concern = concerns.raise_concern(
        account=account, entry=entry, words="Qui ?", actor=system_actor(), now=now
    )
    concerns.answer(concern=concern, text="Moi.", actor=system_actor(), now=now)
    address = reverse("booking:answer-concern", args=[agenda.practice_id, concern.pk])
    refused = desk.post(address, {"answer": WORDS})
    assert refused.status_code == 409
    assert textareas(refused) == [WORDS]


def test_a_note_that_is_too_long_is_shown(desk, visit):
    words = "Apporter l’ordonnance. " * 400
    address = reverse("booking:note-visit", args=[visit.practice_id, visit.pk])
    refused = desk.post(address, {"text": words})
    assert refused.status_code == 409
    assert textareas(refused) == [words.strip()]


def test_a_reply_of_a_practice_to_a_patient_who_is_gone_is_shown(desk, conversation, agenda):
    address = reverse("booking:practice-conversation", args=[agenda.practice_id, conversation.pk])
    Conversation.unscoped.filter(pk=conversation.pk).delete()
    gone = desk.post(address, {"words": WORDS})
    assert gone.status_code == 404
    assert textareas(gone) == [WORDS]


def test_what_was_said_of_a_relative_who_was_handed_over_is_shown(client, account):
    child = make_patient(account, first_name="Aurèle", relation=Relation.CHILD)
    Patient.unscoped.filter(pk=child.pk).update(account=make_account("autre@exemple.fr"))
    address = reverse("booking:person", args=[child.pk])
    gone = client.post(
        address,
        {"first_name": "Aurèle", "last_name": "Lefèvre-Ménard", "birth_date": "2015-02-03",
         "sex": "M", "phone": ""},
    )  # fmt: skip
    assert gone.status_code == 404
    assert textareas(gone) == ["Aurèle", "Lefèvre-Ménard", "M"]


def test_neither_secrets_nor_what_the_page_says_are_typed():
    given = QueryDict(mutable=True)
    given.update({
        "csrfmiddlewaretoken": "Abc" * 10, "password": "une phrase facile", "code": "12 34",
        "next": "/rendez-vous/", "patient": "0d8a9f10-1111-4222-8333-444455556666",
        "debut": "2026-11-30T08:00:00Z", "part_of_day": "morning", "les-deux": "on",
        "words": "  un mot  ", "empty": " ",
    })  # fmt: skip
    assert typed(given) == ["un mot"]


def test_a_page_that_is_gone_says_nothing_more_to_a_reader(client):
    page = client.get("/messages/0d8a9f10-1111-4222-8333-444455556666/?words=lisez-moi+donc")
    assert page.status_code == 404
    assert textareas(page) == []
