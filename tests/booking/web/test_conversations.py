"""Conversations: begun by a patient whom the practice knows, sealed, answered by the practice."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from audit.record.entries import system_actor
from booking.exchange import conversations
from booking.models import Conversation, Message, Reply
from booking.outbox import sending
from booking.rights import erase
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
LIST = reverse("booking:my-conversations")
NEW = ">nouveau<"
SECRET = "Mes résultats du laboratoire Duvallier"


@pytest.fixture
def agenda():
    agenda = make_agenda(takes_messages=True)
    make_opening(agenda, make_reason(agenda))
    return agenda


@pytest.fixture
def account():
    return make_account("zoe@exemple.fr")


@pytest.fixture
def patient(account, agenda, now):
    patient = make_patient(account)
    booked(agenda.visit_reasons.get(), now, patient=patient)
    return patient


@pytest.fixture
def client(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


@pytest.fixture
def desk(agenda):
    return verified_client(make_member(agenda.practice, role="secretary").account)


def begin(client, agenda, patient, /, **more):
    given = {"patient": str(patient.pk), "topic": "Mes résultats", "words": SECRET, **more}
    return client.post(f"{reverse('booking:begin-conversation')}?agenda={agenda.pk}", given)


def at_the_practice(agenda, *more, name="practice-conversation"):
    return reverse(f"booking:{name}", args=[agenda.practice_id, *more])


def test_a_patient_writes_and_the_practice_answers(client, desk, agenda, patient, now):
    answer = begin(client, agenda, patient)
    row = Conversation.unscoped.get()
    own = reverse("booking:my-conversation", args=[row.pk])
    assert answer["Location"] == own
    # The practice sees that something waits, reads it and answers.
    page = desk.get(at_the_practice(agenda, name="practice-conversations")).content.decode()
    assert "à lire" in page
    assert "Mes résultats" in page
    page = desk.get(at_the_practice(agenda, row.pk)).content.decode()
    assert SECRET in page
    read = Entry.objects.get(action="reveal", channel="dashboard", object_id=row.pk)
    assert "booking_reply.text" in read.fields
    assert (read.purpose, read.subjects) == ("care", [patient.pk])
    page = desk.get(at_the_practice(agenda, name="practice-conversations")).content.decode()
    assert "à lire" not in page
    desk.post(at_the_practice(agenda, row.pk), {"words": "Tout est normal."})
    # The patient is told that there is an answer, and not what it says.
    sending.send_owed(now=now)
    (letter,) = [m for m in mail.outbox if "répondu" in m.subject]
    assert "normal" not in letter.body
    assert LIST in letter.body
    assert "1 réponse" in client.get(reverse("booking:my-appointments")).content.decode()
    assert NEW in client.get(LIST).content.decode()
    assert "Tout est normal." in client.get(own).content.decode()
    assert NEW not in client.get(LIST).content.decode()
    client.post(own, {"words": "Merci !"})
    assert "Merci !" in desk.get(at_the_practice(agenda, row.pk)).content.decode()


def test_nothing_of_it_is_readable_in_the_database(client, agenda, patient):
    begin(client, agenda, patient)
    with connection.cursor() as cursor:
        cursor.execute("SELECT topic FROM booking_conversation")
        topic = bytes(cursor.fetchone()[0])
        cursor.execute("SELECT text FROM booking_reply")
        text = bytes(cursor.fetchone()[0])
    assert b"sultats" not in topic
    assert b"Duvallier" not in text


def test_several_answers_make_one_mail(client, desk, agenda, patient):
    begin(client, agenda, patient)
    row = Conversation.unscoped.get()
    for words in ("Un.", "Deux.", "Trois."):
        desk.post(at_the_practice(agenda, row.pk), {"words": words})
    assert Message.objects.filter(kind="reply").count() == 1
    client.get(reverse("booking:my-conversation", args=[row.pk]))
    desk.post(at_the_practice(agenda, row.pk), {"words": "Quatre."})
    assert Message.objects.filter(kind="reply").count() == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"words": " "}, "Écrivez quelque chose"),
        ({"topic": ""}, "obligatoire"),
        ({"words": "a" * 4001}, "4000"),
        ({"patient": "00000000-0000-0000-0000-000000000000"}, "00000000"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(given, words, client, agenda, patient):
    answer = begin(client, agenda, patient, **given)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert words in page
    assert not Conversation.unscoped.exists()
    if "topic" in given:
        assert SECRET in page


def test_only_whom_the_practice_knows_may_write(client, agenda, account):
    relative = make_patient(account, first_name="Noé", relation="child")
    answer = begin(client, agenda, relative)
    assert "ne vous connaît pas encore" in answer.content.decode()
    assert not Conversation.unscoped.exists()


def test_a_practitioner_may_want_no_messages(client, agenda, patient):
    agenda.takes_messages = False
    agenda.save()
    assert "ne reçoit pas de messages" in begin(client, agenda, patient).content.decode()
    appointment = patient.appointments(manager="unscoped").get()
    page = client.get(reverse("booking:appointment", args=[appointment.pk])).content.decode()
    assert "Écrire au cabinet" not in page


def test_whoever_gets_no_answer_does_not_write_without_end(client, desk, agenda, patient):
    begin(client, agenda, patient)
    row = Conversation.unscoped.get()
    own = reverse("booking:my-conversation", args=[row.pk])
    for _n in range(conversations.UNANSWERED_AT_MOST):
        answer = client.post(own, {"words": "Alors ?"})
    assert "pas encore répondu" in answer.content.decode()
    assert Reply.unscoped.count() == conversations.UNANSWERED_AT_MOST
    desk.post(at_the_practice(agenda, row.pk), {"words": "Patience."})
    assert client.post(own, {"words": "Merci."}).status_code == 302


def test_a_closed_conversation_can_be_read_and_only_the_practice_opens_it(
    client, desk, agenda, patient
):
    begin(client, agenda, patient)
    row = Conversation.unscoped.get()
    own = reverse("booking:my-conversation", args=[row.pk])
    desk.post(at_the_practice(agenda, row.pk, name="close-conversation"))
    assert SECRET in client.get(own).content.decode()
    assert "est close" in client.post(own, {"words": "Encore ?"}).content.decode()
    everywhere = at_the_practice(agenda, name="practice-conversations")
    assert "Mes résultats" not in desk.get(everywhere).content.decode()
    assert "Mes résultats" in desk.get(f"{everywhere}?toutes").content.decode()
    desk.post(at_the_practice(agenda, row.pk), {"words": "Un mot encore."})
    assert client.post(own, {"words": "Merci."}).status_code == 302
    assert Entry.objects.filter(action="conversation-closed").count() == 1


def test_strangers_read_nothing(agenda, client, patient):
    begin(client, agenda, patient)
    row = Conversation.unscoped.get()
    stranger = Client()
    stranger.force_login(make_account(), backend="booking.backends.EmailBackend")
    own = reverse("booking:my-conversation", args=[row.pk])
    assert stranger.get(own).status_code == 404
    assert stranger.post(own, {"words": "Bonjour"}).status_code == 404
    other = make_agenda(practice=agenda.practice)
    member = make_member(agenda.practice, role="secretary")
    member.agendas.add(other)
    delegated = verified_client(member.account)
    page = delegated.get(at_the_practice(agenda, name="practice-conversations"))
    assert "Mes résultats" not in page.content.decode()
    assert delegated.get(at_the_practice(agenda, row.pk)).status_code == 404


def test_it_is_exported_and_erased(client, agenda, patient, account, now):
    begin(client, agenda, patient)
    (held,) = present(client).get(reverse("booking:my-data-file")).json()["conversations"]
    assert (held["topic"], held["messages"][0]["words"]) == ("Mes résultats", SECRET)
    erase.erase_account(account=account, actor=system_actor(), now=now)
    assert not Conversation.unscoped.exists()
    assert not Reply.unscoped.exists()


def test_reading_many_messages_is_no_reason_to_be_asked(agenda, desk, now):
    """Patients without any near visit write; whoever reads and answers them is at work."""
    member = agenda.practice.memberships.get().account
    rows = []
    for n in range(25):
        account = make_account()
        patient = make_patient(account, practice=agenda.practice)
        rows.append(
            conversations.begin(
                agenda=agenda, patient=patient, topic=f"Question {n}", words="Bonjour",
                author=account, actor=system_actor(), now=now,
            )
        )  # fmt: skip
    assert desk.get(at_the_practice(agenda, name="practice-conversations")).status_code == 200
    for row in rows:
        assert desk.get(at_the_practice(agenda, row.pk)).status_code == 200
    member.refresh_from_db()
    assert (member.asked_at, member.stopped_at) == (None, None)
    weights = [
        entry.details.get("weight")
        for entry in Entry.objects.filter(action="reveal", channel="dashboard")
    ]
    assert weights
    assert not any(weights)


def test_old_conversations_are_leafed_through_like_an_agenda(agenda, desk, now, time_machine):
    patients = [make_patient(make_account(), practice=agenda.practice) for _n in range(10)]
    for patient in patients:
        row = conversations.begin(
            agenda=agenda, patient=patient, topic="Question", words="Bonjour",
            author=patient.account, actor=system_actor(), now=now,
        )  # fmt: skip
        conversations.close(conversation=row, actor=system_actor(), now=now)
    time_machine.move_to(now + timedelta(days=90))
    everything = at_the_practice(agenda, name="practice-conversations") + "?toutes"
    member = agenda.practice.memberships.get().account
    assert verified_client(member).get(everything).status_code == 200
    entry = Entry.objects.filter(action="reveal", channel="dashboard").latest("at")
    assert 0 < entry.details["weight"] < 2
