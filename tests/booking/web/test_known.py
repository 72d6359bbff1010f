"""Who counts as known to a practitioner, and what a page says of a reason that is closed."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.record.entries import system_actor
from booking.appointments.book import NotForThisPatient
from booking.appointments.change import cancel
from booking.appointments.queries.standing import standing
from booking.appointments.values import By
from booking.models import Appointment, Patient, PracticePatient
from booking.models.appointment import Channel, Status
from booking.waiting import waiting
from practitioners.domain.scheduling.rules.audience import SOMEBODY_ELSE, Reader, audience_of
from practitioners.domain.scheduling.rules.eligibility import Person, Restriction
from practitioners.models import Agenda
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_patient,
    make_practice,
)
from tests.partners.software import KEY, Software
from tests.support.booked import booked
from tests.support.forms_on_page import form_with, send
from tests.support.kinds_of_patients import reason_of
from tests.support.restrictions import (
    HALF,
    NINE,
    QUESTION,
    client_of,
    hold,
    motifs,
    nothing_held,
    page,
)
from tests.support.restrictions import known_to as seen_by

DAY = timedelta(days=1)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def agenda():
    return make_agenda()


@pytest.mark.parametrize("suivi", ["", "oui", "non"])
def test_a_first_visit_where_no_new_patient_is_taken_is_nobodys(suivi, agenda, first, control, now):
    agenda.accepts_new_patients = False
    agenda.save()
    url = reverse("practitioners:widget", args=[agenda.practice_id])
    for shown in (
        page(Client(), agenda, suivi=suivi, motif=first.pk),
        Client().get(url, {"suivi": suivi, "motif": first.pk}),
    ):
        assert "Première consultation" not in motifs(shown)
        # It is not said to be for new patients, of whom none is taken.
        assert (first, Restriction.NO_NEW) in shown.context["closed"]
    assert hold(Client(), first, suivi=suivi)["Location"].startswith("/praticien/")
    assert nothing_held()
    for known in (True, False):
        with pytest.raises(waiting.CannotWait, match="plus de nouveaux patients"):
            waiting.join(
                visit_reason=first, patient=make_patient(), actor=None, now=now, says_known=known
            )


def test_booking_and_cancelling_makes_nobody_known(agenda, first, control, now):
    account = make_account()
    patient = make_patient(account)
    for _again in range(2):
        row = booked(first, now, patient=patient)
        assert row.new_patient
        # Neither a visit to come nor one that was cancelled answers for them.
        for _state in range(2):
            shown = page(client_of(account), agenda)
            assert QUESTION in shown.content.decode()
            assert motifs(shown) == ["Première consultation", "Suivi"]
            with pytest.raises(NotForThisPatient):
                booked(control, now, patient=patient, starts_at=NINE + HALF)
            if row.status != Status.CANCELLED:
                row = cancel(
                    appointment=row, by=By(actor=system_actor(), channel=Channel.PATIENT), now=now
                )
    # The practice still finds its patient.
    assert PracticePatient.objects.filter(practice=agenda.practice, patient=patient).exists()


@pytest.mark.parametrize(
    ("status", "is_known"),
    [("booked", True), ("arrived", True), ("seen", True), ("no_show", False)],
)
def test_a_visit_that_has_begun_makes_its_patient_known(status, is_known, agenda, first, now):
    row = booked(first, now, patient=make_patient(make_account()))
    Appointment.unscoped.filter(pk=row.pk).update(status=status)
    patients = Patient.unscoped.filter(pk=row.patient_id)
    for at, expected in ((NINE - HALF, False), (NINE, is_known)):
        (person,) = standing(patients, agenda=agenda, now=at)
        assert person.is_known is expected


def test_whom_a_practice_takes_in_is_known_to_it(agenda, first, control, now):
    registered = make_patient(make_account(), practice=agenda.practice)
    with CaptureQueriesContext(connection) as statements:
        (person,) = standing(Patient.unscoped.filter(pk=registered.pk), agenda=agenda, now=now)
    assert person.is_known and len(statements) == 1
    assert not booked(control, now, patient=registered).new_patient


@pytest.mark.parametrize("has_colleague", [False, True])
@pytest.mark.parametrize("ended", ["", "cancelled", "no_show"])
def test_a_first_visit_that_the_practice_took_by_telephone_makes_nobody_known(
    ended, has_colleague, agenda, first, control, now
):
    """A child that comes for the first time next week is no patient of theirs today."""
    if has_colleague:
        colleague_of(agenda)
    account = make_account()
    child = make_patient(account, relation="child", first_name="Aurèle")
    row = booked(first, now, patient=child, channel=Channel.PRACTICE)
    assert row.new_patient
    if ended == "cancelled":
        cancel(appointment=row, by=By(actor=system_actor(), channel=Channel.PRACTICE), now=now)
    elif ended:
        Appointment.unscoped.filter(pk=row.pk).update(status=ended)
    shown = page(client_of(account), agenda)
    assert "La personne qui consulte est-elle déjà suivie" in shown.content.decode()
    assert motifs(shown) == ["Première consultation", "Suivi"]
    (person,) = standing(Patient.unscoped.filter(pk=child.pk), agenda=agenda, now=NINE + HALF)
    assert person.is_known == (not ended)


@pytest.mark.parametrize(
    ("people", "query", "question"),
    [
        ([], {}, "Êtes-vous déjà suivi"),
        (["self"], {}, "Êtes-vous déjà suivi"),
        (["child"], {}, "La personne qui consulte est-elle déjà suivie"),
        (["self", "child"], {}, "La personne qui consulte est-elle déjà suivie"),
        (["self", "child"], {"pour": 0}, "Êtes-vous déjà suivi"),
        (["self", "child"], {"pour": 1}, "La personne qui consulte est-elle déjà suivie"),
        (["self"], {"pour": "autre"}, "La personne qui consulte est-elle déjà suivie"),
        (["self", "child"], {"personnes": "2"}, "Les personnes qui consultent sont-elles"),
    ],
)
def test_the_question_is_about_who_comes(people, query, question, agenda, first, control):
    account = make_account()
    rows = [make_patient(account, relation=each) for each in people]
    given = {name: rows[n].pk if isinstance(n, int) else n for name, n in query.items()}
    text = page(client_of(account), agenda, **given).content.decode()
    assert question in text
    assert (
        text.count("suivi par ce praticien")
        + text.count("suivies par ce praticien")
        + text.count("suivie par ce praticien")
        == 1
    )
    assert ("je suis déjà venu" in text) == question.startswith("Êtes-vous")


def test_a_reason_that_was_asked_for_and_is_refused_is_named(agenda, first, control, anyone):
    url = reverse("practitioners:widget", args=[agenda.practice_id])
    asked = {"suivi": "oui", "motif": first.pk}
    for shown in (page(Client(), agenda, **asked), Client().get(url, asked)):
        text = shown.content.decode()
        assert "« Première consultation »" in text.replace("\u00a0", " ")
        assert text.count("Ce motif est réservé aux nouveaux patients.") == 1
        assert shown.context["chosen"] == anyone
    shown = page(Client(), agenda, suivi="oui", motif=control.pk)
    assert shown.context["refused"] is None


def colleague_of(agenda):
    other = make_agenda(practice=agenda.practice)
    return other, reason_of(other, "Consultation", patient_kind="known")


def test_known_to_a_colleague_is_asked_and_books_a_first_visit(agenda, first, control, now):
    account = make_account()
    other, _reason = colleague_of(agenda)
    seen_by(other, now, account)
    client = client_of(account)
    shown = page(client, agenda)
    assert QUESTION in shown.content.decode()
    assert motifs(shown) == ["Première consultation", "Suivi"]
    # The colleague's page does not ask.
    assert QUESTION not in page(client, other).content.decode()
    held = hold(client, first, suivi="non")["Location"]
    assert send(client, form_with(client.get(held), "note"), held).status_code == 302
    row = Appointment.unscoped.get(starts_at=NINE)
    # The practice has seen them before, and counts them among its new patients no more than then.
    assert row.agenda == agenda and not row.new_patient


def test_known_to_a_colleague_is_no_known_patient_at_the_last_click_either(
    agenda, first, control, now
):
    other, _reason = colleague_of(agenda)
    patient = seen_by(other, now)
    with pytest.raises(NotForThisPatient):
        booked(control, now, patient=patient)
    assert booked(control, now, patient=patient, says_known=True)


def test_who_saw_the_practitioner_elsewhere_is_not_asked(agenda, first, control, now):
    account = make_account()
    elsewhere = Agenda.objects.create(practitioner=agenda.practitioner, practice=make_practice())
    patient = seen_by(elsewhere, now, account)
    shown = page(client_of(account), agenda)
    assert QUESTION not in shown.content.decode()
    assert motifs(shown) == ["Suivi"]
    # The practice learns nothing of it: to its own file they are new.
    assert booked(control, now, patient=patient).new_patient


def test_whom_a_practice_of_several_takes_in_says_it_themselves(agenda, first, control, now):
    other, reason = colleague_of(agenda)
    account = make_account()
    patient = make_patient(account, practice=agenda.practice)
    client = client_of(account)
    for each in (agenda, other):
        assert QUESTION in page(client, each).content.decode()
    # Whom the practice itself put down with a practitioner is that one's.
    booked(reason, now, channel=Channel.PRACTICE, patient=patient, starts_at=NINE + HALF)
    assert QUESTION not in page(client, other).content.decode()
    assert QUESTION in page(client, agenda).content.decode()


def software_books(reason, patient, at=NINE):
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, reason.agenda)
    body = {"visit_reason": str(reason.pk), "starts_at": at.isoformat(), "patient": str(patient.pk)}
    answer = Software(credential).post("appointments", body)
    assert answer.status_code == 201, answer.content
    return answer.json()["new_patient"]


@pytest.mark.parametrize(
    ("ended", "is_new"), [("cancelled", True), ("no_show", True), ("seen", False)]
)
def test_software_asks_the_same_rule(agenda, anyone, ended, is_new, now):
    """A link that a booking online left behind is no answer, whoever books next."""
    patient = make_patient(make_account())
    row = booked(anyone, now - 40 * DAY, patient=patient, starts_at=NINE - 28 * DAY, anywhere=True)
    if ended == "cancelled":
        cancel(
            appointment=row,
            by=By(actor=system_actor(), channel=Channel.PATIENT),
            now=now - 39 * DAY,
        )
    else:
        Appointment.unscoped.filter(pk=row.pk).update(status=ended)
    assert software_books(anyone, patient) is is_new


def test_software_of_one_agenda_counts_what_it_cannot_see(agenda, anyone, now):
    """Visits with a colleague whose agenda is not granted count, and are not shown."""
    other, _reason = colleague_of(agenda)
    patient = seen_by(other, now)
    # Software knows its patient by a visit to come with the granted practitioner.
    booked(anyone, now, patient=patient, starts_at=NINE + HALF)
    assert software_books(anyone, patient) is False


def test_the_only_person_of_an_account_is_who_comes_unless_it_is_somebody_else():
    one = Person(id=uuid.uuid4(), is_known=True)
    two = Person(id=uuid.uuid4(), is_known=False, is_owner=False)
    alone, family = Reader(people=(one,)), Reader(people=(one, two))
    for reader, whom, person, candidates in [
        (alone, "", one, (one,)),
        (alone, "nobody's id", one, (one,)),
        (alone, SOMEBODY_ELSE, None, (None,)),
        (family, "", None, (one, two)),
        (family, str(two.id), two, (two,)),
        (Reader(), SOMEBODY_ELSE, None, (None,)),
    ]:
        found = audience_of(reader, whom_text=whom)
        assert (found.person, found.candidates) == (person, candidates)
        assert found.asks_whom is (reader is family)
        assert found.is_somebody_else is (whom == SOMEBODY_ELSE and bool(reader.people))
    several = audience_of(family, whom_text=str(two.id), count=2)
    assert (several.candidates, several.person) == ((one, two, None), None)
