from typing import Any

from django import forms
from django.core.validators import EmailValidator
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from audit.forms.shown import ShownForm
from booking.accounts.factors.second_factor import Standing
from booking.models.accounts.account import Reminders


class SignInForm(forms.Form):
    """Address and password."""

    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("Mot de passe"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class SignUpForm(forms.Form):
    """A new account: its address first, whose mail leads on; the rest when it is needed."""

    email = forms.CharField(
        label=_("E-mail"),
        max_length=254,
        validators=[EmailValidator()],
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class FirstPasswordForm(forms.Form):
    """The password of a new account, whose address is proved."""

    password = forms.CharField(
        label=_("Mot de passe"),
        strip=False,
        max_length=200,
        help_text=_("12 caractères au moins. Une phrase facile à retenir convient très bien."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class AddressForm(forms.Form):
    """Whose password is to be reset."""

    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )


class NewPasswordForm(forms.Form):
    """A new password."""

    password = forms.CharField(
        label=_("Nouveau mot de passe"),
        strip=False,
        max_length=200,
        help_text=_("12 caractères au moins. Une phrase facile à retenir convient très bien."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class ResetForm(NewPasswordForm):
    """A new password, and whether whatever else opens the account ends with the former one."""

    ends_factors = forms.BooleanField(
        label=_("Retirer aussi mon second facteur et mes clés d’accès"),
        help_text=_("Si vous les avez perdus, ou si quelqu’un d’autre a pu en ajouter."),
        required=False,
    )

    def __init__(self, *args: Any, may_end_factors: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_end_factors:
            del self.fields["ends_factors"]


class CodeForm(forms.Form):
    """A code of the second factor, or a recovery code."""

    code = forms.CharField(
        label=_("Code à 6 chiffres"),
        max_length=40,
        help_text=_("Ou l’un de vos codes de secours."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text"}),
    )

    def __init__(self, *args: Any, factor: Standing | None = None, **kwargs: Any) -> None:
        """Without a `factor`, the form is for the first code of an app."""
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        if factor is None or (factor.has_app and not factor.codes_left):
            field.help_text = ""
        elif not factor.has_app:
            field.label = _("Code de secours")
            field.help_text = ngettext(
                "Il vous en reste %(n)s.", "Il vous en reste %(n)s.", factor.codes_left
            ) % {"n": factor.codes_left}


class AddressCodeForm(forms.Form):
    """The code of a mail."""

    code = forms.CharField(
        label=_("Code reçu par e-mail"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "code"}
        ),
    )


class CorrectAddressForm(forms.Form):
    """Another address than the one that was mistyped."""

    email = forms.CharField(
        label=_("La bonne adresse"),
        max_length=254,
        validators=[EmailValidator()],
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class NewAddressForm(forms.Form):
    """Another address for the account; the password, unless something better was just shown."""

    email = forms.CharField(
        label=_("Nouvelle adresse"),
        max_length=254,
        validators=[EmailValidator()],
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        label=_("Votre mot de passe"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, asks_password: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_password:
            del self.fields["password"]


class ChangePasswordForm(forms.Form):
    """The password as it is, and another one."""

    current = forms.CharField(
        label=_("Mot de passe actuel"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = forms.CharField(
        label=_("Nouveau mot de passe"),
        strip=False,
        max_length=200,
        help_text=_("12 caractères au moins. Une phrase facile à retenir convient très bien."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class PasswordForm(forms.Form):
    """The account's own password again, before what may harm its owner."""

    password = forms.CharField(
        label=_("Votre mot de passe, pour confirmer"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class SettingsForm(ShownForm, forms.Form):
    """The language of pages and messages, and how to be reminded."""

    language = forms.ChoiceField(label=_("Langue"), choices=[("fr", "Français"), ("en", "English")])
    reminders = forms.ChoiceField(
        label=_("Rappels avant un rendez-vous"),
        choices=[(value, capfirst(label)) for value, label in Reminders.choices],
        help_text=_("Par SMS, là où le cabinet en envoie et votre numéro est connu."),
    )


__all__ = [
    "AddressCodeForm",
    "AddressForm",
    "ChangePasswordForm",
    "CodeForm",
    "CorrectAddressForm",
    "FirstPasswordForm",
    "NewAddressForm",
    "NewPasswordForm",
    "PasswordForm",
    "ResetForm",
    "SettingsForm",
    "SignInForm",
    "SignUpForm",
]
