from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.forms.shown import ShownForm
from audit.plain_text import check_name, problem_of_name
from booking.appointments.questionnaire import Answered, is_none_of_these
from practitioners.domain.questions import MOST, QuestionSpec
from practitioners.models import Question
from practitioners.models.agenda import QuestionKind

BLANK = 3


class QuestionnaireForm(ShownForm, forms.Form):
    """A practice's questions, each as a field under its id."""

    def __init__(self, *args: Any, questions: Iterable[Question], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = list(questions)
        for question in self.questions:
            self.fields[str(question.pk)] = _field(question)

    def given(self) -> dict[str, str]:
        """The answers as texts, by question; call after is_valid()."""
        return {
            name: ", ".join(value) if isinstance(value, list) else str(value)
            for name, value in self.cleaned_data.items()
        }

    @staticmethod
    def initial_of(questions: Iterable[Question], answers: Iterable[Answered]) -> dict[str, Any]:
        """What was answered before, where the question is still asked so."""
        known = {each.question: each.answer for each in answers}
        initial: dict[str, Any] = {}
        for question in questions:
            found = known.get(question.text, "")
            is_list = question.kind == QuestionKind.SEVERAL
            initial[str(question.pk)] = _chosen(found, question.options) if is_list else found
        return initial


class SeveralField(forms.MultipleChoiceField):
    """Several choices, of which the one that says "none of these" goes with no other."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> list[str]:
        given: list[str] = super().clean(value)
        alone = next((each for each in given if is_none_of_these(each)), None)
        if alone is not None and len(given) > 1:
            text = _("« %(alone)s » ne va avec aucune autre réponse : gardez l’une ou l’autre.")
            raise forms.ValidationError(text % {"alone": alone})
        return given


def _chosen(text: str, options: Iterable[str]) -> list[str]:
    """Which options an answer is made of, in their order; an option may have a comma itself."""
    found, left = [], f"{text}, "
    for option in options:
        if left.startswith(f"{option}, "):
            found.append(option)
            left = left.removeprefix(f"{option}, ")
    return found


def _field(question: Question) -> forms.Field:
    common: dict[str, Any] = {"label": question.text, "required": question.required}
    options = [(option, option) for option in question.options]
    if question.kind == QuestionKind.SEVERAL:
        return SeveralField(choices=options, **common)
    if question.kind == QuestionKind.YES_NO:
        options = [(str(_("oui")), str(_("Oui"))), (str(_("non")), str(_("Non")))]
    if question.kind in (QuestionKind.YES_NO, QuestionKind.CHOICE):
        return forms.ChoiceField(choices=options, widget=forms.RadioSelect, **common)
    if question.kind == QuestionKind.TEXT:
        return forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 4}), **common)
    return forms.CharField(max_length=200, **common)


class QuestionForm(forms.Form):
    """One question of a practice; without a text it is none."""

    text = forms.CharField(
        label=_("Question"), max_length=200, required=False, validators=[check_name]
    )
    kind = forms.ChoiceField(label=_("Réponse"), choices=QuestionKind.choices)
    options = forms.CharField(
        label=_("Choix, un par ligne"),
        required=False,
        max_length=1700,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    required = forms.BooleanField(label=_("Réponse obligatoire"), required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        options = [line.strip() for line in given.get("options", "").splitlines()]
        given["options"] = named = tuple(dict.fromkeys(line[:80] for line in options if line))
        is_choice = given.get("kind") in (QuestionKind.CHOICE, QuestionKind.SEVERAL)
        if given.get("text") and is_choice and len(given["options"]) < 2:
            self.add_error("options", _("Proposez au moins deux choix, un par ligne."))
        if problem := next(filter(None, map(problem_of_name, named)), ""):
            self.add_error("options", problem)
        return given


QuestionFormSet = forms.formset_factory(QuestionForm, extra=0, max_num=MOST, absolute_max=MOST)


def questions_shown(questions: Iterable[Question]) -> list[dict[str, Any]]:
    """What the practice's page shows: its questions, and some blank ones."""
    rows = [
        {
            "text": question.text,
            "kind": question.kind,
            "options": "\n".join(question.options),
            "required": question.required,
        }
        for question in questions
    ]
    return [*rows, *({} for _n in range(min(BLANK, MOST - len(rows))))]


def specs_of(formset: Any) -> list[QuestionSpec]:
    """What was entered, in order; call after is_valid()."""
    return [
        QuestionSpec(
            text=given["text"],
            kind=given["kind"],
            options=given["options"]
            if given["kind"] in (QuestionKind.CHOICE, QuestionKind.SEVERAL)
            else (),
            required=given["required"],
        )
        for form in formset
        if (given := form.cleaned_data) and given.get("text")
    ]
