from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from practitioners.domain.directory.search import Filters
from practitioners.models.directory import LANGUAGE_NAMES, Sector

ORDERS = [("tot", _("Le plus tôt")), ("proche", _("Le plus proche"))]


class FilterForm(forms.Form):
    """The filters of a results page; anything unknown counts as not given."""

    tri = forms.ChoiceField(label=_("Trier par"), choices=ORDERS, required=False)
    motif = forms.ChoiceField(label=_("Motif"), required=False)
    video = forms.BooleanField(label=_("Téléconsultation"), required=False)
    nouveaux = forms.BooleanField(label=_("Accepte de nouveaux patients"), required=False)
    langue = forms.ChoiceField(label=_("Langue parlée"), required=False)
    secteur = forms.ChoiceField(label=_("Secteur"), required=False)
    # Asked above the results, and kept by whatever is filtered.
    suivi = forms.ChoiceField(
        choices=[("oui", ""), ("non", "")], required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, reasons: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = [("", _("Indifférent"))]
        self.fields["motif"].choices = every + [(name, name) for name in reasons]  # type: ignore[attr-defined]
        self.fields["langue"].choices = every + list(LANGUAGE_NAMES.items())  # type: ignore[attr-defined]
        self.fields["secteur"].choices = every + [c for c in Sector.choices if c[0]]  # type: ignore[attr-defined]

    def filters(self) -> Filters:
        """Return what was asked for; fields that do not validate are left out."""
        self.is_valid()
        given = self.cleaned_data
        return Filters(
            reason=given.get("motif", ""),
            teleconsultation=given.get("video", False),
            language=given.get("langue", ""),
            new_patients=given.get("nouveaux", False),
            sector=given.get("secteur", ""),
            known={"oui": True, "non": False}.get(given.get("suivi", "")),
        )

    def order(self) -> str:
        """Return "soonest" or "nearest"."""
        self.is_valid()
        return "nearest" if self.cleaned_data.get("tri") == "proche" else "soonest"
