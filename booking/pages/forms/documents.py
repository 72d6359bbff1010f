from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.exchange import documents
from practitioners.domain.labelled import labelled


class SeveralFiles(forms.FileInput):
    """A field that takes several files at once, and a camera on a telephone."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name)


class FilesField(forms.FileField):
    """One or more files, each checked as the domain wants it."""

    widget = SeveralFiles(attrs={"accept": ",".join(documents.TYPES)})

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = [super(FilesField, self).clean(each, initial) for each in data or [None]]
        if len(files) > documents.AT_ONCE:
            raise forms.ValidationError(_("Dix fichiers à la fois au plus."))
        checked = []
        for each in files:
            try:
                checked.append((each.sealed, *documents.check(each.sealed)))
            except documents.CannotTake as refused:
                raise forms.ValidationError(labelled(each.name, refused.text)) from refused
        return checked


class FilesForm(forms.Form):
    """Files for the other side."""

    uploads = FilesField(
        label=_("Fichiers"),
        help_text=_("PDF ou photos, 15 Mo chacun au plus. Ils sont scellés dès leur arrivée."),
        error_messages={
            "required": _("Choisissez au moins un fichier."),
            "empty": documents.CannotTake.empty,
        },
    )


class GiveForm(FilesForm):
    """Files for a practice, and whom they are about."""

    field_order = ("receiver", "uploads")
    receiver = forms.ChoiceField(label=_("Pour qui, et à quel cabinet"))

    def __init__(
        self, *args: Any, receivers: list[tuple[str, str]], chosen: str = "", **kwargs: Any
    ) -> None:
        """`chosen`: the receiver that the page that led here was about; none is guessed."""
        super().__init__(*args, **kwargs)
        field = self.fields["receiver"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - it is declared above
        field.choices = receivers if len(receivers) == 1 else [("", _("Choisissez")), *receivers]
        field.initial = chosen
