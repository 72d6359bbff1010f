import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.record.entries import Channel
from booking.oversight.queries.practice_record import CHANNELS
from booking.pages.forms.dashboard import DayField
from practitioners.models import Membership

ASKED = (Channel.DASHBOARD, Channel.API, Channel.WEB, Channel.LINK, Channel.TASK)


class RecordForm(forms.Form):
    """Which lines of the record a practice wants to see."""

    since = DayField(label=_("Du"), required=False)
    until = DayField(label=_("Au"), required=False)
    member = forms.ModelChoiceField(
        label=_("Membre"),
        queryset=Membership.objects.none(),
        required=False,
        empty_label=_("toute l’équipe"),
    )
    channel = forms.ChoiceField(
        label=_("Voie"),
        choices=[("", _("toutes les voies")), *((one.value, CHANNELS[one]) for one in ASKED)],
        required=False,
    )
    reveals_only = forms.BooleanField(label=_("Lectures seulement"), required=False)

    def __init__(self, *args: Any, members: Sequence[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["member"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared so above
        field.queryset = Membership.objects.filter(pk__in=[m.pk for m in members])
        self._members = members

    def name_members(self, names: Mapping[uuid.UUID, str]) -> None:
        """Show the members' revealed addresses as choices."""
        field = self.fields["member"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101
        field.choices = [("", field.empty_label)] + [
            (m.pk, names.get(m.account_id, "")) for m in self._members
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            self.add_error("until", _("La fin est avant le début."))
        return given


class ConcernForm(forms.Form):
    """What was not expected of a line of the record."""

    words = forms.CharField(
        label=_("Qu’est-ce qui vous surprend ?"),
        max_length=1000,
        required=False,
        help_text=_(
            "Facultatif. Vos mots sont scellés ; le cabinet et notre équipe peuvent les lire."
        ),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class AnswerForm(forms.Form):
    """What a practice answers."""

    answer = forms.CharField(
        label=_("Votre réponse"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Écrivez une réponse.")},
    )
