"""Hours, visit reasons and who and what they need: the forms of an agenda's settings."""

import re
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from audit.forms.shown import ShownForm
from audit.plain_text import check_name
from booking.pages.forms.dashboard import NAME, DayField, offer_agendas, time_input
from practitioners.domain.scheduling.hours.openings import JUDGED, OpeningSpec, Wrong, wrong_in
from practitioners.domain.scheduling.rules.following import followers_of
from practitioners.domain.scheduling.wall_clock import instant
from practitioners.models import Agenda, Membership, Opening, Resource, VisitReason

COLOURS = [
    ("blue", _("bleu")),
    ("green", _("vert")),
    ("violet", _("violet")),
    ("amber", _("ambre")),
    ("rose", _("rose")),
]


class AbsenceForm(forms.Form):
    """Closed time, in the practice's wall clock."""

    agendas = forms.ModelMultipleChoiceField(
        label=_("Agendas"), queryset=Agenda.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    from_day = DayField(label=_("Du"))
    from_time = forms.TimeField(label=_("à"), required=False, widget=time_input())
    until_day = DayField(label=_("Au"))
    until_time = forms.TimeField(
        label=_("à"),
        required=False,
        help_text=_("Sans heure : la journée entière."),
        widget=time_input(),
    )
    label = forms.CharField(
        label=_("Libellé"), max_length=80, required=False, validators=[check_name]
    )
    field_order = ("from_day", "from_time", "until_day", "until_time", "label", "agendas")
    # What stands in one row, as people say it: from when until when.
    IN_A_ROW = ("from_day", "from_time", "until_day", "until_time")

    def __init__(self, *args: Any, agendas: list[Agenda], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_agendas(self.fields["agendas"], agendas)
        self.zone = agendas[0].practice.zone if agendas else None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, last = given.get("from_day"), given.get("until_day")
        if first and last and self.zone:
            begins = instant(first, given.get("from_time") or datetime.min.time(), self.zone)
            if given.get("until_time"):
                ends = instant(last, given["until_time"], self.zone)
            else:
                ends = instant(last + timedelta(days=1), datetime.min.time(), self.zone)
            if ends <= begins:
                raise ValidationError(_("La fin doit venir après le début."))
            given["starts_at"], given["until"] = begins, ends
        return given


WRONG = {
    Wrong.NO_TIME: ("until_time", _("La fin doit venir après le début.")),
    Wrong.NO_DAY: ("last_day", _("Le dernier jour doit venir après le premier.")),
    Wrong.NO_SLOTS: (
        "slot_minutes", _("Indiquez la durée des créneaux pour offrir plusieurs places.")
    ),
}  # fmt: skip


class OpeningForm(ShownForm, forms.Form):
    """A recurring opening, in the practice's wall clock."""

    starts_on = DayField(
        label=_("Premier jour"),
        help_text=_("Le jour de la semaine est celui de cette date."),
    )
    every_weeks = forms.TypedChoiceField(
        label=_("Répétition"),
        coerce=int,
        choices=[
            (1, _("chaque semaine")),
            (2, _("une semaine sur deux")),
            (3, _("une semaine sur trois")),
            (4, _("une semaine sur quatre")),
            (0, _("une seule fois")),
        ],
        initial=1,
    )
    last_day = DayField(label=_("Dernier jour (facultatif)"), required=False)
    from_time = forms.TimeField(label=_("De"), widget=time_input())
    until_time = forms.TimeField(label=_("À"), widget=time_input())
    visit_reasons = forms.ModelMultipleChoiceField(
        label=_("Motifs servis"),
        queryset=VisitReason.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )
    slot_minutes = forms.IntegerField(
        label=_("Durée des créneaux de groupe (min)"),
        required=False,
        min_value=1,
        max_value=480,
        help_text=_("À remplir pour une séance à plusieurs places, comme une vaccination."),
    )
    capacity = forms.IntegerField(
        label=_("Places par créneau"), min_value=1, max_value=999, initial=1
    )

    def __init__(self, *args: Any, agenda: Agenda, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["visit_reasons"].queryset = agenda.visit_reasons.all()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        last = given.get("last_day")
        until = last + timedelta(days=1) if last else None
        for wrong in wrong_in(until_date=until, **{name: given.get(name) for name in JUDGED}):
            self.add_error(*WRONG[wrong])
        return given

    def spec(self) -> OpeningSpec:
        """What was entered; call after is_valid()."""
        given = self.cleaned_data
        last: date | None = given["last_day"]
        return OpeningSpec(
            starts_on=given["starts_on"],
            until_date=last + timedelta(days=1) if last else None,
            every_weeks=given["every_weeks"],
            from_time=given["from_time"],
            until_time=given["until_time"],
            capacity=given["capacity"],
            slot_minutes=given["slot_minutes"],
            visit_reasons=tuple(given["visit_reasons"]),
        )

    @staticmethod
    def initial_of(opening: Opening) -> dict[str, Any]:
        """What the form shows of an existing opening."""
        until = opening.until_date
        return {
            "starts_on": opening.starts_on,
            "every_weeks": opening.every_weeks,
            "last_day": until - timedelta(days=1) if until else None,
            "from_time": opening.from_time,
            "until_time": opening.until_time,
            "visit_reasons": list(opening.visit_reasons.all()),
            "slot_minutes": opening.slot_minutes,
            "capacity": opening.capacity,
        }


class OpenWeeksForm(forms.Form):
    """Which weeks in a row are to be opened; any day of the first."""

    target = DayField(label=_("À partir de la semaine du"))
    weeks = forms.IntegerField(
        label=_("Combien de semaines en tout"), min_value=1, max_value=26, initial=1
    )
    replaces = forms.BooleanField(
        label=_("Remplacer ce qui est ouvert ces semaines-là"),
        required=False,
        help_text=_("Sinon, ce qui s’y trouve déjà reste. Les rendez-vous pris restent toujours."),
    )

    def clean_target(self) -> date:
        """A week of which days are left."""
        given: date = self.cleaned_data["target"]
        if given + timedelta(days=6 - given.weekday()) < timezone.localdate():
            raise ValidationError(_("Cette semaine est passée : donnez-en une à venir."))
        return given


class CopyWeekForm(OpenWeeksForm):
    """Which week is to be open as another one is; any day of each."""

    source = DayField(label=_("Copier la semaine du"))
    field_order = ("source", "target", "weeks", "replaces")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        source, target = given.get("source"), given.get("target")
        if source and target and source.isocalendar()[:2] == target.isocalendar()[:2]:
            self.add_error("target", _("C’est la même semaine."))
        return given


class WeekTemplateForm(forms.Form):
    """Which week is kept, and under which name."""

    name = forms.CharField(label=NAME, max_length=80, validators=[check_name])
    day = DayField(label=_("Comme la semaine du"))


class EurosField(forms.CharField):
    """A price in euros as people write it ("25", "25,50", "25.50 €"), kept in cents; may be empty.

    One that cannot be read is refused, not guessed.
    """

    default_error_messages = {"invalid": _("Écrivez un prix en euros, par exemple 25 ou 25,50.")}

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(widget=widget, required=False, max_length=20, **kwargs)

    def to_python(self, value: Any) -> Any:
        """Cents, from a text or from cents."""
        if value in self.empty_values or isinstance(value, int):
            return None if value in self.empty_values else value
        written = re.sub(r"\s|€|euros?|EUR", "", str(value), flags=re.IGNORECASE)
        found = re.fullmatch(r"(\d{1,5})(?:[.,](\d{1,2}))?", written)
        if found is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))

    def run_validators(self, value: Any) -> None:
        """None more than reading it: the length of a text is no limit of a price."""

    def prepare_value(self, value: Any) -> Any:
        """What the page shows of cents: 25, or 25,50."""
        if not isinstance(value, int):
            return value
        return formats.number_format(
            value / 100, decimal_pos=2 if value % 100 else 0, use_l10n=True, force_grouping=False
        )


class ReasonForm(ShownForm, forms.ModelForm):  # type: ignore[type-arg]
    """A visit reason. Validates only: the domain saves."""

    colour = forms.ChoiceField(label=_("Couleur"), choices=COLOURS)
    price_cents = EurosField(label=_("Tarif (€)"))
    needs = forms.TypedMultipleChoiceField(
        label=_("Ce qu’il faut"),
        coerce=uuid.UUID,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Une salle ou un appareil coché n’est jamais pris deux fois à la même heure."),
    )

    def __init__(self, *args: Any, resources: list[Resource], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["series_at_most"].required = False
        needs = self.fields["needs"]
        assert isinstance(needs, forms.TypedMultipleChoiceField)  # noqa: S101 - as declared above
        needs.choices = [
            (str(each.pk), each.name if each.active else f"{each.name} ({_('hors service')})")
            for each in resources
        ]
        if not resources:
            del self.fields["needs"]
        self._offer_then()

    def _offer_then(self) -> None:
        """Offer what may follow."""
        reason = self.instance
        others = (
            followers_of(reason)
            .select_related("agenda__practitioner")
            .order_by("agenda__practitioner__last_name", "name", "pk")
        )
        if not others.exists():
            del self.fields["then"], self.fields["then_within_minutes"]
            return
        field = self.fields["then"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - as the model declares it
        field.queryset = others
        field.empty_label = str(_("rien"))
        field.label_from_instance = lambda obj: f"{obj.agenda.practitioner} · {obj.name}"  # type: ignore[method-assign]
        self.fields["then_within_minutes"].required = False

    def clean_then_within_minutes(self) -> int:
        """Nothing said is half an hour."""
        given = self.cleaned_data["then_within_minutes"]
        return 30 if given is None else int(given)

    def clean_series_at_most(self) -> int:
        """Nothing said is one at a time."""
        return self.cleaned_data["series_at_most"] or 1

    class Meta:
        model = VisitReason
        fields = [
            "name",
            "duration_minutes",
            "buffer_before_minutes",
            "buffer_after_minutes",
            "colour",
            "minimum_notice_minutes",
            "horizon_days",
            "cancel_deadline_hours",
            "patient_kind",
            "series_at_most",
            "needs",
            "then",
            "then_within_minutes",
            "teleconsultation",
            "price_cents",
            "instructions",
            "active",
        ]
        help_texts = {
            "then": _("Un rendez-vous chez un collègue, pris en même temps : les deux ou aucun."),
        }


class ResourceForm(ShownForm, forms.ModelForm):  # type: ignore[type-arg]
    """A room or a device. Validates only: the domain saves."""

    class Meta:
        model = Resource
        fields = ["name", "pieces", "active"]
        labels = {"name": NAME}
        help_texts = {
            "name": _("Par exemple : salle d’échographie, fauteuil, électrocardiographe."),
            "pieces": _("Plusieurs pareilles : chaque rendez-vous en reçoit une."),
        }

    def clean_name(self) -> str:
        """A practice calls two things by two names."""
        name: str = self.cleaned_data["name"].strip()
        same = Resource.objects.filter(practice=self.instance.practice, name__iexact=name)
        if same.exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("Ce nom est déjà donné."))
        return name


class SubstituteForm(forms.Form):
    """Who sees an agenda's patients for some days, both included."""

    name = forms.CharField(
        label=_("Nom du remplaçant"),
        max_length=120,
        validators=[check_name],
        help_text=_("Comme les patients le liront : Dr Paul Durand."),
    )
    since = DayField(label=_("Du"))
    until = DayField(label=_("Au (inclus)"))
    member = forms.ModelChoiceField(
        label=_("Son accès au cabinet"),
        queryset=Membership.objects.none(),
        required=False,
        empty_label=_("aucun"),
        help_text=_("Un praticien de l’équipe, invité d’abord ; il tiendra les téléconsultations."),
    )

    def __init__(self, *args: Any, members: dict[uuid.UUID, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["member"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - as declared above
        field.queryset = Membership.objects.filter(pk__in=members)
        field.label_from_instance = lambda obj: members[obj.pk]  # type: ignore[method-assign]
        if not members:
            field.widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            self.add_error("until", _("La fin précède le début."))
        elif until and until < timezone.localdate():
            self.add_error("until", _("Ces jours sont passés : personne ne le lirait."))
        return given


class AgendaForm(ShownForm, forms.ModelForm):  # type: ignore[type-arg]
    """How an agenda may be booked. Validates only: the domain saves."""

    class Meta:
        model = Agenda
        fields = [
            "active",
            "accepts_new_patients",
            "waiting_list",
            "takes_messages",
            "open_on_holidays",
            "overbooks_at_most",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["overbooks_at_most"].required = False

    def clean_overbooks_at_most(self) -> int:
        """Nothing said is none."""
        return self.cleaned_data["overbooks_at_most"] or 0
