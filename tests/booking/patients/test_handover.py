"""Handing a relative over: to the account of one address, which must want it, and wholly."""

import re
from datetime import date, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from audit.record.entries import system_actor
from booking.models import Handover, Patient
from booking.outbox import sending
from booking.patients import handover
from booking.patients.handover import InvalidHandover
from booking.rights import erase
from tests.factories import make_account, make_agenda, make_opening, make_patient, make_reason
from tests.support.booked import booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
ADDRESS = "noe@exemple.fr"


@pytest.fixture
def parent():
    account = make_account("zoe@exemple.fr")
    make_patient(account)
    return account


@pytest.fixture
def child(parent):
    return make_patient(parent, first_name="Noé", relation="child", birth_date=date(2008, 3, 1))


def client_of(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def offered(parent, child, now, email=ADDRESS):
    row = handover.offer(patient=child, email=email, account=parent, actor=system_actor(), now=now)
    return reverse("booking:accept-handover", args=[handover.handover_token(row)])


@pytest.mark.parametrize(
    ("born", "today", "is_of_age"),
    [
        (date(2008, 11, 24), date(2026, 11, 24), True),
        (date(2008, 11, 25), date(2026, 11, 24), False),
        (date(2008, 2, 29), date(2026, 2, 28), False),
        (date(2008, 2, 29), date(2026, 3, 1), True),
        (None, date(2026, 11, 24), False),
    ],
)
def test_majority_is_reached_at_eighteen(born, today, is_of_age):
    assert handover.is_of_age(born, today=today) is is_of_age


def test_a_file_moves_to_its_own_account(parent, child, now):
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    appointment = booked(reason, now, patient=child)
    theirs, old = make_account(ADDRESS), client_of(parent)
    page = old.get(reverse("booking:person", args=[child.pk])).content.decode()
    assert "Cette personne est majeure" in page
    old.post(reverse("booking:hand-over", args=[child.pk]), {"email": ADDRESS})
    sending.send_owed(now=now)
    (letter,) = [each for each in mail.outbox if each.to == [ADDRESS]]
    assert "dans votre compte" not in letter.alternatives[0][0]
    assert "Noé" not in letter.body
    link = re.search(r"/compte/dossier/\S+", letter.body)[0]
    # Nothing moves by looking.
    new = client_of(theirs)
    assert "Noé" in new.get(link).content.decode()
    child.refresh_from_db()
    assert child.account == parent
    assert new.post(link).status_code == 302
    child.refresh_from_db()
    assert (child.account, child.relation) == (theirs, "self")
    url = reverse("booking:appointment", args=[appointment.pk])
    assert new.get(url).status_code == 200
    assert old.get(url).status_code == 404
    assert old.get(reverse("booking:person", args=[child.pk])).status_code == 404
    entry = Entry.objects.get(action="handover-accepted")
    assert set(entry.subjects) == {child.pk, theirs.pk}
    # The link has served: it says so to who took the file, and does nothing to anybody.
    assert new.post(link)["Location"] == reverse("booking:people")
    assert old.post(link).status_code == 400
    assert Entry.objects.filter(action="handover-accepted").count() == 1


def test_only_the_named_account_may_take_it(parent, child, now):
    link = offered(parent, child, now)
    stranger = client_of(make_account("autre@exemple.fr"))
    assert stranger.get(link).status_code == 400
    assert stranger.post(link).status_code == 400
    unverified = make_account(ADDRESS, email_verified_at=None)
    assert client_of(unverified).post(link).status_code == 400
    child.refresh_from_db()
    assert child.account == parent
    assert Client().get(link).status_code == 302


def test_a_link_grows_old_and_a_new_one_ends_it(parent, child, now, time_machine):
    first = offered(parent, child, now)
    second = offered(parent, child, now)
    new = client_of(make_account(ADDRESS))
    assert new.get(first).status_code == 400
    assert new.get(second).status_code == 200
    time_machine.move_to(now + timedelta(days=handover.VALID_DAYS))
    assert client_of(make_account("b@exemple.fr")).get(second).status_code == 400
    assert new.post(second).status_code in (302, 400)
    child.refresh_from_db()
    assert child.account == parent


def test_who_has_a_file_already_keeps_it_as_their_own(parent, child, now):
    theirs = make_account(ADDRESS)
    make_patient(theirs)
    assert client_of(theirs).post(offered(parent, child, now)).status_code == 302
    child.refresh_from_db()
    assert child.relation == "other"


def test_ones_own_file_and_ones_own_address_are_refused(parent, child, now):
    client = client_of(parent)
    own = Patient.unscoped.get(account=parent, relation="self")
    assert client.get(reverse("booking:hand-over", args=[own.pk])).status_code == 404
    with pytest.raises(handover.CannotHandOver):
        offered(parent, own, now)
    url = reverse("booking:hand-over", args=[child.pk])
    answer = client.post(url, {"email": "zoe@exemple.fr"})
    assert "propre compte" in answer.content.decode()
    assert "zoe@exemple.fr" in answer.content.decode()
    assert not Handover.objects.exists()


def test_a_stranger_hands_nobody_over(child):
    stranger = client_of(make_account("autre@exemple.fr"))
    url = reverse("booking:hand-over", args=[child.pk])
    assert stranger.post(url, {"email": "x@exemple.fr"}).status_code == 404
    assert not Handover.objects.exists()


@pytest.mark.parametrize("token", ["x", "a:b:c"])
def test_a_made_up_link_is_refused(token, now):
    account = make_account()
    with pytest.raises(InvalidHandover):
        handover.open_handover(token=token, account=account, now=now)
    url = reverse("booking:accept-handover", args=[token])
    assert client_of(account).get(url).status_code == 400


@pytest.mark.parametrize("has_consented", [True, False])
def test_a_relative_is_taken_in_with_consent_alone(has_consented, parent):
    given = {
        "first_name": "Ada", "last_name": "Lefèvre", "birth_date": "1950-05-01", "sex": "F",
        "relation": "parent",
    }  # fmt: skip
    if has_consented:
        given["consent"] = "on"
    answer = client_of(parent).post(reverse("booking:new-person"), given)
    assert Patient.unscoped.filter(relation="parent").exists() == has_consented
    if has_consented:
        said = {"consent": "stated by the account"}
        assert Entry.objects.filter(action="patient-created", details=said).count() == 1
    else:
        page = answer.content.decode()
        assert "Sans son accord" in page
        assert "Ada" in page


def test_erasing_forgets_to_whom_a_file_was_offered(parent, child, now):
    offered(parent, child, now)
    erase.erase_account(account=parent, actor=system_actor(), now=now)
    assert not Handover.objects.exists()
