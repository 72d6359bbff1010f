import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.forms.shown import ShownForm
from audit.ids import read_id
from audit.plain_text import check_name
from booking.oversight.queries.reads import FIELD_NAMES
from booking.pages.forms.dashboard import offer_agendas
from partners.domain.identities import FIELDS
from partners.domain.scopes import IDENTITY_SCOPES, SCOPES
from partners.models import Credential
from practitioners.models import Agenda

SCOPE_NAMES = {
    "agendas:read": _("voir les agendas et leurs motifs"),
    "agendas:write": _("changer les ouvertures et les absences"),
    "slots:read": _("voir les créneaux libres"),
    "appointments:read": _("voir les rendez-vous, sans les identités"),
    "appointments:write": _("prendre, déplacer et annuler des rendez-vous"),
    "patients:reveal": _("ouvrir l’identité d’un patient, une à la fois"),
}


class GrantForm(ShownForm, forms.Form):
    """Which software, which agendas, what it may do and which identity fields it may open."""

    credential = forms.CharField(
        label=_("Identifiant d’accès"),
        help_text=_("Votre éditeur vous le donne."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    agendas = forms.ModelMultipleChoiceField(
        label=_("Agendas"),
        queryset=Agenda.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )
    scopes = forms.MultipleChoiceField(
        label=_("Ce que le logiciel peut faire"),
        choices=[(scope, SCOPE_NAMES[scope]) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )
    # `fields` is a form's own attribute.
    identity = forms.MultipleChoiceField(
        label=_("Ce qu’il peut ouvrir de l’identité"),
        choices=[(name, FIELD_NAMES[name]) for name in FIELDS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Chaque ouverture est inscrite au registre, et le patient la voit."),
    )

    def __init__(self, *args: Any, agendas: list[Agenda], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_agendas(self.fields["agendas"], agendas)

    def clean_credential(self) -> Credential:
        pk = read_id(self.cleaned_data["credential"].strip())
        found = Credential.objects.select_related("partner").filter(pk=pk).first() if pk else None
        if found is None:
            raise forms.ValidationError(_("Aucun logiciel n’a cet identifiant."))
        if found.suspended_at is not None:
            raise forms.ValidationError(_("L’accès de ce logiciel est suspendu."))
        return found

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        opens = IDENTITY_SCOPES & set(given.get("scopes") or ())
        if opens and not given.get("identity"):
            self.add_error("identity", _("Choisissez ce que le logiciel peut ouvrir."))
        return given


class AgendaForm(forms.Form):
    """Something for one of the agendas that a member may work on."""

    agenda = forms.ModelChoiceField(
        label=_("Agenda"), queryset=Agenda.objects.none(), empty_label=_("à choisir")
    )

    def __init__(self, *args: Any, agendas: list[Agenda], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_agendas(self.fields["agenda"], agendas)
        if len(agendas) == 1:
            self.fields["agenda"].initial = agendas[0]


class FeedForm(AgendaForm):
    """A calendar feed to open."""

    label = forms.CharField(
        label=_("Pour quel calendrier"),
        max_length=120,
        validators=[check_name],
        help_text=_("Par exemple : téléphone de la Dre Martin."),
    )


class ImportForm(AgendaForm):
    """An external calendar whose busy time is to close an agenda: its address, or a file."""

    label = forms.CharField(
        label=_("Quel calendrier"),
        max_length=80,
        validators=[check_name],
        help_text=_("Par exemple : hôpital, ou privé. L’équipe du cabinet le lira."),
    )
    url = forms.CharField(
        label=_("Adresse iCal"),
        required=False,
        max_length=1000,
        help_text=_("Elle est relue tous les quarts d’heure."),
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
    )
    file = forms.FileField(
        label=_("Ou un fichier .ics"),
        required=False,
        help_text=_("Lu une fois, pour les dix-huit mois qui viennent."),
        widget=forms.FileInput(attrs={"accept": ".ics,text/calendar"}),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and bool(given.get("url")) == bool(given.get("file")):
            self.add_error("url", _("Donnez une adresse ou un fichier."))
        return given


class VendorForm(forms.Form):
    """A vendor to register."""

    name = forms.CharField(
        label=_("Nom de l’éditeur ou du logiciel"),
        max_length=120,
        validators=[check_name],
        min_length=2,
        help_text=_("Les cabinets et les patients le liront au registre."),
    )


class JwkField(forms.CharField):
    """A public key as a JWK (RFC 7517)."""

    default_error_messages = {"invalid": _("Ce n’est pas une JWK (RFC 7517).")}

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"})
        super().__init__(widget=widget, max_length=5000, **kwargs)

    def clean(self, value: Any) -> Any:
        try:
            key = json.loads(super().clean(value))
        except (ValueError, RecursionError):
            key = None
        if not isinstance(key, dict):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return key


class KeyForm(forms.Form):
    """One more public key."""

    jwk = JwkField(
        label=_("Clé publique (JWK)"),
        help_text=_("EC P-256 ou P-384, Ed25519, ou RSA de 2048 bits ou plus."),
    )


class CredentialForm(KeyForm):
    """A credential to register, with its first public key."""

    label = forms.CharField(
        label=_("Quelle installation"),
        max_length=120,
        validators=[check_name],
        help_text=_("Par exemple : production, ou le nom d’un cabinet."),
    )
    field_order = ["label", "jwk"]


class WebhookForm(forms.Form):
    """An address to tell of changes."""

    url = forms.CharField(
        label=_("Adresse https"),
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
