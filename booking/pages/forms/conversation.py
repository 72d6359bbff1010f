from django import forms
from django.utils.translation import gettext_lazy as _

from audit.plain_text import check_name

LONGEST = 4000


class ReplyForm(forms.Form):
    """A message of a conversation."""

    words = forms.CharField(
        label=_("Votre message"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Écrivez quelque chose.")},
    )


class BeginForm(ReplyForm):
    """The first message, and what it is about."""

    field_order = ("patient", "topic", "words")
    patient = forms.ChoiceField(label=_("Pour qui"), widget=forms.RadioSelect)
    topic = forms.CharField(label=_("Objet"), max_length=120, validators=[check_name])

    def __init__(
        self, *args: object, people: list[tuple[str, str]], chosen: str = "", **kwargs: object
    ) -> None:
        """`chosen`: whom the page that led here was about; among several, nobody is guessed."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["patient"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - it is declared above
        field.choices = people
        field.initial = people[0][0] if len(people) == 1 else chosen
