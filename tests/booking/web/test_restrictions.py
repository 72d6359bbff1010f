"""Who may book is asked or said before anything is held, and refused at no last click."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from audit.record.entries import system_actor
from booking.appointments.change import cancel
from booking.appointments.several import series
from booking.appointments.values import By
from booking.models import Appointment, Offer, Wait
from booking.models.appointment import Channel, Status
from booking.models.patient import Relation
from booking.patients.patients import make_known
from booking.waiting import offering, waiting
from practitioners.domain.scheduling.rules.audience import SOMEBODY_ELSE
from practitioners.models import Taken
from tests.factories import (
    make_account,
    make_agenda,
    make_patient,
)
from tests.support.booked import booked
from tests.support.forms_on_page import form_with, forms_of, send, slots_of
from tests.support.kinds_of_patients import reason_of
from tests.support.restrictions import (
    HALF,
    NINE,
    QUESTION,
    client_of,
    hold,
    known_to,
    motifs,
    nothing_held,
    page,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
OF_A_RELATIVE = "La personne qui consulte est-elle déjà suivie par ce praticien"


@pytest.fixture
def agenda():
    return make_agenda()


# Nobody is signed in. ------------------------------------------------------------------------------


def test_without_restrictions_nothing_needs_an_answer(agenda, anyone):
    shown = page(Client(), agenda)
    assert QUESTION in shown.content.decode()
    assert slots_of(shown)
    assert "/reserver/" in hold(Client(), anyone)["Location"]


@pytest.mark.parametrize("suivi", ["", "peut-être"])
@pytest.mark.parametrize("kind", ["first", "control", "full"])
def test_a_missing_answer_is_asked_before_anything_is_held(kind, suivi, agenda, request):
    if kind == "full":
        agenda.accepts_new_patients = False
        agenda.save()
        reason = reason_of(agenda, "Consultation")
    else:
        reason = request.getfixturevalue(kind)
    client = Client()
    asked = hold(client, reason, suivi=suivi)
    assert asked["Location"].startswith("/praticien/")
    assert nothing_held()
    shown = client.get(asked["Location"])
    assert "09:00" in shown.content.decode()
    answers = {"first": ("non", "oui"), "control": ("oui", "non"), "full": ("oui", "non")}
    good, bad = answers[kind]
    form = form_with(shown, "suivi")
    # One tap answers and holds; the other answer says what is open instead, and holds nothing.
    refused = send(client, form, asked["Location"], suivi=bad)
    assert refused["Location"].startswith("/praticien/")
    assert nothing_held()
    assert "notice" in client.get(refused["Location"]).content.decode()
    assert "/reserver/" in send(client, form, asked["Location"], suivi=good)["Location"]


@pytest.mark.parametrize(
    ("suivi", "offered"),
    [
        ("non", ["Consultation", "Première consultation"]),
        ("oui", ["Consultation", "Suivi"]),
    ],
)
def test_an_answer_leaves_what_is_open(suivi, offered, agenda, first, control, anyone):
    shown = page(Client(), agenda, suivi=suivi)
    assert motifs(shown) == offered
    assert slots_of(shown)
    closed = {reason.name for reason, _why in shown.context["closed"]}
    assert closed == {"Consultation", "Première consultation", "Suivi"} - set(offered)
    assert "réservé aux" in shown.content.decode()


def test_no_slot_is_offered_before_the_answer_on_which_it_depends(agenda, first, control):
    shown = page(Client(), agenda)
    assert motifs(shown) == ["Première consultation", "Suivi"]
    assert not slots_of(shown)
    assert "patients déjà suivis seulement" in shown.content.decode()
    assert slots_of(page(Client(), agenda, suivi="non", motif=first.pk))


def test_without_an_answer_what_is_open_to_everybody_comes_first(agenda, first, control, anyone):
    shown = page(Client(), agenda)
    assert shown.context["chosen"] == anyone
    assert slots_of(shown)


def test_a_practitioner_without_new_patients_says_so(agenda, anyone):
    agenda.accepts_new_patients = False
    agenda.save()
    shown = page(Client(), agenda)
    assert "ne prend pas de nouveaux patients" in shown.content.decode()
    assert not slots_of(shown)
    assert not slots_of(page(Client(), agenda, suivi="non"))
    assert slots_of(page(Client(), agenda, suivi="oui"))


def test_the_widget_asks_too_and_looks_nobody_up(agenda, first, control, now):
    account = make_account()
    known_to(agenda, now, account)
    url = reverse("practitioners:widget", args=[agenda.practice_id])
    shown = client_of(account).get(url, {"semaine": "2026-11-30"})
    assert QUESTION in shown.content.decode()
    assert "Dites d’abord" in shown.content.decode()
    answered = client_of(account).get(
        url, {"semaine": "2026-11-30", "suivi": "oui", "motif": control.pk}
    )
    assert "suivi=oui" in answered.content.decode()


# Somebody is. ----------------------------------------------------------------------------------------


def test_who_is_known_is_not_asked(agenda, first, control, now):
    account = make_account()
    known_to(agenda, now, account)
    shown = page(client_of(account), agenda)
    assert QUESTION not in shown.content.decode()
    assert motifs(shown) == ["Suivi"]
    assert slots_of(shown)
    client = client_of(account)
    # Whatever an old page says.
    refused = hold(client, first, suivi="non")
    assert refused["Location"].startswith("/praticien/")
    assert "réservé aux nouveaux patients" in client.get(refused["Location"]).content.decode()
    assert nothing_held()
    held = hold(client, control)["Location"]
    answer = send(client, form_with(client.get(held), "note"), held)
    assert answer.status_code == 302
    assert not Appointment.unscoped.get(starts_at=NINE).new_patient


def test_who_is_known_books_for_somebody_else(agenda, first, control, now):
    account = make_account()
    known_to(agenda, now, account)
    client = client_of(account)
    shown = page(client, agenda, pour=SOMEBODY_ELSE)
    assert OF_A_RELATIVE in shown.content.decode()
    held = hold(client, first, suivi="non", pour=SOMEBODY_ELSE)["Location"]
    text = client.get(held).content.decode()
    # The one who may not is named with the reason, and another person can be added.
    assert "réservé aux nouveaux patients" in text
    assert "Ajouter une personne" in text
    child = {
        "first_name": "Ada", "last_name": "Lefèvre", "birth_date": "2020-01-01", "sex": "F",
        "relation": "child", "consent": "on", "next": held,
    }  # fmt: skip
    back = client.post(reverse("booking:new-person"), child)["Location"]
    answer = send(client, form_with(client.get(back), "note"), back)
    assert answer.status_code == 302
    assert Appointment.unscoped.get(starts_at=NINE).patient.relation == Relation.CHILD


def test_a_family_of_which_one_is_known_says_for_whom(agenda, first, control, now):
    account = make_account()
    zoe = known_to(agenda, now, account)
    child = make_patient(account, first_name="Aurèle", relation=Relation.CHILD)
    client = client_of(account)
    shown = page(client, agenda)
    assert "Pour qui" in shown.content.decode() and "Aurèle" in shown.content.decode()
    assert not slots_of(shown)
    assert motifs(page(client, agenda, pour=zoe.pk)) == ["Suivi"]
    assert motifs(page(client, agenda, pour=child.pk, suivi="non")) == ["Première consultation"]
    asked = hold(client, first, pour=child.pk)
    assert nothing_held()
    assert OF_A_RELATIVE in client.get(asked["Location"]).content.decode()
    held = hold(client, first, pour=child.pk, suivi="non")["Location"]
    form = form_with(client.get(held), "note")
    assert form.values["patient"] == str(child.pk)
    assert send(client, form, held).status_code == 302


def test_a_strangers_patient_is_no_answer(agenda, first, control, now):
    stranger = known_to(agenda, now)
    account = make_account()
    make_patient(account)
    shown = page(client_of(account), agenda, pour=stranger.pk)
    assert QUESTION in shown.content.decode()
    assert motifs(shown) == ["Première consultation", "Suivi"]


def test_signing_in_after_holding_says_it_before_the_last_click(agenda, first, control, now):
    account = make_account()
    known_to(agenda, now, account)
    client = Client()
    held = hold(client, first, suivi="non")["Location"]
    client.force_login(account, backend="booking.backends.EmailBackend")
    session = client.session
    session.save()
    shown = client.get(held)
    assert shown.status_code in (200, 409)
    text = shown.content.decode()
    assert "réservé aux nouveaux patients" in text or "n’est plus libre" in text
    assert not any(form.values.get("patient") for form in forms_of(shown))


def test_who_has_missed_too_often_is_told_at_once(agenda, anyone, now):
    practice = agenda.practice
    practice.no_shows_at_most, practice.phone = 1, "+33247000000"
    practice.save()
    account = make_account()
    zoe = known_to(agenda, now, account)
    Appointment.unscoped.filter(patient=zoe).update(status=Status.NO_SHOW)
    client = client_of(account)
    shown = page(client, agenda)
    assert "par téléphone" in shown.content.decode()
    assert "tel:+33247000000" in shown.content.decode()
    assert not slots_of(shown)
    assert hold(client, anyone)["Location"].startswith("/praticien/")
    assert nothing_held()
    # It is that person's rule, and not their family's.
    assert slots_of(page(client, agenda, pour=SOMEBODY_ELSE))


def test_nothing_is_revealed_where_no_name_is_shown(agenda, anyone, first, now):
    from audit.models import Entry

    account = make_account()
    known_to(agenda, now, account)
    before = Entry.objects.filter(action="reveal").count()
    page(client_of(account), agenda)
    assert Entry.objects.filter(action="reveal").count() == before


# The other ways to a slot. ---------------------------------------------------------------------------


def test_the_waiting_list_takes_nobody_who_would_be_refused(agenda, first, control, now):
    account = make_account()
    zoe = known_to(agenda, now, account)
    url = f"{reverse('booking:join-waiting-list')}?motif={first.pk}&suivi=non"
    client = client_of(account)
    shown = client.get(url).content.decode()
    assert "réservé aux nouveaux patients" in shown
    assert "Me prévenir" not in shown
    with pytest.raises(waiting.CannotWait, match="nouveaux patients"):
        waiting.join(visit_reason=first, patient=zoe, actor=None, now=now)


def test_nobody_is_offered_what_they_can_no_longer_book(agenda, first, now):
    """Known since they joined: "first visit" is not for them any more."""
    patient = make_patient(make_account())
    slots = [
        booked(first, now, starts_at=NINE + n * HALF, channel=Channel.PRACTICE) for n in range(6)
    ]
    waiting.join(visit_reason=first, patient=patient, actor=system_actor(), now=now)
    make_known(practice_id=agenda.practice_id, patient_id=patient.pk, since=now)
    cancel(appointment=slots[0], by=By(actor=system_actor(), channel=Channel.PRACTICE), now=now)
    assert offering.offer_free(agenda_id=agenda.pk, now=now) == 0
    assert not Offer.unscoped.exists()
    assert Wait.unscoped.filter(ended_at__isnull=True).exists()


def test_a_first_visit_is_not_repeated(agenda, first, now):
    first.series_at_most = 4
    first.save()
    account = make_account()
    row = booked(first, now, patient=make_patient(account))
    assert series.at_most(row, channel=Channel.PATIENT, now=now) == 0
    address = reverse("booking:repeat", args=[row.pk])
    client = client_of(account)
    assert "Appelez le cabinet" in client.get(address).content.decode()
    sent = client.post(address, {"creneau": (NINE + timedelta(days=7)).isoformat()})
    assert sent.status_code == 409


def test_a_family_in_a_row_leaves_out_who_may_not(agenda, first, now):
    account = make_account()
    known_to(agenda, now, account)
    children = [
        make_patient(account, first_name=name, relation=Relation.CHILD) for name in ("Ada", "Ida")
    ]
    client = client_of(account)
    held = hold(client, first, suivi="non", personnes="2")["Location"]
    shown = client.get(held)
    assert "Zoé Lefèvre" in shown.content.decode()
    form = form_with(shown, "personne-0")
    assert form.options["personne-0"] == ["", *(str(row.pk) for row in children)]
    assert send(client, form.in_order(), held).status_code == 302


def test_a_link_to_a_slot_goes_on_with_it(agenda, first, control, now):
    """As the results have it where they must ask first."""
    given = {"motif": control.pk, "debut": NINE.isoformat()}
    address = reverse("practitioners:practitioner", args=[agenda.practitioner_id])
    asked = Client().get(address, given)
    assert QUESTION in asked.content.decode()
    assert not slots_of(asked)
    assert "/reserver/" in send(
        Client(), form_with(asked, "suivi"), address, suivi="oui"
    )["Location"]  # fmt: skip
    Taken.objects.filter(hold_until__isnull=False).delete()
    account = make_account()
    known_to(agenda, now, account)
    client = client_of(account)
    shown = client.get(address, given)
    assert "Continuer avec ce créneau" in shown.content.decode()
    # The week around it is shown.
    assert any(value.startswith("2026-11-30") for value in slots_of(shown))
    form = next(each for each in forms_of(shown) if each.values.get("debut"))
    assert "/reserver/" in send(client, form, address)["Location"]
    # A slot that is gone is not gone on with.
    gone = given | {"debut": (NINE - HALF).isoformat()}
    assert "Continuer avec ce créneau" not in client.get(address, gone).content.decode()


def test_people_in_a_row_need_as_many_who_may_come(agenda, first, control, now):
    """One of the family is known: two cannot come for what is open to known patients alone."""
    account = make_account()
    known_to(agenda, now, account)
    make_patient(account, first_name="Aurèle", relation=Relation.CHILD)
    client = client_of(account)
    shown = page(client, agenda, personnes="2", suivi="non")
    assert motifs(shown) == ["Première consultation"]
    assert hold(client, control, personnes="2", suivi="non")["Location"].startswith("/praticien/")
    assert nothing_held()
    assert "/reserver/" in hold(client, control, personnes="2", suivi="oui")["Location"]


@pytest.mark.parametrize("is_offered", [True, False])
def test_what_is_said_stands_where_the_page_opens(is_offered, agenda, control):
    if not is_offered:
        control.active = False
        control.save()
    client = Client()
    led = hold(client, control, suivi="non")["Location"]
    assert "#" not in led
    said = "réservé aux patients déjà suivis" if is_offered else "n’est plus proposé en ligne"
    assert said in client.get(led).content.decode()
