"""Who sees the patients in a practitioner's stead: what is read of it, and access that ends."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from booking.models import Message
from booking.outbox import kinds
from booking.oversight.dashboard_access import may_still_work
from booking.video import video
from practitioners.domain.staff import invite, members, substitutes
from practitioners.models import Membership, Substitution
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.booked import NINE, booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
MONDAY = date(2026, 11, 30)
SAYS = "remplacé ce jour-là par Dr Paul Durand"


@pytest.fixture
def reason():
    agenda = make_agenda()
    row = make_reason(agenda, teleconsultation=True)
    make_opening(agenda, row)
    return row


@pytest.fixture
def owner(reason):
    return verified_client(make_member(reason.agenda.practice, role="owner").account)


def appointed(reason, *, since=MONDAY, until=MONDAY, member=None):
    return substitutes.appoint(
        agenda=reason.agenda, name="Dr Paul Durand", since=since, until=until, member=member,
        actor=practice_actor(),
    )  # fmt: skip


def address(name, reason, *more):
    return reverse(f"booking:{name}", args=[reason.agenda.practice_id, reason.agenda_id, *more])


def test_a_substitute_is_noted_and_taken_back(reason, owner):
    url = address("substitutes", reason)
    given = {"name": "Dr Paul Durand", "since": "2026-11-30", "until": "2026-12-04"}
    page = owner.post(url, given, follow=True).content.decode()
    assert "Dr Paul Durand" in page
    again = owner.post(url, {**given, "since": "2026-12-04", "until": "2026-12-05"})
    assert "Un autre remplacement couvre déjà un de ces jours." in again.content.decode()
    wrong = owner.post(url, {**given, "since": "2026-12-08", "until": "2026-12-07"})
    assert "La fin précède le début." in wrong.content.decode()
    row = Substitution.objects.get()
    owner.post(address("dismiss-substitute", reason, row.pk))
    assert not Substitution.objects.exists()


def test_patients_read_it_before_they_book_and_after(reason, now):
    appointed(reason)
    account = make_account()
    make_patient(account)
    client = verified_client(account)
    page = client.get(
        reverse("practitioners:practitioner", args=[reason.agenda.practitioner_id])
    ).content.decode()
    assert "Le 30 novembre 2026, Dr Paul Durand remplace ce praticien." in page
    answer = client.post(reverse("booking:hold"), {"motif": reason.pk, "debut": NINE.isoformat()})
    assert SAYS in client.get(answer["Location"]).content.decode()
    row = booked(reason, now, starts_at=NINE + timedelta(hours=1), patient=make_patient(account))
    shown = client.get(reverse("booking:appointment", args=[row.pk])).content.decode()
    assert SAYS in shown
    letter = kinds.compose(Message.objects.get(kind="confirmation"), now=now)
    assert SAYS in letter.text
    assert SAYS in letter.html


def test_another_day_is_the_practitioners_own(reason, now):
    appointed(reason, since=MONDAY + timedelta(days=1), until=MONDAY + timedelta(days=7))
    assert substitutes.name_at(agenda=reason.agenda, at=NINE) == ""
    assert substitutes.name_at(agenda=reason.agenda, at=NINE + timedelta(days=7)) != ""
    # The day is the practice's: it begins before it does in Greenwich.
    late = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert substitutes.name_at(agenda=reason.agenda, at=late) != ""


def test_the_agenda_and_the_visit_say_so(reason, owner, now):
    appointed(reason)
    row = booked(reason, now)
    grid = owner.get(
        reverse("booking:agenda", args=[reason.agenda.practice_id]), {"jour": "2026-11-30"}
    )
    assert "remplacé par Dr Paul Durand" in grid.content.decode()
    visit = owner.get(reverse("booking:visit", args=[reason.agenda.practice_id, row.pk]))
    assert SAYS in visit.content.decode()


def test_the_substitute_holds_the_visits_by_video_of_these_days_alone(reason, now):
    member = make_member(reason.agenda.practice, role="practitioner")
    appointed(reason, member=member)
    that_day, later = booked(reason, now), booked(reason, now, starts_at=NINE + timedelta(days=7))
    assert video.part_of_member(appointment=that_day, membership=member) == video.Part.PRACTITIONER
    assert video.part_of_member(appointment=later, membership=member) is None
    colleague = make_member(reason.agenda.practice, role="practitioner")
    assert video.part_of_member(appointment=that_day, membership=colleague) is None


def test_access_ends_by_itself(reason, time_machine):
    member = make_member(reason.agenda.practice, role="practitioner")
    client = verified_client(member.account)
    url = reverse("booking:agenda", args=[reason.agenda.practice_id])
    members.end_on(membership=member, last_day=MONDAY, actor=practice_actor())
    # Its last minute, by the practice's clock.
    time_machine.move_to(datetime(2026, 11, 30, 22, 59, tzinfo=UTC), tick=False)
    client.force_login(member.account, backend="booking.backends.EmailBackend")
    assert Membership.objects.get(pk=member.pk).is_current
    assert may_still_work(member)
    time_machine.move_to(datetime(2026, 11, 30, 23, 0, tzinfo=UTC), tick=False)
    assert not may_still_work(member)
    assert verified_client(member.account).get(url).status_code == 403
    header = verified_client(member.account).get("/").content.decode()
    assert "Mon cabinet" not in header


def test_an_owner_dates_the_access_of_others_and_not_of_owners(reason, owner):
    practice = reason.agenda.practice
    member = make_member(practice, role="secretary")
    url = reverse("booking:date-member", args=[practice.pk, member.pk])
    owner.post(url, {"ends_on": "2026-12-31"})
    member.refresh_from_db()
    assert member.ends_on == date(2026, 12, 31)
    page = owner.get(reverse("booking:members", args=[practice.pk])).content.decode()
    assert 'value="2026-12-31"' in page
    owner.post(url, {"ends_on": "demain"})
    member.refresh_from_db()
    assert member.ends_on == date(2026, 12, 31)
    owner.post(url, {"ends_on": ""})
    member.refresh_from_db()
    assert member.ends_on is None
    other = make_member(practice, role="owner")
    url = reverse("booking:date-member", args=[practice.pk, other.pk])
    page = owner.post(url, {"ends_on": "2026-12-31"}, follow=True).content.decode()
    assert "L’accès d’un responsable n’a pas de fin" in page
    other.refresh_from_db()
    assert other.ends_on is None


def test_an_invitation_carries_the_last_day(reason, now):
    account = make_account(email="durand@exemple.fr")
    made = invite.invite(
        practice=reason.agenda.practice, email="durand@exemple.fr", role="practitioner",
        agendas=[reason.agenda], invited_by=None, actor=practice_actor(), now=timezone.now(),
        ends_on=MONDAY,
    )  # fmt: skip
    member = invite.accept(invitation=made, account=account, actor=practice_actor(), now=now)
    assert (member.ends_on, list(member.agendas.all())) == (MONDAY, [reason.agenda])


def test_a_practitioner_notes_a_substitute_without_seeing_the_teams_addresses(reason):
    practice = reason.agenda.practice
    make_member(practice, role="owner")
    client = verified_client(make_member(practice, role="practitioner").account)
    page = client.get(address("substitutes", reason)).content.decode()
    assert "@" not in page.partition("<main")[2]
    client.post(
        address("substitutes", reason),
        {"name": "Dr Paul Durand", "since": "2026-11-30", "until": "2026-11-30"},
    )
    assert Substitution.objects.count() == 1
