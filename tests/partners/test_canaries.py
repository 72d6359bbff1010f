"""Canaries: seen by whoever goes through everything, and by nobody else; and they are nobody."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.incidents.exposure import exposure_of
from audit.models import Canary, Entry, Incident
from booking.models import Appointment, Patient
from booking.oversight import canaries
from booking.tasks import plant_canaries
from partners.models import Grant
from tests.factories import make_member, verified_client
from tests.partners.software import Software
from tests.partners.theft import ELSEWHERE, OWN_KEY, STOLEN, make_visits, make_watched_grant, reveal

pytestmark = pytest.mark.django_db


@pytest.fixture
def grant(now, time_machine, monkeypatch):
    """Three months after the visits, with three canaries among them."""
    time_machine.move_to(now, tick=True)
    visits = make_visits(now=now)
    later = max(visit.starts_at for visit in visits) + timedelta(days=70)
    monkeypatch.setattr(canaries, "VISITS_A_CANARY", 12)
    time_machine.move_to(later, tick=True)
    grant = make_watched_grant(visits, now=later)
    known = Software(grant.credential, key=OWN_KEY)
    grant.cursor = known.get("changes").json()["next"]
    plant_canaries()
    return grant


def planted():
    return list(Appointment.unscoped.filter(patient_id__in=Canary.objects.values("pk")))


def test_there_are_as_many_as_the_agenda_calls_for_and_no_more(grant):
    assert len(planted()) == 3
    plant_canaries()
    assert len(planted()) == 3
    for visit in planted():
        assert visit.status == "cancelled"
        assert visit.created_at < visit.cancelled_at < visit.starts_at
        assert timezone.now() - visit.starts_at > timedelta(days=60)
    assert Entry.objects.filter(action="canary-planted").count() == 3


def test_software_meets_them_in_lists_and_never_as_a_change(grant):
    known = Software(grant.credential, key=OWN_KEY)
    first = min(visit.starts_at for visit in planted())
    window = {
        "since": (first - timedelta(hours=1)).isoformat(),
        "until": (first + timedelta(days=50)).isoformat(),
    }
    listed = {row["id"] for row in known.get("appointments", **window).json()["appointments"]}
    assert {str(visit.pk) for visit in planted()} <= listed
    later = known.get("changes", cursor=grant.cursor).content.decode()
    assert not [visit for visit in planted() if str(visit.pk) in later]


def test_practices_do_not_meet_them(grant):
    visit = planted()[0]
    client = verified_client(make_member(grant.practice, role="owner").account)
    day = visit.starts_at.date().isoformat()
    page = client.get(reverse("booking:agenda", args=[grant.practice_id]), {"jour": day})
    assert page.status_code == 200
    assert str(visit.pk) not in page.content.decode()
    opened = Entry.objects.filter(action="reveal", channel="dashboard")
    assert not [entry for entry in opened if visit.patient_id in entry.subjects]


def test_whoever_opens_two_of_them_is_stopped_and_they_are_not_counted(grant):
    thief = Software(grant.credential, key=STOLEN)
    real = Appointment.unscoped.exclude(pk__in=[visit.pk for visit in planted()]).first()
    assert reveal(thief, real, address=ELSEWHERE).status_code == 200
    answers = [reveal(thief, visit, address=ELSEWHERE).status_code for visit in planted()]
    assert 403 in answers[:2]
    incident = Incident.objects.get()
    assert "canary" in {sign["code"] for sign in incident.signs}
    exposure = exposure_of(incident, now=timezone.now())
    assert set(exposure.subjects) == {real.patient_id}


def test_new_software_may_read_everything_once(grant):
    Grant.objects.filter(pk=grant.pk).update(created_at=timezone.now() - timedelta(days=1))
    known = Software(grant.credential, key=OWN_KEY)
    assert {reveal(known, visit).status_code for visit in planted()} == {200}


def test_they_look_like_anybody(grant):
    texts = [
        Patient.unscoped.filter(pk=visit.patient_id).values("phone", "email", "last_name").get()
        for visit in planted()
    ]
    assert all(value for text in texts for value in text.values())
