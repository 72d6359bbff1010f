import re
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.forms.shown import ShownForm
from booking.models import Appointment
from booking.patients.patients import InvalidPhone, normalise_phone
from practitioners.domain.directory.text import search_text
from practitioners.domain.scheduling.wall_clock import FIRST_DAY, LAST_DAY, instant
from practitioners.models import Agenda, Practice, Role, VisitReason

# Of a thing, and not of a person.
NAME = pgettext_lazy("d’une chose", "Nom")


def offer_agendas(field: forms.Field, agendas: list[Agenda]) -> None:
    """Let a field choose among these agendas, each under its practitioner's name."""
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - so are all callers' fields
    field.queryset = Agenda.objects.filter(pk__in=[a.pk for a in agendas]).select_related(
        "practitioner", "practice"
    )
    field.label_from_instance = lambda obj: str(obj.practitioner)  # type: ignore[method-assign]


class DayField(forms.DateField):
    """A date within the calendar's sensible bounds."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        within = _("Donnez un jour entre 2000 et 2100.")
        validators = [
            MinValueValidator(FIRST_DAY, message=within),
            MaxValueValidator(LAST_DAY, message=within),
        ]
        super().__init__(widget=widget, validators=validators, **kwargs)


def time_input() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class WhenForm(forms.Form):
    """Which visit reason, on which day, at what time of the practice's wall clock."""

    motif = forms.ModelChoiceField(
        label=_("Motif"), queryset=VisitReason.objects.none(), empty_label=_("à choisir")
    )
    jour = DayField(label=_("Jour"))
    heure = forms.TimeField(label=_("Heure"), widget=time_input())

    def __init__(self, *args: Any, agendas: list[Agenda], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons = VisitReason.objects.filter(agenda__in=agendas).select_related(
            "agenda__practitioner", "agenda__practice"
        )
        field = self.fields["motif"]
        field.queryset = reasons.order_by("agenda__practitioner__last_name", "name", "pk")  # type: ignore[attr-defined]
        several = len(agendas) > 1
        field.label_from_instance = lambda reason: (  # type: ignore[attr-defined]
            f"{reason.name} · {reason.duration_minutes} min"
            + (f" · {reason.agenda.practitioner}" if several else "")
        )

    def starts_at(self) -> datetime:
        """The chosen instant; call after is_valid()."""
        reason: VisitReason = self.cleaned_data["motif"]
        zone = reason.agenda.practice.zone
        return instant(self.cleaned_data["jour"], self.cleaned_data["heure"], zone)


class PracticeNoteForm(forms.Form):
    """What the practice notes of a visit for itself."""

    text = forms.CharField(
        label=_("Note du cabinet"),
        required=False,
        max_length=2000,
        help_text=_("Scellée. Le patient ne la voit que s’il demande ses données."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class InvitationForm(forms.Form):
    """A colleague to invite."""

    email = forms.EmailField(label=_("E-mail"))
    role = forms.ChoiceField(label=_("Rôle"), choices=Role.choices, initial=Role.SECRETARY)
    agendas = forms.ModelMultipleChoiceField(
        label=_("Agendas délégués (aucun : tous)"),
        queryset=Agenda.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    ends_on = DayField(
        label=_("Accès jusqu’au (facultatif)"),
        required=False,
        help_text=_("Pour un remplaçant : l’accès prend fin de lui-même."),
    )

    def __init__(self, *args: Any, agendas: list[Agenda], today: date, **kwargs: Any) -> None:
        """`today`: the day by the practice's calendar."""
        super().__init__(*args, **kwargs)
        offer_agendas(self.fields["agendas"], agendas)
        self.today = today

    def clean_ends_on(self) -> date | None:
        """A day that is over would give no access at all."""
        ends_on: date | None = self.cleaned_data["ends_on"]
        if ends_on is not None and ends_on < self.today:
            raise ValidationError(_("Ce jour est passé : donnez un jour à venir, ou rien."))
        return ends_on

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("role") == Role.OWNER and given.get("ends_on"):
            self.add_error("ends_on", _("L’accès d’un responsable n’a pas de fin."))
        return given


class LastDayForm(forms.Form):
    """Until when a member has access; empty means without end."""

    ends_on = DayField(required=False)


class PracticeForm(ShownForm, forms.ModelForm):  # type: ignore[type-arg]
    """What a practice says of itself, and its reminders. Validates only: the domain saves."""

    reminder_hours = forms.TypedMultipleChoiceField(
        label=_("Rappels avant le rendez-vous"),
        coerce=int,
        required=False,
        choices=[
            (168, _("une semaine avant")),
            (72, _("trois jours avant")),
            (48, _("deux jours avant")),
            (24, _("la veille")),
            (4, _("quatre heures avant")),
            (2, _("deux heures avant")),
        ],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Les rendez-vous déjà pris gardent leurs rappels."),
    )

    class Meta:
        model = Practice
        fields = [
            "name",
            "phone",
            "access_info",
            "step_free",
            "instructions",
            "reminder_hours",
            "reminds_by_sms",
            "no_shows_at_most",
        ]
        labels = {"name": NAME}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["no_shows_at_most"].required = False

    def clean_no_shows_at_most(self) -> int:
        """Nothing said is no rule."""
        return self.cleaned_data["no_shows_at_most"] or 0

    def clean_phone(self) -> str:
        """The number as the practice writes it; short ones such as 3624 too."""
        given: str = self.cleaned_data["phone"]
        if not re.fullmatch(r"\d{4}", given.replace(" ", "")):
            try:
                normalise_phone(given)
            except InvalidPhone as problem:
                raise ValidationError(problem.text) from None
        return given

    def clean_name(self) -> str:
        """The name; what it is found by follows it."""
        name: str = self.cleaned_data["name"]
        self.instance.search_name = search_text(name)
        return name


class DragForm(forms.Form):
    """Where on the agenda an appointment is put: a day, minutes since its midnight, how long."""

    agenda = forms.CharField()
    jour = forms.DateField(input_formats=["%Y-%m-%d"])
    minute = forms.IntegerField(min_value=0, max_value=24 * 60 - 1)
    duree = forms.IntegerField(required=False, min_value=1, max_value=24 * 60)
    retour = forms.BooleanField(required=False)
    voulu = forms.BooleanField(required=False)

    def __init__(self, *args: Any, agendas: dict[str, Agenda], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._agendas = agendas

    def clean_agenda(self) -> str:
        chosen: str = self.cleaned_data["agenda"]
        if chosen not in self._agendas:
            raise forms.ValidationError("?")
        return chosen

    def chosen_agenda(self) -> Agenda:
        """The agenda; call after is_valid()."""
        return self._agendas[self.cleaned_data["agenda"]]

    def starts_at(self) -> datetime:
        """The instant, by the practice's clock."""
        given = self.cleaned_data
        hour, minute = divmod(given["minute"], 60)
        zone = self.chosen_agenda().practice.zone
        return instant(given["jour"], time(hour, minute), zone)

    @staticmethod
    def place_of(row: Appointment) -> dict[str, object]:
        """Where an appointment is, as this form takes it."""
        begins = row.starts_at.astimezone(row.practice.zone)
        return {
            "agenda": str(row.agenda_id),
            "jour": begins.date().isoformat(),
            "minute": begins.hour * 60 + begins.minute,
            "duree": (row.ends_at - row.starts_at) // timedelta(minutes=1),
        }
