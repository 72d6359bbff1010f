"""Passwords made of what everybody tries here first: the platform's name and its trade."""

import re
from typing import Any

from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    get_default_password_validators,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from audit.vault.blind_index import normalise_name

# Longer ones first where one holds another.
WORDS = (
    "rendezvous", "motdepasse", "pharmacien", "secretaire", "infirmiere", "infirmier", "praticien",
    "appointment", "ordonnance", "docteur", "doctolib", "password", "dentiste", "medecine",
    "medecin", "cabinet", "patients", "patient", "clinique", "hopital", "hospital", "secret",
    "bonjour", "soleil", "azerty", "qwerty", "doctor", "health", "sante", "agenda", "admin",
    "vitale", "ameli", "passe", "login", "rdv", "mdp",
)  # fmt: skip
# So many other letters make a password of one's own.
OWN_LETTERS = 4
# "D0ct0l!b" is the same word.
_INSTEAD = str.maketrans("01!345@$", "oiieasas")


def check_unlike_address(password: str, *, email: str) -> None:
    """Refuse a password that is an account's own address, a piece of it, or its part before the @.

    With any digits and signs and little else. Raises ValidationError.
    """
    letters = _letters(password)
    is_piece = len(letters) >= OWN_LETTERS and letters in _letters(email)
    for part in (email.partition("@")[0], email):
        own = _letters(part)
        is_all = len(own) >= OWN_LETTERS and own in letters
        if is_piece or (is_all and len(letters) - len(own) < OWN_LETTERS):
            raise ValidationError(
                _("Ce mot de passe se devine : il ressemble à votre adresse."),
                code="password_too_similar",
            )


class NotOfTheseWords:
    """Refuses a password that is these words, with any digits and signs and little else."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError, unless Django's list of common passwords says it already."""
        if _is_common(password):
            return
        if _is_usual(password) or _is_usual(password.translate(_INSTEAD)):
            raise ValidationError(self.get_help_text(), code="password_of_usual_words")

    def get_help_text(self) -> str:
        return _("Ce mot de passe se devine : il est fait de mots que tout le monde essaie ici.")


def _is_common(password: str) -> bool:
    """Whether Django's own list has it, as its validator in the settings has read it already."""
    lists = [v for v in get_default_password_validators() if isinstance(v, CommonPasswordValidator)]
    return any(password.lower().strip() in each.passwords for each in lists)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", normalise_name(text))


def _is_usual(password: str) -> bool:
    letters = _letters(password)
    own = letters
    for word in WORDS:
        own = own.replace(word, "")
    return letters != own and len(own) < OWN_LETTERS
