from datetime import date
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from booking.models import Patient
from booking.models.waiting import PartOfDay
from booking.pages.forms.dashboard import DayField
from booking.waiting.wishes import EVERY_DAY


class WaitForm(forms.Form):
    """Which slots a patient on the waiting list would take, by the practice's wall clock."""

    patient = forms.ChoiceField(label=_("Pour qui"), widget=forms.RadioSelect)
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Les jours qui me vont"),
        coerce=int,
        choices=[(day, WEEKDAYS[day]) for day in EVERY_DAY],
        initial=EVERY_DAY,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choisissez au moins un jour.")},
    )
    part_of_day = forms.ChoiceField(
        label=_("Moment de la journée"),
        choices=[(value, capfirst(label)) for value, label in PartOfDay.choices],
        initial=PartOfDay.ANY,
        widget=forms.RadioSelect,
    )
    first_day = DayField(label=_("Pas avant le"))
    last_day = DayField(
        label=_("Au plus tard le"),
        required=False,
        help_text=_("Sans date, six mois au plus."),
    )

    def __init__(
        self,
        *args: Any,
        people: list[tuple[Patient, str]],
        chosen: str = "",
        is_for_visit: bool,
        today: date,
        **kwargs: Any,
    ) -> None:
        """`chosen`: the person who is chosen at first; nobody if it is empty."""
        super().__init__(*args, **kwargs)
        self.fields["first_day"].initial = today
        field = self.fields["patient"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - it is declared above
        field.choices = [(str(patient.pk), name) for patient, name in people]
        field.initial = chosen
        if is_for_visit:
            # The appointment says for whom, and until when.
            del self.fields["patient"], self.fields["last_day"]
