from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.forms.shown import ShownForm
from audit.plain_text import check_name
from booking.models.patient import Relation, Sex
from booking.patients.patients import (
    Identity,
    ImpossibleBirthDate,
    InvalidPhone,
    check_birth_date,
    normalise_phone,
)


class IdentityForm(forms.Form):
    """Who a patient is."""

    first_name = forms.CharField(
        label=_("Prénom"),
        max_length=80,
        validators=[check_name],
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=_("Nom"),
        max_length=80,
        validators=[check_name],
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    birth_date = forms.DateField(
        label=_("Date de naissance"),
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}, format="%Y-%m-%d"),
    )
    sex = forms.ChoiceField(label=_("Sexe"), choices=Sex.choices, initial=Sex.UNKNOWN)
    phone = forms.CharField(
        label=_("Téléphone"),
        max_length=24,
        required=False,
        help_text=_("Pour les rappels par SMS."),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )

    def clean_birth_date(self) -> date:
        try:
            return check_birth_date(self.cleaned_data["birth_date"], today=timezone.localdate())
        except ImpossibleBirthDate as problem:
            raise ValidationError(problem.text) from problem

    def clean_phone(self) -> str:
        try:
            return normalise_phone(self.cleaned_data["phone"])
        except InvalidPhone as problem:
            raise ValidationError(problem.text) from problem

    def identity(self) -> Identity:
        """Return what was entered; call after is_valid()."""
        given: dict[str, Any] = self.cleaned_data
        return Identity(
            first_name=given["first_name"],
            last_name=given["last_name"],
            birth_date=given["birth_date"],
            sex=given["sex"],
            phone=given["phone"],
            email=given.get("email", ""),
        )


class OwnIdentityForm(ShownForm, IdentityForm):
    """Who a person of one's own account is, as one changes it."""


class PersonForm(IdentityForm):
    """The first person of an account: its owner, or a relative for whom the owner answers."""

    relation = forms.ChoiceField(
        label=_("Cette personne est"),
        choices=Relation.choices,
        initial=Relation.SELF,
        required=False,
    )
    consent = forms.BooleanField(
        label=_("Cette personne, ou qui en est responsable, accepte que je gère ses rendez-vous."),
        help_text=_("Pour votre enfant, vous en êtes responsable. C’est inscrit au registre."),
        required=False,
    )
    field_order = ["relation"]

    def clean_relation(self) -> str:
        return self.cleaned_data["relation"] or Relation.SELF

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        relation = given.get("relation", Relation.SELF)
        if relation != Relation.SELF and not given.get("consent"):
            self.add_error(
                "consent", _("Sans son accord, sa fiche ne peut pas être dans votre compte.")
            )
        return given


class RelativeForm(PersonForm):
    """Somebody for whom an account books, beside its owner."""

    relation = forms.ChoiceField(
        label=_("Cette personne est"), choices=[c for c in Relation.choices if c[0] != "self"]
    )


class CallerForm(IdentityForm):
    """Somebody on the phone: the practice may not know a birth date yet."""

    birth_date = forms.DateField(
        label=_("Date de naissance"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    email = forms.EmailField(label=_("E-mail"), required=False)
    first_name = forms.CharField(
        label=_("Prénom"), max_length=80, required=False, validators=[check_name]
    )
    single_name = forms.BooleanField(label=_("Cette personne n’a qu’un nom"), required=False)
    field_order = ["first_name", "last_name", "single_name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A browser would offer the secretary's own name.
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"

    def clean_birth_date(self) -> Any:
        return super().clean_birth_date() if self.cleaned_data.get("birth_date") else None

    def clean(self) -> dict[str, Any]:
        """A first name is left out on purpose alone."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if "first_name" in given and not given["first_name"] and not given.get("single_name"):
            self.add_error("first_name", self.fields["last_name"].error_messages["required"])
        return given


class NoteForm(forms.Form):
    """A word to the practice; sealed like the rest."""

    note = forms.CharField(
        label=_("Un mot pour le cabinet (facultatif)"),
        required=False,
        max_length=1000,
        help_text=_("Scellé : seul le cabinet le lira."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
