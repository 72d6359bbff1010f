"""What an address asks for and cannot be read is refused: it shows nothing more than was meant."""

import csv
import io
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from audit.models import Entry
from audit.vault.reveal import Purpose, reveal
from tests.factories import (
    make_agenda,
    make_member,
    make_opening,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.booked import booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def reason():
    reason = make_reason(make_agenda())
    make_opening(reason.agenda, reason)
    return reason


@pytest.fixture
def owner(reason):
    return make_member(reason.agenda.practice, role="owner")


RECORD = [
    {"since": "abc"}, {"until": "2026-13-01"}, {"since": "2026-11-31"}, {"since": "0001-01-01"},
    {"until": "9999-12-31"}, {"since": "2026-11-24", "until": "2026-11-01"}, {"member": "abc"},
    {"member": "01a21faa-18c8-7795-8ebd-29b755aa8077"}, {"channel": "abc"}, {"channel": "web'"},
    {"since": "24 novembre"}, {"since": "' or 1=1"},
]  # fmt: skip


@pytest.mark.parametrize("asked", RECORD, ids=urlencode)
@pytest.mark.parametrize("name", ["practice-reads", "practice-reads-csv"])
def test_the_record_refuses_what_it_cannot_read(reason, owner, now, asked, name):
    booked(reason, now)
    client = verified_client(owner.account)
    address = reverse(f"booking:{name}", args=[owner.practice_id])
    page = _content(client.get(address))
    assert b"Rendez-vous pris" in page
    before = Entry.objects.filter(action="record-exported").count()
    answer = client.get(address, asked)
    text = _content(answer).decode()
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("text/html")
    assert "Rien n’est montré" in text and 'class="error"' in text
    assert "Rendez-vous pris" not in text
    assert Entry.objects.filter(action="record-exported").count() == before


@pytest.mark.parametrize("page", ["abc", "0", "-1", "2", "1.5", "9" * 40])
def test_a_page_of_the_record_that_is_not_there_is_said(owner, page):
    client = verified_client(owner.account)
    address = reverse("booking:practice-reads", args=[owner.practice_id])
    answer = client.get(address, {"page": page, "reveals_only": "on"})
    assert answer.status_code == 400
    assert "Cette page du registre n’existe pas." in answer.content.decode()
    assert "?reveals_only=on" in answer.content.decode()
    assert client.get(address, {"page": "1"}).status_code == 200


def test_the_records_file_names_its_members(reason, owner, now):
    booked(reason, now)
    client = verified_client(owner.account)
    other = make_member(owner.practice, role="secretary")
    verified_client(other.account).get(reverse("booking:agenda", args=[owner.practice_id]))
    client.get(reverse("booking:agenda", args=[owner.practice_id]))
    address = reverse("booking:practice-reads-csv", args=[owner.practice_id])
    rows = list(
        csv.reader(io.StringIO(_content(client.get(address)).decode("utf-8-sig")), delimiter=";")
    )
    with reveal(
        [(owner.account, ("email",))], actor=practice_actor(), purpose=Purpose.ACCOUNT
    ) as p:
        address = p.text(owner.account, "email")
    who = {row[2] for row in rows[1:]}
    assert address in who
    assert "un membre" not in who


WEEKS = [{"semaines": "abc"}, {"semaines": "9999"}, {"agenda": "abc"}, {"agenda": "0"}]


@pytest.mark.parametrize("asked", WEEKS, ids=urlencode)
@pytest.mark.parametrize("name", ["statistics", "statistics-csv"])
def test_statistics_refuse_what_they_cannot_read(owner, asked, name):
    client = verified_client(owner.account)
    answer = client.get(reverse(f"booking:{name}", args=[owner.practice_id]), asked)
    assert answer.status_code == 400
    assert "Rien n’est montré" in answer.content.decode()
    assert "<table" not in answer.content.decode()


def test_statistics_of_an_agenda_alone_need_no_period(owner, reason):
    client = verified_client(owner.account)
    address = reverse("booking:statistics", args=[owner.practice_id])
    assert client.get(address, {"agenda": reason.agenda_id}).status_code == 200


AGENDA = [
    ({"jour": "abc"}, "Ce jour n’existe pas"),
    ({"jour": "2026-02-30"}, "Ce jour n’existe pas"),
    ({"jour": "9999-12-31"}, "Ce jour n’existe pas"),
    ({"vue": "abc"}, "Cette vue de l’agenda n’existe pas"),
    ({"agenda": "abc"}, "Cet agenda n’est pas de ceux"),
    ({"agenda": "01a21faa-18c8-7795-8ebd-29b755aa8077"}, "Cet agenda n’est pas de ceux"),
]


@pytest.mark.parametrize(("asked", "words"), AGENDA)
@pytest.mark.parametrize("view", ["jour", "semaine", "mois", "liste"])
def test_the_agenda_shows_nothing_else_than_was_meant(reason, owner, now, asked, words, view):
    visit = booked(reason, now)
    client = verified_client(owner.account)
    address = reverse("booking:agenda", args=[owner.practice_id])
    before = Entry.objects.filter(action="reveal").count()
    answer = client.get(address, {"vue": view, **asked})
    text = answer.content.decode()
    assert answer.status_code == 200 and words in text
    assert str(visit.pk) not in text
    assert Entry.objects.filter(action="reveal").count() == before
    # An empty field is no question at all.
    assert client.get(address, {"jour": "", "vue": "", "agenda": ""}).status_code == 200


def _content(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content
