from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.forms.dashboard import offer_agendas
from practitioners.models import Agenda

WEEKS = 12


class StatisticsForm(forms.Form):
    """How far back, and of which agenda."""

    semaines = forms.TypedChoiceField(
        label=_("Période"),
        coerce=int,
        choices=[
            (4, _("quatre semaines")),
            (12, _("douze semaines")),
            (26, _("six mois")),
            (52, _("un an")),
        ],
        initial=WEEKS,
    )
    agenda = forms.ModelChoiceField(
        label=_("Agenda"),
        queryset=Agenda.objects.none(),
        required=False,
        empty_label=_("tous les agendas"),
    )

    def __init__(self, *args: Any, agendas: list[Agenda], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_agendas(self.fields["agenda"], agendas)

    def weeks(self) -> int:
        """How many weeks; WEEKS unless something else was asked for."""
        if self.is_bound and self.is_valid():
            return int(self.cleaned_data["semaines"])
        return WEEKS

    def chosen(self) -> Agenda | None:
        """The one agenda that was asked for."""
        if self.is_bound and self.is_valid():
            found: Agenda | None = self.cleaned_data["agenda"]
            return found
        return None
