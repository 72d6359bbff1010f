"""What is wrong with an opening is one rule; forms and the API have words for each of it."""

from datetime import date, time, timedelta

import pytest

from booking.dashboard.forms import hours
from partners.api import serializers
from practitioners.domain.scheduling.hours.openings import Wrong, wrong_in
from tests.factories import make_agenda, make_reason

DAY = date(2026, 11, 30)
FINE = {
    "starts_on": DAY, "until_date": DAY + timedelta(days=1), "from_time": time(9),
    "until_time": time(12), "capacity": 3, "slot_minutes": 10,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, []),
        ({"until_date": None}, []),
        ({"capacity": 1, "slot_minutes": None}, []),
        ({"until_time": time(9)}, [Wrong.NO_TIME]),
        ({"until_date": DAY}, [Wrong.NO_DAY]),
        ({"slot_minutes": None}, [Wrong.NO_SLOTS]),
        ({"until_time": time(8), "until_date": DAY, "slot_minutes": None}, list(Wrong)),
        ({"from_time": None, "starts_on": None, "capacity": None}, []),
    ],
)
def test_what_is_wrong(changed, wrong):
    assert wrong_in(**FINE | changed) == wrong


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "wrong"),
    [({"until_time": "08:00"}, Wrong.NO_TIME), ({"slot_minutes": None}, Wrong.NO_SLOTS),
     ({"until_date": "2026-11-30"}, Wrong.NO_DAY)],
)  # fmt: skip
def test_a_form_and_the_api_refuse_the_same(changed, wrong):
    agenda = make_agenda()
    reason = make_reason(agenda)
    given = {
        "starts_on": "2026-11-30", "until_date": None, "every_weeks": 1, "from_time": "09:00",
        "until_time": "12:00", "capacity": 3, "slot_minutes": 10,
        "visit_reasons": [str(reason.pk)],
    }  # fmt: skip
    assert serializers.OpeningIn(data=given).is_valid()
    body = serializers.OpeningIn(data=given | changed)
    assert not body.is_valid()
    field, words = serializers.WRONG[wrong]
    assert {name: [str(each) for each in said] for name, said in body.errors.items()} == {
        field: [words]
    }
    typed = {name: value for name, value in (given | changed).items() if value is not None}
    until = typed.pop("until_date", None)
    if until:
        typed["last_day"] = str(date.fromisoformat(until) - timedelta(days=1))
    form = hours.OpeningForm(typed, agenda=agenda)
    assert not form.is_valid()
    field, words = hours.WRONG[wrong]
    assert form.errors == {field: [str(words)]}
