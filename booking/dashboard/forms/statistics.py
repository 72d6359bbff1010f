from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.pages.forms.dashboard import offer_agendas
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
        required=False,
        empty_value=None,
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

    def is_readable(self) -> bool:
        """Whether what is asked for is understood; nothing is shown where it is not."""
        return not self.is_bound or self.is_valid()

    def weeks(self) -> int:
        """How many weeks; WEEKS unless something else was asked for. Call after is_readable()."""
        return int(self.cleaned_data["semaines"] or WEEKS) if self.is_bound else WEEKS

    def chosen(self) -> Agenda | None:
        """The one agenda that was asked for; call after is_readable()."""
        found: Agenda | None = self.cleaned_data["agenda"] if self.is_bound else None
        return found
