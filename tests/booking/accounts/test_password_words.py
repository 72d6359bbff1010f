"""Passwords of the platform's own words are refused; of any other words they are taken."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from booking.accounts.factors.password_words import WORDS


@pytest.mark.parametrize(
    "password",
    [
        "doctolib-2026", "Doctolib!Doctolib!", "D0ct0l!b2026", "MotDePasse2026!", "rendez-vous-1234",
        "Docteur Médecin", "cabinet-medical"[:8] + "-patient-99", "azerty-azerty-1", "Santé-santé-2026",
        "admin-password-7", "le-doctolib-2026", "infirmière-1980",
    ],
)  # fmt: skip
def test_words_that_everybody_tries_are_refused(password):
    assert len(password) >= 12
    with pytest.raises(ValidationError) as refused:
        validate_password(password)
    assert "password_of_usual_words" in {each.code for each in refused.value.error_list}


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery", "un tout autre mot de passe", "le cabinet de ma tante Berthe",
        "quatre-vingt-dix baleines", "密码密码密码密码密码密码", "  twelve blanks", "x" * 12 + "yzw" * 20,
        "demonstration-2026",
    ],
)  # fmt: skip
def test_any_other_password_is_taken_as_it_is(password):
    validate_password(password)


def test_a_longer_word_stands_before_one_that_it_holds():
    """Else what is left of the longer one would count as letters of one's own."""
    for at, word in enumerate(WORDS):
        assert not [other for other in WORDS[:at] if other in word]


@pytest.mark.parametrize("password", ["password1234", "Password1234", "Motdepasse2026"])
def test_a_password_is_said_once_to_be_what_everybody_takes(password):
    with pytest.raises(ValidationError) as refused:
        validate_password(password)
    said = {each.code for each in refused.value.error_list}
    assert len(said & {"password_too_common", "password_of_usual_words"}) == 1
