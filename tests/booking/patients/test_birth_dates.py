"""Which birth dates are possible is one rule for forms, for an imported file and for software."""

from datetime import timedelta

import pytest

from booking.pages.forms.patients import IdentityForm
from booking.patients.patients import OLDEST_YEARS, ImpossibleBirthDate, check_birth_date
from booking.takeover.patient_file import read_table
from partners.api.serializers import IdentityIn
from tests.clock import today


def by_rule(born):
    try:
        return check_birth_date(born, today=today()) == born
    except ImpossibleBirthDate:
        return False


def by_form(born):
    form = IdentityForm({"first_name": "Zoé", "last_name": "L", "birth_date": born, "sex": "F"})
    return "birth_date" not in form.errors


def by_file(born):
    (line,) = read_table(f"nom;prénom;naissance\nL;Zoé;{born:%d/%m/%Y}\n").lines()
    return line.identity is not None


def by_software(born):
    given = IdentityIn(data={"first_name": "Zoé", "last_name": "L", "birth_date": str(born)})
    return given.is_valid()


@pytest.mark.parametrize("takes", [by_rule, by_form, by_file, by_software])
def test_everybody_takes_the_same_birth_dates(takes):
    now = today()
    oldest = now.replace(year=now.year - OLDEST_YEARS, month=1, day=1)
    for born in (now, oldest, now - timedelta(days=30_000)):
        assert takes(born), born
    for born in (now + timedelta(days=1), oldest - timedelta(days=1), now.replace(year=1880)):
        assert not takes(born), born
