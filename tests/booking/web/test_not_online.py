"""Visits that a practice booked itself, of reasons that it does not offer online."""

import pytest

from booking.appointments import change
from booking.appointments.values import By
from booking.models import Message
from booking.models.appointment import Channel
from booking.outbox import kinds
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.booked import NINE, booked
from tests.support.changing import HOUR, fields, fresh, iso, offered, read, url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.mark.parametrize("what", ["reason", "agenda"])
def test_what_is_not_booked_online_is_not_said_to_be_moved_online(what, now):
    """No page and no mail offers it: a practice books such a visit, and moves it."""
    account = make_account()
    client, reason = verified_client(account), make_reason(make_agenda())
    make_opening(reason.agenda, reason)
    visit = booked(reason, now - 2 * HOUR, patient=make_patient(account))
    row = {"reason": visit.visit_reason, "agenda": visit.agenda}[what]
    chosen = read(client.get(url("move", visit), {"debut": iso(NINE + HOUR)}))
    row.active = False
    row.save()
    for name in ("appointment", "move", "cancel"):
        page = read(client.get(url(name, visit)))
        assert "déplacer ou annuler ce rendez-vous" not in page
        assert url("move", visit) not in page.replace(f'action="{url("move", visit)}', "")
        assert not offered(page)
    assert "Pour le déplacer, appelez le cabinet" in read(client.get(url("appointment", visit)))
    assert "Vous pouvez annuler ce rendez-vous en ligne" in read(client.get(url("move", visit)))
    answer = client.post(url("move", visit), fields(chosen))
    assert answer.status_code == 409
    assert "Pour le déplacer, appelez le cabinet" in read(answer)
    with pytest.raises(change.NotMovedOnline):
        change.move(
            appointment=visit,
            starts_at=NINE + HOUR,
            by=By(actor=practice_actor(), channel=Channel.PATIENT),
            now=now,
        )
    for kind in ("confirmation", "change", "reminder"):
        message = Message(
            kind=kind, channel="email", appointment=fresh(visit), due_at=now, created_at=now,
            turn="24h/0",
        )  # fmt: skip
        letter = kinds.compose(message, now=now)
        for text in (letter.text, letter.html):
            assert "éplacer" not in text
            assert url("move", visit) not in text
            assert url("cancel", visit) in text
    assert fresh(visit).starts_at == NINE
    assert client.post(url("cancel", visit)).status_code == 302
