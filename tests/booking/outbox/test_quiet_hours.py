"""No text at night, where its reader is; nothing of use lost for it, and nothing said twice."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.urls import reverse

from audit.record.entries import system_actor
from booking.appointments.change import cancel, move
from booking.appointments.values import By
from booking.models import Message, Offer, Patient
from booking.models.appointment import Channel
from booking.outbox import kinds, sending
from booking.outbox.quiet_hours import (
    evening_before,
    is_quiet,
    morning_after,
    when_to_text,
    zone_of_number,
)
from booking.templatetags.own import kept_until
from booking.waiting import offering, waiting, wishes
from practitioners.models import Practice
from tests.factories import make_account, make_member, make_patient, practice_actor, verified_client
from tests.support.booked import booked
from tests.support.texts import PARIS, REUNION, TUESDAY, due, local, reason_of, texts  # noqa: F401


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+33612345678", ""),
        ("+33145678901", ""),
        ("+33639980001", ""),
        ("+262692123456", "Indian/Reunion"),
        ("+262262123456", "Indian/Reunion"),
        ("+262639123456", "Indian/Mayotte"),
        ("+262269612345", "Indian/Mayotte"),
        ("+590690123456", "America/Guadeloupe"),
        ("+594694123456", "America/Cayenne"),
        ("+596696123456", "America/Martinique"),
        ("+508551234", "America/Miquelon"),
        ("+687751234", "Pacific/Noumea"),
        ("+681821234", "Pacific/Wallis"),
        ("+68987123456", "Pacific/Tahiti"),
        ("+41791234567", "Europe/Zurich"),
        ("+32470123456", "Europe/Brussels"),
        ("+4915112345678", "Europe/Berlin"),
        ("+212612345678", "Africa/Casablanca"),
        ("+213551234567", "Africa/Algiers"),
        ("+12125551234", "America/New_York"),
        # Several times, and the number does not tell which: the practice's.
        ("+18005551234", ""),
        ("+79161234567", ""),
        ("+34612345678", ""),
        ("+870773111632", ""),
        ("", ""),
        ("no number", ""),
    ],
)
def test_an_overseas_or_foreign_number_tells_where_its_holder_is(number, zone):
    assert zone_of_number(number) == zone


def test_zones_with_one_time_all_year_are_one():
    london = ZoneInfo(zone_of_number("+447911123456"))
    for month in range(1, 13):
        at = datetime(2026, month, 1, tzinfo=UTC)
        assert at.astimezone(london).hour == at.astimezone(ZoneInfo("Europe/London")).hour


@pytest.mark.parametrize("zone", ["Europe/Paris", "Indian/Reunion", "Pacific/Tahiti"])
@pytest.mark.parametrize(
    "day", [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 24), date(2026, 10, 25), TUESDAY]
)
def test_every_minute_of_a_day_and_of_the_nights_when_clocks_change(zone, day):
    zone = ZoneInfo(zone)
    at = local(day, 12, zone=zone)
    for _ in range(26 * 60):
        clock = at.astimezone(zone)
        assert is_quiet(at, zone) == (clock.hour >= 21 or clock.hour < 8)
        if is_quiet(at, zone):
            before, after = evening_before(at, zone), morning_after(at, zone)
            assert before < at < after
            assert before.astimezone(zone).time() == time(20)
            assert after.astimezone(zone).time() == time(8)
            night = after - before
            assert timedelta(hours=11) <= night <= timedelta(hours=13)
        at += timedelta(minutes=1)


@pytest.mark.parametrize(
    ("wished", "now", "until", "earlier", "expected"),
    [
        # By day at once.
        (local(TUESDAY, 8), local(TUESDAY, 7), local(TUESDAY, 9), False, local(TUESDAY, 8)),
        # At night a reminder comes the evening before; other news in the morning.
        (local(TUESDAY, 7, 59), local(date(2026, 11, 30), 9), local(TUESDAY, 9), True,
         local(date(2026, 11, 30), 20)),
        (local(TUESDAY, 21), local(TUESDAY, 9), local(date(2026, 12, 2), 9), True,
         local(TUESDAY, 20)),
        (local(TUESDAY, 7), local(TUESDAY, 6), local(TUESDAY, 9), False, local(TUESDAY, 8)),
        (local(TUESDAY, 22), local(TUESDAY, 22), local(date(2026, 12, 2), 9), False,
         local(date(2026, 12, 2), 8)),
        # The evening before is over: a reminder waits too.
        (local(TUESDAY, 7), local(TUESDAY, 5), local(TUESDAY, 9), True, local(TUESDAY, 8)),
        # What it tells has passed by then.
        (local(TUESDAY, 5), local(TUESDAY, 5), local(TUESDAY, 7, 30), False, None),
        (local(TUESDAY, 5), local(TUESDAY, 5), local(TUESDAY, 8), True, None),
        (local(TUESDAY, 10), local(TUESDAY, 10), local(TUESDAY, 10), True, None),
    ],
)  # fmt: skip
def test_when_a_text_leaves(wished, now, until, earlier, expected):
    assert expected == when_to_text(
        wished_at=wished, zone=PARIS, now=now, useful_until=until, may_be_earlier=earlier
    )


@pytest.mark.django_db
def test_the_reminder_of_an_early_visit_comes_the_evening_before(now, texts):
    reason = reason_of()
    booked(reason, now, starts_at=local(TUESDAY, 8, 30))
    sunday, monday = date(2026, 11, 29), date(2026, 11, 30)
    assert due() == [local(sunday, 8, 30), local(monday, 20)]
    # E-mail wakes nobody.
    assert due("email") == [local(sunday, 8, 30), local(TUESDAY, 6, 30)]
    Message.objects.filter(due_at__lt=local(monday, 12)).delete()
    assert sending.send_owed(now=local(monday, 19, 59)) == 0
    assert sending.send_owed(now=local(monday, 20)) == 1
    assert len(texts()) == 1


@pytest.mark.django_db
def test_the_night_is_the_patients(now):
    """Réunion is three hours ahead of Paris in winter, Martinique five behind."""
    reason = reason_of(hours=[2])
    for hour, phone in ((14, "+262692123456"), (14, "+596696123456"), (15, "+33612345678")):
        at = local(TUESDAY, hour, 30 if phone.startswith("+262") else 0)
        booked(reason, now, starts_at=at, patient=make_patient(make_account(), phone=phone))
    zones = set(Patient.unscoped.values_list("phone_zone", flat=True))
    assert zones == {"Indian/Reunion", "America/Martinique", ""}
    assert due() == [
        # 14:00 in Paris is 9:00 in Martinique: two hours before, its people sleep.
        local(date(2026, 11, 30), 20, zone=ZoneInfo("America/Martinique")),
        local(TUESDAY, 12, 30),
        local(TUESDAY, 13),
    ]


@pytest.mark.django_db
def test_a_french_number_overseas_is_where_the_practice_is(now):
    reason = reason_of(hours=[2], time_zone="Indian/Reunion", postcode="97400")
    booked(reason, now, starts_at=local(TUESDAY, 9, zone=REUNION))
    assert due() == [local(date(2026, 11, 30), 20, zone=REUNION)]


@pytest.mark.django_db
def test_a_late_sender_wakes_nobody(now, texts):
    """Due at 20:00, and nobody sent before 23:00: it waits for 8:00, or is of no use any more."""
    reason = reason_of(hours=[2])
    monday = date(2026, 11, 30)
    booked(reason, now, starts_at=local(TUESDAY, 9))
    booked(reason, now, starts_at=local(TUESDAY, 7, 30))
    Message.objects.exclude(channel="sms").delete()
    assert due() == [local(monday, 20), local(monday, 20)]
    assert sending.send_owed(now=local(monday, 23)) == 0
    assert due() == [local(TUESDAY, 8)]
    assert Message.objects.filter(state="void").count() == 1
    assert texts() == []
    assert sending.send_owed(now=local(TUESDAY, 7, 59)) == 0
    assert sending.send_owed(now=local(TUESDAY, 8)) == 1
    assert len(texts()) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("night", [date(2027, 3, 27), date(2026, 10, 24), date(2026, 12, 31)])
@pytest.mark.parametrize(
    ("practice_zone", "phone", "patients"),
    [
        ("Europe/Paris", "+33612345678", "Europe/Paris"),
        ("Indian/Reunion", "+33612345678", "Indian/Reunion"),
        ("Europe/Paris", "+262692123456", "Indian/Reunion"),
        ("Europe/Paris", "+262639123456", "Indian/Mayotte"),
        ("Indian/Mayotte", "+590690123456", "America/Guadeloupe"),
        ("Europe/Paris", "+596696123456", "America/Martinique"),
        ("Pacific/Noumea", "+594694123456", "America/Cayenne"),
        ("Europe/Paris", "+508551234", "America/Miquelon"),
        ("Europe/Paris", "+687751234", "Pacific/Noumea"),
        ("America/Cayenne", "+68987123456", "Pacific/Tahiti"),
        ("Europe/Paris", "+681821234", "Pacific/Wallis"),
    ],
)
def test_no_text_from_21_00_to_7_59_where_the_patient_is(
    practice_zone, phone, patients, night, texts
):
    """At the minutes that count, in the night in which clocks change and in which they do not."""
    zone, asked = ZoneInfo(patients), local(night, 9, zone=ZoneInfo(patients)) - timedelta(days=2)
    reason = reason_of(hours=[], time_zone=practice_zone)
    patient = make_patient(practice=reason.agenda.practice, phone=phone)
    day = night + timedelta(days=4)
    booked(
        reason, asked, starts_at=local(day, 12, zone=ZoneInfo(practice_zone)), patient=patient,
        channel=Channel.PRACTICE, anywhere=True,
    )  # fmt: skip
    for at, leaves in (
        (local(night, 20, 59, zone), True),
        (local(night, 21, 0, zone), False),
        (local(night + timedelta(days=1), 7, 59, zone), False),
        (local(night + timedelta(days=1), 8, 0, zone), True),
    ):
        Message.objects.update(state="owed", due_at=asked)
        assert sending.send_owed(now=at) == leaves
    assert [text["to"] for text in texts()] == [phone]


@pytest.mark.django_db
def test_a_number_that_nobody_noted_the_zone_of_is_minded_when_it_is_opened(now, texts):
    """A patient from before the zone was kept: the reminder was owed by the practice's clock."""
    reason = reason_of(hours=[2])
    patient = make_patient(make_account(), phone="+262692123456")
    Patient.unscoped.update(phone_zone="")
    patient.refresh_from_db()
    booked(reason, now, starts_at=local(TUESDAY, 20), patient=patient)
    Message.objects.exclude(channel="sms").delete()
    # 18:00 in Paris is 21:00 there, and tomorrow 8:00 is too late.
    assert due() == [local(TUESDAY, 18)]
    assert sending.send_owed(now=local(TUESDAY, 18)) == 0
    assert texts() == []
    assert Message.objects.get().state == "void"
    patient.refresh_from_db()
    assert patient.phone_zone == "Indian/Reunion"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["confirmation", "change", "cancellation"])
@pytest.mark.parametrize(("hour", "is_told"), [(9, True), (7, False)])
def test_news_of_the_night_waits_for_the_morning_if_it_is_of_use_then(
    kind, hour, is_told, texts, now
):
    """Somebody without e-mail, at 22:00; with e-mail it leaves at once (below)."""
    reason = reason_of(hours=[])
    night = local(date(2026, 11, 30), 22)
    patient = make_patient(practice=reason.agenda.practice)
    first = now if kind != "confirmation" else night
    starts_at = local(TUESDAY, hour if kind != "change" else 15)
    visit = booked(reason, first, starts_at=starts_at, patient=patient, channel=Channel.PRACTICE)
    if kind != "confirmation":
        Message.objects.all().delete()
    how = {"by": By(actor=practice_actor(), channel=Channel.PRACTICE), "now": night}
    if kind == "change":
        move(appointment=visit, starts_at=local(TUESDAY, hour), **how)
    elif kind == "cancellation":
        cancel(appointment=visit, **how)
    assert sending.send_owed(now=night) == 0
    assert texts() == []
    assert sending.send_owed(now=local(TUESDAY, 8)) == int(is_told)
    assert len(texts()) == int(is_told)
    assert Message.objects.get().state == ("sent" if is_told else "void")


@pytest.mark.django_db
def test_mail_leaves_at_night(now):
    night = local(date(2026, 11, 30), 23)
    booked(reason_of(hours=[]), night, starts_at=local(TUESDAY, 9))
    assert sending.send_owed(now=night) == 1
    assert len(mail.outbox) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hour", "minute", "ahead", "until"),
    [
        (10, 0, 10, local(TUESDAY, 12)),
        # Two hours would end at night: they run from 8:00.
        (19, 30, 10, local(date(2026, 12, 2), 10)),
        (20, 50, 2, local(date(2026, 12, 2), 8, 30)),
        (20, 20, 2, local(TUESDAY, 20, 50)),
    ],
)
def test_no_offer_ends_while_its_reader_sleeps(hour, minute, ahead, until, now):
    reason = reason_of(hours=[])
    wait = waiting.join(
        visit_reason=reason, patient=make_patient(make_account()), actor=system_actor(), now=now
    )
    at = local(TUESDAY, hour, minute)
    assert wishes.kept_until(wait, at + timedelta(days=ahead), now=at) == until


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("phone", "hour", "is_offered"),
    [
        ("+33612345678", 20, True),
        ("+33612345678", 21, False),
        ("+33612345678", 7, False),
        # 19:00 in Paris is 22:00 in Réunion.
        ("+262692123456", 19, False),
        ("+262692123456", 9, True),
        # 9:00 in Paris is 4:00 in Martinique.
        ("+596696123456", 9, False),
        ("+596696123456", 14, True),
    ],
)
def test_nothing_is_offered_at_night(phone, hour, is_offered, now):
    reason = reason_of(hours=[], opens=time(15))
    patient = make_patient(make_account(), phone=phone)
    wait = waiting.join(visit_reason=reason, patient=patient, actor=system_actor(), now=now)
    wait.known = []
    wait.save()
    reason.agenda.waiting_list = True
    reason.agenda.save()
    made = offering.offer_free(agenda_id=reason.agenda_id, now=local(TUESDAY, hour))
    assert bool(made) == is_offered
    assert Offer.unscoped.exists() == is_offered


@pytest.mark.parametrize(
    ("made", "until", "words"),
    [
        (local(TUESDAY, 10), local(TUESDAY, 12), "12:00"),
        (local(TUESDAY, 20), local(date(2026, 12, 2), 10), "mer. 2 déc. 10:00"),
        (local(date(2026, 11, 30), 20), local(TUESDAY, 8, 30), "mar. 1er déc. 08:30"),
    ],
)
def test_an_offer_says_the_day_when_a_night_lies_between(made, until, words):
    offer = Offer(made_at=made, expires_at=until)
    assert kept_until(offer, Practice(time_zone="Europe/Paris")) == words


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hour", "email", "is_told"),
    [(7, "", True), (9, "", False), (7, "zoe@exemple.fr", False)],
)
def test_the_practice_is_told_whom_to_call(hour, email, is_told, now, time_machine):
    """Cancelled at 22:00: a text would come at 8:00, and somebody would come at 7:00 in vain."""
    reason = reason_of(hours=[])
    practice = reason.agenda.practice
    patient = make_patient(practice=practice, email=email)
    visit = booked(reason, now, starts_at=local(TUESDAY, hour), patient=patient)
    time_machine.move_to(local(date(2026, 11, 30), 22), tick=False)
    client = verified_client(make_member(practice).account)
    url = reverse("booking:cancel-visit", args=[practice.pk, visit.pk])
    page = client.post(url, follow=True).content.decode()
    assert ("Appelez-le." in page) == is_told


def test_a_message_about_no_visit_needs_no_daylight(now):
    assert kinds.text_at(Message(kind="reply", channel="sms"), now=now) == now
