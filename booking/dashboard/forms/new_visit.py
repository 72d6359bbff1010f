"""The form of a visit that a practice books: for whom, for what, with whom and when."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from audit.ids import read_id
from booking.pages.forms.dashboard import WhenForm
from practitioners.domain.directory.text import search_text
from practitioners.domain.scheduling.wall_clock import read_instant
from practitioners.models import Agenda, VisitReason

ANY_AGENDA = "tous"
NEW = "new"
# What somebody types of a new patient; sex is a choice with a default, and no sign of anything.
TYPED = ("first_name", "last_name", "birth_date", "phone", "email")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """For whom a form books: a new patient, one patient of the practice, or nobody yet.

    `is_both`: it names a patient and a new one, or several, and so says nothing. `is_decided`:
    a button that names whom it books for has said which of them is meant. `kept_beside_typed`: a
    known file was chosen instead of the new one that is typed, which stays to be read.
    """

    is_new: bool = False
    patient_id: uuid.UUID | None = None
    is_both: bool = False
    is_decided: bool = False
    kept_beside_typed: bool = False


def read_choice(data: QueryDict) -> Choice:
    """Read for whom a form books. What is typed of a new patient counts, chosen or not."""
    decided = data.get("decide", "")
    if decided:
        return Choice(is_new=decided == NEW, patient_id=read_id(decided), is_decided=True)
    kept = read_id(data.get("fiche", ""))
    if kept is not None:
        return Choice(patient_id=kept, kept_beside_typed=True)
    given = data.getlist("patient")
    named = [text for text in given if text not in ("", NEW)]
    known = {pk for text in named if (pk := read_id(text))}
    is_new = NEW in given
    is_typed = any(data.get(name, "").strip() for name in TYPED)
    if not is_new and known == {read_id(data.get("connue", ""))}:
        return Choice(patient_id=next(iter(known)), kept_beside_typed=True)
    return Choice(
        is_new=is_new,
        patient_id=next(iter(known)) if len(known) == 1 else None,
        is_both=len(set(named)) > 1 or (bool(known) and (is_new or is_typed)),
    )


def slot_value(reason: VisitReason, starts_at: datetime) -> str:
    """A free slot as a button of the form carries it."""
    return f"{reason.pk}@{starts_at.isoformat()}"


class NewVisitForm(WhenForm):
    """With whom, what for and when. The visit reasons are those of the agenda that is chosen.

    With any agenda (ANY_AGENDA) each name of a visit reason stands there once, for all that are
    called so: `reasons()`.
    """

    agenda = forms.ChoiceField(label=_("Praticien"), required=False)
    field_order = ("agenda", "motif", "jour", "heure")

    def __init__(
        self, data: Any = None, *, agendas: list[Agenda], reasons: list[VisitReason], **kwargs: Any
    ) -> None:
        super().__init__(data, agendas=agendas, **kwargs)
        self._all = reasons
        self.chosen_agenda = self._agenda(agendas)
        agenda = self.fields["agenda"]
        assert isinstance(agenda, forms.ChoiceField)  # noqa: S101 - declared above
        agenda.choices = [
            (ANY_AGENDA, _("Le premier disponible")),
            *((str(each.pk), str(each.practitioner)) for each in agendas),
        ]
        agenda.initial = str(self.chosen_agenda.pk) if self.chosen_agenda else ANY_AGENDA
        if len(agendas) == 1:
            del self.fields["agenda"]
        field: Any = self.fields["motif"]
        field.empty_label = None
        field.label_from_instance = lambda reason: (
            reason.name
            if self.chosen_agenda is None
            else f"{reason.name} · {reason.duration_minutes} min"
        )
        field.choices = [(row.pk, field.label_from_instance(row)) for row in self.listed()]

    def _agenda(self, agendas: list[Agenda]) -> Agenda | None:
        if len(agendas) == 1:
            return agendas[0]
        given = self.data.get("agenda", "") if self.is_bound else self.initial.get("agenda", "")
        found = next((each for each in agendas if str(each.pk) == given), None)
        if found is None and given != ANY_AGENDA:
            # A form that names no agenda means that of its visit reason.
            reason = self.posted_reason()
            found = next((a for a in agendas if reason and a.pk == reason.agenda_id), None)
        return found

    def posted_reason(self) -> VisitReason | None:
        """The visit reason that was sent, whether or not the rest of the form is right."""
        given = str(self.data.get("motif", "")) if self.is_bound else ""
        if not given and (initial := self.initial.get("motif")):
            given = str(initial.pk)
        return next((row for row in self._all if str(row.pk) == given), None)

    def listed(self) -> list[VisitReason]:
        """The visit reasons to choose from."""
        if self.chosen_agenda is not None:
            rows = [row for row in self._all if row.agenda_id == self.chosen_agenda.pk]
            return sorted(rows, key=lambda row: (row.name, str(row.pk)))
        by_name: dict[str, VisitReason] = {}
        for row in self._all:
            by_name.setdefault(search_text(row.name), row)
        chosen = self.posted_reason()
        if chosen is not None:
            by_name[search_text(chosen.name)] = chosen
        return sorted(by_name.values(), key=lambda row: (row.name, str(row.pk)))

    def reasons(self) -> list[VisitReason]:
        """Those that the chosen one stands for: itself, or all of its name with any agenda."""
        chosen = self.posted_reason() or next(iter(self.listed()), None)
        if chosen is None or self.chosen_agenda is not None:
            return [chosen] if chosen else []
        return [row for row in self._all if search_text(row.name) == search_text(chosen.name)]


def aligned(data: QueryDict, reasons: list[VisitReason]) -> tuple[QueryDict, bool]:
    """A form as it is meant: with the slot that a button names, and with a visit reason of the
    agenda that is chosen. Says whether the visit reason had to be another one.
    """
    changed = data.copy()
    named, _at, written = data.get("creneau", "").partition("@")
    starts_at = read_instant(written)
    chosen = next((row for row in reasons if str(row.pk) == named), None)
    if chosen is not None and starts_at is not None:
        local = starts_at.astimezone(chosen.agenda.practice.zone)
        changed["agenda"], changed["motif"] = str(chosen.agenda_id), str(chosen.pk)
        changed["jour"], changed["heure"] = f"{local:%Y-%m-%d}", f"{local:%H:%M}"
        return changed, False
    agenda = data.get("agenda", "")
    own = [row for row in reasons if str(row.agenda_id) == agenda]
    given = next((row for row in reasons if str(row.pk) == data.get("motif", "")), None)
    if not own or given is None or given in own:
        return changed, False
    same = (row for row in own if search_text(row.name) == search_text(given.name))
    changed["motif"] = str(next(same, own[0]).pk)
    return changed, True
