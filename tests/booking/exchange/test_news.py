"""What practices have sent is shown in the header of every page until it is read."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from booking.appointments.queries.news import News, news_of
from booking.exchange import conversations
from booking.models import Document
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)
from tests.support.booked import booked
from tests.support.documents import give

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
HOME = reverse("practitioners:home")


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


def talk(agenda, patient, now, *, answered=True):
    actor = practice_actor(agenda.practice)
    row = conversations.begin(
        agenda=agenda, patient=patient, topic="Mes résultats", words="Bonjour",
        author=patient.account, actor=actor, now=now,
    )  # fmt: skip
    if answered:
        answer(row, now)
    return row


def answer(row, now):
    conversations.reply(
        conversation=row, words="Les voici", author=make_account(), by_practice=True,
        actor=practice_actor(row.practice), now=now,
    )  # fmt: skip


def share(agenda, patient, *, by_practice=True):
    return give((agenda.practice, patient.account, patient), by_practice=by_practice)


def links(client, page=HOME):
    """The words of the header's links, as a screen reader says them."""
    header = client.get(page).content.decode().split("<nav")[1].split("</nav>")[0]
    found = re.findall(r"<a [^>]*>(.*?)</a>", header, re.S)
    return [" ".join(re.sub(r"<[^>]+>", " ", text).split()) for text in found]


def test_nothing_new_shows_no_number(client, agenda, patient, now):
    talk(agenda, patient, now, answered=False)
    share(agenda, patient, by_practice=False)
    assert {"Messages", "Documents"} <= set(links(client))


@pytest.mark.parametrize("page", ["practitioners:home", "booking:account", "booking:people"])
def test_an_answer_shows_on_every_page_until_it_is_read(client, agenda, patient, now, page):
    row = talk(agenda, patient, now)
    answer(row, now)
    assert "Messages 1 échange avec une réponse à lire" in links(client, reverse(page))
    client.get(reverse("booking:my-conversations"))
    assert "Messages" not in links(client, reverse(page))
    opened = reverse("booking:my-conversation", args=[row.pk])
    assert "Messages" in links(client, opened), "the page that shows it counts it no longer"
    answer(row, now)
    talk(agenda, patient, now)
    assert "Messages 2 échanges avec une réponse à lire" in links(client, reverse(page))


def test_a_document_shows_until_it_is_opened(client, agenda, patient):
    rows = [share(agenda, patient), share(agenda, patient)]
    assert "Documents 2 documents à ouvrir" in links(client)
    for row in rows:
        b"".join(client.get(reverse("booking:my-document", args=[row.pk])).streaming_content)
    assert "Documents" in links(client)


def test_it_counts_for_relatives_and_for_nobody_else(client, account, agenda, patient, now):
    child = make_patient(account, first_name="Aurèle", relation="child", practice=agenda.practice)
    share(agenda, child)
    stranger = make_patient(make_account(), practice=agenda.practice)
    share(agenda, stranger)
    talk(agenda, stranger, now)
    assert news_of(account) == News(messages=0, documents=1)
    assert "Documents 1 document à ouvrir" in links(client)


def test_in_english(client, account, agenda, patient, now):
    talk(agenda, patient, now)
    share(agenda, patient)
    account.language = "en"
    account.save()
    shown = links(client)
    assert "Messages 1 conversation with an answer to read" in shown
    assert "Documents 1 document to open" in shown


def test_the_header_asks_one_statement_for_it_and_none_for_a_visitor(
    client, account, agenda, patient, now
):
    for _ in range(3):
        talk(agenda, patient, now)
        share(agenda, patient)
    client.get(HOME)
    with CaptureQueriesContext(connection) as asked:
        client.get(HOME)
    about = [q["sql"] for q in asked if "booking_conversation" in q["sql"]]
    assert len(about) == 1
    assert Document.unscoped.count() == 3
    with CaptureQueriesContext(connection) as asked:
        Client().get(HOME)
    assert not [q for q in asked if "booking_conversation" in q["sql"]]


def test_visitors_see_no_such_links():
    assert not {"Messages", "Documents"} & set(links(Client()))
