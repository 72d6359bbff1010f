"""Several appointments in one go: all or none, one confirmation, the hour kept over clock changes."""

from datetime import UTC, date, datetime, timedelta

import lxml.html
import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from booking.appointments import change, former_time
from booking.appointments.several import series
from booking.appointments.values import By
from booking.models import Appointment, Message
from booking.models.appointment import Channel
from booking.outbox import sending
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

pytestmark = pytest.mark.django_db
WEEK, MINUTE = timedelta(weeks=1), timedelta(minutes=1)


@pytest.fixture
def visit(now):
    agenda = make_agenda()
    reason = make_reason(agenda, series_at_most=5, horizon_days=365)
    make_opening(agenda, reason)
    account = make_account()
    row = booked(reason, now, patient=make_patient(account))
    row.account = account
    return row


def more(visit, now, *starts, channel=Channel.PATIENT):
    return series.book_series(
        appointment=visit, starts=starts, by=By(actor=practice_actor(), channel=channel), now=now
    )


def test_the_hour_is_kept_when_the_clocks_change(visit, now):
    found = series.propose(
        appointment=visit, every_weeks=4, count=5, channel=Channel.PATIENT, now=now
    )
    assert [each.day for each in found] == [date(2026, 12, 28) + n * 4 * WEEK for n in range(5)]
    # 29 March 2027: summer time began the day before, and it is Easter Monday.
    assert found[3].wished == datetime(2027, 3, 22, 8, tzinfo=UTC)
    assert found[4].wished == datetime(2027, 4, 19, 7, tzinfo=UTC)
    assert [each.is_as_wished for each in found] == [True] * 5


def test_where_the_hour_is_gone_the_nearest_is_proposed(visit, now):
    booked(visit.visit_reason, now, starts_at=NINE + WEEK)
    (proposal,) = series.propose(
        appointment=visit, every_weeks=1, count=1, channel=Channel.PATIENT, now=now
    )
    assert not proposal.is_as_wished
    assert proposal.choices[0] == NINE + WEEK + timedelta(minutes=30)


def off_the_grid(visit, now):
    """A visit at an hour at which no slot begins, as a practice puts one there."""
    how = {"by": By(actor=practice_actor(), channel=Channel.PRACTICE), "now": now}
    change.cancel(appointment=visit, **how)
    return booked(
        visit.visit_reason, now, starts_at=NINE + timedelta(minutes=10), patient=visit.patient,
        channel=Channel.PRACTICE, anywhere=True,
    )  # fmt: skip


def test_a_practice_repeats_a_visit_at_its_own_hour_wherever_that_is_free(visit, now):
    row = off_the_grid(visit, now)
    at = row.starts_at
    booked(visit.visit_reason, now, starts_at=NINE + 2 * WEEK)
    first, second = series.propose(
        appointment=row, every_weeks=1, count=2, channel=Channel.PRACTICE, now=now
    )
    assert first.is_as_wished and first.choices[0] == at + WEEK and not first.why_not
    assert second.why_not == "Ce créneau est déjà pris." and not second.is_as_wished
    (made,) = more(row, now, at + WEEK, channel=Channel.PRACTICE)
    assert made.starts_at == at + WEEK
    with pytest.raises(series.CannotRepeat):
        more(row, now, at + 2 * WEEK, channel=Channel.PRACTICE)
    # Nor is a time outside of the openings taken by a repetition, nor by a patient one off the grid.
    for starts_at, channel in (
        (at + WEEK + timedelta(hours=12), Channel.PRACTICE), (at + 3 * WEEK, Channel.PATIENT),
    ):  # fmt: skip
        with pytest.raises(series.CannotRepeat):
            more(row, now, starts_at, channel=channel)


def test_a_patient_reads_what_is_true_of_the_hour(visit, now, time_machine):
    time_machine.move_to(now, tick=False)
    row = off_the_grid(visit, now)
    how = {"appointment": row, "every_weeks": 1, "count": 1, "now": now}
    (proposal,) = series.propose(channel=Channel.PATIENT, **how)
    assert proposal.why_not == "Aucun créneau de ce motif ne commence à cette heure."
    client = Client()
    client.force_login(visit.account, backend="booking.backends.EmailBackend")
    page = client.get(reverse("booking:repeat", args=[row.pk]), {"semaines": "1", "fois": "1"})
    assert f"09:10\u00a0: {proposal.why_not} Voici le plus proche." in page.content.decode()
    row.visit_reason.horizon_days = 7
    row.visit_reason.save()
    (proposal,) = series.propose(channel=Channel.PATIENT, **how)
    assert proposal.why_not.startswith("Trop loin") and not proposal.choices
    (proposal,) = series.propose(channel=Channel.PRACTICE, **how)
    assert proposal.is_as_wished


def test_all_of_them_with_one_confirmation(visit, now):
    Message.objects.all().delete()
    made = more(visit, now, NINE + 2 * WEEK, NINE + WEEK, NINE + WEEK)
    assert [row.starts_at for row in made] == [NINE + WEEK, NINE + 2 * WEEK]
    visit.refresh_from_db()
    assert {row.series for row in made} == {visit.series} != {None}
    assert Entry.objects.filter(action="appointment-booked").count() == 3
    assert Message.objects.filter(kind="confirmation").count() == 1
    assert Message.objects.filter(kind="reminder").count() == 8
    sending.send_owed(now=now)
    (letter,) = mail.outbox
    assert "lundi 7 décembre 2026" in letter.body.lower()
    assert "Lundi 14 décembre 2026, 09:00" in letter.body


def test_none_of_them_when_one_is_gone(visit, now):
    booked(visit.visit_reason, now, starts_at=NINE + 2 * WEEK)
    before = Appointment.unscoped.count(), Message.objects.count()
    with pytest.raises(series.CannotRepeat, match="n’est pas libre"):
        more(visit, now, NINE + WEEK, NINE + 2 * WEEK)
    assert (Appointment.unscoped.count(), Message.objects.count()) == before
    visit.refresh_from_db()
    assert visit.series is None


def test_a_patient_takes_no_more_than_the_reason_allows(visit, now):
    more(visit, now, *(NINE + n * WEEK for n in (1, 2, 3)))
    visit.refresh_from_db()
    assert series.at_most(visit, channel=Channel.PATIENT, now=now) == 1
    with pytest.raises(series.CannotRepeat, match="autant"):
        more(visit, now, NINE + 4 * WEEK, NINE + 5 * WEEK)
    # What is cancelled counts no longer; a practice is bound otherwise.
    last = Appointment.unscoped.order_by("-starts_at").first()
    change.cancel(
        appointment=last, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now
    )
    more(visit, now, NINE + 4 * WEEK, NINE + 5 * WEEK)
    assert len(more(visit, now, NINE + 6 * WEEK, channel=Channel.PRACTICE)) == 1
    with pytest.raises(series.CannotRepeat, match="au moins une"):
        more(visit, now)
    change.cancel(
        appointment=visit, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now
    )
    with pytest.raises(series.CannotRepeat, match="plus être répété"):
        more(visit, now, NINE + 8 * WEEK)


def test_a_patient_sees_the_dates_and_takes_them(visit, now):
    client = Client()
    client.force_login(visit.account, backend="booking.backends.EmailBackend")
    page = client.get(reverse("booking:appointment", args=[visit.pk])).content.decode()
    assert "Prendre la suite des séances" in page
    url = reverse("booking:repeat", args=[visit.pk])
    page = client.get(url, {"semaines": 2, "fois": 3}).content.decode()
    assert "Lundi 14 décembre 2026" in page and page.count('name="creneau"') == 3
    assert 'name="creneau"' not in client.get(url, {"semaines": 2, "fois": 9}).content.decode()
    chosen = {"creneau": [(NINE + 2 * WEEK).isoformat(), "", ""]}
    answer = client.post(f"{url}?semaines=2&fois=3", chosen)
    assert answer["Location"] == reverse("booking:appointment", args=[visit.pk])
    assert Appointment.unscoped.filter(series__isnull=False).count() == 2
    visit.visit_reason.series_at_most = 2
    visit.visit_reason.save()
    # From another tab: they are taken, and it says so.
    again = client.post(f"{url}?semaines=2&fois=3", chosen, follow=True)
    assert "déjà pris" in again.content.decode()
    assert Appointment.unscoped.filter(series__isnull=False).count() == 2
    visit.visit_reason.series_at_most = 5
    visit.visit_reason.save()
    refused = client.post(f"{url}?semaines=2&fois=3", {"creneau": [""]})
    assert refused.status_code == 409
    assert "au moins une date" in refused.content.decode()
    assert 'name="creneau"' in refused.content.decode(), "the dates are still there"
    visit.visit_reason.series_at_most = 1
    visit.visit_reason.save()
    assert "Appelez le cabinet" in client.get(url).content.decode()


@pytest.mark.parametrize("by_practice", [False, True])
@pytest.mark.parametrize("text", ["demain", "2026-12-21T08:00", "2026-12-21", "\u00a0", "9999-1-1"])
def test_a_time_that_cannot_be_read_refuses_all_of_them(visit, text, by_practice):
    """And none of what was chosen is lost: neither the other times nor the days left out."""
    if by_practice:
        client = verified_client(make_member(visit.practice).account)
        url = reverse("booking:repeat-visit", args=[visit.practice_id, visit.pk])
    else:
        client = Client()
        client.force_login(visit.account, backend="booking.backends.EmailBackend")
        url = reverse("booking:repeat", args=[visit.pk])
    later = (NINE + 1 * WEEK + timedelta(minutes=30)).isoformat()
    answer = client.post(f"{url}?semaines=1&fois=3", {"creneau": [later, text, ""]})
    assert answer.status_code == 409
    assert not Appointment.unscoped.filter(series__isnull=False).exists()
    page = answer.content.decode()
    assert "Une des heures n’est pas lisible" in page
    shown = lxml.html.document_fromstring(page).xpath('//select[@name="creneau"]')
    first, second, third = [each.value for each in shown]
    assert datetime.fromisoformat(first) == datetime.fromisoformat(later)
    assert datetime.fromisoformat(second) == NINE + 2 * WEEK and third == ""


def test_a_practice_repeats_a_visit(visit, now):
    desk = verified_client(make_member(visit.practice).account)
    url = reverse("booking:repeat-visit", args=[visit.practice_id, visit.pk])
    page = desk.get(url, {"semaines": 1, "fois": 10}).content.decode()
    assert page.count('name="creneau"') == 10
    answer = desk.post(url, {"creneau": [(NINE + n * WEEK).isoformat() for n in range(1, 11)]})
    assert answer.status_code == 302
    assert Appointment.unscoped.filter(series__isnull=False).count() == 11


def left(now):
    """What was sent by now, as its texts."""
    mail.outbox.clear()
    sending.send_owed(now=now)
    return [letter.body for letter in mail.outbox]


@pytest.mark.parametrize("what", ["move", "cancel"])
def test_a_change_before_the_confirmation_left_confirms_the_others_all_the_same(what, visit, now):
    """As while the relay is down."""
    made = more(visit, now + MINUTE, *(NINE + n * WEEK for n in (1, 2, 3)))
    Message.objects.filter(appointment=visit).delete()
    by = By(actor=practice_actor(), channel=Channel.PRACTICE)
    values = {"appointment": made[0], "by": by}
    if what == "move":
        change.move(**values, starts_at=NINE + WEEK + timedelta(hours=1), now=now + MINUTE)
    else:
        change.cancel(**values, now=now + MINUTE)
    confirmed, changed = left(now + 2 * MINUTE)
    assert "est confirmé" in confirmed
    assert "Lundi 14 décembre 2026" in confirmed
    assert "Lundi 21 décembre 2026" in confirmed
    assert ("7 décembre" in confirmed) == (what == "move")
    assert "7 décembre" in changed


def test_a_series_that_is_cancelled_and_taken_back_before_it_was_confirmed_is_confirmed_once(
    visit, now
):
    made = more(visit, now + MINUTE, *(NINE + n * WEEK for n in (1, 2, 3)))
    Message.objects.filter(appointment=visit).delete()
    later = now + 2 * MINUTE
    series.cancel_with_following(
        appointment=made[0],
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=later,
        undo_within=former_time.UNDO,
    )
    assert left(later) == []
    made[0].refresh_from_db()
    series.restore(
        appointment=made[0], actor=practice_actor(), now=later + timedelta(seconds=9),
        channel=Channel.PATIENT,
    )  # fmt: skip
    (confirmed,) = left(now + 3 * MINUTE)
    for date_in_words in ("7 décembre", "14 décembre", "21 décembre"):
        assert date_in_words in confirmed


def test_a_confirmation_that_comes_too_late_tells_of_what_is_still_to_come(visit, now):
    made = more(visit, now + MINUTE, NINE + WEEK, NINE + 2 * WEEK)
    Message.objects.filter(kind="reminder").delete()
    # The first visit has begun, and so has the first of the others.
    (confirmed,) = left(NINE + WEEK + timedelta(minutes=1))
    assert "14 décembre" in confirmed
    assert Message.objects.get(appointment=visit, kind="confirmation").state == "void"
    Message.objects.filter(appointment=made[0]).update(state="owed")
    assert left(NINE + 3 * WEEK) == []
