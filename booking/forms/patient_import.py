from django import forms
from django.utils.translation import gettext_lazy as _


class FileForm(forms.Form):
    """A file of patients."""

    file = forms.FileField(
        label=_("Fichier CSV"),
        help_text=_(
            "Première ligne : nom, prénom, date de naissance, sexe, téléphone, e-mail, dans"
            " l’ordre que vous voulez. Rien n’est pris avant que vous l’ayez vu."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv"}),
        error_messages={
            "required": _("Choisissez un fichier."),
            "empty": _("Ce fichier est vide."),
        },
    )
