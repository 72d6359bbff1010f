"""A patient asks about a line of the record; the practice answers; a practice sees its own record."""

import csv
import io
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.actions import REVEAL
from audit.models import Entry
from audit.record import entries
from audit.record.entries import Actor, ActorKind, Channel
from audit.vault.reveal import Purpose, reveal
from booking.models import Concern
from booking.oversight import concerns
from booking.oversight.queries import practice_record
from booking.oversight.queries.practice_record import Wanted
from practitioners.actions import AGENDA_SAVED
from tests.factories import (
    make_account,
    make_member,
    make_patient,
    make_practice,
    practice_actor,
    verified_client,
)
from tests.support.concerns import read

pytestmark = pytest.mark.django_db
WORDS = "Je ne connais pas ce cabinet."


@pytest.fixture
def practice():
    return make_practice()


@pytest.fixture
def owner(practice):
    return make_member(practice, role="owner").account


@pytest.fixture
def me():
    return make_account("zoe@exemple.fr")


def signed_in(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def test_a_question_reaches_the_practice_and_its_answer_the_patient(me, practice, owner):
    entry = read(make_patient(me), practice, owner)
    client, url = signed_in(me), reverse("booking:concern", args=[entry.pk])
    assert practice.name in client.get(url).content.decode()
    page = client.post(url, {"words": WORDS}, follow=True).content.decode()
    assert "Signalé, réponse attendue" in page
    concern = Concern.objects.get()
    assert (concern.practice, concern.entry_id) == (practice, entry.pk)

    desk = verified_client(owner)
    record = reverse("booking:practice-reads", args=[practice.pk])
    assert WORDS in desk.get(record).content.decode()
    answer = reverse("booking:answer-concern", args=[practice.pk, concern.pk])
    assert (
        "Écrivez une réponse." in desk.post(answer, {"answer": " "}, follow=True).content.decode()
    )
    done = desk.post(answer, {"answer": "Un remplacement."}, follow=True).content.decode()
    assert WORDS not in done
    again = desk.post(answer, {"answer": "Autre chose."}, follow=True).content.decode()
    assert "déjà été donnée" in again

    assert "Lire la réponse" in client.get(reverse("booking:reads")).content.decode()
    assert "Un remplacement." in client.get(url).content.decode()
    actions = Entry.objects.filter(object_id=entry.pk).order_by("at", "id")
    assert [e.action for e in actions] == ["concern-raised", "concern-answered"]
    assert WORDS not in repr(list(Entry.objects.values()))


def test_a_line_is_reported_once(me, practice, owner):
    entry = read(make_patient(me), practice, owner)
    client, url = signed_in(me), reverse("booking:concern", args=[entry.pk])
    client.post(url, {"words": ""})
    assert "déjà signalé" in client.post(url, {"words": "x"}, follow=True).content.decode()
    assert Concern.objects.count() == 1


def test_nobody_asks_about_a_line_of_somebody_else(me, practice, owner):
    entry = read(make_patient(make_account()), practice, owner)
    url = reverse("booking:concern", args=[entry.pk])
    assert signed_in(me).get(url).status_code == 404
    assert signed_in(me).post(url, {"words": "x"}).status_code == 404
    assert not Concern.objects.exists()


def test_another_practice_cannot_read_or_answer(me, practice, owner):
    entry = read(make_patient(me), practice, owner)
    actor = Actor(kind=ActorKind.ACCOUNT, channel=Channel.WEB, id=me.pk)
    concern = concerns.raise_concern(
        account=me, entry=entry, words=WORDS, actor=actor, now=timezone.now()
    )
    other = make_practice()
    stranger = verified_client(make_member(other, role="owner").account)
    page = stranger.get(reverse("booking:practice-reads", args=[other.pk])).content.decode()
    assert WORDS not in page
    url = reverse("booking:answer-concern", args=[other.pk, concern.pk])
    assert stranger.post(url, {"answer": "x"}).status_code == 404


def test_looking_at_the_lines_again_adds_no_line(me, practice, owner):
    read(make_patient(me), practice, owner)
    before = Entry.objects.count()
    client = signed_in(me)
    for _ in range(3):
        part = client.get(reverse("booking:reads"), headers={"HX-Request": "true"})
        assert part.content.decode().count("<html") == 0
        assert "prise en charge" in part.content.decode()
    assert Entry.objects.count() == before


def test_staff_see_that_there_is_a_question_and_reveal_it_with_a_reason(me, practice, owner):
    entry = read(make_patient(me), practice, owner)
    signed_in(me).post(reverse("booking:concern", args=[entry.pk]), {"words": WORDS})
    staff = verified_client(make_account(is_staff=True, is_superuser=True))
    assert WORDS not in staff.get("/admin/booking/concern/").content.decode()
    url = reverse("admin:booking_concern_reveal", args=[Concern.objects.get().pk])
    assert WORDS in staff.post(url, {"purpose": "support"}).content.decode()


def test_filters_show_what_was_asked_for(practice, owner):
    secretary = make_member(practice, role="secretary").account
    patient, other = make_patient(), make_practice()
    mine = read(patient, practice, owner)
    theirs = read(patient, practice, secretary)
    software = Actor(
        kind=ActorKind.CREDENTIAL, channel=Channel.API, id=owner.pk, practice_id=practice.pk
    )
    by_api = Entry.objects.get(pk=entries.write(REVEAL, actor=software, subjects=[patient.pk]))
    read(patient, other, make_member(other, role="owner").account)
    today = timezone.now().astimezone(practice.zone).date()

    def found(**wanted):
        given = {"since": today, "until": today, **wanted}
        return {e.pk for e in practice_record.entries_of(practice, Wanted(**given))}

    assert found() == {mine.pk, theirs.pk, by_api.pk}
    assert found(actor_id=secretary.pk) == {theirs.pk}
    assert found(channel="api") == {by_api.pk}
    yesterday = today - timedelta(days=1)
    assert found(since=yesterday, until=yesterday) == set()
    entries.write(
        AGENDA_SAVED,
        actor=Actor(kind=ActorKind.ACCOUNT, channel=Channel.DASHBOARD, practice_id=practice.pk),
    )
    assert len(found()) == 4
    assert len(found(reveals_only=True)) == 3
    bars = practice_record.plot(practice, Wanted(since=today - timedelta(days=9), until=today))
    assert [bar.reads for bar in bars] == [0] * 9 + [3]
    assert bars[-1].height == 100


def test_the_page_filters_and_says_what_is_wrong(practice, owner):
    secretary = make_member(practice, role="secretary")
    read(make_patient(), practice, secretary.account)
    client, url = verified_client(owner), reverse("booking:practice-reads", args=[practice.pk])
    answer = client.get(url, {"member": secretary.pk, "reveals_only": "on"})
    assert len(answer.context["lines"]) == 1
    wrong = client.get(url, {"since": "2026-11-24", "until": "2026-11-01"})
    assert "La fin est avant le début." in wrong.content.decode()
    stranger = make_member(make_practice(), role="secretary")
    assert client.get(url, {"member": stranger.pk}).context["form"].errors


def test_the_csv_is_complete_and_on_the_record(practice, owner):
    for _ in range(3):
        read(make_patient(last_name="Quatrefages"), practice, owner)
    url = reverse("booking:practice-reads-csv", args=[practice.pk])
    answer = verified_client(owner).get(url, {"reveals_only": "on"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert table[0] == [
        "Quand", "Quoi", "Qui", "Compte", "Voie", "Pourquoi", "Personnes", "Données",
    ]  # fmt: skip
    # The last line read is the file's own: it names the members.
    assert [row[5] for row in table[1:]] == ["gestion du compte", *["prise en charge"] * 3]
    with reveal([(owner, ("email",))], actor=practice_actor(), purpose=Purpose.ACCOUNT) as plain:
        name = plain.text(owner, "email")
    for at, *words in table[2:]:
        # As a spreadsheet reads an instant, by the practice's clock; and no code of ours.
        assert datetime.strptime(at, "%d/%m/%Y %H:%M:%S").astimezone(practice.zone)
        assert words == [
            "Lecture", name, str(owner.pk), "tableau de bord", "prise en charge", "1",
            "nom, téléphone",
        ]  # fmt: skip
    assert "Quatrefages" not in text
    entry = Entry.objects.get(action="record-exported", practice_id=practice.pk)
    assert entry.details["count"] == 4
    assert date.fromisoformat(entry.details["until"]) >= date(2026, 1, 1)


def test_a_field_of_several_people_is_named_once(me, practice, owner):
    """The addresses of an account and of a patient are both "e-mail"."""
    actor = Actor(
        kind=ActorKind.ACCOUNT, channel=Channel.DASHBOARD, id=owner.pk, practice_id=practice.pk
    )
    patient = make_patient(me)
    with reveal([(patient, ("email",)), (me, ("email",))], actor=actor, purpose=Purpose.CARE):
        pass
    page = signed_in(me).get(reverse("booking:reads")).content.decode()
    assert "<td>e-mail</td>" in page
    assert "e-mail, e-mail" not in page
