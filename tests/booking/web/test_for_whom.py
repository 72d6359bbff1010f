"""Whom a form is for: the person it was opened about, else the owner, else nobody is guessed."""

import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from booking.accounts.addresses import address_checks
from booking.models import AddressCheck, Appointment, Conversation, Patient, PracticePatient
from booking.models.patient import Relation
from booking.pages.session import unfinished
from booking.web.booking import kept_choice
from practitioners.domain.scheduling.reservations import take
from tests.factories import make_account, make_agenda, make_opening, make_patient, make_reason
from tests.support.booked import booked
from tests.support.forms_on_page import form_with, send, slots_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
HALF = timedelta(minutes=30)
NOTE = "Toux depuis le 12, allergie au Quatrefagol"


@pytest.fixture
def reason():
    agenda = make_agenda(takes_messages=True)
    row = make_reason(agenda)
    make_opening(agenda, row, until_time=time(12))
    return row


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def client(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


@pytest.fixture
def parent(account):
    return make_patient(account)


@pytest.fixture
def child(account, parent):
    return make_patient(account, first_name="Aurèle", relation=Relation.CHILD)


def link_to(page, address):
    """The address of a link of a page, with what it carries."""
    text = page.content.decode().replace("&amp;", "&")
    found = [part.partition('"')[0] for part in text.split('href="')[1:]]
    (link,) = {each for each in found if each.startswith(f"{address}?")}
    return link


def visit_page(client, visit):
    return client.get(reverse("booking:appointment", args=[visit.pk]))


def hold(client, reason, at=NINE, **given):
    data = {"motif": reason.pk, "debut": at.isoformat(), "suivi": "non", **given}
    return client.post(reverse("booking:hold"), data)["Location"]


def chosen_at(client, address):
    """Whom the last page of a booking has chosen; None where nobody is."""
    return form_with(client.get(address), "note").values.get("patient")


def test_a_message_from_a_childs_visit_is_about_the_child(client, reason, child, now):
    visit = booked(reason, now, patient=child)
    link = link_to(visit_page(client, visit), reverse("booking:begin-conversation"))
    form = form_with(client.get(link), "words")
    assert form.values["patient"] == str(child.pk)
    assert send(client, form, link, topic="Fièvre", words="Bonjour").status_code == 302
    assert Conversation.unscoped.get().patient == child


def test_a_message_among_several_is_for_nobody_until_somebody_is_chosen(client, reason, child, now):
    booked(reason, now, patient=child)
    stranger = make_patient(make_account())
    address = f"{reverse('booking:begin-conversation')}?agenda={reason.agenda_id}"
    for carried in ("", f"&pour={stranger.pk}", "&pour=personne"):
        form = form_with(client.get(address + carried), "words")
        assert "patient" not in form.values
        answer = send(client, form, address + carried, topic="Fièvre", words=NOTE)
        assert answer.status_code == 200 and NOTE in answer.content.decode()
    assert not Conversation.unscoped.exists()


def test_one_person_alone_is_chosen_for_a_message(client, reason, parent):
    address = f"{reverse('booking:begin-conversation')}?agenda={reason.agenda_id}"
    assert form_with(client.get(address), "words").values["patient"] == str(parent.pk)


def test_documents_go_where_the_visit_was_and_nowhere_unasked(client, reason, child, parent, now):
    """Two people, each known to two practices."""
    other = make_reason(make_agenda())
    make_opening(other.agenda, other, until_time=time(12))
    documents = reverse("booking:my-documents")
    for n, (row, patient) in enumerate((r, p) for r in (reason, other) for p in (parent, child)):
        visit = booked(row, now, patient=patient, starts_at=NINE + n * HALF)
        link = link_to(visit_page(client, visit), documents)
        known = PracticePatient.objects.get(patient=patient, practice=row.agenda.practice)
        assert form_with(client.get(link), "receiver").values["receiver"] == str(known.pk)
    for address in (documents, f"{documents}?pour={child.pk}&cabinet=non"):
        form = form_with(client.get(address), "receiver")
        assert form.values["receiver"] == ""
        assert "receiver_error" in send(client, form, address).content.decode()


def test_the_only_receiver_of_documents_is_chosen(client, reason, parent, now):
    booked(reason, now, patient=parent)
    page = client.get(reverse("booking:my-documents"))
    assert form_with(page, "receiver").values["receiver"] == str(PracticePatient.objects.get().pk)


def test_the_owner_is_chosen_even_where_a_child_was_first(client, reason, account):
    first = make_patient(account, first_name="Aurèle", relation=Relation.CHILD)
    own = make_patient(account)
    address = hold(client, reason)
    assert chosen_at(client, address) == str(own.pk)
    assert chosen_at(client, hold(client, reason, pour=str(first.pk))) == str(first.pk)


def test_nobody_is_guessed_among_relatives(client, reason, account):
    people = [
        make_patient(account, first_name=name, relation=Relation.CHILD)
        for name in ("Ada", "Aurèle")
    ]
    address = hold(client, reason)
    assert chosen_at(client, address) is None
    form = form_with(client.get(address), "note")
    refused = send(client, form, address, note=NOTE).content.decode()
    assert "Choisissez pour qui est ce rendez-vous." in refused and NOTE in refused
    assert not Appointment.unscoped.exists()
    assert send(client, form, address, patient=people[1].pk).status_code == 302
    assert Appointment.unscoped.get().patient == people[1]


def test_an_only_child_is_not_guessed_either(client, reason, account):
    """Its parent may mean themselves, and has not been added yet."""
    only = make_patient(account, first_name="Ada", relation=Relation.CHILD)
    address = hold(client, reason)
    assert chosen_at(client, address) is None
    form = form_with(client.get(address), "note")
    refused = send(client, form, address, note=NOTE).content.decode()
    assert "Choisissez pour qui est ce rendez-vous." in refused and NOTE in refused
    assert not Appointment.unscoped.exists()
    wait = f"{reverse('booking:join-waiting-list')}?motif={reason.pk}"
    assert "patient" not in form_with(client.get(wait), "first_day").values
    assert chosen_at(client, hold(client, reason, pour=str(only.pk))) == str(only.pk)
    assert send(client, form, address, patient=only.pk).status_code == 302


def test_the_waiting_list_guesses_nobody_either(client, reason, account):
    people = [
        make_patient(account, first_name=name, relation=Relation.CHILD)
        for name in ("Ada", "Aurèle")
    ]
    address = f"{reverse('booking:join-waiting-list')}?motif={reason.pk}"
    assert "patient" not in form_with(client.get(address), "first_day").values
    form = form_with(client.get(f"{address}&pour={people[1].pk}"), "first_day")
    assert form.values["patient"] == str(people[1].pk)
    own = make_patient(account)
    form = form_with(client.get(address), "first_day")
    assert form.values["patient"] == str(own.pk)


def gone_when_sent(client, reason, address, now, time_machine, **given):
    """Somebody else takes the slot while the last page is filled in."""
    form = form_with(client.get(address), "note")
    later = now + timedelta(minutes=take.HOLD_MINUTES + 1)
    time_machine.move_to(later)
    booked(reason, later, starts_at=NINE)
    answer = send(client, form, address, note=NOTE, **given)
    assert answer.status_code == 409
    return answer


def test_the_person_and_the_note_go_along_to_the_next_slot(
    client, reason, child, now, time_machine
):
    address = hold(client, reason)
    gone = gone_when_sent(client, reason, address, now, time_machine, patient=child.pk)
    # Neither the page, an address nor the session has the note in words.
    assert NOTE not in gone.content.decode()
    kept = repr(dict(client.session.items()))
    assert unfinished.CHOICE in kept and "Quatrefagol" not in kept
    assert b"Quatrefagol".hex() not in kept
    again = send(client, form_with(gone, "debut"), address, debut=slots_of(gone)[0])
    assert "Toux" not in again["Location"]
    page = client.get(again["Location"])
    assert NOTE in page.content.decode()
    assert form_with(page, "note").values["patient"] == str(child.pk)
    booked_now = send(client, form_with(page, "note"), again["Location"], note=NOTE)
    assert booked_now.status_code == 302
    assert Appointment.unscoped.filter(patient=child).count() == 1
    # Once it is booked nothing of it is kept.
    assert unfinished.CHOICE not in client.session
    assert NOTE not in client.get(hold(client, reason, at=NINE + 3 * HALF)).content.decode()


def test_who_was_to_come_in_a_row_goes_along_too(client, reason, child, parent, now, time_machine):
    address = hold(client, reason, personnes="2")
    order = {"personne-0": child.pk, "personne-1": parent.pk}
    gone = gone_when_sent(client, reason, address, now, time_machine, **order)
    again = send(client, form_with(gone, "debut"), address, debut=slots_of(gone)[0])["Location"]
    page = client.get(again)
    assert NOTE in page.content.decode()
    values = form_with(page, "personne-0").values
    assert {name: values[name] for name in order} == {n: str(pk) for n, pk in order.items()}


@pytest.mark.parametrize("other", ["reason", "browser", "account"])
def test_what_was_kept_is_for_the_same_reason_browser_and_account(
    other, client, reason, child, now, time_machine
):
    address = hold(client, reason)
    gone_when_sent(client, reason, address, now, time_machine, patient=child.pk)
    if other == "reason":
        reason = make_reason(make_agenda())
        make_opening(reason.agenda, reason, until_time=time(12))
    elif other == "browser":
        client.cookies[kept_choice.COOKIE] = "00" * 16
    else:
        somebody = make_account()
        make_patient(somebody)
        client.force_login(somebody, backend="booking.backends.EmailBackend")
    page = client.get(hold(client, reason, at=NINE + 2 * HALF))
    assert page.status_code == 200 and NOTE not in page.content.decode()


@pytest.mark.parametrize("relation", ["child", "other"])
def test_a_relative_who_is_there_already_is_said_and_chosen(relation, client, reason, child):
    new = reverse("booking:new-person")
    given = {
        "first_name": "aurèle", "last_name": "LEFEVRE", "birth_date": "1980-12-31", "sex": "F",
        "relation": relation, "consent": "on",
    }  # fmt: skip
    wait = f"{reverse('booking:join-waiting-list')}?motif={reason.pk}"
    for back, field in ((hold(client, reason), "note"), (wait, "first_day")):
        answer = client.post(new, given | {"next": back})
        page = client.get(answer["Location"])
        assert "Cette personne est déjà dans votre compte." in page.content.decode()
        assert "C’est noté" not in page.content.decode()
        assert form_with(page, field).values["patient"] == str(child.pk)
    assert Patient.unscoped.count() == 2
    assert Entry.objects.filter(action="patient-created").count() == 2
    # Somebody new is noted as before.
    answer = client.post(new, given | {"first_name": "Ada"}, follow=True)
    assert "C’est noté" in answer.content.decode() and Patient.unscoped.count() == 3


def test_several_errors_of_a_field_are_apart():
    client = Client()
    client.post(reverse("booking:sign-up"), {"email": "a@exemple.fr"})
    link = address_checks.link_token(AddressCheck.objects.get())
    page = client.post(reverse("booking:verify-email", args=[link]), {"password": "12345"})
    text = page.content.decode()
    said = text.split('id="id_password_error"')[1].partition("</div>")[0]
    assert len(re.findall(r"\.\s+[A-ZÉ]", said)) >= 1
    assert not re.search(r"\.[A-ZÉ]", said)
