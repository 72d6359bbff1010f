"""What the team writes about an incident."""

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.forms.shown import ShownForm
from audit.incidents.authority import DRAFTED
from audit.incidents.severity import Severity
from audit.watch import holders
from audit.watch.holders import Kind

DPC = [
    (1.0, _("1 · données simples")),
    (2.0, _("2 · comportement, ou santé sans détail")),
    (3.0, _("3 · finances, ou santé avec détail")),
    (4.0, _("4 · données sensibles")),
]
EI = [
    (0.25, _("0,25 · négligeable")),
    (0.5, _("0,5 · limitée")),
    (0.75, _("0,75 · importante")),
    (1.0, _("1 · maximale")),
]
LOSS = [
    (0.0, _("0 · aucune")),
    (0.25, _("0,25 · limitée, destinataires connus")),
    (0.5, _("0,5 · destinataires inconnus, ou définitive")),
]
INTENT = [(0.0, _("0 · accident")), (0.5, _("0,5 · malveillance"))]


class SeverityForm(ShownForm, forms.Form):
    """The inputs of ENISA's method, each with its scale."""

    dpc = forms.TypedChoiceField(label=_("Contexte des données (DPC)"), choices=DPC, coerce=float)
    ei = forms.TypedChoiceField(label=_("Facilité d’identification (EI)"), choices=EI, coerce=float)
    confidentiality = forms.TypedChoiceField(
        label=_("Perte de confidentialité"), choices=LOSS, coerce=float
    )
    integrity = forms.TypedChoiceField(label=_("Perte d’intégrité"), choices=LOSS, coerce=float)
    availability = forms.TypedChoiceField(
        label=_("Perte de disponibilité"), choices=LOSS, coerce=float
    )
    intent = forms.TypedChoiceField(label=_("Intention"), choices=INTENT, coerce=float)
    is_unintelligible = forms.BooleanField(
        label=_("Les données étaient inintelligibles pour qui les a lues"), required=False
    )
    reasons = forms.CharField(
        label=_("Pourquoi ces valeurs"), widget=forms.Textarea(attrs={"rows": 3}), max_length=4000
    )

    def severity(self, *, people: int) -> Severity:
        """The valid form as a severity of so many people."""
        return Severity(people=people, **self.cleaned_data)


class AnswersForm(ShownForm, forms.Form):
    """What the authority's form needs from a person."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in DRAFTED.items():
            self.fields[name] = forms.CharField(
                label=label,
                required=name != "late",
                max_length=4000,
                widget=forms.Textarea(attrs={"rows": 2}),
            )


class WordsForm(forms.Form):
    """A person's words for a step."""

    words = forms.CharField(
        label=_("En quelques mots"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ReportForm(forms.Form):
    """An incident that somebody tells of: which access, since when, in their words."""

    holder_id = forms.UUIDField(
        label=_("Identifiant de l’accès"),
        help_text=_("D’un logiciel, ou du compte d’un membre d’un cabinet."),
    )
    began_at = forms.DateTimeField(
        label=_("Depuis quand"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    words = forms.CharField(
        label=_("Ce qui est arrivé, et de qui vous le tenez"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean_holder_id(self) -> uuid.UUID:
        """One that there is."""
        found: uuid.UUID = self.cleaned_data["holder_id"]
        for kind in (Kind.CREDENTIAL, *Kind.PEOPLE):
            if found in holders.names(kind, [found]):
                self.kind = kind
                return found
        raise forms.ValidationError(_("Il n’y a pas d’accès de cet identifiant."))

    def clean_began_at(self) -> datetime:
        """Not in the future."""
        found: datetime = self.cleaned_data["began_at"]
        if found > timezone.now():
            raise forms.ValidationError(_("Cet instant n’est pas encore venu."))
        return found
