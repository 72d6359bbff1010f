from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from booking.appointments.several.series import WEEKS_AT_MOST


def _rhythms() -> list[tuple[int, str]]:
    """Every week, every two weeks and so on, in words."""
    return [
        (n, ngettext("Chaque semaine", "Toutes les %(n)d semaines", n) % {"n": n})
        for n in range(1, WEEKS_AT_MOST + 1)
    ]


# What is proposed where more could be taken: ten visits in all.
PROPOSED = 9


class SeriesForm(forms.Form):
    """How often, and how many more."""

    semaines = forms.TypedChoiceField(
        label=_("À quel rythme"), coerce=int, choices=_rhythms, initial=1
    )
    fois = forms.IntegerField(label=_("Combien de fois encore"), min_value=1, initial=1)

    def __init__(self, *args: Any, at_most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fois"] = forms.IntegerField(
            label=_("Combien de fois encore"),
            min_value=1,
            max_value=at_most,
            initial=min(at_most, PROPOSED),
        )
