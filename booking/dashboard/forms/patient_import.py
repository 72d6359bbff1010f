from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from practitioners.models import Practice, VisitReason


class StartForm(forms.Form):
    """What visits are for whose lines do not say it in words that are known here."""

    visit_reason = forms.ModelChoiceField(
        label=_("Agenda et motif, là où le fichier n’en dit pas que l’on connaisse"),
        help_text=_("Ce que le fichier en dit est alors noté dans le rendez-vous."),
        queryset=VisitReason.objects.none(),
        required=False,
        empty_label=_("aucun : ces rendez-vous me sont rendus"),
    )

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["visit_reason"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - as declared above
        field.queryset = (
            VisitReason.objects.filter(agenda__practice=practice)
            .select_related("agenda__practitioner")
            .order_by("agenda__practitioner__last_name", "name", "pk")
        )
        # One alone is nothing to choose; of several, none is chosen for anybody.
        only = list(field.queryset[:2])
        field.initial = only[0] if len(only) == 1 else None
        field.label_from_instance = lambda obj: f"{obj.agenda.practitioner} · {obj.name}"  # type: ignore[method-assign]


class DoublesForm(forms.Form):
    """What becomes of lines whose patients probably have a file already."""

    takes_doubles = forms.BooleanField(
        label=_("Créer quand même une fiche pour qui en a probablement une"),
        required=False,
        help_text=_("Sinon ces patients vous sont rendus dans un fichier, avec la raison."),
    )


class FileForm(forms.Form):
    """A file of patients, or of their appointments."""

    file = forms.FileField(
        label=_("Fichier CSV ou calendrier (.ics)"),
        help_text=_(
            "Première ligne : nom, prénom, date de naissance, sexe, téléphone, e-mail, dans"
            " l’ordre que vous voulez. Avec date, heure, durée, motif et praticien, les rendez-vous"
            " à venir sont repris aussi ; une ligne sans date ni heure est un patient sans"
            " rendez-vous. Une naissance comme 12/05/90 est comprise d’une personne de moins de"
            " cent ans. Rien n’est pris avant que vous l’ayez vu."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.ics,text/csv,text/calendar"}),
        error_messages={
            "required": _("Choisissez un fichier."),
            "empty": _("Ce fichier est vide."),
        },
    )
