"""A family's slots one after another, taken in one go."""

import html
import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from booking.models import Appointment, Message
from booking.models.patient import Relation
from practitioners.domain.scheduling.availability import free_slots
from practitioners.domain.scheduling.reservations import holds, take
from practitioners.models import Taken
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    verified_client,
)
from tests.support.booked import booked
from tests.support.forms_on_page import form_with, forms_of, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
HALF = timedelta(minutes=30)


@pytest.fixture
def reason():
    agenda = make_agenda()
    row = make_reason(agenda)
    make_opening(agenda, row, until_time=time(11))
    return row


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def family(account):
    return [
        make_patient(account, first_name=name, relation=relation)
        for name, relation in (("Zénobie", Relation.SELF), ("Aurèle", Relation.CHILD))
    ]


def starts(reason, now, people):
    found = free_slots(
        visit_reason=reason, since=NINE, until=NINE + timedelta(hours=3), now=now,
        consecutive=people,
    )  # fmt: skip
    return [slot.starts_at for slot in found if slot.places]


def page_of(reason):
    return reverse("practitioners:practitioner", args=[reason.agenda.practitioner_id])


def held(client, reason, people="2", at=NINE):
    given = {"motif": reason.pk, "debut": at.isoformat(), "suivi": "oui", "personnes": people}
    return client.post(reverse("booking:hold"), given)


def confirmed(client, answer, *people, **more):
    """Confirm at the address to which a hold led, in the order of the people."""
    query = dict(pair.split("=") for pair in answer["Location"].partition("?")[2].split("&"))
    names = {f"personne-{n}": str(each.pk) for n, each in enumerate(people)}
    at = {"debut": NINE.isoformat()}
    return client.post(answer["Location"].partition("?")[0], {**query, **at, **names, **more})


def test_only_where_enough_are_free_in_a_row(reason, now):
    booked(reason, now, starts_at=NINE + HALF)
    assert starts(reason, now, 1) == [NINE, NINE + 2 * HALF, NINE + 3 * HALF]
    assert starts(reason, now, 2) == [NINE + 2 * HALF]
    assert starts(reason, now, 3) == []


def test_buffers_lie_between_them(reason, now):
    reason.buffer_before_minutes, reason.buffer_after_minutes = 5, 10
    reason.save()
    step = timedelta(minutes=45)
    assert starts(reason, now, 2) == [NINE, NINE + step]
    _first, _until = take.hold(visit_reason=reason, starts_at=NINE, key="k", now=now, count=2)
    found = holds.held_by(key="k", visit_reason=reason, now=now)
    assert [slot.starts_at for slot in found] == [NINE, NINE + step]


def test_a_sessions_slots_in_a_row(reason, now):
    make_opening(
        reason.agenda, reason, slot_minutes=10, capacity=2, from_time=time(14),
        until_time=time(14, 30),
    )  # fmt: skip
    two = datetime(2026, 11, 30, 13, 0, tzinfo=UTC)
    take.hold(visit_reason=reason, starts_at=two, key="k", now=now, count=3)
    seats = Taken.objects.order_by("period")
    assert [row.period.lower for row in seats] == [
        two + n * timedelta(minutes=10) for n in range(3)
    ]
    with pytest.raises(take.OutsideOpening):
        take.hold(visit_reason=reason, starts_at=two, key="l", now=now, count=4)
    assert Taken.objects.count() == 3


def test_two_people_book_two_slots_in_their_order(reason, account, family, now):
    client = verified_client(account)
    page = client.get(page_of(reason), {"personnes": "2", "suivi": "oui", "semaine": "2026-11-30"})
    assert '<input type="hidden" name="personnes" value="2">' in page.content.decode()
    answer = held(client, reason)
    shown = client.get(answer["Location"]).content.decode()
    assert "Qui vient quand" in shown
    assert "09:00" in shown and "09:30" in shown
    done = confirmed(client, answer, *family[::-1], note="Toux")
    assert done["Location"] == reverse("booking:my-appointments")
    rows = Appointment.unscoped.order_by("starts_at")
    assert [(row.patient_id, row.starts_at) for row in rows] == [
        (family[1].pk, NINE), (family[0].pk, NINE + HALF),
    ]  # fmt: skip
    assert Message.objects.filter(kind="confirmation").count() == 2
    assert Taken.objects.filter(hold_until__isnull=False).count() == 0


def test_nobody_is_chosen_before_somebody_chooses(reason, account, family):
    client = verified_client(account)
    address = held(client, reason)["Location"]
    form = form_with(client.get(address), "personne-0")
    assert [form.values[f"personne-{n}"] for n in range(2)] == ["", ""]
    refused = send(client, form, address, **{"personne-0": family[1].pk})
    assert refused.status_code == 409 and not Appointment.unscoped.exists()
    assert "Dites qui vient à chaque heure." in refused.content.decode()
    kept = form_with(refused, "personne-0").values
    assert (kept["personne-0"], kept["personne-1"]) == (str(family[1].pk), "")


def test_one_person_twice_or_nobody_is_refused_and_nothing_is_lost(reason, account, family):
    client = verified_client(account)
    answer = held(client, reason)
    twice = confirmed(client, answer, family[0], family[0], note="Toux")
    assert "Chaque créneau est pour une autre personne." in twice.content.decode()
    assert "Toux" in twice.content.decode()
    stranger = make_patient(make_account())
    wrong = confirmed(client, answer, family[0], stranger)
    assert "Dites qui vient à chaque heure." in wrong.content.decode()
    assert not Appointment.unscoped.exists()
    assert confirmed(client, answer, *family).status_code == 302


def test_all_or_none(reason, account, family, now):
    """The second may not: the first is not booked either."""
    booked(reason, now, starts_at=NINE + 3 * HALF, patient=family[0])
    reason.agenda.accepts_new_patients = False
    reason.agenda.save()
    client = verified_client(account)
    given = held(client, reason)["Location"].replace("suivi=oui", "suivi=non")
    answer = confirmed(client, {"Location": given}, *family)
    assert answer.status_code == 409
    assert "ne prend plus de nouveaux patients" in answer.content.decode()
    assert Appointment.unscoped.count() == 1


def test_too_few_people_on_the_account(reason, account, family):
    client = verified_client(account)
    answer = held(client, reason, people="3")
    page = client.get(answer["Location"]).content.decode()
    assert "Il manque 1 personne à votre compte" in page
    assert "Ajouter un proche" in page


def test_holds_that_ended_are_booked_while_all_are_free(reason, account, family, time_machine, now):
    client = verified_client(account)
    answer = held(client, reason)
    time_machine.move_to(now + timedelta(minutes=take.HOLD_MINUTES, seconds=1))
    assert "encore confirmer" in client.get(answer["Location"]).content.decode()
    assert confirmed(client, answer, *family).status_code == 302
    assert Appointment.unscoped.count() == 2


def test_holds_that_ended_are_not_booked_once_one_is_taken(
    reason, account, family, time_machine, now
):
    client = verified_client(account)
    answer = held(client, reason)
    time_machine.move_to(now + timedelta(minutes=take.HOLD_MINUTES, seconds=1))
    booked(reason, now + timedelta(minutes=8), starts_at=NINE + HALF)
    late = confirmed(client, answer, *family)
    assert late.status_code == 409
    assert "2 créneaux libres à la suite" in late.content.decode()
    # The nearest are those with room for two.
    assert 'name="personnes" value="2"' in late.content.decode()
    assert Appointment.unscoped.count() == 1


def test_what_is_not_free_for_two_is_said(reason, account, now):
    booked(reason, now, starts_at=NINE + HALF)
    answer = held(verified_client(account), reason)
    assert answer.status_code == 409
    assert "Ces créneaux ne sont pas libres" in answer.content.decode()
    assert not Taken.objects.filter(hold_until__isnull=False).exists()


def test_whoever_is_not_signed_in_is_asked_first_and_another_session_gets_nothing(reason):
    client = Client()
    answer = held(client, reason)
    assert "dites-nous qui vous êtes" in client.get(answer["Location"]).content.decode()
    other = Client().get(answer["Location"])
    assert other.status_code == 409


@pytest.mark.parametrize("people", ["0", "5", "-1", "deux"])
def test_a_number_that_cannot_be_had_keeps_no_slot(reason, account, people):
    """One person's slot would be kept for several. In an address it is one person all the same."""
    client = verified_client(account)
    answer = held(client, reason, people=people)
    assert answer["Location"].startswith("/praticien/")
    assert not Taken.objects.exists()
    assert client.get(answer["Location"], {"personnes": people}).status_code == 200


def test_no_number_is_one_person(reason, account):
    answer = held(verified_client(account), reason, people="")
    assert "/ensemble/" not in answer["Location"]
    assert Taken.objects.count() == 1


@pytest.mark.parametrize("people", [1, 2])
@pytest.mark.parametrize("is_signed_in", [False, True])
@pytest.mark.usefixtures("family")
def test_the_last_page_leads_to_another_time_and_to_none(reason, account, people, is_signed_in):
    client = verified_client(account) if is_signed_in else Client()
    answer = held(client, reason, people=str(people))
    page = client.get(answer["Location"])
    if is_signed_in:
        # A button of the form, which keeps what is filled in (test_leaving.py).
        form = form_with(page, "vers")
        times = send(client, form, answer["Location"], vers="heure")["Location"]
        assert times.startswith(page_of(reason))
    else:
        links = re.findall(r'href="([^"]+)"', page.content.decode())
        (times,) = [html.unescape(link) for link in links if link.startswith(page_of(reason))]
    assert "semaine=2026-11-30" in times
    assert ("personnes=2" in times) == (people == 2)
    assert client.get(times).status_code == 200
    (form,) = [form for form in forms_of(page) if form.action == reverse("booking:let-go")]
    led = send(client, form, answer["Location"])
    # At the top of the page, where it is said.
    assert led["Location"].startswith(page_of(reason))
    assert "#" not in led["Location"]
    assert not Taken.objects.exists()
    assert "rien n’est réservé" in client.get(led["Location"]).content.decode()
    # Nobody is led back into it by signing in later.
    assert not client.session.get("after_sign_in")


# What is known before anything is held


def page(client, reason, people, **more):
    given = {"cabinet": reason.agenda.practice_id, "motif": reason.pk, "personnes": people} | more
    return client.get(page_of(reason), given)


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ("1", ""),
        ("2", ""),
        ("3", "Il manque 1 personne à votre compte"),
        ("4", "Il manque 2 personnes à votre compte"),
    ],
)
@pytest.mark.parametrize("kind", ["any", "known"])
def test_the_page_of_slots_says_whom_the_account_lacks(reason, account, family, people, said, kind):
    """With a rule that asks who comes, and without."""
    reason.patient_kind = kind
    reason.save()
    client = verified_client(account)
    shown = page(client, reason, people, suivi="oui")
    assert ("Il manque" in shown.content.decode()) == bool(said)
    assert said in shown.content.decode()
    assert not Taken.objects.exists()
    if said:
        # Whom it lacks is added from here, and leads back to the same slots.
        (new,) = re.findall(
            r'href="(/compte/proches/nouveau/\?next=[^"]*)"', shown.content.decode()
        )
        child = {
            "first_name": "Ada", "last_name": "Rey", "birth_date": "2018-05-04", "sex": "F",
            "phone": "", "email": "", "relation": "child", "consent": "on",
        }  # fmt: skip
        form = form_with(client.get(html.unescape(new)), "first_name")
        back = send(client, form, html.unescape(new), **child)["Location"]
        again = client.get(back).content.decode()
        assert f'name="personnes" value="{people}"' in again
        assert ("Il manque" in again) == (people == "4")


def test_an_account_without_anybody_lacks_everybody(reason, account):
    shown = page(verified_client(account), reason, "2", suivi="oui").content.decode()
    assert "Il manque 2 personnes à votre compte" in shown
    assert "Ajouter une personne" in shown


def test_nothing_is_said_to_whoever_is_not_signed_in(reason):
    assert "Il manque" not in page(Client(), reason, "4", suivi="oui").content.decode()


def test_who_may_not_book_the_reason_does_not_count(reason, account, family, now):
    """Of two people one is known: for a first visit there is one too few."""
    past = booked(reason, now, patient=family[0], starts_at=NINE)
    Appointment.unscoped.filter(pk=past.pk).update(
        starts_at=now - timedelta(days=30), ends_at=now - timedelta(days=30) + HALF, status="seen"
    )
    Taken.objects.all().delete()
    reason.patient_kind = "new"
    reason.save()
    client = verified_client(account)
    assert "Il manque 1 personne" in page(client, reason, "2", suivi="non").content.decode()
    assert "Il manque" not in page(client, reason, "1", suivi="non").content.decode()


def test_what_is_booked_already_is_said_before_anybody_is_chosen(reason, account, family, now):
    booked(reason, now, patient=family[1], starts_at=NINE + 3 * HALF)
    client = verified_client(account)
    answer = held(client, reason)
    text = client.get(answer["Location"]).content.decode()
    assert "Aurèle Lefèvre a déjà rendez-vous avec ce praticien" in text
    # It asks nothing yet: another order may have nothing in the way.
    assert "les-deux" not in text


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(
    ("busy", "said"),
    [
        ("01", ("2 personnes ont déjà un autre", "2 people already have another")),
        ("1", ("Une de ces personnes a déjà un autre", "One of these people already has another")),
        ("00", ("Une de ces personnes a déjà d’autres", "One of these people already has other ")),
    ],
)
def test_all_who_are_booked_elsewhere_are_asked_about_at_once(
    reason, account, family, now, busy, said, language
):
    """One of two was counted, whoever of them had visits already: "this person ... both"."""
    for n, who in enumerate(busy, start=2):
        booked(reason, now, patient=family[int(who)], starts_at=NINE + n * HALF)
    client = verified_client(account)
    client.cookies["django_language"] = language
    answer = confirmed(client, held(client, reason), *family)
    assert answer.status_code == 409
    text = html.unescape(answer.content.decode())
    assert said[language == "en"] in text
    assert not re.search(r"Cette personne|This person", text)
    many = ("garder tous ces rendez-vous<", "keep all these appointments<")
    one = ("garder les deux rendez-vous<", "keep both appointments<")
    label, other = (one, many) if len(busy) == 1 else (many, one)
    assert label[language == "en"] in text and other[language == "en"] not in text
    before = Appointment.unscoped.count()
    again = confirmed(client, held(client, reason), *family, **{"les-deux": "oui"})
    assert again.status_code == 302
    assert Appointment.unscoped.count() == before + 2
