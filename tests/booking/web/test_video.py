"""Who enters the room of a visit by video, when, and what its browsers may tell each other."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from booking.appointments import change
from booking.appointments.values import By
from booking.models import VideoVisit
from booking.models.appointment import Channel, Status
from booking.video import video, video_room
from practitioners.domain import live
from tests.factories import make_account, make_agenda, make_member, practice_actor, verified_client
from tests.support.video import STARTS, at_practice, enter, own, patient_of, tell, visit  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (STARTS - timedelta(minutes=16), "quart d’heure"),
        (STARTS + timedelta(minutes=91), "terminée"),
    ],
)
def test_the_room_opens_around_the_time_of_the_visit(visit, time_machine, at, why):
    time_machine.move_to(at, tick=False)
    for client, page, door in (
        (patient_of(visit), own(visit, "video"), own(visit, "enter-video")),
        (verified_client(visit.member.account), at_practice(visit, "practice-video"),
         at_practice(visit, "enter-practice-video")),
    ):  # fmt: skip
        shown = client.get(page).content.decode()
        assert why in shown
        assert ("Elle est ouverte à partir de" in shown) is (at < STARTS)
        status, given = enter(client, door)
        assert status == 409 and why in given["problem"]
    assert not VideoVisit.unscoped.exists()


def test_a_cancelled_visit_has_no_room(visit, time_machine):
    change.cancel(
        appointment=visit,
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=STARTS - timedelta(hours=1),
    )
    time_machine.move_to(STARTS, tick=False)
    status, given = enter(patient_of(visit), own(visit, "enter-video"))
    assert status == 409 and "annulé" in given["problem"]


def test_a_visit_at_the_practice_has_no_room(visit, time_machine):
    visit.visit_reason.teleconsultation = False
    visit.visit_reason.save()
    time_machine.move_to(STARTS, tick=False)
    assert patient_of(visit).get(own(visit, "video")).status_code == 404
    doctor = verified_client(visit.member.account)
    assert doctor.get(at_practice(visit, "practice-video")).status_code == 404


NAMES = {
    "patient": ["video", "enter-video", "signal-video", "video-events"],
    "practice": ["practice-video", "enter-practice-video", "signal-practice-video", "start-video",
                 "end-video", "reopen-video", "invite-to-video", "practice-video-events"],
}  # fmt: skip


READ = {"video", "video-events", "practice-video", "practice-video-events"}


def ask(client, visit, name):
    url = own(visit, name) if name in NAMES["patient"] else at_practice(visit, name)
    return client.get(url) if name in READ else client.post(url, content_type="application/json")


@pytest.mark.parametrize("name", NAMES["patient"] + NAMES["practice"])
def test_nobody_else_enters(visit, time_machine, name):
    time_machine.move_to(STARTS, tick=False)
    assert ask(Client(), visit, name).status_code == 302
    before = Entry.objects.count()
    strangers = [make_account(), make_member(make_agenda().practice, role="owner").account]
    for stranger in strangers:
        assert ask(verified_client(stranger), visit, name).status_code == 404
    if name in NAMES["practice"]:
        # The patient is nobody at the practice; its other people are not of this visit.
        assert ask(verified_client(visit.account), visit, name).status_code == 404
        for role in ("secretary", "practitioner", "owner"):
            colleague = make_member(visit.practice, role=role).account
            assert ask(verified_client(colleague), visit, name).status_code == 403
        without = Client()
        without.force_login(visit.member.account, backend="booking.backends.EmailBackend")
        assert ask(without, visit, name).status_code == 302
    else:
        # Whoever holds the visit has their own door.
        assert ask(verified_client(visit.member.account), visit, name).status_code == 404
    assert not Entry.objects.filter(action__startswith="video-").exists()
    assert Entry.objects.filter(action="reveal").count() == 0, before


def said_to_practice(visit, client):
    """The visit's page at the practice."""
    page = client.get(reverse("booking:visit", args=[visit.practice_id, visit.pk]))
    return page.content.decode()


def test_a_patient_who_leaves_the_waiting_room_is_not_said_to_wait(visit, time_machine):
    time_machine.move_to(STARTS - timedelta(minutes=5), tick=False)
    doctor = verified_client(visit.member.account)
    assert "le patient n’est pas dans la salle d’attente" in said_to_practice(visit, doctor)
    _status, place = enter(patient_of(visit), own(visit, "enter-video"))
    video_room.leave(appointment_id=visit.pk, place=place["place"])
    said = said_to_practice(visit, doctor)
    assert "entré dans la salle d’attente à 08:55, et n’y est plus" in said


def test_the_patient_waits_until_the_door_opens(visit, time_machine):
    time_machine.move_to(STARTS - timedelta(minutes=5), tick=False)
    patient, doctor = patient_of(visit), verified_client(visit.member.account)
    _status, at_home = enter(patient, own(visit, "enter-video"))
    _status, at_work = enter(doctor, at_practice(visit, "enter-practice-video"))
    visit.refresh_from_db()
    assert visit.status == Status.ARRIVED
    assert "Le patient attend dans la salle de vidéo depuis 08:55" in said_to_practice(
        visit, doctor
    )
    offer = {"to": at_work["place"], "round": 0, "description": {"type": "offer", "sdp": "v=0"}}
    url = own(visit, "signal-video")
    assert tell(patient, url, place=at_home["place"], items=[offer]).status_code == 400
    assert doctor.post(at_practice(visit, "start-video")).status_code == 204
    assert "La téléconsultation est en cours depuis 08:55" in said_to_practice(visit, doctor)
    before = live.last_id(video_room.topic_of(visit.pk))
    assert tell(patient, url, place=at_home["place"], items=[offer]).status_code == 204
    assert live.last_id(video_room.topic_of(visit.pk)) != before
    # A page that is closed is not there any more, and comes back.
    video_room.leave(appointment_id=visit.pk, place=at_home["place"])
    assert "le patient n’est pas connecté en ce moment" in said_to_practice(visit, doctor)
    assert enter(patient, own(visit, "enter-video"))[0] == 200
    assert "n’est pas connecté" not in said_to_practice(visit, doctor)
    assert doctor.post(at_practice(visit, "end-video")).status_code == 204
    visit.refresh_from_db()
    assert visit.status == Status.SEEN
    assert "La téléconsultation est terminée depuis 08:55" in said_to_practice(visit, doctor)
    assert enter(patient, own(visit, "enter-video"))[0] == 409
    page = patient.get(reverse("booking:appointment", args=[visit.pk])).content.decode()
    assert "Aller à la téléconsultation" not in page
    actions = Entry.objects.filter(object_id=visit.pk).values_list("action", flat=True)
    assert {"video-entered", "video-started", "video-ended"} <= set(actions)


@pytest.mark.parametrize("has_started", [True, False])
def test_a_room_that_was_ended_by_a_slip_is_opened_again(visit, time_machine, has_started):
    """While its time lasts, by who holds it: else nobody could talk to a patient who waits."""
    time_machine.move_to(STARTS, tick=False)
    patient, doctor = patient_of(visit), verified_client(visit.member.account)
    reopen = at_practice(visit, "reopen-video")
    enter(patient, own(visit, "enter-video"))
    if has_started:
        doctor.post(at_practice(visit, "start-video"))
    # Not ended: nothing to do, and nothing on the record.
    assert doctor.post(reopen)["Location"] == at_practice(visit, "practice-video")
    doctor.post(at_practice(visit, "end-video"))
    for name in ("practice-video", "visit"):
        assert reopen in doctor.get(at_practice(visit, name)).content.decode()
    secretary = verified_client(make_member(visit.practice, role="secretary").account)
    assert reopen not in secretary.get(at_practice(visit, "visit")).content.decode()
    assert secretary.post(reopen).status_code == 403
    again = [doctor.post(reopen) for _n in range(2)]
    assert {answer["Location"] for answer in again} == {at_practice(visit, "practice-video")}
    assert Entry.objects.filter(action="video-reopened", object_id=visit.pk).count() == 1
    assert reopen not in doctor.get(at_practice(visit, "visit")).content.decode()
    page = patient.get(reverse("booking:appointment", args=[visit.pk])).content.decode()
    assert "Aller à la téléconsultation" in page
    assert enter(patient, own(visit, "enter-video"))[0] == 200
    assert enter(doctor, at_practice(visit, "enter-practice-video"))[0] == 200
    # Once its time is past it stays over.
    doctor.post(at_practice(visit, "end-video"))
    time_machine.move_to(STARTS + timedelta(minutes=91), tick=False)
    patient, doctor = patient_of(visit), verified_client(visit.member.account)
    assert reopen not in doctor.get(at_practice(visit, "practice-video")).content.decode()
    shown = doctor.post(reopen, follow=True).content.decode()
    assert "Cette téléconsultation est terminée." in shown
    assert enter(patient, own(visit, "enter-video"))[0] == 409


def test_a_colleague_is_invited_to_one_visit(visit, time_machine):
    time_machine.move_to(STARTS, tick=False)
    other = make_agenda(practice=visit.practice)
    colleague = make_member(visit.practice, role="practitioner", practitioner=other.practitioner)
    doctor, guest = verified_client(visit.member.account), verified_client(colleague.account)
    assert guest.get(at_practice(visit, "practice-video")).status_code == 403
    url = at_practice(visit, "invite-to-video")
    assert doctor.post(url, {"membre": "x"}).status_code == 404
    assert doctor.post(url, {"membre": colleague.pk}).status_code == 302
    assert Entry.objects.get(action="video-colleague-invited").subjects == [visit.patient_id]
    assert guest.get(at_practice(visit, "practice-video")).status_code == 200
    assert enter(guest, at_practice(visit, "enter-practice-video"))[0] == 200
    for name in ("start-video", "end-video", "reopen-video", "invite-to-video"):
        assert guest.post(at_practice(visit, name)).status_code == 403
    secretary = make_member(
        visit.practice, role="secretary", practitioner=make_agenda().practitioner
    )
    doctor.post(url, {"membre": secretary.pk})
    with pytest.raises(video.NotInvited):
        video.invite(appointment=visit, membership=secretary, actor=practice_actor(), now=STARTS)


def test_an_owner_says_which_practitioner_a_member_is(visit, time_machine):
    time_machine.move_to(STARTS, tick=False)
    owner = make_member(visit.practice, role="owner")
    client = verified_client(owner.account)
    practitioner = visit.agenda.practitioner
    page = client.get(at_practice(visit, "practice-video"))
    assert (page.status_code, str(practitioner) in page.content.decode()) == (403, True)
    url = reverse("booking:link-member", args=[visit.practice_id, owner.pk])
    client.post(url, {"praticien": make_agenda().practitioner_id})
    owner.refresh_from_db()
    assert owner.practitioner is None
    client.post(url, {"praticien": practitioner.pk})
    owner.refresh_from_db()
    assert owner.practitioner == practitioner
    assert client.get(at_practice(visit, "practice-video")).status_code == 200
    assert Entry.objects.get(action="member-linked").object_id == owner.pk
    client.post(url, {"praticien": ""})
    owner.refresh_from_db()
    assert owner.practitioner is None
