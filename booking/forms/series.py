from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.domain.series import WEEKS_AT_MOST


class SeriesForm(forms.Form):
    """How often, and how many more."""

    semaines = forms.IntegerField(
        label=_("Toutes les n semaines"), min_value=1, max_value=WEEKS_AT_MOST, initial=1
    )
    fois = forms.IntegerField(label=_("Combien de fois encore"), min_value=1, initial=1)

    def __init__(self, *args: Any, at_most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fois"] = forms.IntegerField(
            label=_("Combien de fois encore"), min_value=1, max_value=at_most, initial=at_most
        )
